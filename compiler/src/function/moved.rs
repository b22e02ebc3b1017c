//! Code whose instructions have moved: every offset into a function's code goes to
//! where the instruction there is now.

use super::{CodeDebug, CodeReloc, CodeSite, CompiledFunction, LiveRange, StackMap, Symbol};
use precast_artifact::handlers::Handler;
use precast_artifact::index::FunctionOffset;

/// Where the code of one function has gone: some instructions became shorter, and
/// all behind them moved up; so did the constants after the code, which keep their
/// alignment.
#[derive(Debug)]
pub(crate) struct Moves {
    /// The instructions that became shorter, in order.
    cuts: Vec<Cut>,
    /// After the last instruction, before any padding for constants.
    code_end: u32,
    /// Where the first constant was, and how far all of them moved up.
    constants: (u32, u32),
}

/// An instruction that became shorter.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// Where it was.
    start: u32,
    end: u32,
    /// How far what follows it moves up.
    up: u32,
}

impl Moves {
    /// Of code whose last instruction ends at `code_end`, with constants from
    /// `constants` on, which move up by as much as leaves them behind the code and
    /// their addresses as they were modulo `alignment`.
    ///
    /// `shortened` gives instructions in order: where each was, and the bytes that
    /// it lost.
    pub(crate) fn new(
        shortened: impl Iterator<Item = (std::ops::Range<u32>, u32)>,
        code_end: u32,
        constants: u32,
        alignment: u32,
    ) -> Self {
        let mut up = 0;
        let cut = |(place, lost): (std::ops::Range<u32>, u32)| {
            up += lost;
            Cut { start: place.start, end: place.end, up }
        };
        let cuts: Vec<Cut> = shortened.map(cut).collect();
        let gap = constants - code_end + up;
        Self { cuts, code_end, constants: (constants, gap - gap % alignment) }
    }

    /// Where an offset is now; none within an instruction that became shorter, and
    /// within padding.
    pub(crate) fn to(&self, offset: u32) -> Option<u32> {
        if offset > self.code_end {
            return self.constant(offset);
        }
        match self.cut_before(offset) {
            None => Some(offset),
            Some(cut) => (offset >= cut.end).then_some(offset - cut.up),
        }
    }

    /// Where the byte of a constant is now, or the end of the constants.
    pub(crate) fn constant(&self, offset: u32) -> Option<u32> {
        let (start, up) = self.constants;
        (offset >= start).then(|| offset - up)
    }

    /// As [`Moves::to`]; what is within an instruction that became shorter, or
    /// padding, goes to its end: as many instructions start before it then.
    fn rounded(&self, offset: u32) -> u32 {
        if offset > self.code_end {
            return self.constant(offset.max(self.constants.0)).expect("not before the first");
        }
        self.cut_before(offset).map_or(offset, |cut| offset.max(cut.end) - cut.up)
    }

    /// The last instruction that became shorter and started before an offset.
    fn cut_before(&self, offset: u32) -> Option<&Cut> {
        let after = self.cuts.partition_point(|cut| cut.start < offset);
        after.checked_sub(1).map(|index| &self.cuts[index])
    }

    fn offset(&self, offset: FunctionOffset) -> Option<FunctionOffset> {
        self.to(offset.get()).map(FunctionOffset::new)
    }

    /// As [`Moves::rounded`]: for what debuggers are told, which says of each
    /// instruction by its start where it came from and where values are.
    fn debug_offset(&self, offset: FunctionOffset) -> FunctionOffset {
        FunctionOffset::new(self.rounded(offset.get()))
    }
}

impl CompiledFunction {
    /// The function with other code, into which its instructions have moved; none
    /// if something speaks of the inside of an instruction that became shorter.
    pub(crate) fn moved(&self, code: Box<[u8]>, moves: &Moves) -> Option<Self> {
        let Self { code: _, data, alignment, starts, relocs, sites, handlers, .. } = self;
        let Self { unwind, stack_maps, inlined, debug, hasty, shortened, .. } = self;
        let to = |offset: &FunctionOffset| moves.offset(*offset);
        Some(Self {
            code,
            data: data
                .iter()
                .map(|range| Some(to(&range.start)?..to(&range.end)?))
                .collect::<Option<_>>()?,
            alignment: *alignment,
            starts: *starts,
            relocs: relocs.iter().map(|reloc| moved_reloc(reloc, moves)).collect::<Option<_>>()?,
            sites: sites
                .iter()
                .map(|CodeSite { offset, site, position }| {
                    Some(CodeSite { offset: to(offset)?, site: *site, position: *position })
                })
                .collect::<Option<_>>()?,
            handlers: handlers
                .iter()
                .map(|Handler { key, handler, frame }| {
                    Some(Handler { key: to(key)?, handler: to(handler)?, frame: *frame })
                })
                .collect::<Option<_>>()?,
            unwind: unwind
                .iter()
                .map(|(offset, op)| Some((to(offset)?, *op)))
                .collect::<Option<_>>()?,
            stack_maps: stack_maps
                .iter()
                .map(|StackMap { offset, slots }| {
                    Some(StackMap { offset: to(offset)?, slots: slots.clone() })
                })
                .collect::<Option<_>>()?,
            // These speak of the source.
            inlined: inlined.clone(),
            debug: debug.as_ref().map(|debug| Box::new(moved_debug(debug, moves))),
            hasty: *hasty,
            shortened: *shortened,
        })
    }
}

fn moved_reloc(reloc: &CodeReloc, moves: &Moves) -> Option<CodeReloc> {
    let CodeReloc { offset, kind, target, addend } = *reloc;
    let target = match target {
        Symbol::Local(place) => Symbol::Local(moves.offset(place)?),
        Symbol::Function(..) | Symbol::Stub(_) | Symbol::PrivateTable(..) => target,
    };
    Some(CodeReloc { offset: moves.offset(offset)?, kind, target, addend })
}

fn moved_debug(debug: &CodeDebug, moves: &Moves) -> CodeDebug {
    let CodeDebug { positions, assignments, live_ranges } = debug;
    let to = |offset| moves.debug_offset(offset);
    let mut moved: Vec<_> = positions.iter().map(|(start, from)| (to(*start), *from)).collect();
    // A piece without an instruction has no place any more.
    let mut next = moved.iter().skip(1).map(|(start, _)| *start).collect::<Vec<_>>().into_iter();
    moved.retain(|(start, _)| next.next().is_none_or(|next| *start < next));
    let live = live_ranges.iter().map(|LiveRange { value, start, end, location }| LiveRange {
        value: *value,
        start: to(*start),
        end: to(*end),
        location: *location,
    });
    CodeDebug {
        positions: moved.into(),
        assignments: assignments.clone(),
        live_ranges: live.filter(|range| range.start < range.end).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::{CodeRelocKind, Position, UnwindOp, ValueLocation};
    use precast_artifact::address_map::Site;
    use precast_artifact::index::ValueIndex;

    /// Two branches of six bytes, at 10 and 20, became shorter by four; the code ends
    /// at 30, and after two bytes of padding comes a constant.
    fn moves() -> Moves {
        Moves::new([(10..16, 4), (20..26, 4)].into_iter(), 30, 32, 16)
    }

    #[test]
    fn offsets_move_up_and_constants_keep_their_alignment() {
        let to = |offset| moves().to(offset);
        assert_eq!([0, 10, 16, 20, 26, 30].map(to), [0, 10, 12, 16, 18, 22].map(Some));
        // Within a shorter instruction, and within padding.
        assert_eq!([11, 15, 25, 31].map(to), [None; 4]);
        assert_eq!([32, 40].map(to), [32, 40].map(Some));
        let far = Moves::new(std::iter::repeat_n((0..6, 4), 5), 30, 32, 16);
        assert_eq!((far.constant(32), far.to(33)), (Some(16), Some(17)));
        let none = Moves::new(std::iter::repeat_n((0..6, 4), 4), 32, 32, 16);
        assert_eq!((none.to(32), none.constant(32)), (Some(16), Some(16)));
    }

    #[test]
    fn all_that_speaks_of_the_code_moves_with_it() {
        let at = FunctionOffset::new;
        let old = |o: u32, target: u32, data: u32| CompiledFunction {
            code: Box::default(),
            data: [at(data)..at(data + 8)].into(),
            relocs: [CodeReloc {
                offset: at(o),
                kind: CodeRelocKind::X86PcRel32,
                target: Symbol::Local(at(target)),
                addend: -4,
            }]
            .into(),
            sites: [CodeSite { offset: at(o), site: Site::Call, position: Position::new(26) }]
                .into(),
            handlers: [Handler { key: at(o), handler: at(target), frame: 26 }].into(),
            unwind: [(at(o), UnwindOp::CfaOffset(26))].into(),
            stack_maps: [StackMap { offset: at(o), slots: [26].into() }].into(),
            ..CompiledFunction::default()
        };
        assert_eq!(old(17, 26, 32).moved(Box::default(), &moves()), Some(old(13, 18, 32)));
        assert_eq!(old(17, 21, 32).moved(Box::default(), &moves()), None);
        assert_eq!(old(15, 26, 32).moved(Box::default(), &moves()), None);
    }

    #[test]
    fn what_debuggers_are_told_keeps_its_instructions() {
        let at = FunctionOffset::new;
        let live = |(start, end)| LiveRange {
            value: ValueIndex::new(0),
            start: at(start),
            end: at(end),
            location: ValueLocation::Register(3),
        };
        let piece = |(start, position)| (at(start), Position::new(position));
        let debug = |pieces: &[(u32, u32)], ranges: &[(u32, u32)]| CodeDebug {
            positions: pieces.iter().copied().map(piece).collect(),
            assignments: Box::default(),
            live_ranges: ranges.iter().copied().map(live).collect(),
        };
        // The piece from 12 to 16 has no instruction, nor has the range.
        let old = debug(&[(0, 0), (12, 1), (16, 2), (22, 3)], &[(3, 12), (12, 15), (15, 40)]);
        let new = debug(&[(0, 0), (12, 2), (18, 3)], &[(3, 12), (12, 40)]);
        assert_eq!(moved_debug(&old, &moves()), new);
    }
}
