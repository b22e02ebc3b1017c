//! Structured control: blocks, loops, branches, and the state that follows
//! code that cannot be reached.

use super::options::Debug;
use super::signatures::clif_type;
use super::state::{Frame, FrameKind, FuelPlace};
use super::translator::Translator;
use crate::error::Result;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};
use precast_artifact::index::{LabelIndex, TypeIndex};
use precast_artifact::trap::TrapCode;
use precast_artifact::types::{FuncType, ValType};
use wasmparser::BlockType;

impl Translator<'_, '_> {
    /// Opens the outermost block of a body; branches to it return.
    pub(super) fn begin_body(&mut self, ty: &FuncType) {
        let end = self.block_with(&ty.results);
        self.fuel_after_next();
        self.control.push(Frame {
            kind: FrameKind::Block,
            target: end,
            end,
            params: 0,
            results: ty.results.len(),
            height: self.stack.len(),
            entered: true,
            end_reached: false,
            fuel_at_start: self.fuel_place(),
            // The caller reads it there; one that this is inlined into goes on.
            fuel_at_end: if self.is_inlined() { FuelPlace::BOTH } else { FuelPlace::STORE },
        });
    }

    /// Returns what the last `end` left on the stack.
    pub(super) fn finish_function(mut self) {
        if self.reachable {
            let results = std::mem::take(&mut self.stack);
            self.b.ins().return_(&results);
        }
        self.b.finalize(self.module.options.frontend);
    }

    pub(super) fn block_with(&mut self, types: &[ValType]) -> Block {
        let block = self.b.create_block();
        for ty in types {
            self.b.append_block_param(block, clif_type(*ty));
        }
        block
    }

    fn block_type(&self, ty: BlockType, offset: u64) -> Result<FuncType> {
        Ok(match ty {
            BlockType::Empty => FuncType::default(),
            BlockType::Type(ty) => FuncType {
                params: Vec::new(),
                results: vec![self.module.types().value(ty, offset)?],
            },
            BlockType::FuncType(index) => {
                let types = self.module.types();
                types.get(types.canonical(TypeIndex::new(index))).clone()
            }
        })
    }

    fn open(&mut self, kind: FrameKind, target: Block, end: Block, ty: &FuncType) {
        self.track_open(&kind);
        let fuel_at_end = self.fuel_after_next();
        let params = if self.reachable { ty.params.len() } else { 0 };
        self.control.push(Frame {
            kind,
            target,
            end,
            params: ty.params.len(),
            results: ty.results.len(),
            height: self.stack.len() - params,
            entered: self.reachable,
            end_reached: false,
            fuel_at_start: self.fuel_place(),
            fuel_at_end,
        });
    }

    pub(super) fn block(&mut self, ty: BlockType, offset: u64) -> Result<()> {
        let ty = self.block_type(ty, offset)?;
        let end = self.block_with(&ty.results);
        self.open(FrameKind::Block, end, end, &ty);
        Ok(())
    }

    /// Opens the block of a `try_table` whose handler is in place.
    pub(super) fn try_block(&mut self, ty: BlockType, offset: u64) -> Result<()> {
        let ty = self.block_type(ty, offset)?;
        let end = self.block_with(&ty.results);
        self.open(FrameKind::Try, end, end, &ty);
        Ok(())
    }

    pub(super) fn loop_(&mut self, ty: BlockType, offset: u64) -> Result<()> {
        let ty = self.block_type(ty, offset)?;
        let end = self.block_with(&ty.results);
        let header = self.block_with(&ty.params);
        self.open(FrameKind::Loop, header, end, &ty);
        if self.reachable {
            let args = self.pop_many(ty.params.len());
            self.place_fuel(FuelPlace::VARIABLE);
            self.jump(header, &args);
            self.enter(header);
            self.fuel_is_in(FuelPlace::VARIABLE);
        }
        Ok(())
    }

    pub(super) fn if_(&mut self, ty: BlockType, offset: u64) -> Result<()> {
        let ty = self.block_type(ty, offset)?;
        let end = self.block_with(&ty.results);
        let otherwise = self.b.create_block();
        if !self.reachable {
            self.open(FrameKind::If { otherwise, params: Vec::new() }, end, end, &ty);
            return Ok(());
        }
        let condition = self.pop();
        let then = self.b.create_block();
        self.b.ins().brif(condition, then, &[], otherwise, &[]);
        match self.hint {
            Some(true) => self.b.set_cold_block(otherwise),
            Some(false) => self.b.set_cold_block(then),
            None => {}
        }
        self.b.seal_block(then);
        self.b.seal_block(otherwise);
        let params = self.stack[self.stack.len() - ty.params.len()..].to_vec();
        self.open(FrameKind::If { otherwise, params }, end, end, &ty);
        self.b.switch_to_block(then);
        Ok(())
    }

    pub(super) fn else_(&mut self) {
        self.track_else();
        let reachable = self.reachable;
        let frame = self.control.last_mut().expect("an if is open");
        let (end, results, height, entered) =
            (frame.end, frame.results, frame.height, frame.entered);
        let (fuel_at_start, fuel_at_end) = (frame.fuel_at_start, frame.fuel_at_end);
        let FrameKind::If { otherwise, params } =
            std::mem::replace(&mut frame.kind, FrameKind::Else)
        else {
            unreachable!("validated: else belongs to an if");
        };
        frame.end_reached |= reachable;
        if reachable {
            let args = self.pop_many(results);
            self.place_fuel(fuel_at_end);
            self.jump(end, &args);
        }
        self.stack.truncate(height);
        self.fuel_is_in(fuel_at_start);
        self.reachable = entered;
        if entered {
            self.b.switch_to_block(otherwise);
            self.stack.extend(params);
        }
    }

    pub(super) fn end(&mut self) {
        self.track_end();
        let mut frame = self.control.pop().expect("a block is open");
        if self.reachable {
            let args = self.pop_many(frame.results);
            self.place_fuel(frame.fuel_at_end);
            self.jump(frame.end, &args);
            frame.end_reached = true;
        }
        match frame.kind {
            // Without an else part, the parameters are the results.
            FrameKind::If { otherwise, params } if frame.entered => {
                self.b.switch_to_block(otherwise);
                self.fuel_is_in(frame.fuel_at_start);
                self.place_fuel(frame.fuel_at_end);
                self.jump(frame.end, &params);
                frame.end_reached = true;
            }
            FrameKind::Loop if frame.entered => self.b.seal_block(frame.target),
            FrameKind::Try if frame.entered => self.end_try(),
            _ => {}
        }
        self.stack.truncate(frame.height);
        self.reachable = frame.end_reached;
        if frame.end_reached {
            self.b.seal_block(frame.end);
            self.enter(frame.end);
            self.fuel_is_in(frame.fuel_at_end);
        }
    }

    /// Tells the tracker that a block is opened.
    fn track_open(&mut self, kind: &FrameKind) {
        if self.module.options.debug != Debug::Values {
            return;
        }
        match kind {
            FrameKind::Loop => {
                let writes = self.loop_writes.pop().unwrap_or_default();
                let offset = self.body_offset();
                self.tracker.enter_loop(&writes, offset);
            }
            _ => self.tracker.enter(),
        }
    }

    fn track_else(&mut self) {
        if self.module.options.debug == Debug::Values {
            let offset = self.body_offset();
            self.tracker.otherwise(offset);
        }
    }

    fn track_end(&mut self) {
        if self.module.options.debug == Debug::Values {
            let offset = self.body_offset();
            // A block that nothing branches out of, and a loop, are left in one
            // way only.
            let frame = self.control.last().expect("a block is open");
            let joins = match frame.kind {
                FrameKind::Loop => false,
                FrameKind::Block | FrameKind::Try => frame.end_reached,
                FrameKind::If { .. } | FrameKind::Else => true,
            };
            self.tracker.leave(offset, joins);
        }
    }

    /// Goes on in `block`, its parameters on the stack.
    fn enter(&mut self, block: Block) {
        self.b.switch_to_block(block);
        self.stack.extend_from_slice(self.b.block_params(block));
    }

    pub(super) fn jump(&mut self, target: Block, args: &[Value]) {
        let args: Vec<BlockArg> = args.iter().copied().map(BlockArg::Value).collect();
        self.b.ins().jump(target, &args);
    }

    /// Target of a branch and the values it takes, which stay on the stack.
    pub(super) fn branch_target(&mut self, label: LabelIndex) -> (Block, Vec<BlockArg>) {
        let index = self.control.len() - 1 - label.index();
        let frame = &mut self.control[index];
        let count = match frame.kind {
            FrameKind::Loop => frame.params,
            _ => {
                frame.end_reached = true;
                frame.results
            }
        };
        let args = &self.stack[self.stack.len() - count..];
        (frame.target, args.iter().copied().map(BlockArg::Value).collect())
    }

    pub(super) fn br(&mut self, label: LabelIndex) {
        self.place_fuel(self.fuel_at(label));
        let (target, args) = self.branch_target(label);
        self.b.ins().jump(target, &args);
        self.unreachable_from_here();
    }

    pub(super) fn br_if(&mut self, label: LabelIndex) {
        let condition = self.pop();
        self.branch_on(condition, label);
    }

    /// Branches when `condition` is not zero, else goes on.
    pub(super) fn branch_on(&mut self, condition: Value, label: LabelIndex) {
        let (target, args) = self.branch_target(label);
        let next = self.b.create_block();
        let (wanted, fuel) = (self.fuel_at(label), self.fuel_place());
        if self.hint == Some(false) || self.moves_fuel(wanted) {
            let taken = self.b.create_block();
            if self.hint == Some(false) {
                // The target may be likely from elsewhere, but not from here.
                self.b.set_cold_block(taken);
            }
            self.b.ins().brif(condition, taken, &[], next, &[]);
            self.b.seal_block(taken);
            self.b.switch_to_block(taken);
            self.place_fuel(wanted);
            self.b.ins().jump(target, &args);
            self.fuel_is_in(fuel);
        } else {
            self.b.ins().brif(condition, target, &args, next, &[]);
        }
        if self.hint == Some(true) {
            self.b.set_cold_block(next);
        }
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    /// Branches, without the reference, if it is null; else keeps it.
    pub(super) fn br_on_null(&mut self, label: LabelIndex) {
        let reference = self.pop();
        let null = self.b.ins().icmp_imm_u(IntCC::Equal, reference, 0);
        self.branch_on(null, label);
        self.push(reference);
    }

    /// Branches with the reference if it is not null; else drops it.
    pub(super) fn br_on_non_null(&mut self, label: LabelIndex) {
        let reference = *self.stack.last().expect("validated code does not underflow the stack");
        self.branch_on(reference, label);
        self.pop();
    }

    pub(super) fn return_(&mut self) {
        let outermost = self.outermost();
        if self.is_inlined() {
            return self.br(LabelIndex::from_index(self.control.len() - 1 - outermost));
        }
        let results = self.pop_many(self.control[outermost].results);
        self.place_fuel(FuelPlace::STORE);
        self.b.ins().return_(&results);
        self.unreachable_from_here();
    }

    pub(super) fn unreachable(&mut self) {
        // Else a branch to nothing but a trap becomes a trap with a condition,
        // which is where the branch was.
        if self.module.options.debug == Debug::Values {
            self.b.ins().sequence_point();
        }
        self.b.ins().trap(super::flags::code(TrapCode::Unreachable));
        self.unreachable_from_here();
    }
}
