//! Veneers: where a call does not reach its target, it leads to a few
//! instructions that do.
//!
//! Only aarch64 needs them: `bl` reaches 128 MiB, and `.text` may have 2 GiB,
//! which is what calls reach on the other machines.
//!
//! Text is cut into groups of a quarter of the reach. Each group is followed
//! by an island with one veneer for each function that calls in the group must
//! go further for. An island moves all that follows, and so makes more
//! calls long, so places are found in two passes: the first counts the calls
//! longer than half the reach, which bounds the size of every island; the
//! second measures distances with islands of those sizes. The final ones are
//! no larger, so no distance grows. Both passes look at each relocation once.
//!
//! A veneer pushes nothing and keeps the link register, so frames are those of
//! a direct call: for backtraces it does not exist. It uses x16, which the
//! procedure call standard keeps for this (AAPCS64 section 6.1.1), and which
//! the code generator never keeps a value in across a call. It has a symbol of
//! its own, and each island has an entry in `.eh_frame` with the rules of a
//! function's first instruction, which hold throughout.

use super::placement::Placement;
use crate::function::{CodeReloc, CodeRelocKind, CompiledFunction, Symbol};
use precast_artifact::index::{CodeOffset, FunctionOffset};

/// Bytes of a veneer: three instructions, and one that is never reached, so
/// that veneers do not straddle cache lines.
const VENEER_SIZE: u32 = 16;

/// Veneers, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Island {
    /// Number of code blocks that lie before it.
    pub after: usize,
    /// Where it lies.
    pub place: Placement,
    /// What each veneer leads to, with the target's offset in `.text`; ordered
    /// by that.
    pub targets: Vec<(CodeOffset, Symbol)>,
}

impl Island {
    /// Offset in `.text` of the veneer that leads to a target at `start`.
    pub(crate) fn veneer(&self, start: CodeOffset) -> Option<CodeOffset> {
        let found = self.targets.binary_search_by_key(&start, |target| target.0);
        found.ok().map(|at| self.at(at))
    }

    /// Each veneer's target and place.
    pub(crate) fn veneers(&self) -> impl Iterator<Item = (Symbol, Placement)> {
        let place = |index| Placement { start: self.at(index), size: VENEER_SIZE };
        self.targets.iter().enumerate().map(move |(index, (_, target))| (*target, place(index)))
    }

    /// Where the veneer with this index begins.
    fn at(&self, index: usize) -> CodeOffset {
        FunctionOffset::new(index as u32 * VENEER_SIZE).in_code(self.place.start)
    }

    /// The code: `adrp x16, target; add x16, x16, :lo12:target; br x16; udf`.
    pub(crate) fn code(&self) -> CompiledFunction {
        let veneer = [0x9000_0010u32, 0x9100_0210, 0xd61f_0200, 0].map(u32::to_le_bytes);
        let relocs = self.targets.iter().zip(0..).flat_map(|((_, target), index)| {
            let reloc = |offset, kind| CodeReloc {
                offset: FunctionOffset::new(offset),
                kind,
                target: *target,
                addend: 0,
            };
            let start = index * VENEER_SIZE;
            [
                reloc(start, CodeRelocKind::Aarch64AdrPage21),
                reloc(start + 4, CodeRelocKind::Aarch64AddLow12),
            ]
        });
        CompiledFunction {
            code: veneer.as_flattened().repeat(self.targets.len()).into(),
            alignment: VENEER_SIZE,
            relocs: relocs.collect(),
            ..Default::default()
        }
    }
}

/// Code as it lies without islands.
pub(crate) struct Block<'a> {
    pub place: Placement,
    pub alignment: u32,
    pub relocs: &'a [CodeReloc],
}

/// The islands that `blocks` need when calls reach less than `reach` bytes.
/// `find` gives the place of a symbol as it is without islands.
pub(crate) fn plan(
    blocks: &[Block<'_>],
    reach: u64,
    find: impl Fn(Symbol) -> Option<Placement>,
) -> Islands {
    let groups = groups(blocks, reach / 4);
    let align = blocks.iter().map(|block| block.alignment).max().unwrap_or(1).max(VENEER_SIZE);
    let far = |limit, shifts: &Shifts| -> Vec<Vec<(CodeOffset, Symbol)>> {
        let targets =
            |group: &IslandGroup| far_targets(&blocks[group.blocks()], limit, shifts, &find);
        groups.iter().map(targets).collect()
    };
    let size = |targets: &Vec<_>| (targets.len() as u32 * VENEER_SIZE).next_multiple_of(align);
    let none = Shifts::new(&groups, |_| 0);
    let most = far(reach / 2, &none);
    let most = Shifts::new(&groups, |group| size(&most[group]));
    // Variants of the code call from other places in the same functions.
    let largest = blocks.iter().map(|block| block.place.size).max().unwrap_or(0);
    let needed = far(reach - u64::from(largest).min(reach / 8), &most);
    let shifts = Shifts::new(&groups, |group| size(&needed[group]));

    let place = |(group, targets): (&IslandGroup, Vec<(CodeOffset, Symbol)>)| {
        let last = &blocks[group.last].place;
        let last = Placement { start: shifts.apply(last.start), ..*last };
        let start = CodeOffset::new(last.end().get().next_multiple_of(VENEER_SIZE));
        let targets: Vec<_> = targets.into_iter().map(|(at, to)| (shifts.apply(at), to)).collect();
        let size = targets.len() as u32 * VENEER_SIZE;
        Island { after: group.last + 1, place: Placement { start, size }, targets }
    };
    let islands = groups.iter().zip(needed).filter(|(_, targets)| !targets.is_empty()).map(place);
    Islands { islands: islands.collect(), shifts }
}

/// What [`plan`] has found.
pub(crate) struct Islands {
    /// In order of address; none is empty.
    pub islands: Vec<Island>,
    shifts: Shifts,
}

impl Islands {
    /// Where code that lies at the offset `start` without islands comes to lie.
    pub(crate) fn shifted(&self, start: CodeOffset) -> CodeOffset {
        self.shifts.apply(start)
    }
}

/// Blocks that share an island.
struct IslandGroup {
    first: usize,
    last: usize,
    /// Offset of the first block.
    start: CodeOffset,
}

impl IslandGroup {
    fn blocks(&self) -> std::ops::RangeInclusive<usize> {
        self.first..=self.last
    }
}

/// Cuts text into groups of at most `size` bytes, or one block.
fn groups(blocks: &[Block<'_>], size: u64) -> Vec<IslandGroup> {
    let mut groups: Vec<IslandGroup> = Vec::new();
    for (index, Block { place, .. }) in blocks.iter().enumerate() {
        let end = u64::from(place.end());
        match groups.last_mut() {
            Some(group) if end - u64::from(group.start) <= size => group.last = index,
            _ => groups.push(IslandGroup { first: index, last: index, start: place.start }),
        }
    }
    groups
}

/// How far islands move what lies after them.
struct Shifts {
    /// Start of each group without islands, and the bytes of all islands
    /// before it.
    groups: Vec<(CodeOffset, u32)>,
}

impl Shifts {
    fn new(groups: &[IslandGroup], island: impl Fn(usize) -> u32) -> Self {
        let mut before = 0u32;
        let shift = |(index, group): (usize, &IslandGroup)| {
            let shift = (group.start, before);
            before = before.saturating_add(island(index));
            shift
        };
        Self { groups: groups.iter().enumerate().map(shift).collect() }
    }

    fn apply(&self, start: CodeOffset) -> CodeOffset {
        let after = self.groups.partition_point(|(first, _)| *first <= start);
        let before = after.checked_sub(1).map_or(0, |group| self.groups[group].1);
        CodeOffset::new(start.get().saturating_add(before))
    }
}

/// What the calls of a group lead to that are `limit` bytes long or longer:
/// each target once, ordered by place.
fn far_targets(
    blocks: &[Block<'_>],
    limit: u64,
    shifts: &Shifts,
    find: impl Fn(Symbol) -> Option<Placement>,
) -> Vec<(CodeOffset, Symbol)> {
    let mut targets = Vec::new();
    for block in blocks {
        let start = shifts.apply(block.place.start);
        for reloc in block.relocs.iter().filter(|reloc| veneer_may_replace(reloc)) {
            let Some(target) = find(reloc.target) else { continue };
            let to = shifts.apply(target.start);
            if !reaches(limit, reloc.offset.in_code(start).into(), to.into()) {
                targets.push((target.start, reloc.target));
            }
        }
    }
    // Stable: of several symbols with one place, that of the first call counts.
    targets.sort_by_key(|target| target.0);
    targets.dedup_by_key(|target| target.0);
    targets
}

/// Whether a veneer may stand in for the target.
pub(crate) fn veneer_may_replace(reloc: &CodeReloc) -> bool {
    reloc.kind == CodeRelocKind::Aarch64Call26 && reloc.addend == 0
}

/// Whether a call at the address `from` leads to `to` without a veneer.
pub(crate) fn reaches(reach: u64, from: u64, to: u64) -> bool {
    from.abs_diff(to) < reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::index::{FuncIndex, ModuleIndex};

    const REACH: u64 = 1 << 16;

    fn function(index: u32) -> Symbol {
        Symbol::Function(ModuleIndex::new(0), FuncIndex::new(index))
    }

    /// Blocks of these sizes, aligned to 16 bytes, each calling those that
    /// `calls` names from its first instructions. The last number counts how
    /// often a symbol was looked up.
    fn planned(
        sizes: &[u32],
        calls: &[(usize, usize)],
        reach: u64,
    ) -> (Vec<Placement>, Islands, usize) {
        let mut end = 0u32;
        let mut places = Vec::new();
        for size in sizes {
            let start = end.next_multiple_of(16);
            places.push(Placement { start: CodeOffset::new(start), size: *size });
            end = start + size;
        }
        let relocs: Vec<Vec<CodeReloc>> = (0..sizes.len())
            .map(|block| {
                let callees = calls.iter().filter(|(from, _)| *from == block).zip(0..);
                let reloc = |((_, to), index): (&(usize, usize), u32)| CodeReloc {
                    offset: FunctionOffset::new(index * 4),
                    kind: CodeRelocKind::Aarch64Call26,
                    target: function(*to as u32),
                    addend: 0,
                };
                callees.map(reloc).collect()
            })
            .collect();
        let blocks: Vec<_> = places
            .iter()
            .zip(&relocs)
            .map(|(place, relocs)| Block { place: *place, alignment: 16, relocs })
            .collect();
        let lookups = std::cell::Cell::new(0);
        let find = |symbol| {
            lookups.set(lookups.get() + 1);
            match symbol {
                Symbol::Function(_, index) => Some(places[index.index()]),
                _ => None,
            }
        };
        let islands = plan(&blocks, reach, find);
        (places, islands, lookups.get())
    }

    /// Proves that every call arrives, directly or by a veneer of the next
    /// island, and that nothing overlaps. Gives the number of veneers.
    fn check(sizes: &[u32], calls: &[(usize, usize)]) -> usize {
        let (places, planned, _) = planned(sizes, calls, REACH);
        let start = |block: usize| planned.shifted(places[block].start).get();
        for (from, to) in calls {
            let index = calls.iter().filter(|call| call.0 == *from).position(|c| c.1 == *to);
            let place = start(*from) + index.unwrap() as u32 * 4;
            if reaches(REACH, place.into(), start(*to).into()) {
                continue;
            }
            let island = planned.islands.iter().find(|island| island.after > *from).unwrap();
            let veneer = island.veneer(CodeOffset::new(start(*to))).unwrap();
            assert!(reaches(REACH, place.into(), veneer.into()), "{from} -> {to}");
        }
        let blocks = places.iter().enumerate().map(|(i, p)| (start(i), p.size));
        let islands = planned.islands.iter().map(|i| (i.place.start.get(), i.place.size));
        let mut all: Vec<_> = blocks.chain(islands).collect();
        all.sort_unstable();
        for pair in all.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:x?} overlap");
        }
        planned.islands.iter().map(|island| island.targets.len()).sum()
    }

    #[test]
    fn small_text_has_no_islands() {
        assert_eq!(check(&[1000; 60], &[(0, 59), (59, 0), (30, 1)]), 0);
        assert_eq!(check(&[], &[]), 0);
    }

    #[test]
    fn far_calls_get_a_veneer_in_their_own_group() {
        // 100 KiB: the outer thirds do not reach each other.
        let sizes = [1024; 100];
        assert_eq!(check(&sizes, &[(0, 99), (99, 0), (50, 0), (50, 99)]), 2);
        // Calls of one group to one target share a veneer.
        assert_eq!(check(&sizes, &[(0, 99), (1, 99), (2, 99)]), 1);
        // Of different groups they do not.
        assert_eq!(check(&sizes, &[(0, 99), (20, 99)]), 2);
    }

    #[test]
    fn islands_make_calls_long_that_were_not() {
        // Calls to just inside the reach, then far ones whose veneers lie in
        // between.
        let sizes = [256; 400];
        let near: Vec<(usize, usize)> = (0..60).map(|i| (i, i + 250)).collect();
        assert_eq!(check(&sizes, &near), 0);
        let far = (0..60).map(|i| (i, 399 - i));
        let all: Vec<_> = near.iter().copied().chain(far).collect();
        assert_eq!(check(&sizes, &all), 120);
    }

    #[test]
    fn everything_may_call_everything() {
        let sizes: Vec<u32> = (0..120).map(|i| 600 + i * 7 % 1300).collect();
        let all: Vec<_> = (0..120).flat_map(|from| (0..120).map(move |to| (from, to))).collect();
        assert!(check(&sizes, &all) > 200);
    }

    #[test]
    fn work_is_linear_in_the_number_of_functions() {
        // Each call is looked at twice, however many groups there are.
        let lookups = |count: usize| {
            let calls: Vec<_> = (0..count).map(|i| (i, i * 7919 % count)).collect();
            planned(&vec![512; count], &calls, REACH).2
        };
        assert_eq!(lookups(1000), 2000);
        assert_eq!(lookups(4000), 8000);
    }
}
