//! Paths through blocks whose branches are known to whoever enters with a
//! constant: from an edge that gives a block a constant, along instructions that
//! may as well be made twice, to a branch that the constant decides.

use super::edges::calls;
use super::known::Known;
use cranelift_codegen::ir::{
    Block, BlockArg, Function, Inst, InstructionData, Opcode, Value, ValueDef,
};

/// A block on the way and which of its branch's destinations is taken.
pub(super) type PathStep = (Block, usize);

/// A way whose last branch is known, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Path {
    pub steps: Vec<PathStep>,
    /// By step, whether the branch has no other way out.
    pub certain: Vec<bool>,
    /// Instructions that are made again.
    pub cost: usize,
}

/// Blocks that are followed.
const LONGEST: usize = 10;
/// Instructions that are made again for the sake of a table's branch, and of
/// others.
const MOST_BEFORE_TABLE: usize = 24;
const MOST_BEFORE_BRANCH: usize = 8;
/// Instructions of a dispatch that is made again by whoever comes there.
const MOST_OF_DISPATCH: usize = 14;
/// Branches on the way that are not known.
const MOST_UNKNOWN: usize = 1;

/// The way that control takes through `block`, entered with `arguments`, as far
/// as the last branch that is known; none if none is. `is_header` tells blocks
/// that loops go back to.
pub(super) fn find(
    func: &Function,
    block: Block,
    arguments: &[BlockArg],
    is_header: &dyn Fn(Block) -> bool,
) -> Option<Path> {
    let mut known = Known::default();
    learn(func, &mut known, block, arguments);
    if known.is_empty() {
        return None;
    }
    let walk = Walk { func, is_header, known, path: Path::new(), decided: None, unknown: 0 };
    walk.run(block)
}

/// The way from `block` to a table's branch that nothing decides, through jumps
/// alone: what an interpreter does between two operators. With at least `least`
/// ways out.
pub(super) fn dispatch(func: &Function, mut block: Block, least: usize) -> Option<Path> {
    let nothing = Known::default();
    let is_header = |_| false;
    let path = Path::new();
    let mut walk =
        Walk { func, is_header: &is_header, known: nothing, path, decided: None, unknown: 0 };
    while walk.path.steps.len() < LONGEST && walk.may_enter(block) {
        let branch = walk.block(block)?;
        match func.dfg.insts[branch].opcode() {
            Opcode::Jump => {
                walk.step(block, 0, true);
                block = walk.follow(branch, 0);
            }
            Opcode::BrTable if calls(func, branch).len() >= least => {
                walk.step(block, 0, false);
                return (walk.path.cost <= MOST_OF_DISPATCH).then_some(walk.path);
            }
            _ => return None,
        }
    }
    None
}

/// The parameters of a block that are given constants.
fn learn(func: &Function, known: &mut Known, block: Block, arguments: &[BlockArg]) {
    for (parameter, argument) in func.dfg.block_params(block).iter().zip(arguments) {
        let BlockArg::Value(value) = argument else { continue };
        if let Some(bits) = known.get(func, *value) {
            known.set(*parameter, bits);
        }
    }
}

/// The condition and the two values of a choice between constants.
pub(super) fn choice(func: &Function, value: Value) -> Option<[Value; 3]> {
    let ValueDef::Result(inst, 0) = func.dfg.value_def(func.dfg.resolve_aliases(value)) else {
        return None;
    };
    let InstructionData::Ternary { opcode: Opcode::Select, args } = func.dfg.insts[inst] else {
        return None;
    };
    let none = Known::default();
    let constants = args[1..].iter().all(|value| none.get(func, *value).is_some());
    constants.then_some(args)
}

impl Path {
    fn new() -> Self {
        Self { steps: Vec::new(), certain: Vec::new(), cost: 0 }
    }
}

#[derive(Clone)]
struct Walk<'f> {
    func: &'f Function,
    is_header: &'f dyn Fn(Block) -> bool,
    known: Known,
    path: Path,
    /// The path as far as the last branch that was known.
    decided: Option<Path>,
    /// Branches that were not.
    unknown: usize,
}

impl Walk<'_> {
    fn run(mut self, mut block: Block) -> Option<Path> {
        while self.path.steps.len() < LONGEST && self.may_enter(block) {
            let Some(branch) = self.block(block) else { break };
            match self.destination(branch) {
                Some(destination) => {
                    let decides = calls(self.func, branch).len() > 1;
                    self.step(block, destination, true);
                    if decides && self.is_worth_it(branch) {
                        self.decided = Some(self.path.clone());
                    }
                    block = self.follow(branch, destination);
                }
                None => return self.either(block, branch),
            }
        }
        self.decided
    }

    /// Whether a block may be copied: once on a path.
    fn may_enter(&self, block: Block) -> bool {
        self.func.layout.entry_block() != Some(block)
            && self.path.steps.iter().all(|(other, _)| *other != block)
    }

    /// Passes what a block does; gives its branch, if all may be made again.
    fn block(&mut self, block: Block) -> Option<Inst> {
        let func = self.func;
        let branch = func.layout.last_inst(block)?;
        for inst in func.layout.block_insts(block).filter(|inst| *inst != branch) {
            if let Some(bits) = self.known.result(func, inst) {
                self.known.set(func.dfg.first_result(inst), bits);
                continue;
            }
            let opcode = func.dfg.insts[inst].opcode();
            if opcode.is_call() || func.dfg.user_stack_map_entries(inst).is_some() {
                return None;
            }
            self.path.cost += 1;
            if self.path.cost > MOST_BEFORE_TABLE {
                return None;
            }
        }
        let opcode = func.dfg.insts[branch].opcode();
        matches!(opcode, Opcode::Jump | Opcode::Brif | Opcode::BrTable).then_some(branch)
    }

    /// Which destination is taken, if it is known.
    fn destination(&self, branch: Inst) -> Option<usize> {
        match self.func.dfg.insts[branch] {
            InstructionData::Jump { .. } => Some(0),
            InstructionData::Brif { arg, .. } => {
                Some(usize::from(self.known.get(self.func, arg)? == 0))
            }
            InstructionData::BranchTable { arg, .. } => {
                let index = self.known.get(self.func, arg)?;
                // The default comes first.
                let entries = calls(self.func, branch).len() as u64 - 1;
                Some(if index < entries { index as usize + 1 } else { 0 })
            }
            _ => None,
        }
    }

    /// Whether what was copied so far is not too much for this branch. Past the
    /// beginning of a loop only tables are worth it: such loops have several
    /// beginnings afterwards, which the code generator knows little about.
    fn is_worth_it(&self, branch: Inst) -> bool {
        if self.func.dfg.insts[branch].opcode() == Opcode::BrTable {
            return true;
        }
        self.path.cost <= MOST_BEFORE_BRANCH
            && self.unknown == 0
            && !self.path.steps.iter().any(|(block, _)| (self.is_header)(*block))
    }

    fn step(&mut self, block: Block, destination: usize, certain: bool) {
        self.path.steps.push((block, destination));
        self.path.certain.push(certain);
    }

    /// Goes to a destination.
    fn follow(&mut self, branch: Inst, destination: usize) -> Block {
        let call = calls(self.func, branch)[destination];
        let pool = &self.func.dfg.value_lists;
        let arguments: Vec<BlockArg> = call.args(pool).collect();
        let block = call.block(pool);
        learn(self.func, &mut self.known, block, &arguments);
        block
    }

    /// Goes where a branch that is not known may go: the first way that comes to
    /// one that is.
    fn either(mut self, block: Block, branch: Inst) -> Option<Path> {
        let is_brif = self.func.dfg.insts[branch].opcode() == Opcode::Brif;
        self.unknown += 1;
        if !is_brif || self.unknown > MOST_UNKNOWN {
            return self.decided;
        }
        let decided = self.decided.take();
        let ways = (0..2).find_map(|destination| {
            let mut walk = self.clone();
            walk.step(block, destination, false);
            let next = walk.follow(branch, destination);
            walk.run(next)
        });
        ways.or(decided)
    }
}
