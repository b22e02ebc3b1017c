//! Samples in the code of an artifact.
//!
//! An address is looked up where the file was mapped: `--show-mmap-events` says
//! where that was, and so does any sample whose symbol is the only one of its name.
//! Without either, a sample counts for the function that its symbol names, if
//! there is one such function.

use super::counts::{FunctionSamples, ModuleSamples, Profile, ProfileKind, SampleSpan};
use super::perf::{PerfSample, PerfScript};
use crate::error::{Error, Result};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSymbol, SymbolKind};
use precast_artifact::address_map::AddressMap;
use precast_artifact::container::Container;
use precast_artifact::index::{CodeOffset, FuncIndex, ModuleIndex, WasmOffset};
use precast_artifact::module::{Bounds, Description, Range};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What became of the samples of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// In functions of the modules.
    pub placed: u64,
    /// In code that is of no function: stubs.
    pub stubs: u64,
    /// In the artifact, at addresses or symbols that it does not have.
    pub unknown: u64,
    /// In other files.
    pub elsewhere: u64,
}

impl Profile {
    /// The profile of a run: of the samples in the files that are called `objects`,
    /// which are all this artifact.
    ///
    /// # Errors
    ///
    /// When `artifact` is none, or the samples are not of it.
    pub fn of_samples(
        script: &PerfScript,
        objects: &BTreeSet<&str>,
        artifact: &[u8],
    ) -> Result<(Self, SampleCounts)> {
        let code = ProfiledCode::read(artifact)?;
        let ours = |object: &str| object.is_empty() || objects.contains(object);
        let samples = script.samples.iter().filter(|sample| ours(&sample.object));
        let mut bases = code.bases(samples.clone());
        let mappings = script.mappings.iter().filter(|mapping| ours(&mapping.object));
        bases.extend(mappings.map(|mapping| mapping.base));
        let mut counts = SampleCounts::default();
        let (mut at, mut whole) = (BTreeMap::new(), BTreeMap::new());
        for sample in samples.clone() {
            let function = match code.place(sample, &bases) {
                Some(SamplePlace::Exact(text, offset)) => {
                    *at.entry((text, offset)).or_insert(0u64) += 1;
                    code.function_at(offset).map(|function| function.index)
                }
                Some(SamplePlace::Function(offset)) => code.function_at(offset).map(|function| {
                    *whole.entry(offset).or_insert(0u64) += 1;
                    function.index
                }),
                // Where files are not told apart, most are of others.
                None if sample.object.is_empty() => {
                    counts.elsewhere += 1;
                    continue;
                }
                None => {
                    counts.unknown += 1;
                    continue;
                }
            };
            match function {
                Some(Some(_)) => counts.placed += 1,
                _ => counts.stubs += 1,
            }
        }
        counts.elsewhere += (script.samples.len() - samples.count()) as u64;
        if counts.unknown > counts.placed + counts.stubs {
            return Err(Error::Profile(format!(
                "{}: {} of {} samples lie at no place that the artifact has: they are of another \
                 one; give the one that ran",
                script.name,
                counts.unknown,
                counts.unknown + counts.placed + counts.stubs
            )));
        }
        Ok((code.profile(&at, &whole), counts))
    }
}

/// Where a sample is.
enum SamplePlace {
    /// At an offset of one of the texts.
    Exact(usize, CodeOffset),
    /// Somewhere in the function that begins there.
    Function(CodeOffset),
}

/// A function or a stub, which is of no module.
struct ProfiledPiece {
    start: CodeOffset,
    index: Option<(ModuleIndex, FuncIndex)>,
}

/// The code of an artifact.
struct ProfiledCode<'a> {
    kind: ProfileKind,
    source: [u8; 32],
    /// Where each text lies in the file, and what its operators came from.
    texts: Vec<(Range, Vec<(CodeOffset, WasmOffset)>)>,
    /// In order of address.
    pieces: Vec<ProfiledPiece>,
    /// Start in the file and size of each symbol.
    symbols: HashMap<&'a [u8], Vec<Range>>,
}

fn slice(bytes: &[u8], range: Range) -> Result<&[u8]> {
    let from = usize::try_from(range.offset).ok().and_then(|start| bytes.get(start..));
    let piece = from.and_then(|bytes| bytes.get(..usize::try_from(range.size).ok()?));
    piece.ok_or_else(|| Error::NotArtifact("it is truncated".to_owned()))
}

impl<'a> ProfiledCode<'a> {
    fn read(artifact: &'a [u8]) -> Result<Self> {
        let refused = |why: String| Error::NotArtifact(why);
        let container = Container::open(artifact).map_err(|why| refused(why.to_string()))?;
        let note = &container.note;
        let damaged = |why: precast_artifact::wire::DecodeError| refused(why.to_string());
        let description = Description::decode(slice(artifact, note.module)?).map_err(damaged)?;
        let component = note.component.size != 0;
        let bounds = Bounds { image: note.image_size, text: note.text, component };
        description.check(&bounds).map_err(|why| refused(why.to_string()))?;
        let sites = |table: Range| -> Result<Vec<(CodeOffset, WasmOffset)>> {
            let table = AddressMap::<WasmOffset>::new("sites", slice(artifact, table)?);
            Ok(table.map_err(damaged)?.iter().map(|site| (site.code, site.value)).collect())
        };
        // All modules have their code in one text.
        let mut texts = Vec::new();
        if let Some(first) = description.modules.first() {
            texts.push((first.text, sites(first.site_table)?));
        }
        for variant in &note.variants {
            texts.push((variant.text, sites(variant.site_table)?));
        }
        let mut pieces = Vec::new();
        for (number, module) in ModuleIndex::enumerate(&description.modules) {
            let functions = slice(artifact, module.function_table)?;
            let functions =
                AddressMap::<FuncIndex>::new("functions", functions).map_err(damaged)?;
            pieces.extend(functions.iter().map(|entry| ProfiledPiece {
                start: entry.code,
                index: Some((number, entry.value)),
            }));
            let stubs = module.entry_stubs.iter().chain(&module.host_stubs);
            pieces.extend(stubs.map(|stub| ProfiledPiece { start: stub.code, index: None }));
        }
        pieces.sort_by_key(|piece| piece.start);
        let symbols = symbols(artifact, container.base);
        let kind = if component { ProfileKind::Component } else { ProfileKind::Module };
        Ok(Self { kind, source: note.source_hash, texts, pieces, symbols })
    }

    /// What has its code at an offset.
    fn function_at(&self, at: CodeOffset) -> Option<&ProfiledPiece> {
        let after = self.pieces.partition_point(|piece| piece.start <= at);
        after.checked_sub(1).map(|index| &self.pieces[index])
    }

    /// Where the file was mapped, by samples of functions with names of their own.
    fn bases<'s>(&self, samples: impl Iterator<Item = &'s PerfSample>) -> BTreeSet<u64> {
        let base = |sample: &PerfSample| {
            let [symbol] = &self.symbols.get(sample.symbol.as_ref()?.as_bytes())?[..] else {
                return None;
            };
            let offset = sample.offset.filter(|offset| *offset < symbol.size)?;
            let base = sample.address.wrapping_sub(symbol.offset + offset);
            // Of another file with a symbol of this name.
            base.is_multiple_of(4096).then_some(base)
        };
        samples.filter_map(base).collect()
    }

    /// Where a sample is, in a file that was mapped at one of these places.
    fn place(&self, sample: &PerfSample, bases: &BTreeSet<u64>) -> Option<SamplePlace> {
        let exact = |at: u64| {
            let inside = |(text, _): &(Range, Vec<_>)| {
                (text.offset..text.offset.saturating_add(text.size)).contains(&at)
            };
            let text = self.texts.iter().position(inside)?;
            let offset = CodeOffset::new((at - self.texts[text].0.offset) as u32);
            Some((text, offset))
        };
        let mut mapped = bases.iter().filter_map(|base| exact(sample.address.wrapping_sub(*base)));
        let Some(name) = &sample.symbol else {
            return mapped.next().map(|(text, offset)| SamplePlace::Exact(text, offset));
        };
        let known = self.symbols.get(name.as_bytes()).map_or(&[][..], Vec::as_slice);
        let start = |symbol: &Range| exact(symbol.offset).map(|(_, start)| start);
        // The text of a further CPU has no symbols of its own.
        let fits = |symbol: &Range, at: CodeOffset| {
            let start = start(symbol)?;
            let distance = u64::from(at.distance_from(start)?);
            let right = sample.offset.is_none_or(|offset| offset == distance);
            (right && distance < symbol.size).then_some(())
        };
        if known.is_empty() {
            // perf decodes some names, and strips others.
            return mapped.next().map(|(text, offset)| SamplePlace::Exact(text, offset));
        }
        let found = mapped.find(|(_, at)| known.iter().any(|symbol| fits(symbol, *at).is_some()));
        if let Some((text, offset)) = found {
            return Some(SamplePlace::Exact(text, offset));
        }
        let [symbol] = known else { return None };
        match sample.offset {
            Some(offset) if offset < symbol.size => {
                exact(symbol.offset + offset).map(|(text, at)| SamplePlace::Exact(text, at))
            }
            Some(_) => None,
            None => start(symbol).map(SamplePlace::Function),
        }
    }

    /// The profile of samples at offsets of texts, and of others somewhere in
    /// functions that begin at offsets.
    fn profile(
        &self,
        at: &BTreeMap<(usize, CodeOffset), u64>,
        whole: &BTreeMap<CodeOffset, u64>,
    ) -> Profile {
        let mut modules: BTreeMap<ModuleIndex, ModuleSamples> = BTreeMap::new();
        for (module, index) in self.pieces.iter().filter_map(|piece| piece.index) {
            modules.entry(module).or_default().insert(index, FunctionSamples::default());
        }
        let mut add = |offset: CodeOffset, count: u64| {
            let (module, index) = self.function_at(offset).and_then(|piece| piece.index)?;
            modules.get_mut(&module)?.get_mut(&index)?.samples += count;
            Some(())
        };
        whole.iter().for_each(|(offset, count)| _ = add(*offset, *count));
        at.iter().for_each(|((_, offset), count)| _ = add(*offset, *count));
        let texts: BTreeSet<usize> = at.keys().map(|(text, _)| *text).collect();
        for (number, piece) in self.pieces.iter().enumerate() {
            let function =
                piece.index.and_then(|(module, index)| modules.get_mut(&module)?.get_mut(&index));
            let Some(function) = function else { continue };
            if function.samples == 0 {
                continue;
            }
            let size = CodeOffset::new(self.texts[0].0.size as u32);
            let end = self.pieces.get(number + 1).map_or(size, |next| next.start);
            for text in &texts {
                self.spans(*text, piece.start..end, at, &mut function.spans);
            }
        }
        Profile { kind: self.kind, source: self.source, modules }
    }

    /// Adds the spans of a range of a text.
    fn spans(
        &self,
        text: usize,
        range: std::ops::Range<CodeOffset>,
        at: &BTreeMap<(usize, CodeOffset), u64>,
        spans: &mut BTreeMap<WasmOffset, SampleSpan>,
    ) {
        let sites = &self.texts[text].1;
        let first = sites.partition_point(|(code, _)| *code < range.start);
        let end = sites.partition_point(|(code, _)| *code < range.end);
        for (number, (code, source)) in sites.iter().enumerate().take(end).skip(first) {
            let next = sites[..end].get(number + 1).map_or(range.end, |(next, _)| *next);
            if *source == WasmOffset::START {
                continue;
            }
            let span = spans.entry(*source).or_default();
            span.bytes += u64::from(next.get() - code.get());
            span.samples +=
                at.range((text, *code)..(text, next)).map(|(_, count)| count).sum::<u64>();
        }
    }
}

/// Places of function symbols in the file, by name.
fn symbols(artifact: &[u8], base: u64) -> HashMap<&[u8], Vec<Range>> {
    let mut symbols: HashMap<&[u8], Vec<Range>> = HashMap::new();
    let Ok(file) = ElfFile64::<LittleEndian>::parse(artifact) else { return symbols };
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let Ok(name) = symbol.name_bytes() else { continue };
        let offset = symbol.address().wrapping_sub(base);
        let place = Range { offset, size: symbol.size() };
        let places = symbols.entry(name).or_default();
        if !places.contains(&place) {
            places.push(place);
        }
    }
    symbols
}
