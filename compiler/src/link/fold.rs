//! Identical functions: which of the compiled functions may share their code.
//!
//! Two functions are the same when code, alignment, relocations, unwind rules
//! and sites agree; the Wasm offsets of the sites may differ, so a report from
//! shared code names the first function's source. One round: functions that
//! differ only in which of two identical functions they call stay apart.

use super::input::Stub;
use crate::function::{CodeReloc, CompiledFunction, Symbol, UnwindOp};
use precast_artifact::search::Site;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// SHA-256 of everything that makes functions identical. Also goes into the
/// build id, so that the code is hashed once for both.
pub(super) type Digest = [u8; 32];

/// The digests of all code.
pub(super) struct Digests {
    /// Of the own functions; `None` for removed ones.
    pub functions: Vec<Option<Digest>>,
    stubs: Vec<Digest>,
}

impl Digests {
    /// Every digest, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Digest> {
        self.functions.iter().flatten().chain(&self.stubs)
    }
}

/// Digests all code; `imported` is the index of the first own function.
pub(super) fn digests(
    functions: &[Option<CompiledFunction>],
    stubs: &[Stub],
    imported: u32,
) -> Digests {
    let functions = functions.iter().zip(imported..);
    let functions = functions.map(|(f, i)| f.as_ref().map(|f| digest(f, Symbol::Function(i))));
    let stubs = stubs.iter().zip(0..).map(|(stub, i)| digest(&stub.function, Symbol::Stub(i)));
    Digests { functions: functions.collect(), stubs: stubs.collect() }
}

/// The digest of one function, which other code refers to as `own`.
fn digest(function: &CompiledFunction, own: Symbol) -> Digest {
    let CompiledFunction { code, alignment, relocs, sites, unwind } = function;
    let lengths = [code.len(), relocs.len(), sites.len(), unwind.len()].map(|len| len as u32);
    // The largest number of bytes that each item takes below.
    let size = 20 + relocs.len() * 14 + sites.len() * 5 + unwind.len() * 13;
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&alignment.to_le_bytes());
    lengths.iter().for_each(|len| bytes.extend_from_slice(&len.to_le_bytes()));
    for CodeReloc { offset, kind, target, addend } in relocs {
        let (tag, number) = match *target {
            // Functions that call themselves are identical too.
            target if target == own => (3, 0),
            Symbol::Function(index) => (0, index),
            Symbol::Stub(index) => (1, index),
            Symbol::PrivateTable(index) => (2, index),
            Symbol::Local(offset) => (3, offset),
        };
        put(&mut bytes, [*kind as u8, tag], [*offset, number, *addend as u32]);
    }
    for site in sites {
        let code = match site.site {
            Site::Call => 0,
            Site::Trap(code) => code as u8,
        };
        put(&mut bytes, [code], [site.offset]);
    }
    for (offset, op) in unwind {
        let (tag, register, number) = match *op {
            UnwindOp::CfaOffset(offset) => (0, 0, offset),
            UnwindOp::CfaRegister(register) => (1, register, 0),
            UnwindOp::Saved { register, offset } => (2, register, offset as u32),
        };
        put(&mut bytes, [tag], [*offset, register.into(), number]);
    }
    Sha256::new_with_prefix(bytes).chain_update(code).finalize().into()
}

fn put<const B: usize, const N: usize>(bytes: &mut Vec<u8>, tags: [u8; B], numbers: [u32; N]) {
    bytes.extend_from_slice(&tags);
    numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
}

/// For each function, the first one whose code it shares: itself if there is
/// none before it, or if nothing shall be folded.
pub(super) fn classes(digests: &[Option<Digest>], fold: bool) -> Vec<u32> {
    if !fold {
        return (0..digests.len() as u32).collect();
    }
    let mut first = HashMap::with_capacity(digests.len());
    let indexed = digests.iter().zip(0..);
    indexed.map(|(digest, i)| digest.map_or(i, |d| *first.entry(d).or_insert(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::{CodeRelocKind, CodeSite};
    use precast_artifact::trap::TrapCode;

    fn function() -> CompiledFunction {
        CompiledFunction {
            code: Box::new([0xe8, 0, 0, 0, 0, 0xc3]),
            alignment: 16,
            relocs: Box::new([CodeReloc {
                offset: 1,
                kind: CodeRelocKind::X86PcRel32,
                target: Symbol::Function(7),
                addend: -4,
            }]),
            sites: Box::new([CodeSite { offset: 5, site: Site::Call, wasm: 100 }]),
            unwind: Box::new([(0, UnwindOp::CfaOffset(16))]),
        }
    }

    fn same(a: &CompiledFunction, b: &CompiledFunction) -> bool {
        digest(a, Symbol::Function(1)) == digest(b, Symbol::Function(2))
    }

    #[test]
    fn only_the_source_positions_may_differ() {
        let one = function();
        let mut other = function();
        other.sites[0].wasm = 200;
        assert!(same(&one, &other));

        type Change = fn(&mut CompiledFunction);
        let changes: [Change; 9] = [
            |f| f.code[5] = 0x90,
            |f| f.alignment = 32,
            |f| f.relocs[0].target = Symbol::Function(8),
            |f| f.relocs[0].target = Symbol::Stub(7),
            |f| f.relocs[0].addend = 0,
            |f| f.sites[0].offset = 4,
            |f| f.sites[0].site = Site::Trap(TrapCode::Unreachable),
            |f| f.unwind[0].0 = 1,
            |f| f.unwind[0].1 = UnwindOp::CfaRegister(16),
        ];
        for change in changes {
            let mut other = function();
            change(&mut other);
            assert!(!same(&one, &other), "{other:?}");
        }
    }

    #[test]
    fn functions_that_call_themselves_are_identical() {
        let (mut one, mut other) = (function(), function());
        one.relocs[0].target = Symbol::Function(1);
        other.relocs[0].target = Symbol::Function(2);
        assert!(same(&one, &other));
    }

    #[test]
    fn a_class_is_named_by_its_first_function() {
        let [a, b] = [Some([1; 32]), Some([2; 32])];
        let functions = [a, b, None, a, None, b, a];
        assert_eq!(classes(&functions, true), [0, 1, 2, 0, 4, 1, 0]);
        assert_eq!(classes(&functions, false), [0, 1, 2, 3, 4, 5, 6]);
    }
}
