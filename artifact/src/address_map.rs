//! Address maps: what stands at an offset of the code, searched in place in the
//! mapped file.
//!
//! The same format serves `.precast.functions` (which function is this
//! address in?), `.precast.sites` (what stands at this address: a call,
//! an access that may trap, and where in the Wasm file it came
//! from), and the sections of [`debug`](crate::debug). Calls and traps share one
//! map because they share most of its cost, the address column.
//!
//! ```text
//! u32 count        number of entries
//! u32 size         number of payload bytes
//! u32 steps        number of frequent steps, at most 186
//! steps            three bytes each: u8 site, u8 code offset delta, u8 value delta
//! index            per block of 128 entries: u32 first code offset, u32 payload
//!                  offset
//! payload          per block, one step per entry; deltas are relative to the entry
//!                  before, starting from the block's first code offset and from value 0
//! ```
//!
//! A site is 0 for a call, or the number of a [`TrapCode`]. The first byte of a step says
//! how it is written:
//!
//! | first byte | then |
//! |-|-|
//! | below 186 | nothing: the frequent step of this number |
//! | 186, a call | LEB128 code offset delta, zigzag value delta |
//! | 187, an access of memory out of bounds | the same |
//! | 188, anything else | u8 site, then the same |
//! | 189, 190, 191 | the same three, with a value relative to where the last leap began |
//! | from 192 | one byte; from the highest bit of the two: `11`, 1 bit access of memory or call, 7 bits code offset delta, 6 bits value delta |
//!
//! A step whose value delta is less than 0 or more than 63 is a leap: inlined bodies lie elsewhere.
//! Code offsets grow strictly from entry to entry. Every read is bounds-checked,
//! and a damaged map yields no entry or a wrong one, never a fault.

use crate::index::{CodeOffset, Number};
use crate::trap::TrapCode;
use crate::wire::{Reader, Result, Writer};
use std::marker::PhantomData;

const BLOCK: usize = 128;
/// Steps below this one are frequent steps.
const LONG: u8 = 186;
const LONG_CALL: u8 = LONG;
const LONG_MEMORY: u8 = LONG + 1;
const LONG_OTHER: u8 = LONG + 2;
const BACK_CALL: u8 = LONG + 3;
const BACK_MEMORY: u8 = LONG + 4;
const BACK_OTHER: u8 = LONG + 5;
/// Steps from this one on have a second byte.
const PAIR: u8 = LONG + 6;
/// Number of entries by which the frequent steps are chosen.
const SAMPLE: usize = 1 << 18;
const CALL: u8 = 0;
const MEMORY: u8 = TrapCode::MemoryOutOfBounds as u8;

/// What an entry says about its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// A call. It is known by the return address less one: the byte before it is
    /// the call's own, while a trapping instruction may stand right after it.
    /// In the function table: the start of a function.
    Call,
    /// An instruction that may trap with this code.
    Trap(TrapCode),
}

impl Site {
    fn number(self) -> u8 {
        match self {
            Self::Call => CALL,
            Self::Trap(code) => code as u8,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        match number {
            CALL => Some(Self::Call),
            code => Some(Self::Trap(TrapCode::from_u8(code)?)),
        }
    }
}

/// One entry of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapEntry<V> {
    /// Where.
    pub code: CodeOffset,
    /// What stands there.
    pub site: Site,
    /// What it leads to: the function's index in `.precast.functions`, the Wasm
    /// offset that the code came from in `.precast.sites`.
    pub value: V,
}

/// The way from one entry to the next.
#[derive(Clone, Copy)]
struct Stride {
    site: u8,
    code: u32,
    value: i64,
    /// The value relative to where the last leap began.
    back: i64,
}

/// A value, and where the last leap began.
#[derive(Clone, Copy, Default)]
struct Track {
    value: i64,
    left: i64,
}

impl Track {
    fn move_to(&mut self, value: i64) {
        if !(0..1 << 6).contains(&(value - self.value)) {
            self.left = self.value;
        }
        self.value = value;
    }
}

impl Stride {
    /// The steps between entries; those that blocks begin with come with the code offset.
    fn between<V: Number>(
        entries: impl Iterator<Item = MapEntry<V>>,
    ) -> impl Iterator<Item = (Option<CodeOffset>, Self)> {
        let (mut code, mut track) = (None, Track::default());
        entries.enumerate().map(move |(i, entry)| {
            let grows = code.is_none_or(|code| entry.code > code);
            assert!(grows, "code offsets of an address map must grow");
            let first = i.is_multiple_of(BLOCK).then_some(entry.code);
            if first.is_some() {
                (code, track) = (first, Track::default());
            }
            let value = i64::from(entry.value.get());
            let step = Self {
                site: entry.site.number(),
                code: entry.code.get() - code.map_or(0, CodeOffset::get),
                value: value - track.value,
                back: value - track.left,
            };
            code = Some(entry.code);
            track.move_to(value);
            (first, step)
        })
    }

    /// The step as a frequent one, if it is short enough.
    fn frequent(self) -> Option<[u8; 3]> {
        let code = u8::try_from(self.code).ok().filter(|code| *code < Histogram::SIDE)?;
        let value = u8::try_from(self.value).ok().filter(|value| *value < Histogram::SIDE)?;
        Some([self.site, code, value])
    }

    /// The two bytes of a call or an access that is no frequent step.
    fn pair(self) -> Option<[u8; 2]> {
        let memory = match self.site {
            CALL => 0,
            MEMORY => 0x20,
            _ => return None,
        };
        let code = u8::try_from(self.code).ok().filter(|code| *code < 0x80)?;
        let value = u8::try_from(self.value).ok().filter(|value| *value < 0x40)?;
        Some([PAIR | memory | code >> 2, code << 6 | value])
    }

    fn long(self, payload: &mut Writer) {
        let back = self.back.unsigned_abs() < self.value.unsigned_abs();
        let by_site = if back { BACK_CALL } else { LONG_CALL };
        match self.site {
            CALL => payload.u8(by_site),
            MEMORY => payload.u8(by_site + 1),
            site => {
                payload.u8(by_site + 2);
                payload.u8(site);
            }
        }
        payload.leb(self.code.into());
        payload.zigzag(if back { self.back } else { self.value });
    }
}

/// How often short steps occur.
struct Histogram {
    counts: Vec<u32>,
}

impl Histogram {
    /// Deltas of frequent steps are below this.
    const SIDE: u8 = 64;

    fn index([site, code, value]: [u8; 3]) -> usize {
        let side = usize::from(Self::SIDE);
        (usize::from(site) * side + usize::from(code)) * side + usize::from(value)
    }

    fn step(index: usize) -> [u8; 3] {
        let side = usize::from(Self::SIDE);
        [index / side / side, index / side % side, index % side].map(|part| part as u8)
    }

    fn of(steps: impl Iterator<Item = [u8; 3]>) -> Self {
        let mut counts = Vec::new();
        for index in steps.map(Self::index) {
            if index >= counts.len() {
                counts.resize(index + 1, 0);
            }
            counts[index] += 1;
        }
        Self { counts }
    }

    /// The steps that save most as frequent ones, at most `LONG`, each of which
    /// saves more bytes than it takes in the list.
    fn most_frequent(&self) -> Vec<[u8; 3]> {
        let saved = |index: usize| {
            let [site, ..] = Self::step(index);
            let otherwise = if site == CALL || site == MEMORY { 2 } else { 4 };
            u64::from(self.counts[index]) * (otherwise - 1)
        };
        let mut steps: Vec<usize> = (0..self.counts.len()).filter(|i| saved(*i) > 3).collect();
        steps.sort_by_key(|index| (std::cmp::Reverse(saved(*index)), *index));
        steps.truncate(LONG.into());
        steps.into_iter().map(Self::step).collect()
    }
}

/// Encodes a map from entries whose code offsets grow strictly.
///
/// # Panics
///
/// If they do not grow: the compiler sorts them.
pub fn encode<V: Number>(entries: impl ExactSizeIterator<Item = MapEntry<V>> + Clone) -> Vec<u8> {
    let count = entries.len();
    let sample = Stride::between(entries.clone().take(SAMPLE));
    let steps = Histogram::of(sample.filter_map(|(_, step)| step.frequent())).most_frequent();
    let places = || steps.iter().copied().map(Histogram::index);
    let mut numbers = vec![None; places().max().map_or(0, |last| last + 1)];
    for (number, place) in places().enumerate() {
        numbers[place] = Some(number as u8);
    }
    let number = |step: Stride| *numbers.get(Histogram::index(step.frequent()?))?;
    let mut index = Writer::new();
    let mut payload = Writer::new();
    for (first, step) in Stride::between(entries) {
        if let Some(first) = first {
            index.u32(first.get());
            index.u32(payload.len() as u32);
        }
        if let Some(number) = number(step) {
            payload.u8(number);
        } else if let Some(pair) = step.pair() {
            payload.raw(&pair);
        } else {
            step.long(&mut payload);
        }
    }
    let mut table = Writer::new();
    table.u32(count as u32);
    table.u32(payload.len() as u32);
    table.u32(steps.len() as u32);
    table.raw(steps.as_flattened());
    table.raw(&index.finish());
    table.raw(&payload.finish());
    table.finish()
}

/// A map whose values are `V`s, read in place.
#[derive(Clone, Copy, Debug)]
pub struct AddressMap<'a, V> {
    name: &'static str,
    count: usize,
    steps: &'a [[u8; 3]],
    index: &'a [u8],
    payload: &'a [u8],
    values: PhantomData<V>,
}

impl<'a, V: Number> AddressMap<'a, V> {
    /// Checks the sizes of a map; `name` stands in errors. Reads only the
    /// first twelve bytes.
    pub fn new(name: &'static str, bytes: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(name, bytes);
        let count = r.u32()? as usize;
        let size = r.u32()? as usize;
        let steps = r.u32()?;
        if steps > LONG.into() {
            return Err(r.error(format!("{steps} frequent steps, at most {LONG} expected")));
        }
        let (steps, _) = r.raw(steps as usize * 3)?.as_chunks();
        let index = r.raw(count.div_ceil(BLOCK) * 8)?;
        let payload = r.raw(size)?;
        r.finish()?;
        Ok(Self { name, count, steps, index, payload, values: PhantomData })
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The last entry at or before an offset of the code.
    pub fn at_or_before(&self, code: CodeOffset) -> Option<MapEntry<V>> {
        let blocks = self.index.len() / 8;
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.block(middle)?.0 <= code {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.block_entries(low.checked_sub(1)?)?.take_while(|entry| entry.code <= code).last()
    }

    /// The entry at exactly this offset of the code.
    pub fn exactly(&self, code: CodeOffset) -> Option<MapEntry<V>> {
        self.at_or_before(code).filter(|entry| entry.code == code)
    }

    /// Every entry in order; stops at the first damaged one.
    pub fn iter(&self) -> impl Iterator<Item = MapEntry<V>> + use<'a, V> {
        let map = *self;
        (0..self.index.len() / 8).flat_map(move |block| map.block_entries(block)).flatten()
    }

    fn block(&self, block: usize) -> Option<(CodeOffset, usize)> {
        let mut r = Reader::new(self.name, self.index.get(block * 8..)?);
        Some((CodeOffset::new(r.u32().ok()?), r.u32().ok()? as usize))
    }

    fn block_entries(&self, block: usize) -> Option<BlockEntries<'a, V>> {
        let (code, offset) = self.block(block)?;
        let reader = Reader::new(self.name, self.payload.get(offset..)?);
        let left = BLOCK.min(self.count - block * BLOCK);
        let track = Track::default();
        Some(BlockEntries { steps: self.steps, reader, left, code, track, values: PhantomData })
    }
}

struct BlockEntries<'a, V> {
    steps: &'a [[u8; 3]],
    reader: Reader<'a>,
    left: usize,
    code: CodeOffset,
    track: Track,
    values: PhantomData<V>,
}

impl<V> BlockEntries<'_, V> {
    /// The next step: its site, the code offset delta, and the value it leads to.
    fn step(&mut self) -> Option<(u8, u32, i64)> {
        let r = &mut self.reader;
        let Track { value, left } = self.track;
        let (site, from) = match r.u8().ok()? {
            frequent @ ..LONG => {
                let [site, code, delta] = *self.steps.get(usize::from(frequent))?;
                return Some((site, code.into(), value.checked_add(delta.into())?));
            }
            pair @ PAIR.. => {
                let site = if pair & 0x20 == 0 { CALL } else { MEMORY };
                let second = r.u8().ok()?;
                let code = (pair & 0x1f) << 2 | second >> 6;
                return Some((site, code.into(), value.checked_add((second & 0x3f).into())?));
            }
            LONG_CALL => (CALL, value),
            LONG_MEMORY => (MEMORY, value),
            LONG_OTHER => (r.u8().ok()?, value),
            BACK_CALL => (CALL, left),
            BACK_MEMORY => (MEMORY, left),
            BACK_OTHER => (r.u8().ok()?, left),
        };
        Some((site, r.leb32().ok()?, from.checked_add(r.zigzag().ok()?)?))
    }
}

impl<V: Number> Iterator for BlockEntries<'_, V> {
    type Item = MapEntry<V>;

    fn next(&mut self) -> Option<MapEntry<V>> {
        self.left = self.left.checked_sub(1)?;
        let (site, delta, value) = self.step()?;
        self.code = self.code.checked_add(delta)?;
        let site = Site::from_number(site)?;
        let number = u32::try_from(value).ok()?;
        self.track.move_to(value);
        Some(MapEntry { code: self.code, site, value: V::new(number) })
    }
}

#[cfg(test)]
mod tests;
