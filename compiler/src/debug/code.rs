//! Which native code came from which place of the module, and where the values
//! of variables are meanwhile.

use super::input::{PlacedCode, WasmModule};
use crate::function::{CodeDebug, CodeSite, Place, ValueSpan, Watched};
use std::ops::Range;

/// All functions that have code.
pub(super) struct CodeMap<'a> {
    /// Where the code section's contents start in the module: DWARF counts
    /// addresses from there.
    pub start: u32,
    /// Ordered by position in the module, which is the order of indices.
    functions: Vec<MappedFunction<'a>>,
}

/// A defined function of the module and its code.
#[derive(Clone)]
pub(super) struct MappedFunction<'a> {
    /// Its position among the defined functions of the module.
    pub position: usize,
    /// Its body, as an address range of the module's DWARF.
    pub source: Range<u32>,
    /// Its code, relative to `.text`.
    pub text: Range<u32>,
    pub sites: &'a [CodeSite],
    debug: &'a CodeDebug,
}

impl<'a> CodeMap<'a> {
    pub(super) fn new(module: &WasmModule<'_>, code: &PlacedCode<'a>) -> Self {
        let start = module.code_start;
        let functions = module.functions.iter().zip(&code.functions).enumerate();
        let functions = functions.filter_map(|(position, (function, code))| {
            let code = code.as_ref()?;
            let body = &function.body;
            let source = body.start.checked_sub(start)?..body.end.checked_sub(start)?;
            let text = code.text.clone();
            Some(MappedFunction { position, source, text, sites: code.sites, debug: code.debug })
        });
        Self { start, functions: functions.collect() }
    }

    /// The function whose body this address lies in.
    pub(super) fn find(&self, address: u64) -> Option<usize> {
        let address = u32::try_from(address).ok()?;
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
        let size = function.text.end - function.text.start;
        let positions = &function.debug.positions;
        let ends = positions.iter().skip(1).map(|(start, _)| *start).chain([size]);
        let mut pieces: Vec<CodePiece> = positions
            .iter()
            .zip(ends)
            .map(|(&(start, wasm), end)| {
                // The prologue belongs to the start of the body.
                let wasm = if wasm == 0 { function.source.start + self.start } else { wasm };
                CodePiece { source: wasm.saturating_sub(self.start), start, end }
            })
            .collect();
        pieces.sort_by_key(|piece| (piece.source, piece.start));
        FunctionCode { function, pieces, code_start: self.start }
    }
}

/// Code that came from one operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodePiece {
    /// Address of the operator in the module's DWARF.
    pub source: u32,
    /// The code, relative to the function's.
    pub start: u32,
    pub end: u32,
}

/// The code of one function.
pub(super) struct FunctionCode<'a> {
    pub function: MappedFunction<'a>,
    /// Ordered by position in the source.
    pub pieces: Vec<CodePiece>,
    code_start: u32,
}

/// Code in which every one of some variables has a known place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub code: Range<u32>,
    pub places: Vec<Place>,
}

impl FunctionCode<'_> {
    pub(super) fn size(&self) -> u32 {
        self.function.text.end - self.function.text.start
    }

    /// The pieces that came from a range of the source.
    pub(super) fn within(&self, source: &Range<u64>) -> &[CodePiece] {
        let position = |at: u64| self.pieces.partition_point(|piece| u64::from(piece.source) < at);
        let (start, end) = (position(source.start), position(source.end));
        &self.pieces[start..end.max(start)]
    }

    /// The code that came from a range of the source: ranges in order, those
    /// that touch joined.
    pub(super) fn ranges(&self, source: &Range<u64>) -> Vec<Range<u32>> {
        let pieces = self.within(source).iter().map(|piece| piece.start..piece.end);
        join(pieces.collect())
    }

    /// Where in the code of a range of the source all of these variables have
    /// places, and which. `work` counts down what this costs.
    pub(super) fn regions(
        &self,
        source: &Range<u64>,
        variables: &[Watched],
        work: &mut u64,
    ) -> Vec<Region> {
        let cost = (self.within(source).len() * (1 + variables.len())) as u64;
        let Some(left) = work.checked_sub(cost) else { return Vec::new() };
        *work = left;
        if let Some(places) = self.fixed(variables) {
            let ranges = self.ranges(source).into_iter();
            return ranges.map(|code| Region { code, places: places.clone() }).collect();
        }
        let mut regions = Vec::new();
        let mut pieces = self.within(source).to_vec();
        pieces.sort_by_key(|piece| piece.start);
        for piece in pieces {
            let whole = Region { code: piece.start..piece.end, places: Vec::new() };
            let mut found = vec![whole];
            for variable in variables {
                found = self.refine(found, *variable, piece.source);
            }
            for region in found {
                match regions.last_mut() {
                    Some(Region { code, places })
                        if code.end == region.code.start && *places == region.places =>
                    {
                        code.end = region.code.end;
                    }
                    _ => regions.push(region),
                }
            }
        }
        regions
    }

    /// The places of variables that each have one place in all of the code.
    pub(super) fn fixed(&self, variables: &[Watched]) -> Option<Vec<Place>> {
        variables.iter().map(|variable| self.fixed_place(*variable)).collect()
    }

    fn fixed_place(&self, variable: Watched) -> Option<Place> {
        let spans = &self.function.debug.spans;
        let span = spans.get(spans.partition_point(|span| span.variable < variable))?;
        let always = span.variable == variable && span.from == 0 && span.to == u32::MAX;
        let places = &self.function.debug.places;
        let first = places.partition_point(|place| place.value < span.value);
        let place = places.get(first).filter(|place| place.value == span.value)?;
        let everywhere = place.start == 0 && place.end == self.size();
        (always && everywhere).then_some(place.place)
    }

    /// Splits regions where a variable changes its place, and drops what has
    /// none. The variable has the value that it has at `source`.
    fn refine(&self, regions: Vec<Region>, variable: Watched, source: u32) -> Vec<Region> {
        let Some(value) = self.value(variable, source) else { return Vec::new() };
        let all = &self.function.debug.places;
        let first = all.partition_point(|place| place.value < value);
        let places = all[first..].iter().take_while(|place| place.value == value);
        let mut refined = Vec::new();
        for place in places {
            for region in &regions {
                let code = region.code.start.max(place.start)..region.code.end.min(place.end);
                if !code.is_empty() {
                    let mut places = region.places.clone();
                    places.push(place.place);
                    refined.push(Region { code, places });
                }
            }
        }
        refined
    }

    fn value(&self, variable: Watched, source: u32) -> Option<u32> {
        let at = source + self.code_start;
        let spans = &self.function.debug.spans;
        let key = |span: &ValueSpan| (span.variable, span.from);
        let after = spans.partition_point(|span| key(span) <= (variable, at));
        let span = &spans[after.checked_sub(1)?];
        (span.variable == variable && at < span.to).then_some(span.value)
    }
}

/// Sorts ranges and joins those that touch.
pub(super) fn join(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u32>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// What two ordered lists of ranges have in common.
pub(super) fn intersect(one: &[Range<u32>], other: &[Range<u32>]) -> Vec<Range<u32>> {
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
pub(super) fn claim(ranges: Vec<Range<u32>>, taken: &mut Vec<Range<u32>>) -> Vec<Range<u32>> {
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
