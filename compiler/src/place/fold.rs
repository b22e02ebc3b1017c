//! Identical functions: which of the compiled functions may share their code.
//!
//! Two functions are the same when code, alignment, unwind rules and sites
//! agree, and their relocations too, where calls of identical functions are
//! equal. The Wasm offsets of the sites may differ, so a report from shared
//! code names the first function's source.
//!
//! Rounds: functions that become equal make their callers equal in the next
//! one. In LLVM (133,398 functions, 105 MB of code) the first round folds
//! 36,547 of them, the second 3,761, the sixth 21, and 8.9 MB are saved
//! instead of 6.2. Every round leaves a valid result, so a limit keeps chains
//! of calls from costing more than they bring.

use crate::function::{CodeReloc, CompiledFunction, StackMap, Symbol, UnwindOp};
use crate::names::FunctionList;
use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::{FuncIndex, ListedFuncIndex, ModuleIndex};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::ops::Range;

/// See above; more find nothing in real modules.
const MAX_ROUNDS: usize = 6;

/// SHA-256 of everything that makes functions identical, but for which own
/// functions they call. Also goes into the build id, so that the code is
/// hashed once for both.
pub(crate) type Digest = [u8; 32];

/// The digest of each function; `None` for removed ones.
pub(crate) fn digests(functions: &[Option<CompiledFunction>]) -> Vec<Option<Digest>> {
    functions.iter().map(|function| function.as_ref().map(digest)).collect()
}

/// The digest of one function.
pub(crate) fn digest(function: &CompiledFunction) -> Digest {
    // Debug information keeps functions apart, so it is no part of them here,
    // and where code came from may differ;
    // what is data, and where it should begin, follow from the code.
    let CompiledFunction {
        code,
        data: _,
        alignment,
        starts: _,
        relocs,
        sites,
        handlers,
        unwind,
        stack_maps,
        inlined: _,
        debug: _,
        hasty: _,
        shortened: _,
    } = function;
    let lengths = [code.len(), relocs.len(), sites.len(), handlers.len(), unwind.len()];
    let lengths = lengths.map(|len| len as u32);
    // The largest number of bytes that each item takes below.
    let size = 24 + relocs.len() * 14 + sites.len() * 5 + handlers.len() * 12 + unwind.len() * 13;
    let mut bytes = Vec::with_capacity(size);
    put(&mut bytes, [], [*alignment]);
    put(&mut bytes, [], lengths);
    for CodeReloc { offset, kind, target, addend } in relocs {
        let (tag, number) = match *target {
            Symbol::Function(..) => (0, 0),
            Symbol::Stub(index) => (1, index.get()),
            // Only functions of one module are compared.
            Symbol::PrivateTable(_, index) => (2, index.get()),
            Symbol::Local(offset) => (3, offset.get()),
        };
        put(&mut bytes, [*kind as u8, tag], [offset.get(), number, *addend as u32]);
    }
    for site in sites {
        let code = match site.site {
            Site::Call => 0,
            Site::Trap(code) => code as u8,
        };
        put(&mut bytes, [code], [site.offset.get()]);
    }
    for Handler { key, handler, frame } in handlers {
        put(&mut bytes, [], [key.get(), handler.get(), *frame]);
    }
    for (offset, op) in unwind {
        let (tag, register, number) = match *op {
            UnwindOp::CfaOffset(offset) => (0, 0, offset),
            UnwindOp::CfaRegister(register) => (1, register, 0),
            UnwindOp::Saved { register, offset } => (2, register, offset as u32),
        };
        put(&mut bytes, [tag], [offset.get(), register.into(), number]);
    }
    for StackMap { offset, slots } in stack_maps {
        put(&mut bytes, [], [offset.get(), slots.len() as u32]);
        slots.iter().for_each(|slot| put(&mut bytes, [], [*slot]));
    }
    Sha256::new_with_prefix(bytes).chain_update(code).finalize().into()
}

/// The functions that a function refers to, in order: what its digest leaves
/// out.
pub(crate) fn callees(
    function: &CompiledFunction,
) -> impl Iterator<Item = (ModuleIndex, FuncIndex)> {
    function.relocs.iter().filter_map(|reloc| match reloc.target {
        Symbol::Function(module, index) => Some((module, index)),
        _ => None,
    })
}

fn put<const B: usize, const N: usize>(bytes: &mut Vec<u8>, tags: [u8; B], numbers: [u32; N]) {
    bytes.extend_from_slice(&tags);
    numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
}

/// For each function, the first one of its module whose code it shares: itself
/// if there is none before it.
pub(crate) fn classes(
    list: &FunctionList<'_>,
    functions: &[Option<CompiledFunction>],
    digests: &[Option<Digest>],
) -> Vec<ListedFuncIndex> {
    let candidates: Vec<_> =
        list.modules().flat_map(|module| candidates(functions, digests, list.of(module))).collect();
    let mut classes = unfolded(functions.len());
    for _ in 0..MAX_ROUNDS {
        let mut next = classes.clone();
        let mut first = HashMap::with_capacity(candidates.len());
        let mut key = Vec::new();
        for (index, body, function) in &candidates {
            let class = |(module, callee): (ModuleIndex, FuncIndex)| {
                match list.position(module, callee) {
                    // A function that calls itself is like others that do.
                    Some(callee) if callee == *index => u64::MAX,
                    Some(callee) => classes[callee.index()].get().into(),
                    // Refused when it is written.
                    None => 1 << 32 | u64::from(callee.get()),
                }
            };
            key.clear();
            key.push(body.get().into());
            key.extend(callees(function).map(class));
            let known = first.get(&key).copied();
            next[index.index()] = known.unwrap_or_else(|| {
                first.insert(key.clone(), *index);
                *index
            });
        }
        if next == classes {
            break;
        }
        classes = next;
    }
    classes
}

/// The classes when nothing is shared.
pub(crate) fn unfolded(functions: usize) -> Vec<ListedFuncIndex> {
    (0..functions).map(ListedFuncIndex::from_index).collect()
}

/// The functions of a range whose digest occurs more than once there: which it
/// is, which is the first with this digest, and the function.
fn candidates<'a>(
    functions: &'a [Option<CompiledFunction>],
    digests: &[Option<Digest>],
    range: Range<usize>,
) -> Vec<(ListedFuncIndex, ListedFuncIndex, &'a CompiledFunction)> {
    let mut first = HashMap::with_capacity(range.len());
    let mut several = vec![false; digests.len()];
    let all = ListedFuncIndex::enumerate(functions.iter().zip(digests));
    let all = all.take(range.end).skip(range.start);
    let all = all.filter_map(|(index, (function, digest))| {
        let body = *first.entry(digest.as_ref()?).or_insert(index);
        several[body.index()] |= body != index;
        Some((index, body, function.as_ref()?))
    });
    let mut all: Vec<_> = all.collect();
    all.retain(|(_, body, _)| several[body.index()]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Position;
    use crate::function::{CodeRelocKind, CodeSite};
    use precast_artifact::index::{FunctionOffset, StubIndex};
    use precast_artifact::trap::TrapCode;

    fn symbol(index: u32) -> Symbol {
        Symbol::Function(ModuleIndex::new(0), FuncIndex::new(index))
    }

    fn function() -> CompiledFunction {
        CompiledFunction {
            code: Box::new([0xe8, 0, 0, 0, 0, 0xc3]),
            alignment: 16,
            starts: 0,
            relocs: Box::new([CodeReloc {
                offset: FunctionOffset::new(1),
                kind: CodeRelocKind::X86PcRel32,
                target: symbol(7),
                addend: -4,
            }]),
            sites: Box::new([CodeSite {
                offset: FunctionOffset::new(5),
                site: Site::Call,
                position: Position::new(100),
            }]),
            handlers: Box::default(),
            unwind: Box::new([(FunctionOffset::START, UnwindOp::CfaOffset(16))]),
            stack_maps: Box::default(),
            inlined: Box::default(),
            debug: None,
            hasty: false,
            shortened: Default::default(),
            data: Box::default(),
        }
    }

    fn classes_of(functions: &[Option<CompiledFunction>]) -> Vec<u32> {
        let mut list = FunctionList::default();
        list.push(10, &vec![""; functions.len()]);
        numbers(classes(&list, functions, &digests(functions)))
    }

    fn numbers(classes: Vec<ListedFuncIndex>) -> Vec<u32> {
        classes.into_iter().map(ListedFuncIndex::get).collect()
    }

    fn calling(callee: u32) -> Option<CompiledFunction> {
        let mut function = function();
        function.relocs[0].target = symbol(callee);
        Some(function)
    }

    #[test]
    fn only_the_source_positions_may_differ() {
        let mut other = function();
        other.sites[0].position = Position::new(200);
        assert_eq!(classes_of(&[Some(function()), Some(other)]), [0, 0]);

        type Change = fn(&mut CompiledFunction);
        let changes: [Change; 9] = [
            |f| f.code[5] = 0x90,
            |f| f.alignment = 32,
            |f| f.relocs[0].target = symbol(8),
            |f| f.relocs[0].target = Symbol::Stub(StubIndex::new(7)),
            |f| f.relocs[0].addend = 0,
            |f| f.sites[0].offset = FunctionOffset::new(4),
            |f| f.sites[0].site = Site::Trap(TrapCode::Unreachable),
            |f| f.unwind[0].0 = FunctionOffset::new(1),
            |f| f.unwind[0].1 = UnwindOp::CfaRegister(16),
        ];
        for change in changes {
            let mut other = function();
            change(&mut other);
            assert_eq!(classes_of(&[Some(function()), Some(other.clone())]), [0, 1], "{other:?}");
        }
    }

    #[test]
    fn a_class_is_named_by_its_first_function() {
        let [a, b] = [|| calling(10), || calling(11)];
        let functions = [calling(20), a(), b(), None, b(), None, a(), b(), calling(10)];
        assert_eq!(classes_of(&functions), [0, 1, 2, 3, 2, 5, 1, 2, 1]);
    }

    #[test]
    fn functions_that_call_themselves_are_identical() {
        let functions = [calling(10), calling(11), calling(10)];
        assert_eq!(classes_of(&functions), [0, 0, 2]);
    }

    #[test]
    fn callers_of_identical_functions_are_identical() {
        // Two chains: 0 -> 2 -> 4, 1 -> 3 -> 5, where 4 and 5 are leaves.
        let leaf = || Some(CompiledFunction { code: Box::new([0xc3]), ..Default::default() });
        let functions = [calling(12), calling(13), calling(14), calling(15), leaf(), leaf()];
        assert_eq!(classes_of(&functions), [0, 0, 2, 2, 4, 4]);
    }

    #[test]
    fn functions_of_different_modules_are_apart() {
        let leaf = || Some(CompiledFunction { code: Box::new([0xc3]), ..Default::default() });
        let functions = [leaf(), leaf(), leaf(), leaf()];
        let mut list = FunctionList::default();
        list.push(0, &["", ""]);
        list.push(0, &["", ""]);
        let classes = classes(&list, &functions, &digests(&functions));
        assert_eq!(numbers(classes), [0, 0, 2, 2]);
    }
}
