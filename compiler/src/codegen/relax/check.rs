//! Old and new code beside each other: the same instructions, each branch to the
//! instruction that it led to, each offset at the instruction that it spoke of.
//! Nothing here relies on how the code was rewritten: instructions are counted, and where
//! the pointers to the stack are is followed along all ways through either code.
//!
//! | rank | modules |
//! |-|-|
//! | what code is made of | [`mod@pieces`] |
//! | where the pointers are | [`frames`] |
//! | one instruction beside another | [`effects`] |

mod effects;
mod frames;
mod pieces;

use super::scan::{CONSTANT_ALIGNMENT, targets};
use crate::function::{CodeDebug, CompiledFunction, Symbol};
use frames::Pointers;
use iced_x86::{Instruction, OpKind};
use pieces::{Decoded, pieces};
use precast_artifact::index::FunctionOffset;
use std::collections::HashMap;
use std::ops::Range;

/// Compares a function before and after.
///
/// # Panics
///
/// If anything differs that must not.
pub(super) fn check(old: &CompiledFunction, new: &CompiledFunction) {
    let (before, after) = (pieces(old), pieces(new));
    assert_eq!(before.len(), after.len(), "as many instructions");
    let pairs = before.iter().zip(&after);
    let places = PieceMap(pairs.clone().map(|(old, new)| (old.place(), new.place())).collect());
    let code_end = match before.last() {
        Some(Decoded::Constants(place)) => place.start,
        _ => old.code.len() as u32,
    };
    let pointers = [frames::follow(old, &before), frames::follow(new, &after)];
    let code = Codes { old, new, code_end, places: &places, pointers };
    for pair in pairs {
        match pair {
            (Decoded::Instruction(one), Decoded::Instruction(other)) => code.check(one, other),
            (Decoded::Table(one), Decoded::Table(other)) => {
                let led = targets(&old.code, one).expect("entries");
                let led = led.map(|to| to.map(|to| places.of(to)));
                let lead = targets(&new.code, other).expect("entries");
                assert!(led.eq(lead), "the table at {one:?} leads elsewhere");
            }
            // Compared by those who refer to them.
            (Decoded::Constants(_), Decoded::Constants(_)) => {}
            (one, other) => panic!("{one:?} became {other:?}"),
        }
    }
    check_offsets(old, new, &places);
    check_debug(old, new, &places);
}

/// Where each piece was, and where it is.
struct PieceMap(Vec<(Range<u32>, Range<u32>)>);

impl PieceMap {
    /// Where an offset is now.
    fn of(&self, offset: u32) -> u32 {
        let after = self.0.partition_point(|(old, _)| old.start <= offset);
        let (old, new) = &self.0[after - 1];
        match offset {
            at if at == old.end => new.end,
            at if at == old.start => new.start,
            at => {
                assert_eq!(old.len(), new.len(), "{at} is within an instruction that became short");
                new.start + (at - old.start)
            }
        }
    }

    /// How many pieces start before an offset: before, and now.
    fn before(&self, offset: FunctionOffset, place: Which) -> usize {
        self.0.partition_point(|pair| place(pair).start < offset.get())
    }
}

/// The place that a piece had, or has.
type Which = fn(&(Range<u32>, Range<u32>)) -> &Range<u32>;

struct Codes<'c> {
    old: &'c CompiledFunction,
    new: &'c CompiledFunction,
    /// Where in the old code the constants begin, with their padding.
    code_end: u32,
    places: &'c PieceMap,
    /// The stack pointer and the frame pointer before each instruction, by its offset.
    pointers: [HashMap<u64, Pointers>; 2],
}

impl Codes<'_> {
    fn check(&self, one: &Instruction, other: &Instruction) {
        let (was, is) = (bytes(self.old, one), bytes(self.new, other));
        if self.is_relocated(one) {
            assert_eq!(was, is);
        } else if one.op0_kind() == OpKind::NearBranch64 {
            assert_eq!(other.op0_kind(), OpKind::NearBranch64);
            assert_eq!(condition(was), condition(is), "at {}", one.ip());
            let target = self.places.of(one.near_branch64() as u32);
            assert_eq!(u64::from(target), other.near_branch64(), "at {}", one.ip());
        } else if one.is_ip_rel_memory_operand() {
            let (to, now) = (one.ip_rel_memory_address(), other.ip_rel_memory_address());
            let mut same = *other;
            same.set_memory_displacement64(one.memory_displacement64());
            assert_eq!((*one, was.len()), (same, is.len()));
            self.check_reference(to as u32, now as u32);
        } else if was != is {
            let [before, after] = &self.pointers;
            let [before, after] = [before.get(&one.ip()), after.get(&other.ip())];
            effects::check((one, before.copied()), (other, after.copied()));
        }
    }

    fn check_reference(&self, to: u32, now: u32) {
        if to < self.code_end {
            assert_eq!(self.places.of(to), now);
        } else {
            assert!((to - now).is_multiple_of(CONSTANT_ALIGNMENT), "aligned as before");
            assert_eq!(self.old.code[to as usize..], self.new.code[now as usize..]);
        }
    }

    fn is_relocated(&self, instruction: &Instruction) -> bool {
        let relocs = &self.old.relocs;
        let after =
            relocs.partition_point(|reloc| u64::from(reloc.offset.get()) < instruction.ip());
        relocs.get(after).is_some_and(|reloc| u64::from(reloc.offset.get()) < instruction.next_ip())
    }
}

fn bytes<'f>(function: &'f CompiledFunction, instruction: &Instruction) -> &'f [u8] {
    &function.code[instruction.ip() as usize..instruction.next_ip() as usize]
}

/// The condition of a branch, as its short form has it.
fn condition(bytes: &[u8]) -> u8 {
    match bytes {
        [0xe9, ..] | [0xeb, _] => 0xeb,
        [0x0f, near, ..] => near - 0x10,
        [short, _] => *short,
        _ => panic!("a branch {bytes:x?}"),
    }
}

/// Everything that is at an instruction is at the same one.
fn check_offsets(old: &CompiledFunction, new: &CompiledFunction, places: &PieceMap) {
    fn all(function: &CompiledFunction) -> Vec<FunctionOffset> {
        let mut all: Vec<FunctionOffset> = function.relocs.iter().map(|r| r.offset).collect();
        all.extend(function.relocs.iter().filter_map(|reloc| match reloc.target {
            Symbol::Local(offset) => Some(offset),
            _ => None,
        }));
        all.extend(function.sites.iter().map(|site| site.offset));
        all.extend(function.handlers.iter().flat_map(|h| [h.key, h.handler]));
        all.extend(function.unwind.iter().map(|(offset, _)| *offset));
        all.extend(function.stack_maps.iter().map(|map| map.offset));
        all
    }
    let expected = all(old).into_iter().map(|offset| FunctionOffset::new(places.of(offset.get())));
    assert!(expected.eq(all(new)), "offsets moved with their instructions");
}

/// Each instruction is from where it was from, and has its values where it had them.
fn check_debug(old: &CompiledFunction, new: &CompiledFunction, places: &PieceMap) {
    let (Some(old), Some(new)) = (&old.debug, &new.debug) else {
        assert_eq!(old.debug.is_some(), new.debug.is_some());
        return;
    };
    let positions = |debug: &CodeDebug, which: Which| {
        let counted = debug.positions.iter().map(|(at, from)| (places.before(*at, which), *from));
        let mut counted: Vec<_> = counted.collect();
        // The last of those before one instruction counts.
        counted.reverse();
        counted.dedup_by_key(|(count, _)| *count);
        counted
    };
    let ranges = |debug: &CodeDebug, which: Which| {
        let counted = debug.live_ranges.iter().map(|range| {
            let [start, end] = [range.start, range.end].map(|at| places.before(at, which));
            (range.value, range.location, start, end)
        });
        counted.filter(|(_, _, start, end)| start < end).collect::<Vec<_>>()
    };
    assert_eq!(positions(old, |pair| &pair.0), positions(new, |pair| &pair.1));
    assert_eq!(ranges(old, |pair| &pair.0), ranges(new, |pair| &pair.1));
    assert_eq!(old.assignments, new.assignments);
}
