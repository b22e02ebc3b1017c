//! Branches past branches whose outcome is known. A state machine sets the next
//! state, a constant, and goes back to the `br_table` that looks at it. Whoever
//! comes with a constant goes straight to where the table would send him: what
//! lies between is made again on the way, as [`paths`] finds it.
//! Ways on which the same is known share one copy.
//!
//! The same is done for other branches that a constant decides, which inlined
//! functions leave behind: `return 1` and then `if` at the caller.
//!
//! Every instruction is executed as often, and in the same order, as before. What
//! a copied block made is made in two places then, which [`ssa`]
//! mends.
//!
//! A choice between two constants by a `select` becomes a branch, if both
//! outcomes are known.
//!
//! An interpreter's operators each go back to one table, by the next operator,
//! which is not known. Each is given a copy of that, if the tables stay small,
//! and of a condition before it: a jump less, and what the loop carries stays where
//! each operator has it.
//!
//! Gain (user CPU beside wasmtime's): a parser of tables 0.87 to 0.69, `lexer.c` of
//! `benches/suite` 0.89 to 0.69, `brain.c` 1.22 to 0.96. Cost: a look at each branch;
//! where there is something to gain, the instructions of a path for each outcome, and at
//! most a half more instructions in a function; 3 % of the compile time of SpiderMonkey.

use super::edges::{Edge, call_mut, calls};
use super::known::Known;
use super::paths::{self, Path, Reach};
use super::ssa::{self, Copies};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, Function, Inst, InstBuilder, InstructionData, JumpTableData,
    Opcode, Value,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Instructions that a function may grow by, beside a half of what it has.
const GROWTH: usize = 100;
/// Values that are copied, times the blocks of the function: what mending may
/// cost at most.
const MOST_WORK: usize = 1 << 21;
/// An interpreter has so many operators, and its tables together at most so many
/// entries.
const FEWEST_OPERATORS: usize = 5;
const MOST_ENTRIES: usize = 1500;

/// An edge that goes another way.
struct Thread {
    edge: Edge,
    /// The argument that is a choice.
    choice: Option<usize>,
    /// Where it goes: of a choice, if it is not zero and if it is.
    paths: Vec<Path>,
    /// Whether other edges may share the copies.
    shared: bool,
}

/// Threads branches; gives how many edges go another way.
pub(crate) fn thread(func: &mut Function) -> usize {
    super::tables::share(func);
    let threads = chosen(func, Finder::new(func).find());
    if threads.is_empty() {
        return 0;
    }
    func.dfg.resolve_all_aliases();
    let mut copies = Copies::new();
    let mut entries: BTreeMap<Path, Block> = BTreeMap::new();
    // All are copied before any edge is changed.
    let mut leads: Vec<Vec<Block>> = Vec::new();
    for thread in &threads {
        let entries = thread.paths.iter().map(|path| match thread.shared {
            true => *entries.entry(path.clone()).or_insert_with(|| copy(func, path, &mut copies)),
            false => copy(func, path, &mut copies),
        });
        leads.push(entries.collect());
    }
    for (thread, entries) in threads.iter().zip(leads) {
        redirect(func, thread, &entries);
    }
    let order = ssa::drop_unreachable(func);
    ssa::repair(func, &copies, &order);
    threads.len()
}

/// Those that the function may grow by.
fn chosen(func: &Function, found: Vec<Thread>) -> Vec<Thread> {
    let blocks = func.layout.blocks().count();
    let mut growth = GROWTH + func.dfg.num_insts() / 2;
    let mut work = MOST_WORK / blocks.max(1);
    let mut taken: HashSet<Path> = HashSet::new();
    let mut fits = |thread: &Thread| {
        let new = thread.paths.iter();
        let new = new.filter(|path| !(thread.shared && taken.contains(*path)));
        let new: Vec<&Path> = new.collect();
        let cost: usize = new.iter().map(|path| path.cost + path.steps.len()).sum();
        let values: usize = new.iter().map(|path| values(func, path)).sum();
        if cost > growth || values > work {
            return false;
        }
        growth -= cost;
        work -= values;
        taken.extend(new.into_iter().cloned());
        true
    };
    found.into_iter().filter(|thread| fits(thread)).collect()
}

impl Thread {
    fn plain(edge: Edge, path: Path, shared: bool) -> Self {
        Self { edge, choice: None, paths: vec![path], shared }
    }
}

struct Finder<'f> {
    func: &'f Function,
    reach: Reach,
}

impl<'f> Finder<'f> {
    fn new(func: &'f Function) -> Self {
        Self { func, reach: Reach::of(func) }
    }

    fn find(&self) -> Vec<Thread> {
        let mut found = Vec::new();
        // Entries of a table that go the same way.
        let mut tried: HashMap<(Block, Vec<BlockArg>), Option<Path>> = HashMap::new();
        for (from, branch) in branches(self.func) {
            for (destination, call) in calls(self.func, branch).iter().enumerate() {
                if !self.may_tell(call) {
                    continue;
                }
                let edge = Edge { from, branch, destination };
                let (block, arguments) = parts(self.func, call);
                let path = tried
                    .entry((block, arguments.clone()))
                    .or_insert_with(|| self.path(block, &arguments))
                    .clone();
                match path {
                    Some(path) => found.push(Thread::plain(edge, path, true)),
                    None => found.extend(self.choice(edge, block, &arguments)),
                }
            }
        }
        if self.reach.has_tables() {
            let taken = found.iter().map(|thread| thread.edge.branch).collect();
            found.extend(self.dispatches(&taken));
        }
        found
    }

    /// Edges from operators to where the next one is looked at, but of branches that
    /// are `taken`.
    fn dispatches(&self, taken: &HashSet<Inst>) -> Vec<Thread> {
        let mut edges: BTreeMap<Block, Vec<Edge>> = BTreeMap::new();
        for (from, branch) in branches(self.func) {
            let of_table = self.func.dfg.insts[branch].opcode() == Opcode::BrTable;
            if of_table || taken.contains(&branch) {
                continue;
            }
            for (destination, call) in calls(self.func, branch).iter().enumerate() {
                let to = call.block(&self.func.dfg.value_lists);
                edges.entry(to).or_default().push(Edge { from, branch, destination });
            }
        }
        edges.retain(|to, edges| {
            edges.len() >= FEWEST_OPERATORS && self.reach.is_near_table(*to, 0)
        });
        let mut found = Vec::new();
        for (to, edges) in edges {
            let Some(path) = self.dispatch(to) else { continue };
            let (last, _) = path.steps[path.steps.len() - 1];
            let branch = self.func.layout.last_inst(last).expect("a block ends with a branch");
            if edges.len() * calls(self.func, branch).len() <= MOST_ENTRIES {
                let plain = |edge| Thread::plain(edge, path.clone(), false);
                found.extend(edges.into_iter().map(plain));
            }
        }
        found
    }

    fn dispatch(&self, block: Block) -> Option<Path> {
        paths::dispatch(self.func, block, FEWEST_OPERATORS, &self.reach)
    }

    fn path(&self, block: Block, arguments: &[BlockArg]) -> Option<Path> {
        paths::find(self.func, block, arguments, &self.reach)
    }

    /// Whether what a call gives may decide something: a constant does, and a
    /// choice between two.
    fn may_tell(&self, call: &BlockCall) -> bool {
        let pool = &self.func.dfg.value_lists;
        let known = Known::default();
        let tells = |argument: BlockArg| {
            let BlockArg::Value(value) = argument else { return false };
            known.get(self.func, value).is_some() || paths::choice(self.func, value).is_some()
        };
        self.reach.may_gain(call.block(pool)) && call.args(pool).any(tells)
    }

    /// A jump with a choice between constants that both lead somewhere.
    fn choice(&self, edge: Edge, block: Block, arguments: &[BlockArg]) -> Option<Thread> {
        if self.func.dfg.insts[edge.branch].opcode() != Opcode::Jump {
            return None;
        }
        arguments.iter().enumerate().find_map(|(at, argument)| {
            let choice = paths::choice(self.func, argument.as_value()?)?;
            let path = |value: Value| {
                let mut arguments = arguments.to_vec();
                arguments[at] = BlockArg::Value(value);
                self.path(block, &arguments)
            };
            let paths = vec![path(choice[1])?, path(choice[2])?];
            Some(Thread { edge, choice: Some(at), paths, shared: true })
        })
    }
}

/// The blocks and their branches.
fn branches(func: &Function) -> impl Iterator<Item = (Block, Inst)> {
    func.layout.blocks().filter_map(|block| {
        let branch = func.layout.last_inst(block)?;
        let opcode = func.dfg.insts[branch].opcode();
        matches!(opcode, Opcode::Jump | Opcode::Brif | Opcode::BrTable).then_some((block, branch))
    })
}

/// Where a call goes and what it gives.
fn parts(func: &Function, call: &BlockCall) -> (Block, Vec<BlockArg>) {
    let pool = &func.dfg.value_lists;
    (call.block(pool), call.args(pool).collect())
}

/// How many values the blocks of a path make.
fn values(func: &Function, path: &Path) -> usize {
    let made = |block| {
        let insts = func.layout.block_insts(block);
        let results: usize = insts.map(|inst| func.dfg.inst_results(inst).len()).sum();
        results + func.dfg.num_block_params(block)
    };
    path.steps.iter().map(|(block, _)| made(*block)).sum()
}

/// Copies the blocks of a path; gives the first copy, which takes the parameters
/// that the first block takes.
fn copy(func: &mut Function, path: &Path, copies: &mut Copies) -> Block {
    let blocks: Vec<Block> = path.steps.iter().map(|_| func.dfg.make_block()).collect();
    let mut map: HashMap<Value, Value> = HashMap::new();
    for (at, (from, destination)) in path.steps.iter().enumerate() {
        let block = blocks[at];
        func.layout.append_block(block);
        if func.layout.is_cold(*from) {
            func.layout.set_cold(block);
        }
        let mut add = |copied: Value, new: Value| {
            map.insert(copied, new);
            copies.entry(copied).or_default().push((block, new));
        };
        for parameter in func.dfg.block_params(*from).to_vec() {
            let ty = func.dfg.value_type(parameter);
            add(parameter, func.dfg.append_block_param(block, ty));
        }
        let branch = func.layout.last_inst(*from).expect("a block ends with a branch");
        let insts: Vec<Inst> = func.layout.block_insts(*from).collect();
        for inst in insts.into_iter().filter(|inst| *inst != branch) {
            let new = ssa::copy_inst(func, inst, block, &map);
            let results = func.dfg.inst_results(inst).iter().zip(func.dfg.inst_results(new));
            for (copied, new) in results {
                map.insert(*copied, *new);
                copies.entry(*copied).or_default().push((block, *new));
            }
        }
        let next = blocks.get(at + 1).copied();
        if path.certain[at] {
            let (target, arguments) = parts(func, &calls(func, branch)[*destination]);
            let mapped = |value: Value| map.get(&value).copied().unwrap_or(value);
            let arguments: Vec<BlockArg> =
                arguments.iter().map(|argument| argument.map_value(mapped)).collect();
            let source = func.srcloc(branch);
            let mut cursor = FuncCursor::new(func).at_bottom(block).with_srcloc(source);
            cursor.ins().jump(next.unwrap_or(target), &arguments);
        } else if next.is_none() {
            copy_table(func, branch, block, &map);
        } else {
            let branch = ssa::copy_inst(func, branch, block, &map);
            let edge = Edge { from: block, branch, destination: *destination };
            let (call, pool) = call_mut(&mut func.dfg, &edge);
            call.set_block(next.expect("there is another"), pool);
        }
    }
    blocks[0]
}

/// Copies the branch of a table to the end of a block, and the table.
fn copy_table(func: &mut Function, branch: Inst, to: Block, map: &HashMap<Value, Value>) {
    let InstructionData::BranchTable { arg, table, .. } = func.dfg.insts[branch] else {
        unreachable!("any other branch at the end of a path is known");
    };
    let dfg = &mut func.dfg;
    let all = dfg.jump_tables[table].all_branches().iter();
    let all: Vec<BlockCall> = all.map(|call| call.deep_clone(&mut dfg.value_lists)).collect();
    let table = func.create_jump_table(JumpTableData::new(all[0], &all[1..]));
    let source = func.srcloc(branch);
    let mut cursor = FuncCursor::new(func).at_bottom(to).with_srcloc(source);
    let new = cursor.ins().br_table(arg, table);
    func.dfg.map_inst_values(new, |value| map.get(&value).copied().unwrap_or(value));
}

/// Lets an edge go to the copies.
fn redirect(func: &mut Function, thread: &Thread, entries: &[Block]) {
    let Some(at) = thread.choice else {
        let (call, pool) = call_mut(&mut func.dfg, &thread.edge);
        call.set_block(entries[0], pool);
        return;
    };
    let branch = thread.edge.branch;
    let (_, arguments) = parts(func, &calls(func, branch)[0]);
    let value = arguments[at].as_value().expect("a jump gives values");
    let [condition, one, other] = paths::choice(func, value).expect("it was one before");
    let with = |value| {
        let mut arguments = arguments.clone();
        arguments[at] = BlockArg::Value(value);
        arguments
    };
    func.replace(branch).brif(condition, entries[0], &with(one), entries[1], &with(other));
}
