//! The function being translated: what every family of operators works on.

use super::changes::Changes;
use super::flags::Flags;
use super::input::ModuleInput;
use super::state::{Frame, FuelCounter, LocalVariable, OpenBody, RecentAddresses};
use super::tracking::VariableTracker;
use crate::function::{InlinedBody, OperandUse, Position};
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use precast_artifact::index::{
    CanonicalTypeIndex, FuncIndex, LocalIndex, OperandIndex, TableIndex,
};
use precast_artifact::trap::TrapCode;
use precast_artifact::types::ValType;
use std::collections::{BTreeMap, HashMap};

/// The function being translated.
pub(super) struct Translator<'a, 'f> {
    pub(super) module: &'a ModuleInput<'a>,
    pub(super) b: FunctionBuilder<'f>,
    pub(super) flags: Flags,
    /// The context address.
    pub(super) ctx: Value,
    pub(super) locals: Vec<LocalVariable>,
    /// Those that the frame holds too, with `-g -O`.
    pub(super) kept: &'a [LocalIndex],
    /// Operands that debug information uses from here on, with `-g`.
    pub(super) operands: &'a [OperandUse],
    /// Slots of those, with `-g -O0`.
    pub(super) operand_slots: BTreeMap<OperandIndex, ir::StackSlot>,
    /// What is known of the values of locals, with `-g -O`.
    pub(super) tracker: VariableTracker,
    /// The locals that each loop to come writes, the next one last.
    pub(super) loop_writes: Vec<Vec<LocalIndex>>,
    /// The open bodies: the function's own, then inlined ones, innermost last.
    pub(super) bodies: Vec<OpenBody<'a>>,
    /// Bodies that were inlined.
    pub(super) inlined: Vec<InlinedBody>,
    /// What was optimised so far.
    pub(super) changes: Changes,
    /// Where the positions of the next inlined body begin.
    pub(super) positions: Position,
    /// The count of fuel, with that.
    pub(super) fuel: Option<FuelCounter>,
    /// The operand stack.
    pub(super) stack: Vec<Value>,
    /// Whether the top of it is a truth of 8 bits that is not yet a number.
    pub(super) truth: bool,
    /// Addresses that were made last.
    pub(super) addresses: RecentAddresses,
    pub(super) control: Vec<Frame>,
    /// Handlers of the open `try_table`s, innermost last. Each takes an exnref.
    pub(super) handlers: Vec<ir::Block>,
    /// Whether the next operator can be reached.
    pub(super) reachable: bool,
    /// Whether the module says that this operator's branch is likely taken.
    pub(super) hint: Option<bool>,
    /// Signatures imported into this function, by canonical type.
    pub(super) signatures: HashMap<CanonicalTypeIndex, ir::SigRef>,
    /// Defined functions imported into this function, by index.
    pub(super) callees: HashMap<FuncIndex, ir::FuncRef>,
    /// Signatures of builtins, by number of arguments.
    pub(super) builtins: HashMap<usize, ir::SigRef>,
    /// Addresses of private tables.
    pub(super) table_symbols: HashMap<TableIndex, ir::GlobalValue>,
}

impl<'a, 'f> Translator<'a, 'f> {
    pub(super) fn new(
        module: &'a ModuleInput<'a>,
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
            module,
            b,
            flags,
            ctx,
            locals: Vec::new(),
            kept: &[],
            operands: &[],
            operand_slots: BTreeMap::new(),
            tracker: VariableTracker::default(),
            loop_writes: Vec::new(),
            bodies: Vec::new(),
            inlined: Vec::new(),
            changes: Changes::default(),
            positions: Position::NONE,
            fuel: None,
            stack: Vec::new(),
            truth: false,
            addresses: RecentAddresses::default(),
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
    pub(super) fn zero(&mut self, ty: ValType) -> Value {
        match ty {
            ValType::I32 => self.b.ins().iconst(types::I32, 0),
            ValType::I64 | ValType::Ref(_) => self.b.ins().iconst(types::I64, 0),
            ValType::F32 => self.b.ins().f32const(0.0),
            ValType::F64 => self.b.ins().f64const(0.0),
            ValType::V128 => self.vector_constant(0),
        }
    }

    pub(super) fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    pub(super) fn pop(&mut self) -> Value {
        self.stack.pop().expect("validated code does not underflow the stack")
    }

    pub(super) fn pop2(&mut self) -> (Value, Value) {
        let second = self.pop();
        (self.pop(), second)
    }

    pub(super) fn pop3(&mut self) -> (Value, Value, Value) {
        let third = self.pop();
        let (first, second) = self.pop2();
        (first, second, third)
    }

    /// The top `count` values, first pushed first, taken off the stack.
    pub(super) fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - count)
    }

    /// Ends the block: what follows cannot be reached.
    pub(super) fn unreachable_from_here(&mut self) {
        self.reachable = false;
    }

    /// Traps with `code` when `condition` is not zero.
    pub(super) fn trap_if(&mut self, condition: Value, code: TrapCode) {
        self.b.ins().trapnz(condition, super::flags::code(code));
    }
}
