//! DWARF with random edits: converting it ends, panics nowhere, and what comes
//! out is well-formed and in proportion to what went in.
//!
//! `PRECAST_ROUNDS` sets the number of edited copies.

use super::assemble::assemble;
use super::decisions::Decisions;
use super::facts::gather_facts;
use super::functions::FunctionMeans;
use super::input::Input;
use super::workers::Workers;
use super::{debugging, functions};
use crate::debug_files::DebugFiles;
use crate::options::{OptLevel, Options};
use crate::plan::Plan;
use crate::target::Target;
use crate::{codegen, debug, parse, place};
use gimli::{EndianSlice, LittleEndian};
use precast_artifact::index::ModuleIndex;
use std::collections::BTreeMap;

/// Reads a file of `fixtures/debug/`.
fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/debug/");
    std::fs::read(format!("{folder}{name}")).unwrap_or_else(|why| panic!("{name}: {why}"))
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// One edit of a section.
fn edit(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len());
    let end = (at + random.below(64)).min(bytes.len());
    match random.below(7) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => bytes[at..end].fill(0),
        3 => bytes[at..end].fill(0xff),
        4 => bytes.truncate(at.max(1)),
        5 => {
            let from = random.below(bytes.len() - (end - at));
            bytes.copy_within(from..from + (end - at), at);
        }
        _ => drop(bytes.drain(at..end)),
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
}

/// Reads everything that was written.
fn check(sections: &debug::DebugSections) {
    let load = |id: gimli::SectionId| {
        let section = sections.list.iter().find(|section| section.name == id.name());
        let bytes = section.map_or(&[][..], |section| &section.bytes);
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(load).unwrap();
    let mut units = dwarf.units();
    while let Some(header) = units.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().unwrap() {
            for attribute in entry.attrs() {
                match attribute.value() {
                    gimli::AttributeValue::UnitRef(target) => drop(unit.entry(target).unwrap()),
                    value => {
                        if let Some(mut list) = dwarf.attr_locations(&unit, value).unwrap() {
                            while list.next().unwrap().is_some() {}
                        }
                    }
                }
            }
            let mut ranges = dwarf.die_ranges(&unit, entry).unwrap();
            while ranges.next().unwrap().is_some() {}
        }
        if let Some(program) = unit.line_program.clone() {
            let mut rows = program.rows();
            while rows.next_row().unwrap().is_some() {}
        }
    }
    if let Some(lines) = sections.list.iter().find(|section| section.name == ".precast.lines")
        && !lines.bytes.is_empty()
    {
        precast_artifact::debug::lines::Lines::new(&lines.bytes).unwrap();
    }
}

fn size(sections: &debug::DebugSections) -> usize {
    sections.list.iter().map(|section| section.bytes.len()).sum()
}

/// What is edited: sections of the module, and files beside it.
#[derive(Clone)]
struct Edited {
    sections: Vec<(&'static str, Vec<u8>)>,
    package: Option<Vec<u8>>,
    objects: Vec<(String, Vec<u8>)>,
}

impl Edited {
    fn parts(&mut self) -> Vec<&mut Vec<u8>> {
        let sections = self.sections.iter_mut().map(|(_, bytes)| bytes);
        let objects = self.objects.iter_mut().map(|(_, bytes)| bytes);
        sections.chain(&mut self.package).chain(objects).collect()
    }

    fn files(&self) -> DebugFiles {
        let objects = self.objects.iter().map(|(path, bytes)| (path.clone(), bytes[..].into()));
        DebugFiles {
            module: None,
            package: self.package.as_ref().map(|bytes| bytes[..].into()),
            objects: objects.collect(),
        }
    }
}

/// A module and the files that it needs, to be converted again and again.
fn convert_all(
    wasm: &[u8],
    opt_level: OptLevel,
    files: &Edited,
    mut each: impl FnMut(&Edited, &dyn Fn(&Edited) -> debug::DebugSections),
) {
    let options = Options { debug_info: true, opt_level, ..Options::default() };
    let workers = Workers::new(2).unwrap();
    let target = Target::all(&options).unwrap().remove(0);
    let parsed = parse::parse(wasm, target.allowed(options.features)).unwrap();
    let mut intact = files.clone();
    for (name, bytes) in &parsed.debug_sections {
        intact.sections.push((name.to_string().leak(), bytes.to_vec()));
    }
    let facts = gather_facts(&workers, &parsed).unwrap();
    let plan = Plan::new(&parsed, &facts.module, &options).unwrap();
    let module = debugging::wasm_module(&parsed, &plan);
    let (plan_of, facts) = (&plan, &facts);
    let decisions = Decisions::none(parsed.bodies.len());
    let input = Input::whole(&parsed, plan_of, facts, &options, BTreeMap::new(), decisions);
    let targets = std::slice::from_ref(&target);
    let means = FunctionMeans { workers: &workers, cache: None, observer: &() };
    let (texts, _) = functions::compile(means, &[input], targets).unwrap();
    let placed = place::place(
        assemble([(&parsed, plan)], texts),
        target.link,
        place::Arrangement::default(),
    )
    .unwrap();
    let convert = |edited: &Edited| {
        let files = edited.files();
        let source = debug::InputSections::new(&edited.sections);
        let source = source.with_files(wasm, &files);
        let code = debugging::placed_code(
            codegen::frame_pointer(&*target.isa),
            &placed,
            ModuleIndex::new(0),
        );
        let options = debug::OutputOptions { remap: &[], relocatable: false };
        let units = debug::read(&source);
        let count = units.len();
        for unit in 0..count {
            debug::debug_uses(&units, unit, &module);
        }
        let conversion = debug::Conversion::new(units, &module, &code, options);
        let units = (0..count).map(|unit| conversion.unit(unit)).collect();
        let mut tables = debug::DebugTables::default();
        let mut sections = conversion.finish(units, &mut tables);
        sections.list.extend(tables.finish());
        sections
    };
    each(&intact, &convert);
}

fn survives(wasm: &[u8], opt_level: OptLevel, files: &Edited) {
    let rounds = std::env::var("PRECAST_ROUNDS").ok().and_then(|text| text.parse().ok());
    convert_all(wasm, opt_level, files, |intact, convert| {
        let sound = convert(intact);
        assert_eq!(sound.warnings, Vec::<String>::new());
        check(&sound);
        let largest = size(&sound) * 4;
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut warned = 0;
        for _ in 0..rounds.unwrap_or(60) {
            let mut edited = intact.clone();
            for _ in 0..1 + random.below(6) {
                let mut parts = edited.parts();
                let part = random.below(parts.len());
                edit(parts[part], &mut random);
            }
            let sections = convert(&edited);
            check(&sections);
            assert!(size(&sections) < largest, "{} bytes of debug information", size(&sections));
            warned += usize::from(!sections.warnings.is_empty());
        }
        assert!(warned > 0, "no edit was worth a warning");
    });
}

/// Nothing beside the module.
fn alone() -> Edited {
    Edited { sections: Vec::new(), package: None, objects: Vec::new() }
}

/// The two objects of split DWARF of a version.
fn objects(version: u8) -> Edited {
    let object =
        |name: &str| (format!("./{name}.dwo"), fixture(&format!("split/{version}/{name}.dwo")));
    Edited { objects: ["shapes", "sum"].map(object).into(), ..alone() }
}

#[test]
fn without_optimisation() {
    survives(&fixture("rust.wasm"), OptLevel::None, &alone());
}

#[test]
fn with_optimisation() {
    survives(&fixture("rust.wasm"), OptLevel::Speed, &alone());
}

#[test]
fn split_in_objects() {
    for version in [4, 5] {
        let wasm = fixture(&format!("split/{version}/split.wasm"));
        survives(&wasm, OptLevel::Speed, &objects(version));
    }
}

#[test]
fn split_in_a_package() {
    for version in [4, 5] {
        let wasm = fixture(&format!("split/{version}/split.wasm"));
        let package = Some(fixture(&format!("split/{version}/split.dwp")));
        survives(&wasm, OptLevel::Speed, &Edited { package, ..alone() });
    }
}

#[test]
fn what_is_missing_or_of_another_build_is_named() {
    for version in [4, 5] {
        let wasm = fixture(&format!("split/{version}/split.wasm"));
        let mut files = objects(version);
        files.objects.remove(1);
        convert_all(&wasm, OptLevel::None, &files, |intact, convert| {
            let sections = convert(intact);
            let [warning] = &sections.warnings[..] else { panic!("{:?}", sections.warnings) };
            assert!(warning.contains("not found") && warning.ends_with(": ./sum.dwo"), "{warning}");
            check(&sections);
        });
        let mut files = objects(version);
        files.objects[1].1 = files.objects[0].1.clone();
        convert_all(&wasm, OptLevel::None, &files, |intact, convert| {
            let sections = convert(intact);
            let [warning] = &sections.warnings[..] else { panic!("{:?}", sections.warnings) };
            let other = warning.contains("of another build");
            assert!(other && warning.ends_with(": ./sum.dwo"), "{warning}");
            check(&sections);
        });
    }
}
