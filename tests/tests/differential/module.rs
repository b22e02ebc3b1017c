//! Modules and arguments from seeds.

use arbitrary::Unstructured;
use precast_tests::random::Numbers;
use wasm_smith::{Config, Module};
use wasmparser::{Parser, Payload};

/// Loop iterations and calls of an instance's whole life.
const FUEL: u32 = 1_000;

/// A module that imports nothing, exports everything and always terminates,
/// of what the interpreter knows.
pub(crate) fn plain(seed: u64) -> Vec<u8> {
    generate(plain_config(seed.is_multiple_of(8)), seed)
}

/// What [`plain`] makes; with a start function, or not.
pub(crate) fn plain_config(allow_start_export: bool) -> Config {
    // Not `disallow_traps`: with its guards wasmi 2.0.0 traps on 1643742727 / 1,
    // and in another module ends with a value that wasmtime does not.
    Config {
        allow_start_export,
        exceptions_enabled: false,
        gc_enabled: false,
        threads_enabled: false,
        relaxed_simd_enabled: false,
        ..common()
    }
}

/// As [`plain`], of everything that Precast knows but typed function
/// references, which are not generated without garbage collection. Most run
/// deep: what may trap is guarded, except in every fourth.
pub(crate) fn full(seed: u64) -> Vec<u8> {
    let mut config = Config {
        disallow_traps: !seed.is_multiple_of(4),
        allow_start_export: seed.is_multiple_of(8),
        exceptions_enabled: true,
        gc_enabled: false,
        threads_enabled: false,
        min_tags: 1,
        max_tags: 5,
        ..common()
    };
    if seed % 8 != 2 {
        return generate(config, seed);
    }
    // Atomics come with shared memories: one of the modules without those.
    config.threads_enabled = true;
    let mut numbers = Numbers::new(!seed);
    let found =
        (0..10).map(|_| generate(config.clone(), numbers.next())).find(|wasm| !shares_memory(wasm));
    config.threads_enabled = false;
    found.unwrap_or_else(|| generate(config, seed))
}

fn common() -> Config {
    Config {
        export_everything: true,
        max_imports: 0,
        // Without types there are no functions.
        min_types: 3,
        min_funcs: 3,
        max_funcs: 12,
        min_globals: 2,
        min_memories: 1,
        min_tables: 1,
        max_instructions: 300,
        max_memories: 3,
        max_tables: 3,
        // Only what a maximum allows can be grown: no run takes much memory.
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        memory_max_size_required: true,
        max_table_elements: 1000,
        table_max_size_required: true,
        canonicalize_nans: true,
        custom_page_sizes_enabled: true,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

fn generate(config: Config, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers::new(seed);
    let length = 1024 << (numbers.next() % 6);
    let bytes: Vec<u8> = (0..length / 8).flat_map(|_| numbers.next().to_le_bytes()).collect();
    from_bytes(config, &bytes).expect("enough bytes")
}

/// A module that always terminates; none if the bytes do not make one.
pub(crate) fn from_bytes(config: Config, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut module = Module::new(config, &mut Unstructured::new(bytes)).ok()?;
    module.ensure_termination(FUEL).expect("bodies were generated");
    Some(module.to_bytes())
}

fn shares_memory(wasm: &[u8]) -> bool {
    Parser::new(0).parse_all(wasm).any(|payload| match payload {
        Ok(Payload::MemorySection(section)) => {
            section.into_iter().any(|memory| memory.is_ok_and(|memory| memory.shared))
        }
        _ => false,
    })
}
