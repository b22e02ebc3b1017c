//! Components are compiled: what the component model's suite calls valid, and
//! nothing that it calls invalid.

use precast_artifact::address_map::{AddressMap, Site};
use precast_artifact::component::{ComponentDescription, ItemType, Step, TrampolineKind};
use precast_artifact::container::Container;
use precast_artifact::index::WasmOffset;
use precast_artifact::module::{Bounds, Description};
use precast_artifact::trap::TrapCode;
use precast_compiler::{Error, MemoryModel, Optimisation, Options, compile, text_to_binary};
use precast_tests::binaries::precast;
use precast_tests::random::Numbers;
use precast_tests::{fixture, scratch};
use std::path::{Path, PathBuf};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, lexer::Lexer};

/// What is not as the suite has it: the file, the line, and words of the outcome.
const EXCEPTIONS: [(&str, usize, &str); 19] = [
    ("binary.wast", 557, ASYNC),
    ("binary.wast", 755, ASYNC),
    // A subtype, which nothing uses.
    ("binary.wast", 892, "gc proposal must be enabled"),
    ("binary.wast", 974, ASYNC),
    ("indicies.wast", 236, ASYNC),
    ("indicies.wast", 251, ASYNC),
    ("indicies.wast", 267, ASYNC),
    ("max-value-size.wast", 6, ASYNC),
    // Types of 256 MiB and more that nothing uses: the validator has no limit yet.
    ("max-value-size.wast", 25, "was compiled"),
    ("max-value-size.wast", 31, "was compiled"),
    ("max-value-size.wast", 37, "was compiled"),
    ("max-value-size.wast", 43, "was compiled"),
    ("max-value-size.wast", 48, "was compiled"),
    ("max-value-size.wast", 57, "was compiled"),
    ("max-value-size.wast", 63, "was compiled"),
    ("post-return.wast", 4, ASYNC),
    ("post-return.wast", 260, ASYNC),
    ("post-return.wast", 334, ASYNC),
    ("variants.wast", 83, ASYNC),
];

const ASYNC: &str = "asynchronous components: ";

/// A component or module of the suite.
struct Case {
    place: String,
    /// None if its text is malformed, which is said before it is compiled.
    bytes: Option<Vec<u8>>,
    valid: bool,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("a folder of the suite") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.extend(path.extension().is_some_and(|e| e == "wast").then_some(path)),
        }
    }
    found.sort();
    found
}

fn cases(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).expect("a file of the suite");
    let mut lexer = Lexer::new(&text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).unwrap_or_else(|why| panic!("{why}"));
    let script = parser::parse::<Wast<'_>>(&buffer);
    let script = script.unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    let mut found = Vec::new();
    for directive in script.directives {
        let line = directive.span().linecol_in(&text).0 + 1;
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let mut add = |mut module: QuoteWat<'_>, valid| {
            let place = format!("{name}:{line}");
            found.push(Case { place, bytes: module.encode().ok(), valid });
        };
        match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
                add(module, true);
            }
            WastDirective::AssertInvalid { module, .. }
            | WastDirective::AssertMalformed { module, .. } => add(module, false),
            WastDirective::AssertUnlinkable { module, .. } => add(QuoteWat::Wat(module), true),
            WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. } => {
                add(QuoteWat::Wat(module), true);
            }
            _ => {}
        }
    }
    found
}

/// Compiles every case; gives what went as the suite does not have it, and how
/// many there were.
fn suite(options: &Options) -> (Vec<String>, usize) {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in files(&fixture("component-model")).iter().flat_map(|file| cases(file)) {
        count += 1;
        let outcome = case.bytes.as_ref().map(|bytes| compile(bytes, options));
        match (case.valid, outcome) {
            (true, Some(Ok(artifact))) => drop(read(&artifact)),
            (false, None | Some(Err(_))) => {}
            (true, None) => wrong.push(format!("{}: its text is malformed", case.place)),
            (true, Some(Err(why))) => wrong.push(format!("{}: {why}", case.place)),
            (false, Some(Ok(_))) => wrong.push(format!("{}: was compiled", case.place)),
        }
    }
    (wrong, count)
}

/// What an artifact holds of a component; proves that it is consistent.
fn read(artifact: &[u8]) -> Option<(ComponentDescription, Description)> {
    let note = Container::open(artifact).expect("an artifact").note;
    let bytes = |range: precast_artifact::module::Range| {
        &artifact[range.offset as usize..][..range.size as usize]
    };
    let component = note.component.size != 0;
    let modules = Description::decode(bytes(note.module)).expect("a description");
    modules.check(&Bounds { image: note.image_size, text: note.text, component }).expect("modules");
    component.then(|| {
        let component = ComponentDescription::decode(bytes(note.component)).expect("a component");
        component.check(&modules).expect("a component that fits its modules");
        (component, modules)
    })
}

#[test]
fn the_suite_in_both_memory_models_and_for_three_targets() {
    let bounds = Options { memory_model: MemoryModel::Bounds, ..Options::default() };
    let target = |triple: &str| Options { target: Some(triple.into()), ..Options::default() };
    let (arm, riscv) = ("aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu");
    for options in [target("x86_64-unknown-linux-gnu"), bounds, target(arm), target(riscv)] {
        let (mut wrong, count) = suite(&options);
        let found = wrong.len();
        wrong.retain(|line| {
            let known = |(file, at, words): &(&str, usize, &str)| {
                line.starts_with(&format!("{file}:{at}:")) && line.contains(words)
            };
            !EXCEPTIONS.iter().any(known)
        });
        assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(found, EXCEPTIONS.len(), "exceptions that are none any more");
        assert!(count > 500, "only {count} components in the suite");
        println!("{count} components and modules of the suite, {} exceptions", EXCEPTIONS.len());
    }
}

fn binary(text: &str) -> Vec<u8> {
    text_to_binary(text.as_bytes()).expect("a component's text")
}

/// One component exports a function on strings, another calls it.
const TWO: &str = r#"(component
  (import "host:log/log@0.2.6" (instance $log (export "line" (func (param "s" string)))))
  (component $upper
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
      (func (export "size") (param i32 i32) (result i32) local.get 1))
    (core instance $i (instantiate $m))
    (func (export "size") (param "s" string) (result u32)
      (canon lift (core func $i "size") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")))))
  (component $lower
    (import "size" (func $size (param "s" string) (result u32)))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $size (canon lower (func $size) (memory (core memory $libc "memory"))))
    (core module $m
      (import "x" "size" (func $size (param i32 i32) (result i32)))
      (func (export "run") (result i32) i32.const 8 i32.const 3 call $size))
    (core instance $i (instantiate $m
      (with "x" (instance (export "size" (func $size))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $one (instantiate $upper))
  (instance $other (instantiate $lower (with "size" (func $one "size"))))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (core func (canon lower (func $log "line") (memory (core memory $libc "memory"))))
  (export "run" (func $other "run")))"#;

#[test]
fn two_components_lie_in_one_image_with_the_adapter_between_them() {
    let artifact = compile(&binary(TWO), &Options::default()).unwrap();
    let (component, modules) = read(&artifact).expect("a component");
    // libc, upper, lower, its libc, and the adapter.
    assert_eq!(modules.modules.len(), 5);
    assert!(modules.instances.is_empty());
    let adapters =
        component.steps.iter().filter(|step| matches!(step, Step::Instantiate { owner: None, .. }));
    assert_eq!(adapters.count(), 1);
    let transcoders = component
        .trampolines
        .iter()
        .filter(|trampoline| matches!(trampoline.kind, TrampolineKind::Transcode { .. }));
    assert_eq!(transcoders.count(), 1);
    let import = &component.imports[0];
    assert_eq!(import.name, "host:log/log@0.2.6");
    assert_eq!(import.version.as_ref().unwrap().track, "host:log/log@0.2");
    assert!(matches!(import.ty, ItemType::Instance(_)));
    let names: Vec<&str> = component.exports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["run"]);
}

#[test]
fn parts_have_names_and_the_whole_has_wit() {
    let folder = scratch();
    let (source, artifact) = (folder.path().join("two.wat"), folder.path().join("two.cwasm"));
    std::fs::write(&source, TWO).expect("a file");
    let precast = |arguments: &[&std::ffi::OsStr]| {
        let output = precast().args(arguments).output().expect("precast");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let [source, artifact] = [source.as_os_str(), artifact.as_os_str()];
    precast(&["compile".as_ref(), source, "-o".as_ref(), artifact]);
    let wit = precast(&["wit".as_ref(), artifact]);
    assert_eq!(wit, precast(&["wit".as_ref(), source]));
    for line in
        ["import host:log/log@0.2.6;", "export run: func() -> u32;", "line: func(s: string);"]
    {
        assert!(wit.contains(line), "{line}:\n{wit}");
    }
    let shown = precast(&["inspect".as_ref(), artifact]);
    let module = "upper/m, 2 functions, ";
    for text in [wit.lines().nth(2).unwrap(), module, "lower/libc", "adapter0", "upper/m/wasm[1]"] {
        assert!(shown.contains(text), "{text}:\n{shown}");
    }
}

#[test]
fn random_edits_of_components_are_compiled_or_refused() {
    let rounds = std::env::var("PRECAST_ROUNDS").ok().and_then(|text| text.parse().ok());
    let all = files(&fixture("component-model"));
    let seeds: Vec<Vec<u8>> = all
        .iter()
        .flat_map(|file| cases(file))
        .filter(|case| case.valid)
        .filter_map(|case| case.bytes)
        .collect();
    let mut numbers = Numbers::new(1);
    let (mut compiled, mut refused) = (0, 0);
    for _ in 0..rounds.unwrap_or(300) {
        let mut edited = seeds[numbers.below(seeds.len())].clone();
        for _ in 0..1 + numbers.below(4) {
            let at = 8 + numbers.below(edited.len() - 8);
            match (numbers.below(3), edited.get(at)) {
                (_, None) => {}
                (0, _) => edited[at] = numbers.next() as u8,
                (1, _) => edited[at] ^= 1 << numbers.below(8),
                _ => drop(edited.remove(at)),
            }
        }
        match compile(&edited, &Options { threads: Some(1), ..Options::default() }) {
            Ok(artifact) => {
                drop(read(&artifact));
                compiled += 1;
            }
            Err(why) => {
                assert!(!why.to_string().contains("taken apart"), "{why}");
                refused += 1;
            }
        }
    }
    assert!(compiled > 0 && refused > compiled, "{compiled} compiled, {refused} refused");
}

#[test]
#[ignore = "components that fixtures/components/make.sh makes"]
fn components_of_many_languages_are_compiled() {
    let folder = fixture("real/components");
    let entries = folder.read_dir().expect("fixtures/components/make.sh was run");
    let mut count = 0;
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let wasm = std::fs::read(&path).expect("a component");
        let small = wasm.len() < 1 << 20;
        for debug_info in [false, true].into_iter().take(if small { 2 } else { 1 }) {
            let options = Options { debug_info, ..Options::default() };
            let artifact = compile(&wasm, &options);
            let artifact = artifact.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let (_, modules) = read(&artifact).expect("a component");
            println!("{}: {} core modules", path.display(), modules.modules.len());
        }
        count += 1;
    }
    assert_eq!(count, 11);
}

/// A list of `u8` goes from one component to the other.
const LIST: &str = r#"(component
  (component $taker
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "l" (list u8))
      (canon lift (core func $i "take") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")))))
  (component $giver
    (import "take" (func $take (param "l" (list u8))))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $take (canon lower (func $take) (memory (core memory $libc "memory"))))
    (core module $m
      (import "x" "take" (func $take (param i32 i32)))
      (func (export "run") i32.const 8 i32.const 100 call $take))
    (core instance $i (instantiate $m (with "x" (instance (export "take" (func $take))))))
    (func (export "run") (canon lift (core func $i "run"))))
  (instance $one (instantiate $taker))
  (instance $other (instantiate $giver (with "take" (func $one "take"))))
  (export "run" (func $other "run")))"#;

/// The loop of the adapter is gone: its sites, loads and stores that may trap, are
/// none any more.
#[test]
fn adapters_copy_lists_at_once() {
    let wasm = binary(LIST);
    let sites = |options: &Options| {
        let artifact = compile(&wasm, options).unwrap();
        let (_, modules) = read(&artifact).expect("a component");
        let table = modules.modules[0].site_table;
        let bytes = &artifact[table.offset as usize..][..table.size as usize];
        let sites = AddressMap::<WasmOffset>::new("sites", bytes).expect("sites");
        let memory = |site: &Site| matches!(site, Site::Trap(TrapCode::MemoryOutOfBounds));
        sites.iter().filter(|mapping| memory(&mapping.site)).count()
    };
    let without = Options { disabled: [Optimisation::ListCopies].into(), ..Options::default() };
    assert_eq!(sites(&without), 2);
    assert_eq!(sites(&Options::default()), 0);
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let wasm = binary(TWO);
    let with = |threads| compile(&wasm, &Options { threads: Some(threads), ..Options::default() });
    let one = with(1).unwrap();
    for threads in [2, 5] {
        assert!(with(threads).unwrap() == one, "{threads} threads");
    }
}

#[test]
fn what_is_malformed_is_refused_where_it_is() {
    let sound = binary(TWO);
    let mut refused = 0;
    for at in 8..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] = !damaged[at];
        match compile(&damaged, &Options::default()) {
            Ok(artifact) => drop(read(&artifact)),
            Err(why) => {
                refused += 1;
                assert!(!why.to_string().contains("taken apart"), "byte {at}: {why}");
            }
        }
    }
    assert!(refused > sound.len() / 4, "only {refused} refused");
    let body = binary(r#"(component (core module (func (result i32))))"#);
    let Err(Error::Invalid { at, .. }) = compile(&body, &Options::default()) else {
        panic!("a body without a result");
    };
    let end = body.len() as u64;
    assert!(at.offset.is_some_and(|offset| offset > 16 && offset < end), "{:?}", at.offset);
}

#[test]
fn asynchronous_components_are_refused_as_such() {
    let text = r#"(component
      (core module $m (func (export "f")) (func (export "cb") (param i32 i32 i32) (result i32)
        i32.const 0))
      (core instance $i (instantiate $m))
      (func (export "f") async (canon lift (core func $i "f") async)))"#;
    let why = compile(&binary(text), &Options::default()).unwrap_err().to_string();
    assert!(why.contains("not supported") && why.contains("asynchronous components"), "{why}");
}

#[test]
fn an_object_of_a_component_is_refused_with_the_reason() {
    let made = precast_compiler::compile_object_to(
        &binary("(component)"),
        &Options::default(),
        "name",
        &mut Vec::new(),
        &(),
    );
    let why = made.unwrap_err().to_string();
    assert!(why.contains("an object of a component"), "{why}");
}
