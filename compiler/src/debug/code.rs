//! Which native code came from which position in the module, and where the values
//! of variables are meanwhile.

use super::input::{PlacedCode, WasmModule};
use crate::function::{
    CodeDebug, CodeSite, DebugVariable, Position, ValueAssignment, ValueLocation,
};
use precast_artifact::index::{
    BodyOffset, CodeOffset, CodeSectionOffset, FunctionOffset, ValueIndex,
};
use std::ops::Range;

/// All functions that have code.
pub(super) struct CodeMap<'a> {
    /// Ordered by position in the module, which is the order of indices.
    functions: Vec<MappedFunction<'a>>,
}

/// A defined function of the module and its code.
#[derive(Clone)]
pub(super) struct MappedFunction<'a> {
    /// Its position among the defined functions of the module.
    pub position: usize,
    /// Its body, as an address range of the module's DWARF.
    pub source: Range<CodeSectionOffset>,
    /// Its code, relative to `.text`.
    pub text: Range<CodeOffset>,
    pub sites: &'a [CodeSite],
    debug: &'a CodeDebug,
}

impl<'a> CodeMap<'a> {
    pub(super) fn new(module: &WasmModule<'_>, code: &PlacedCode<'a>) -> Self {
        // DWARF counts addresses from there.
        let address = |offset| CodeSectionOffset::new_in(module.code_start, offset);
        let functions = module.functions.iter().zip(&code.functions).enumerate();
        let functions = functions.filter_map(|(position, (function, code))| {
            let code = code.as_ref()?;
            let source = address(function.body.start)?..address(function.body.end)?;
            let text = code.text.clone();
            Some(MappedFunction { position, source, text, sites: code.sites, debug: code.debug })
        });
        Self { functions: functions.collect() }
    }

    /// The function whose body this address lies in.
    pub(super) fn find(&self, address: u64) -> Option<usize> {
        let address = CodeSectionOffset::new(u32::try_from(address).ok()?);
        let after = self.functions.partition_point(|function| function.source.start <= address);
        let index = after.checked_sub(1)?;
        (address < self.functions[index].source.end).then_some(index)
    }

    /// Number of functions.
    pub(super) fn len(&self) -> usize {
        self.functions.len()
    }

    pub(super) fn get(&self, index: usize) -> &MappedFunction<'a> {
        &self.functions[index]
    }

    /// The pieces of a function's code.
    pub(super) fn code(&self, index: usize) -> FunctionCode<'a> {
        let function = self.functions[index].clone();
        let size = function.size();
        let positions = &function.debug.positions;
        let ends = positions.iter().skip(1).map(|(start, _)| *start).chain([size]);
        let mut pieces: Vec<CodePiece> = positions
            .iter()
            .zip(ends)
            .map(|(&(start, position), end)| {
                // That of the prologue is the start of the body.
                CodePiece { source: function.address(position), start, end }
            })
            .collect();
        pieces.sort_by_key(|piece| (piece.source, piece.start));
        FunctionCode { function, pieces }
    }
}

impl MappedFunction<'_> {
    /// The end of its code.
    pub(super) fn size(&self) -> FunctionOffset {
        let size = self.text.end.distance_from(self.text.start);
        FunctionOffset::new(size.expect("code ends after it begins"))
    }

    /// The address in the module's DWARF of a position in its body.
    pub(super) fn address(&self, position: Position) -> CodeSectionOffset {
        let address = self.source.start.checked_add(position.get());
        address.expect("a module has less than 4 GiB")
    }
}

/// Code that came from one operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodePiece {
    /// Address of the operator in the module's DWARF.
    pub source: CodeSectionOffset,
    /// The code.
    pub start: FunctionOffset,
    pub end: FunctionOffset,
}

/// The code of one function.
pub(super) struct FunctionCode<'a> {
    pub function: MappedFunction<'a>,
    /// Ordered by position in the source.
    pub pieces: Vec<CodePiece>,
}

/// Code in which every one of some variables has a known location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub code: Range<FunctionOffset>,
    pub locations: Vec<ValueLocation>,
}

impl FunctionCode<'_> {
    /// The end of the code.
    pub(super) fn size(&self) -> FunctionOffset {
        self.function.size()
    }

    /// The pieces that came from a range of the source.
    pub(super) fn within(&self, source: &Range<u64>) -> &[CodePiece] {
        let position = |at: u64| self.pieces.partition_point(|piece| u64::from(piece.source) < at);
        let (start, end) = (position(source.start), position(source.end));
        &self.pieces[start..end.max(start)]
    }

    /// The code that came from a range of the source: ranges in order, those
    /// that touch joined.
    pub(super) fn ranges(&self, source: &Range<u64>) -> Vec<Range<FunctionOffset>> {
        let pieces = self.within(source).iter().map(|piece| piece.start..piece.end);
        join(pieces.collect())
    }

    /// Where in the code of a range of the source all of these variables have
    /// locations, and which. `work` counts down what this costs.
    pub(super) fn regions(
        &self,
        source: &Range<u64>,
        variables: &[DebugVariable],
        work: &mut u64,
    ) -> Vec<Region> {
        let cost = (self.within(source).len() * (1 + variables.len())) as u64;
        let Some(left) = work.checked_sub(cost) else { return Vec::new() };
        *work = left;
        if let Some(locations) = self.fixed(variables) {
            let ranges = self.ranges(source).into_iter();
            return ranges.map(|code| Region { code, locations: locations.clone() }).collect();
        }
        let mut regions = Vec::new();
        let mut pieces = self.within(source).to_vec();
        pieces.sort_by_key(|piece| piece.start);
        for piece in pieces {
            let whole = Region { code: piece.start..piece.end, locations: Vec::new() };
            let mut found = vec![whole];
            for variable in variables {
                found = self.refine(found, *variable, piece.source);
            }
            for region in found {
                match regions.last_mut() {
                    Some(Region { code, locations })
                        if code.end == region.code.start && *locations == region.locations =>
                    {
                        code.end = region.code.end;
                    }
                    _ => regions.push(region),
                }
            }
        }
        regions
    }

    /// The locations of variables that each have one location in all of the code.
    pub(super) fn fixed(&self, variables: &[DebugVariable]) -> Option<Vec<ValueLocation>> {
        variables.iter().map(|variable| self.fixed_location(*variable)).collect()
    }

    fn fixed_location(&self, variable: DebugVariable) -> Option<ValueLocation> {
        let all = &self.function.debug.assignments;
        let only = all.get(all.partition_point(|other| other.variable < variable))?;
        let always = only.variable == variable && (only.from..only.to) == ValueAssignment::ALWAYS;
        let ranges = &self.function.debug.live_ranges;
        let first = ranges.partition_point(|range| range.value < only.value);
        let range = ranges.get(first).filter(|range| range.value == only.value)?;
        let everywhere = range.start == FunctionOffset::START && range.end == self.size();
        (always && everywhere).then_some(range.location)
    }

    /// Splits regions where a variable changes its location, and drops what has
    /// none. The variable has the value that it has at `source`.
    fn refine(
        &self,
        regions: Vec<Region>,
        variable: DebugVariable,
        source: CodeSectionOffset,
    ) -> Vec<Region> {
        let Some(value) = self.value(variable, source) else { return Vec::new() };
        let all = &self.function.debug.live_ranges;
        let first = all.partition_point(|range| range.value < value);
        let live = all[first..].iter().take_while(|range| range.value == value);
        let mut refined = Vec::new();
        for range in live {
            for region in &regions {
                let code = region.code.start.max(range.start)..region.code.end.min(range.end);
                if !code.is_empty() {
                    let mut locations = region.locations.clone();
                    locations.push(range.location);
                    refined.push(Region { code, locations });
                }
            }
        }
        refined
    }

    /// The value that a variable has at `source`.
    fn value(&self, variable: DebugVariable, source: CodeSectionOffset) -> Option<ValueIndex> {
        let at = BodyOffset::new(source.distance_from(self.function.source.start)?);
        let all = &self.function.debug.assignments;
        let key = |assignment: &ValueAssignment| (assignment.variable, assignment.from);
        let after = all.partition_point(|assignment| key(assignment) <= (variable, at));
        let found = &all[after.checked_sub(1)?];
        (found.variable == variable && at < found.to).then_some(found.value)
    }
}

/// Sorts ranges and joins those that touch.
pub(super) fn join<O: Copy + Ord>(mut ranges: Vec<Range<O>>) -> Vec<Range<O>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<O>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// What two ordered lists of ranges have in common.
pub(super) fn intersect<O: Copy + Ord>(one: &[Range<O>], other: &[Range<O>]) -> Vec<Range<O>> {
    let mut common = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        let both = a.start.max(b.start)..a.end.min(b.end);
        if !both.is_empty() {
            common.push(both);
        }
        if a.end <= b.end { i += 1 } else { j += 1 }
    }
    common
}

/// Takes from `ranges` what is in `taken`, and adds the rest to it. Both are
/// ordered.
pub(super) fn claim<O: Copy + Ord>(
    ranges: Vec<Range<O>>,
    taken: &mut Vec<Range<O>>,
) -> Vec<Range<O>> {
    let mut left = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut start = range.start;
        let first = taken.partition_point(|taken| taken.end <= range.start);
        for taken in taken[first..].iter().take_while(|taken| taken.start < range.end) {
            if start < taken.start {
                left.push(start..taken.start);
            }
            start = taken.end;
        }
        if start < range.end {
            left.push(start..range.end);
        }
    }
    for range in &left {
        let at = taken.partition_point(|taken| taken.start < range.start);
        taken.insert(at, range.clone());
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_and_cut() {
        assert_eq!(join(vec![4..6, 0..2, 2..3, 5..5]), [0..3, 4..6]);
        assert_eq!(intersect(&[0..10, 20..30], &[5..12, 12..25]), [5..10, 20..25]);
        assert_eq!(intersect(&[0..10, 20..30], &[]), []);
        let mut taken = vec![0..4, 8..10];
        assert_eq!(claim(vec![2..9, 12..13], &mut taken), [4..8, 12..13]);
        assert_eq!(taken, [0..4, 4..8, 8..10, 12..13]);
    }
}
