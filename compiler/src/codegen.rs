//! From Cranelift IR to a [`CompiledFunction`]: runs the code generator and
//! takes out of its result what we keep.

mod data;
mod effort;
mod loops;
mod relax;
#[cfg(test)]
mod tests;
mod values;

use crate::error::{Error, Location, Result};
use crate::external_name;
use crate::function::{
    CodeReloc, CodeRelocKind, CodeSite, CompiledFunction, FUNCTION_ALIGNMENT, Position, StackMap,
    Symbol, UnwindOp,
};
use crate::recorded::Recorded;
use crate::target::Target;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{self, ExternalName};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::UnwindInst;
use cranelift_codegen::{
    CompiledCode, Context, FinalizedMachExceptionHandler, FinalizedMachReloc, FinalizedRelocTarget,
    MachSrcLoc,
};
use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::FunctionOffset;
use precast_artifact::trap::TrapCode;
use std::ops::Range;
use target_lexicon::Architecture;
use values::Buffer;

/// Whether room is left before a function for the sake of its speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Density {
    Aligned,
    Dense,
}

/// Generates code for the function in `context`, which is left to be cleared.
/// With what translation recorded comes what debug information needs.
pub(crate) fn generate(
    context: &mut Context,
    target: &Target,
    recorded: Option<Recorded>,
    density: Density,
) -> Result<CompiledFunction> {
    let mut control = Default::default();
    if !effort::may_exceed_budget(&context.func) {
        context
            .compile(&*target.isa, &mut control)
            .map_err(|error| codegen_error(format!("{:?}", error.inner)))?;
        let compiled = context.compiled_code().expect("compilation succeeded");
        return convert(&context.func, compiled, (target, &*target.isa), recorded, density);
    }
    let failed = |error| codegen_error(format!("{error:?}"));
    // Other names of values form chains, which are long in nested loops.
    context.func.dfg.resolve_all_aliases();
    let mut fast = effort::exceeds_budget(&context.func);
    let isa = if fast { &*target.fast_isa } else { &*target.isa };
    context.optimize(isa, &mut control).map_err(failed)?;
    // Optimising moves what has no effects to where it is used.
    fast = fast || effort::exceeds_budget(&context.func);
    let isa = if fast { &*target.fast_isa } else { &*target.isa };
    let Context { func, domtree, .. } = context;
    let compiled =
        isa.compile_function(func, domtree, &mut Default::default(), false, &mut control);
    let compiled = compiled.map_err(failed)?.apply_params(&func.params);
    Ok(CompiledFunction {
        hasty: fast,
        ..convert(func, &compiled, (target, isa), recorded, density)?
    })
}

/// What we keep of the code generator's result.
fn convert(
    func: &ir::Function,
    compiled: &CompiledCode,
    (target, isa): (&Target, &dyn TargetIsa),
    recorded: Option<Recorded>,
    density: Density,
) -> Result<CompiledFunction> {
    let buffer = &compiled.buffer;
    let mut relocs = buffer
        .relocs()
        .iter()
        .map(|reloc| convert_reloc(func, reloc))
        .collect::<Result<Vec<_>>>()?;
    relocs.sort_by_key(|reloc| reloc.offset);
    let debug = recorded.map(|recorded| values::collect(compiled, recorded, isa)).transpose()?;
    let function = CompiledFunction {
        code: buffer.data().into(),
        data: data(buffer, isa),
        alignment: buffer.alignment,
        starts: 0,
        relocs: relocs.into(),
        sites: sites(buffer),
        handlers: handlers(buffer)?,
        unwind: unwind(&buffer.unwind_info, isa)?,
        stack_maps: stack_maps(buffer),
        inlined: Box::default(),
        debug: debug.map(Box::new),
        hasty: false,
        shortened: Default::default(),
    };
    Ok(finish(function, buffer, target, density))
}

/// What is done to finished code: fewer bytes, and where it wants to begin.
fn finish(
    function: CompiledFunction,
    buffer: &Buffer,
    target: &Target,
    density: Density,
) -> CompiledFunction {
    let aligned = density == Density::Aligned;
    let places_loops = target.align_loops && aligned;
    let alignment = match target.dense && !places_loops {
        true => buffer.alignment,
        false => buffer.alignment.max(FUNCTION_ALIGNMENT),
    };
    let loops = places_loops.then_some(alignment);
    let relaxed = match target.shorter {
        Some(shorter) => relax::shorten(&function, shorter, loops),
        None => None,
    };
    let (mut function, branches) = match relaxed {
        Some((function, branches)) => (function, Some(branches)),
        None => (function, None),
    };
    let branches = loops.map(|alignment| {
        let find = || loops::branches(buffer.data(), &sources(buffer));
        (alignment, branches.unwrap_or_else(find))
    });
    let starts = branches.as_ref().and_then(|(alignment, found)| loops::starts(found, *alignment));
    // Tables may lead back too.
    let may_loop =
        !function.data.is_empty() || branches.is_none_or(|(_, found)| loops::any(&found));
    let large = function.code.len() >= LARGE_FUNCTION && !target.dense;
    function.alignment = match aligned && starts.is_none() && may_loop && large {
        true => alignment.max(CACHE_LINE),
        false => alignment,
    };
    CompiledFunction { starts: starts.unwrap_or(0), ..function }
}

/// Size from which a function with loops begins at a cache line. The speed of its loops
/// then does not depend on what lies before it: shifted by 16 or 32 bytes, a
/// state machine in `benches/` takes 14 % longer. Clang grows by 1 %, which it does not
/// at -Os.
const LARGE_FUNCTION: usize = 512;
const CACHE_LINE: u32 = 64;

/// What has a source position, in order.
fn sources(buffer: &Buffer) -> Vec<Range<u32>> {
    buffer.get_srclocs_sorted().iter().map(|source| source.start..source.end).collect()
}

/// What in the code is data.
fn data(buffer: &Buffer, isa: &dyn TargetIsa) -> Box<[Range<FunctionOffset>]> {
    let traps: Vec<u32> = buffer.traps().iter().map(|trap| trap.offset).collect();
    let handlers = buffer.call_sites().flat_map(|call| call.exception_handlers);
    let handlers = handlers.filter_map(|handler| match handler {
        FinalizedMachExceptionHandler::Default(offset) => Some(*offset),
        _ => None,
    });
    let handlers: Vec<u32> = handlers.collect();
    let (bytes, sources) = (buffer.data(), sources(buffer));
    let code = data::CodeFacts { bytes, traps: &traps, handlers: &handlers, sources: &sources };
    let offset = FunctionOffset::new;
    let ranges = data::find(isa.triple().architecture, &code).into_iter();
    ranges.map(|range| offset(range.start)..offset(range.end)).collect()
}

fn codegen_error(message: String) -> Error {
    Error::Codegen { at: Location::default(), message }
}

fn convert_reloc(func: &ir::Function, reloc: &FinalizedMachReloc) -> Result<CodeReloc> {
    let target = match &reloc.target {
        FinalizedRelocTarget::Func(offset) => Symbol::Local(FunctionOffset::new(*offset)),
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
            external_name::symbol(&func.params.user_named_funcs()[*name])
        }
        // Every operation that the code generator would call a library for
        // must have been expanded by translation.
        FinalizedRelocTarget::ExternalName(name) => {
            return Err(codegen_error(format!("call of {}", name.display(Some(&func.params)))));
        }
    };
    let kind = match reloc.kind {
        Reloc::X86PCRel4 | Reloc::X86CallPCRel4 | Reloc::X86CallPLTRel4 => {
            CodeRelocKind::X86PcRel32
        }
        Reloc::Arm64Call => CodeRelocKind::Aarch64Call26,
        Reloc::Aarch64AdrPrelPgHi21 => CodeRelocKind::Aarch64AdrPage21,
        Reloc::Aarch64AddAbsLo12Nc => CodeRelocKind::Aarch64AddLow12,
        Reloc::RiscvCallPlt => CodeRelocKind::RiscvCall,
        Reloc::RiscvPCRelHi20 => CodeRelocKind::RiscvPcRelHigh20,
        Reloc::RiscvPCRelLo12I => CodeRelocKind::RiscvPcRelLow12,
        other => return Err(codegen_error(format!("relocation {other} has no place in an image"))),
    };
    let addend = i32::try_from(reloc.addend)
        .map_err(|_| codegen_error(format!("relocation addend {}", reloc.addend)))?;
    Ok(CodeReloc { offset: FunctionOffset::new(reloc.offset), kind, target, addend })
}

fn sites(buffer: &Buffer) -> Box<[CodeSite]> {
    let sources = buffer.get_srclocs_sorted();
    let traps = buffer.traps().iter().map(|trap| (trap.offset, Site::Trap(trap_code(trap.code))));
    // The byte before the return address: a trapping instruction may stand at
    // the return address itself.
    let calls = buffer.call_sites().map(|call| (call.ret_addr - 1, Site::Call));
    let mut sites: Vec<CodeSite> = traps
        .chain(calls)
        .map(|(at, site)| {
            let (offset, position) = (FunctionOffset::new(at), source_at(sources, at));
            CodeSite { offset, site, position }
        })
        .collect();
    sites.sort_by_key(|site| site.offset);
    sites.dedup_by_key(|site| site.offset);
    sites.into()
}

/// Calls with an exception handler: where to go on, and how large the frame is
/// at the call.
fn handlers(buffer: &Buffer) -> Result<Box<[Handler<FunctionOffset>]>> {
    let mut handlers = Vec::new();
    for call in buffer.call_sites() {
        for handler in call.exception_handlers {
            let FinalizedMachExceptionHandler::Default(offset) = handler else {
                unreachable!("translation makes handlers of every exception only");
            };
            let frame = call
                .frame_offset
                .ok_or_else(|| codegen_error("a call with a handler has no frame".to_owned()))?;
            let [key, handler] = [call.ret_addr - 1, *offset].map(FunctionOffset::new);
            handlers.push(Handler { key, handler, frame });
        }
    }
    handlers.sort_by_key(|handler| handler.key);
    Ok(handlers.into())
}

/// What the code generator was told to keep track of.
fn stack_maps(buffer: &Buffer) -> Box<[StackMap]> {
    let maps = buffer.user_stack_maps().iter().map(|(offset, _, map)| {
        let mut slots: Vec<u32> = map.entries().map(|(_, slot)| slot).collect();
        slots.sort_unstable();
        StackMap { offset: FunctionOffset::new(*offset), slots: slots.into() }
    });
    maps.collect()
}

/// Where the code at `offset` came from.
fn source_at(sources: &[MachSrcLoc<cranelift_codegen::Final>], offset: u32) -> Position {
    let after = sources.partition_point(|source| source.start <= offset);
    match after.checked_sub(1).map(|index| &sources[index]) {
        Some(source) if offset < source.end && !source.loc.is_default() => {
            Position::new(source.loc.bits())
        }
        _ => Position::NONE,
    }
}

fn trap_code(code: ir::TrapCode) -> TrapCode {
    match code {
        ir::TrapCode::STACK_OVERFLOW => TrapCode::StackOverflow,
        ir::TrapCode::HEAP_OUT_OF_BOUNDS => TrapCode::MemoryOutOfBounds,
        ir::TrapCode::INTEGER_OVERFLOW => TrapCode::IntegerOverflow,
        ir::TrapCode::INTEGER_DIVISION_BY_ZERO => TrapCode::IntegerDivisionByZero,
        ir::TrapCode::BAD_CONVERSION_TO_INTEGER => TrapCode::BadConversionToInteger,
        other => {
            TrapCode::from_u8(other.as_raw().get()).expect("translation uses our trap numbers")
        }
    }
}

/// DWARF numbers of the frame pointer, and of the link register with its
/// distance above the saved frame pointer.
fn frame_registers(isa: &dyn TargetIsa) -> (u16, Option<(u16, i32)>) {
    match isa.triple().architecture {
        Architecture::X86_64 => (6, None),
        Architecture::Aarch64(_) => (29, Some((30, 8))),
        Architecture::Riscv64(_) => (8, Some((1, 8))),
        other => unreachable!("no target for {other}"),
    }
}

/// DWARF number of the frame pointer.
pub(crate) fn frame_pointer(isa: &dyn TargetIsa) -> u16 {
    frame_registers(isa).0
}

/// The prologue's frame changes in DWARF's terms.
fn unwind(
    insts: &[(u32, UnwindInst)],
    isa: &dyn TargetIsa,
) -> Result<Box<[(FunctionOffset, UnwindOp)]>> {
    let (frame_pointer, link) = frame_registers(isa);
    let mut ops = Vec::new();
    let mut clobbers = 0;
    for (offset, inst) in insts {
        let offset = FunctionOffset::new(*offset);
        match *inst {
            UnwindInst::PushFrameRegs { offset_upward_to_caller_sp: up } => {
                ops.push((offset, UnwindOp::CfaOffset(up)));
                let saved = |register, offset| UnwindOp::Saved { register, offset };
                ops.push((offset, saved(frame_pointer, -(up as i32))));
                if let Some((register, above)) = link {
                    ops.push((offset, saved(register, above - up as i32)));
                }
            }
            UnwindInst::DefineNewFrame {
                offset_upward_to_caller_sp: up,
                offset_downward_to_clobbers: down,
            } => {
                ops.push((offset, UnwindOp::CfaRegister(frame_pointer)));
                clobbers = (up + down) as i32;
            }
            UnwindInst::SaveReg { clobber_offset, reg } => {
                let register = isa
                    .map_regalloc_reg_to_dwarf(reg.into())
                    .map_err(|error| codegen_error(error.to_string()))?;
                let place = clobber_offset as i32 - clobbers;
                ops.push((offset, UnwindOp::Saved { register, offset: place }));
            }
            // The frame pointer is always there, and return addresses are
            // never signed.
            UnwindInst::StackAlloc { .. }
            | UnwindInst::RegStackOffset { .. }
            | UnwindInst::Aarch64SetPointerAuth { .. } => {}
        }
    }
    Ok(ops.into())
}
