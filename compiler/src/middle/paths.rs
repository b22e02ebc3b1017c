//! Paths through blocks whose branches are known to whoever enters with a
//! constant: from an edge that gives a block a constant, along instructions that
//! may as well be made twice, to a branch that the constant decides.

use super::edges::{Incoming, calls};
use super::known::Known;
use cranelift_codegen::entity::{EntitySet, SecondaryMap};
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

/// Where ways may lead in a function. Most blocks are near no table, where few ways
/// are worth it: they need not be walked.
pub(super) struct Reach {
    /// Blocks that branches further down lead to.
    headers: EntitySet<Block>,
    /// How many blocks at least a way has as far as that of a table's branch, the
    /// block itself among them; zero if more than are followed.
    to_table: SecondaryMap<Block, u8>,
    has_tables: bool,
}

impl Reach {
    pub(super) fn of(func: &Function) -> Self {
        let mut order: SecondaryMap<Block, u32> = SecondaryMap::new();
        for (block, at) in func.layout.blocks().zip(0..) {
            order[block] = at;
        }
        let (mut headers, mut tables) = (EntitySet::new(), Vec::new());
        for from in func.layout.blocks() {
            let Some(branch) = func.layout.last_inst(from) else { continue };
            for call in calls(func, branch) {
                let target = call.block(&func.dfg.value_lists);
                if order[target] <= order[from] {
                    headers.insert(target);
                }
            }
            if func.dfg.insts[branch].opcode() == Opcode::BrTable {
                tables.push(from);
            }
        }
        let has_tables = !tables.is_empty();
        Self { headers, to_table: distances(func, tables), has_tables }
    }

    /// Whether a loop goes back to a block.
    pub(super) fn is_header(&self, block: Block) -> bool {
        self.headers.contains(block)
    }

    /// Whether there are tables.
    pub(super) fn has_tables(&self) -> bool {
        self.has_tables
    }

    /// Whether a way that begins with a block may be worth it.
    pub(super) fn may_gain(&self, block: Block) -> bool {
        self.is_near_table(block, 0) || !self.is_header(block)
    }

    /// Whether a way may come to a table's branch by this block, after so many
    /// others.
    pub(super) fn is_near_table(&self, block: Block, after: usize) -> bool {
        let distance = usize::from(self.to_table[block]);
        distance > 0 && after + distance <= LONGEST
    }
}

/// From how far each block is the last of a way, as [`Reach::to_table`] counts.
fn distances(func: &Function, tables: Vec<Block>) -> SecondaryMap<Block, u8> {
    let mut distances = SecondaryMap::new();
    if tables.is_empty() {
        return distances;
    }
    let into = Incoming::of(func);
    let mut blocks = tables;
    for distance in 1..=LONGEST as u8 {
        let mut before = Vec::new();
        for block in blocks {
            if distances[block] == 0 {
                distances[block] = distance;
                before.extend(into.entering(block).iter().map(|edge| edge.from));
            }
        }
        blocks = before;
    }
    distances
}

/// The way that control takes through `block`, entered with `arguments`, as far
/// as the last branch that is known; none if none is.
pub(super) fn find(
    func: &Function,
    block: Block,
    arguments: &[BlockArg],
    reach: &Reach,
) -> Option<Path> {
    let mut known = Known::default();
    learn(func, &mut known, block, arguments);
    if known.is_empty() {
        return None;
    }
    Walk::new(func, reach, known).run(block)
}

/// The way from `block` to a table's branch that nothing decides, with at least
/// `least` ways out: what an interpreter does between two operators. It goes past
/// the beginning of a loop, and at most one condition, such as whether there is a
/// next operator.
pub(super) fn dispatch(
    func: &Function,
    mut block: Block,
    least: usize,
    reach: &Reach,
) -> Option<Path> {
    let mut walk = Walk::new(func, reach, Known::default());
    while walk.path.steps.len() < LONGEST && walk.may_enter(block) {
        let branch = walk.block(block)?;
        match func.dfg.insts[branch].opcode() {
            Opcode::Jump => {
                walk.step(block, 0, true);
                block = walk.follow(branch, 0);
            }
            Opcode::Brif if walk.unknown < MOST_UNKNOWN => {
                let destination = walk.nearer(branch)?;
                walk.unknown += 1;
                walk.step(block, destination, false);
                block = walk.follow(branch, destination);
            }
            Opcode::BrTable if calls(func, branch).len() >= least => {
                walk.step(block, 0, false);
                let is_one = walk.in_loop && walk.path.cost <= MOST_OF_DISPATCH;
                return is_one.then_some(walk.path);
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
    reach: &'f Reach,
    known: Known,
    path: Path,
    /// Whether the path goes past the beginning of a loop.
    in_loop: bool,
    /// The path as far as the last branch that was known.
    decided: Option<Path>,
    /// Branches that were not.
    unknown: usize,
}

impl<'f> Walk<'f> {
    fn new(func: &'f Function, reach: &'f Reach, known: Known) -> Self {
        let path = Path::new();
        Self { func, reach, known, path, in_loop: false, decided: None, unknown: 0 }
    }

    fn run(mut self, mut block: Block) -> Option<Path> {
        while self.path.steps.len() < LONGEST && self.may_gain(block) && self.may_enter(block) {
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

    /// Whether a branch may be worth it, here or later.
    fn may_gain(&self, block: Block) -> bool {
        let otherwise = self.unknown == 0 && !self.in_loop && !self.reach.is_header(block);
        otherwise || self.reach.is_near_table(block, self.path.steps.len())
    }

    /// The destination of a branch that is nearer to a table.
    fn nearer(&self, branch: Inst) -> Option<usize> {
        let pool = &self.func.dfg.value_lists;
        let blocks = calls(self.func, branch).iter().map(|call| call.block(pool));
        let steps = self.path.steps.len() + 1;
        let near = blocks.enumerate().filter(|(_, block)| self.reach.is_near_table(*block, steps));
        near.min_by_key(|(_, block)| self.reach.to_table[*block])
            .map(|(destination, _)| destination)
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
        let most = match self.reach.is_near_table(block, self.path.steps.len()) {
            true => MOST_BEFORE_TABLE,
            false => MOST_BEFORE_BRANCH,
        };
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
            if self.path.cost > most {
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
        self.path.cost <= MOST_BEFORE_BRANCH && self.unknown == 0 && !self.in_loop
    }

    fn step(&mut self, block: Block, destination: usize, certain: bool) {
        self.in_loop |= self.reach.is_header(block);
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
        let next = |destination: usize| {
            calls(self.func, branch)[destination].block(&self.func.dfg.value_lists)
        };
        let steps = self.path.steps.len() + 1;
        let near = |destination: &usize| self.reach.is_near_table(next(*destination), steps);
        let ways = (0..2).filter(near).find_map(|destination| {
            let mut walk = self.clone();
            walk.step(block, destination, false);
            let next = walk.follow(branch, destination);
            walk.run(next)
        });
        ways.or(decided)
    }
}
