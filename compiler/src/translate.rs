//! From a validated function body to Cranelift IR.
//!
//! [`translate`] walks the operators; [`operators`] routes each, on one line,
//! to the family that knows it:
//!
//! | module | family |
//! |-|-|
//! | [`control`] | blocks, branches, `br_table`, unreachable code |
//! | [`exceptions`] | `try_table`, `throw`, `throw_ref` |
//! | [`calls`] | direct, indirect, imported and tail calls |
//! | [`numeric`] | integers, floats, conversions |
//! | [`memory`] | linear memory: addressing, loads, stores, bulk operations |
//! | [`atomics`] | atomic operators on memories that are not shared |
//! | [`tables`] | tables and references |
//! | [`locals`] | locals |
//! | [`globals`] | globals |
//! | [`vector`] | 128-bit vectors |
//! | [`stubs`] | entry, host-call and forwarding stubs |
//! | [`tracking`] | what `-g -O` knows of locals |
//!
//! Values: `i32 i64 f32 f64` are Cranelift's own types, references are `i64`,
//! and `v128` is always `i8x16`, bitcast where an operator needs other lanes.

mod atomics;
mod calls;
mod control;
mod exceptions;
mod flags;
mod globals;
mod locals;
mod loops;
mod memory;
mod numeric;
mod operands;
mod operators;
pub(crate) mod stubs;
mod tables;
mod tracking;
mod vector;
mod vector_memory;

use crate::error::{Error, Result};
use crate::function::{DebugUses, OperandUse};
use crate::parse::{Body, Parsed};
use crate::plan::Plan;
use crate::recorded::Recorded;
use control::Frame;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature, Type, Value, types};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use flags::Flags;
pub(crate) use locals::Debug;
use locals::Local;
use precast_artifact::index::ModuleIndex;
use precast_artifact::types::{FuncType, ValType};
use std::collections::{BTreeMap, HashMap};
use tracking::VariableTracker;

/// Everything translation may look at: the whole module, read-only.
pub(crate) struct Env<'a> {
    /// The module that the function is of.
    pub module: ModuleIndex,
    pub parsed: &'a Parsed<'a>,
    pub plan: &'a Plan<'a>,
    pub frontend: TargetFrontendConfig,
    /// Whether small `br_table`s become compare chains.
    pub br_table_chain: bool,
    /// Whether a store that traps must be kept from writing some of its bytes.
    pub precise_stores: bool,
    /// What debuggers shall find.
    pub debug: Debug,
    /// What debug information asks for, by function.
    pub debug_uses: &'a BTreeMap<u32, DebugUses>,
}

/// The function being translated.
struct Translator<'a, 'f> {
    env: &'a Env<'a>,
    b: FunctionBuilder<'f>,
    flags: Flags,
    /// The context address.
    ctx: Value,
    locals: Vec<Local>,
    /// Those that the frame holds too, with `-g -O`.
    kept: &'a [u32],
    /// Operands that debug information uses from here on, with `-g`.
    operands: &'a [OperandUse],
    /// Slots of those, by place, with `-g -O0`.
    operand_slots: BTreeMap<u32, ir::StackSlot>,
    /// What is known of the values of locals, with `-g -O`.
    tracker: VariableTracker,
    /// The locals that each loop to come writes, the next one last.
    loop_writes: Vec<Vec<u32>>,
    /// The operand stack.
    stack: Vec<Value>,
    control: Vec<Frame>,
    /// Handlers of the open `try_table`s, innermost last. Each takes an exnref.
    handlers: Vec<ir::Block>,
    /// Whether the next operator can be reached.
    reachable: bool,
    /// Whether the module says that this operator's branch is likely taken.
    hint: Option<bool>,
    /// Signatures imported into this function, by canonical type.
    signatures: HashMap<u32, ir::SigRef>,
    /// Own functions imported into this function, by index.
    callees: HashMap<u32, ir::FuncRef>,
    /// Signatures of builtins, by number of arguments.
    builtins: HashMap<usize, ir::SigRef>,
    /// Addresses of private tables.
    table_symbols: HashMap<u32, ir::GlobalValue>,
}

/// Translates `body` into `func`, which must be empty. Gives what must be
/// found again in the code, with `-g -O`.
pub(crate) fn translate(
    env: &Env<'_>,
    body: &Body<'_>,
    func: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) -> Result<Recorded> {
    let index = body.validator.index;
    let outcome = translate_body(env, body, func, scratch);
    outcome.map_err(|error: Error| error.in_function(index, env.parsed.name_of(index)))
}

fn translate_body(
    env: &Env<'_>,
    body: &Body<'_>,
    func: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) -> Result<Recorded> {
    let ty = env.parsed.function_type(body.validator.index);
    func.signature = signature(ty);
    let mut t = Translator::new(env, func, scratch);
    if env.debug == Debug::Values {
        t.loop_writes = loops::writes(body.body.get_operators_reader()?)?;
    }
    if let Some(uses) = env.debug_uses.get(&body.validator.index) {
        t.kept = &uses.locals;
        t.operands = &uses.operands;
    }
    t.declare_context();
    t.declare_parameters(ty);
    let mut locals = body.body.get_locals_reader()?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position();
        let (count, ty) = locals.read()?;
        t.declare_locals(count, env.parsed.types.value(ty, offset)?);
    }
    t.begin_function(ty);
    let hints = env.parsed.hints.get(&body.validator.index).map_or(&[][..], Vec::as_slice);
    let mut reader = body.body.get_operators_reader()?;
    while !reader.eof() {
        let (op, offset) = reader.read_with_offset()?;
        t.note_operands(offset as u32);
        // Offset zero is the module's magic number: never an operator.
        t.b.set_srcloc(ir::SourceLoc::new(offset as u32));
        let from_start = offset - body.body.range().start;
        let hint = hints.binary_search_by_key(&from_start, |hint| hint.func_offset.into());
        t.hint = hint.ok().map(|at| hints[at].taken);
        t.operator(&op, offset)?;
    }
    let tracker = t.take_tracker();
    t.finish_function();
    Ok(tracker.attach(func, body.body.range().end as u32))
}

impl<'a, 'f> Translator<'a, 'f> {
    fn new(
        env: &'a Env<'a>,
        func: &'f mut ir::Function,
        scratch: &'f mut FunctionBuilderContext,
    ) -> Self {
        let flags = Flags::new(func);
        let mut b = FunctionBuilder::new(func, scratch);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let ctx = b.block_params(entry)[0];
        Self {
            env,
            b,
            flags,
            ctx,
            locals: Vec::new(),
            kept: &[],
            operands: &[],
            operand_slots: BTreeMap::new(),
            tracker: VariableTracker::default(),
            loop_writes: Vec::new(),
            stack: Vec::new(),
            control: Vec::new(),
            handlers: Vec::new(),
            reachable: true,
            hint: None,
            signatures: HashMap::new(),
            callees: HashMap::new(),
            builtins: HashMap::new(),
            table_symbols: HashMap::new(),
        }
    }

    /// The default value of a type: zero or null.
    fn zero(&mut self, ty: ValType) -> Value {
        match ty {
            ValType::I32 => self.b.ins().iconst(types::I32, 0),
            ValType::I64 | ValType::Ref(_) => self.b.ins().iconst(types::I64, 0),
            ValType::F32 => self.b.ins().f32const(0.0),
            ValType::F64 => self.b.ins().f64const(0.0),
            ValType::V128 => self.vector_constant(0),
        }
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("validated code does not underflow the stack")
    }

    fn pop2(&mut self) -> (Value, Value) {
        let second = self.pop();
        (self.pop(), second)
    }

    fn pop3(&mut self) -> (Value, Value, Value) {
        let third = self.pop();
        let (first, second) = self.pop2();
        (first, second, third)
    }

    /// The top `count` values, first pushed first, taken off the stack.
    fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - count)
    }

    /// Ends the block: what follows cannot be reached.
    fn unreachable_from_here(&mut self) {
        self.reachable = false;
    }
}

/// Cranelift's type for a WebAssembly type.
pub(crate) fn clif_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 | ValType::Ref(_) => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
    }
}

/// Signature of a WebAssembly function: the context, then the parameters.
pub(crate) fn signature(ty: &FuncType) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::new(types::I64));
    signature.params.extend(ty.params.iter().map(|ty| AbiParam::new(clif_type(*ty))));
    signature.returns.extend(ty.results.iter().map(|ty| AbiParam::new(clif_type(*ty))));
    signature
}
