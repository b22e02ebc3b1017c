//! [`CompiledFunction`] as bytes, for a cache: each field after the other,
//! numbers LEB128, lists with their length before them. Both directions are
//! written field by field, so that a new one is not forgotten.

use super::{
    CodeDebug, CodeReloc, CodeRelocKind, CodeSite, CompiledFunction, DebugVariable, InlinedBody,
    LiveRange, Position, Shortened, StackMap, Symbol, UnwindOp, ValueAssignment, ValueLocation,
};
use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::{
    BodyOffset, FuncIndex, FunctionOffset, LocalIndex, ModuleIndex, OperandIndex, StubIndex,
    TableIndex, ValueIndex,
};
use precast_artifact::trap::TrapCode;
use precast_artifact::wire::{Reader, Result, Writer};

impl CompiledFunction {
    pub(crate) fn encode(&self, w: &mut Writer) {
        let Self { code, data, alignment, starts, relocs, sites, .. } = self;
        let Self { handlers, unwind, stack_maps, inlined, debug, hasty, shortened, .. } = self;
        w.bytes(code);
        w.list(data, |w, range| {
            range.start.encode(w);
            range.end.encode(w);
        });
        w.leb((*alignment).into());
        w.u8(*starts);
        w.list(relocs, |w, reloc| put_reloc(reloc, w));
        w.list(sites, |w, CodeSite { offset, site, position }| {
            offset.encode(w);
            w.u8(match site {
                Site::Call => CALL,
                Site::Trap(code) => *code as u8,
            });
            w.leb(position.get().into());
        });
        w.list(handlers, |w, Handler { key, handler, frame }| {
            key.encode(w);
            handler.encode(w);
            w.leb((*frame).into());
        });
        w.list(unwind, |w, (offset, op)| {
            offset.encode(w);
            put_unwind(*op, w);
        });
        w.list(stack_maps, |w, StackMap { offset, slots }| {
            offset.encode(w);
            w.list(slots, |w, slot| w.leb((*slot).into()));
        });
        w.list(inlined, |w, InlinedBody { start, module, function, call }| {
            w.leb(start.get().into());
            module.encode(w);
            function.encode(w);
            w.leb(call.get().into());
        });
        w.option(debug, |w, debug| put_debug(debug, w));
        w.u8((*hasty).into());
        let Shortened { branches, frame_accesses, encodings } = *shortened;
        for count in [branches, frame_accesses, encodings] {
            w.leb(count.into());
        }
    }

    /// Reads what [`CompiledFunction::encode`] has written.
    ///
    /// # Errors
    ///
    /// When the bytes are not such.
    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            code: r.bytes()?.into(),
            data: r.list(|r| Ok(offset(r)?..offset(r)?))?.into(),
            alignment: r.leb32()?,
            starts: r.u8()?,
            relocs: r.list(reloc)?.into(),
            sites: r.list(site)?.into(),
            handlers: r
                .list(|r| Ok(Handler { key: offset(r)?, handler: offset(r)?, frame: r.leb32()? }))?
                .into(),
            unwind: r.list(|r| Ok((offset(r)?, unwind(r)?)))?.into(),
            stack_maps: r
                .list(|r| {
                    Ok(StackMap { offset: offset(r)?, slots: r.list(Reader::leb32)?.into() })
                })?
                .into(),
            inlined: r.list(inlined)?.into(),
            debug: r.option(debug)?.map(Box::new),
            hasty: r.u8()? != 0,
            shortened: Shortened {
                branches: r.leb32()?,
                frame_accesses: r.leb32()?,
                encodings: r.leb32()?,
            },
        })
    }
}

/// Stands for no trap.
const CALL: u8 = u8::MAX;

const RELOC_KINDS: [CodeRelocKind; 7] = [
    CodeRelocKind::X86PcRel32,
    CodeRelocKind::Aarch64Call26,
    CodeRelocKind::Aarch64AdrPage21,
    CodeRelocKind::Aarch64AddLow12,
    CodeRelocKind::RiscvCall,
    CodeRelocKind::RiscvPcRelHigh20,
    CodeRelocKind::RiscvPcRelLow12,
];

fn offset(r: &mut Reader<'_>) -> Result<FunctionOffset> {
    FunctionOffset::decode(r)
}

fn put_reloc(reloc: &CodeReloc, w: &mut Writer) {
    let CodeReloc { offset, kind, target, addend } = reloc;
    offset.encode(w);
    w.u8(*kind as u8);
    match target {
        Symbol::Function(module, function) => {
            w.u8(0);
            module.encode(w);
            function.encode(w);
        }
        Symbol::Stub(stub) => {
            w.u8(1);
            stub.encode(w);
        }
        Symbol::PrivateTable(module, table) => {
            w.u8(2);
            module.encode(w);
            table.encode(w);
        }
        Symbol::Local(offset) => {
            w.u8(3);
            offset.encode(w);
        }
    }
    w.zigzag((*addend).into());
}

fn reloc(r: &mut Reader<'_>) -> Result<CodeReloc> {
    let offset = offset(r)?;
    let number = r.u8()?;
    let kind = RELOC_KINDS.into_iter().find(|kind| *kind as u8 == number);
    let kind = kind.ok_or_else(|| r.error("no kind of relocation"))?;
    let target = match r.u8()? {
        0 => Symbol::Function(ModuleIndex::decode(r)?, FuncIndex::decode(r)?),
        1 => Symbol::Stub(StubIndex::decode(r)?),
        2 => Symbol::PrivateTable(ModuleIndex::decode(r)?, TableIndex::decode(r)?),
        3 => Symbol::Local(FunctionOffset::decode(r)?),
        _ => return Err(r.error("no kind of symbol")),
    };
    Ok(CodeReloc { offset, kind, target, addend: signed(r)? })
}

fn signed(r: &mut Reader<'_>) -> Result<i32> {
    let value = r.zigzag()?;
    i32::try_from(value).map_err(|_| r.error("a number of 32 bits expected"))
}

fn site(r: &mut Reader<'_>) -> Result<CodeSite> {
    let offset = offset(r)?;
    let site = match r.u8()? {
        CALL => Site::Call,
        code => Site::Trap(TrapCode::from_u8(code).ok_or_else(|| r.error("no trap code"))?),
    };
    Ok(CodeSite { offset, site, position: Position::new(r.leb32()?) })
}

fn put_unwind(op: UnwindOp, w: &mut Writer) {
    match op {
        UnwindOp::CfaOffset(offset) => {
            w.u8(0);
            w.leb(offset.into());
        }
        UnwindOp::CfaRegister(register) => {
            w.u8(1);
            w.leb(register.into());
        }
        UnwindOp::Saved { register, offset } => {
            w.u8(2);
            w.leb(register.into());
            w.zigzag(offset.into());
        }
    }
}

fn register(r: &mut Reader<'_>) -> Result<u16> {
    let number = r.leb()?;
    u16::try_from(number).map_err(|_| r.error("a register expected"))
}

fn unwind(r: &mut Reader<'_>) -> Result<UnwindOp> {
    Ok(match r.u8()? {
        0 => UnwindOp::CfaOffset(r.leb32()?),
        1 => UnwindOp::CfaRegister(register(r)?),
        2 => UnwindOp::Saved { register: register(r)?, offset: signed(r)? },
        _ => return Err(r.error("no change of the frame")),
    })
}

fn inlined(r: &mut Reader<'_>) -> Result<InlinedBody> {
    Ok(InlinedBody {
        start: Position::new(r.leb32()?),
        module: ModuleIndex::decode(r)?,
        function: FuncIndex::decode(r)?,
        call: Position::new(r.leb32()?),
    })
}

fn put_debug(debug: &CodeDebug, w: &mut Writer) {
    let CodeDebug { positions, assignments, live_ranges } = debug;
    w.list(positions, |w, (offset, position)| {
        offset.encode(w);
        w.leb(position.get().into());
    });
    w.list(assignments, |w, ValueAssignment { variable, from, to, value }| {
        let (kind, number) = match variable {
            DebugVariable::Local(local) => (0, local.get()),
            DebugVariable::Context => (1, 0),
            DebugVariable::Operand(operand) => (2, operand.get()),
        };
        w.u8(kind);
        w.leb(number.into());
        from.encode(w);
        to.encode(w);
        value.encode(w);
    });
    w.list(live_ranges, |w, LiveRange { value, start, end, location }| {
        value.encode(w);
        start.encode(w);
        end.encode(w);
        match location {
            ValueLocation::Register(register) => {
                w.u8(0);
                w.leb((*register).into());
            }
            ValueLocation::Frame(offset) => {
                w.u8(1);
                w.zigzag((*offset).into());
            }
            ValueLocation::Constant(bits) => {
                w.u8(2);
                w.leb(*bits);
            }
        }
    });
}

fn debug(r: &mut Reader<'_>) -> Result<CodeDebug> {
    Ok(CodeDebug {
        positions: r.list(|r| Ok((offset(r)?, Position::new(r.leb32()?))))?.into(),
        assignments: r.list(assignment)?.into(),
        live_ranges: r.list(live_range)?.into(),
    })
}

fn assignment(r: &mut Reader<'_>) -> Result<ValueAssignment> {
    let (kind, number) = (r.u8()?, r.leb32()?);
    let variable = match kind {
        0 => DebugVariable::Local(LocalIndex::new(number)),
        1 => DebugVariable::Context,
        2 => DebugVariable::Operand(OperandIndex::new(number)),
        _ => return Err(r.error("no kind of variable")),
    };
    let (from, to) = (BodyOffset::decode(r)?, BodyOffset::decode(r)?);
    Ok(ValueAssignment { variable, from, to, value: ValueIndex::decode(r)? })
}

fn live_range(r: &mut Reader<'_>) -> Result<LiveRange> {
    let (value, start, end) = (ValueIndex::decode(r)?, offset(r)?, offset(r)?);
    let location = match r.u8()? {
        0 => ValueLocation::Register(register(r)?),
        1 => ValueLocation::Frame(signed(r)?),
        2 => ValueLocation::Constant(r.leb()?),
        _ => return Err(r.error("no kind of place")),
    };
    Ok(LiveRange { value, start, end, location })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCATIONS: [ValueLocation; 3] =
        [ValueLocation::Register(16), ValueLocation::Frame(-8), ValueLocation::Constant(u64::MAX)];

    fn everything() -> CompiledFunction {
        let at = FunctionOffset::new;
        let module = ModuleIndex::new(1);
        let targets = [
            Symbol::Function(module, FuncIndex::new(300)),
            Symbol::Stub(StubIndex::new(2)),
            Symbol::PrivateTable(module, TableIndex::new(3)),
            Symbol::Local(at(70000)),
        ];
        let reloc = |(number, kind): (usize, &CodeRelocKind)| CodeReloc {
            offset: at(number as u32),
            kind: *kind,
            target: targets[number % 4],
            addend: -4 + number as i32,
        };
        let sites = TrapCode::ALL.into_iter().map(Site::Trap).chain([Site::Call]);
        let sites = sites.map(|site| CodeSite { offset: at(9), site, position: Position::new(7) });
        let variables = [
            DebugVariable::Local(LocalIndex::new(8)),
            DebugVariable::Context,
            DebugVariable::Operand(OperandIndex::new(1 << 20)),
        ];
        let (from, to, value) = (BodyOffset::new(1), BodyOffset::new(2), ValueIndex::new(3));
        let assignment = |variable| ValueAssignment { variable, from, to, value };
        let live = |location| LiveRange { value, start: at(5), end: at(6), location };
        CompiledFunction {
            code: [1, 2, 3].into(),
            data: [at(1)..at(2)].into(),
            alignment: 64,
            starts: 0b101,
            relocs: RELOC_KINDS.iter().enumerate().map(reloc).collect(),
            sites: sites.collect(),
            handlers: [Handler { key: at(1), handler: at(2), frame: 48 }].into(),
            unwind: [
                (at(0), UnwindOp::CfaOffset(16)),
                (at(1), UnwindOp::CfaRegister(6)),
                (at(2), UnwindOp::Saved { register: 6, offset: -16 }),
            ]
            .into(),
            stack_maps: [StackMap { offset: at(3), slots: [8, 24].into() }].into(),
            inlined: [InlinedBody {
                start: Position::new(100),
                module,
                function: FuncIndex::new(5),
                call: Position::new(40),
            }]
            .into(),
            hasty: true,
            shortened: Shortened { branches: 300, frame_accesses: 400, encodings: 5 },
            debug: Some(Box::new(CodeDebug {
                positions: [(at(0), Position::NONE)].into(),
                assignments: variables.map(assignment).into(),
                live_ranges: LOCATIONS.map(live).into(),
            })),
        }
    }

    #[test]
    fn functions_come_back_and_damage_is_noticed_or_harmless() {
        let function = everything();
        let mut w = Writer::new();
        function.encode(&mut w);
        let bytes = w.finish();
        let mut r = Reader::new("test", &bytes);
        assert_eq!(CompiledFunction::decode(&mut r).unwrap(), function);
        r.finish().unwrap();
        for end in 0..bytes.len() {
            assert!(CompiledFunction::decode(&mut Reader::new("test", &bytes[..end])).is_err());
            let mut flipped = bytes.clone();
            flipped[end] ^= 0x80;
            let _ = CompiledFunction::decode(&mut Reader::new("test", &flipped));
        }
    }
}
