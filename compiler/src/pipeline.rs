//! The stages in order, and the only place that knows of threads.
//!
//! Workers take the largest functions first and return plain values; the
//! serial link that follows places them in index order, so the bytes do not
//! depend on the number of threads.
//!
//! | module | does |
//! |-|-|
//! | [`workers`] | threads |
//! | [`functions`] | facts about function bodies, and their code |
//! | [`debugging`] | debug information, unit by unit |
//! | [`key`] | what the bytes depend on |

#[cfg(test)]
mod damaged_dwarf;
mod debugging;
mod functions;
mod key;
mod workers;

use crate::c_header;
use crate::debug;
use crate::error::{Error, Result};
use crate::facts::Uses;
use crate::link::{self, Header, LinkInput, LinkSummary, Stub, StubKind, Variant};
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use crate::parse::{self, Parsed};
use crate::plan::{Plan, duplicates};
use crate::target::Target;
use crate::translate::{Debug, Env};
use functions::{compile_functions, compile_stubs, gather_facts};
pub use key::{fingerprint, gains_from_cpu};
use precast_artifact::index::{CanonicalTypeIndex, CodeOffset, FuncIndex};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};
use workers::Workers;

/// Told how far a compilation is.
pub trait Observer: Sync {
    /// `done` of `total` functions are compiled. Called from any worker.
    fn functions(&self, done: usize, total: usize) {
        let _ = (done, total);
    }
}

impl Observer for () {}

/// What a compilation did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Wall time of each stage, in order.
    pub stages: Vec<(&'static str, Duration)>,
    /// Number of functions with a body.
    pub functions: usize,
    /// Functions that share their code with an identical one.
    pub folded: usize,
    /// Whether any function uses 128-bit vectors.
    pub uses_simd: bool,
    /// Target triple of the artifact.
    pub target: String,
    /// Name and size in bytes of every section, in file order.
    pub sections: Vec<(&'static str, u64)>,
    /// Bytes written.
    pub size: u64,
    /// What is not as it should be, but no error.
    pub warnings: Vec<String>,
    /// The module's text, which its debug information speaks of: of a module
    /// without any. Belongs at [`Options::text_path`].
    pub text: Option<String>,
}

/// Compiles a module to the bytes of an artifact.
///
/// # Errors
///
/// When `wasm` is no valid core module, needs a feature that is off or not
/// supported, or an option is wrong.
pub fn compile(wasm: &[u8], options: &Options) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    compile_to(wasm, options, &mut bytes, &())?;
    Ok(bytes)
}

/// Compiles a module and writes the artifact to `out`, front to back.
///
/// # Errors
///
/// As [`compile`], and when `out` fails. What was written until then is no
/// artifact: write to a temporary file and rename it.
pub fn compile_to(
    wasm: &[u8],
    options: &Options,
    out: &mut dyn Write,
    observer: &dyn Observer,
) -> Result<Report> {
    compile_with(wasm, options, false, observer, |input| Ok(link::link(input, out)?))
}

/// Compiles a module and writes a relocatable object to `out`, for a system
/// linker to make part of a program. Gives also a C header for it: its image,
/// `<name>_image`, and a function `<name>_<export>` for each exported function.
///
/// # Errors
///
/// As [`compile_to`]; `name` is no C identifier; or the module imports what a
/// C program cannot provide.
pub fn compile_object_to(
    wasm: &[u8],
    options: &Options,
    name: &str,
    out: &mut dyn Write,
    observer: &dyn Observer,
) -> Result<(Report, String)> {
    c_header::check_name(name)?;
    let mut header = String::new();
    let report = compile_with(wasm, options, true, observer, |input| {
        c_header::check_imports(&input.module)?;
        header = c_header::c_header(&input.module, name);
        Ok(link::link_to_object(input, &c_header::image_name(name), out)?)
    })?;
    Ok((report, header))
}

/// Makes the artifact of an object that [`compile_object_to`] has written, and
/// writes it to `out`: the bytes that [`compile_to`] gives.
///
/// # Errors
///
/// `object` is no such object, or was changed; or `out` fails.
pub fn link_object(object: &[u8], out: &mut dyn Write) -> Result<()> {
    Ok(link::relink(object, out)?)
}

/// Runs all stages up to the last, which is `link`; it makes something
/// `relocatable` or not.
fn compile_with(
    wasm: &[u8],
    options: &Options,
    relocatable: bool,
    observer: &dyn Observer,
    link: impl FnOnce(LinkInput<'_>) -> Result<LinkSummary>,
) -> Result<Report> {
    options.check()?;
    let mut clock = Clock::new();
    let mut targets = Target::all(options)?;
    if relocatable && targets.len() > 1 {
        return Err(Error::Option(
            "an object holds code for one CPU: `--emit obj` takes one `--cpu`".to_owned(),
        ));
    }
    let more = targets.split_off(1);
    let target = targets.remove(0);
    let features = target.allowed(options.features);
    let workers = Workers::new(options.threads.unwrap_or(0))?;

    let (parsed, source_hash) =
        workers.both(|| parse::parse(wasm, features), || Sha256::digest(wasm).into());
    let parsed = parsed.map_err(|error| target.explain(error))?;
    clock.lap("parse");
    let facts = gather_facts(&workers, &parsed).map_err(|error| target.explain(error))?;
    clock.lap("facts");
    let plan = Plan::new(&parsed, &facts.module, options, target.link.page_size)?;
    clock.lap("plan");
    let mut env = environment(&parsed, &plan, &target, options);
    let source = debugging::source(&parsed, (wasm, options));
    let described = source.as_ref().map(|_| debugging::wasm_module(&parsed, &plan));
    let units = source.as_ref().filter(|source| !source.is_empty()).map(debug::read);
    if let (Some(units), Some(module)) = (&units, &described) {
        env.debug_uses = debugging::uses(&workers, module, units)?;
        clock.lap("find values");
    }
    let same = duplicates::find(&parsed, options);
    let functions = compile_functions(&workers, &env, facts.functions(), &target, &same, observer)?;
    let stubs = compile_stubs(&env, &facts.module, &target)?;
    let variant = |target: Target| -> Result<Variant> {
        let functions =
            compile_functions(&workers, &env, facts.functions(), &target, &same, observer)?;
        let stubs = compile_stubs(&env, &facts.module, &target)?;
        Ok(Variant { cpu_features: target.cpu_features, functions, stubs })
    };
    let variants = more.into_iter().map(variant).collect::<Result<_>>()?;
    clock.lap("compile");
    let (mut warnings, mut module_text) = (Vec::new(), None);
    let debug = match (&source, &described) {
        (Some(source), Some(module)) => {
            let convert = debugging::Convert {
                workers: &workers,
                env: &env,
                module,
                code: (&functions, &stubs),
                target: &target,
                options,
                relocatable,
            };
            let (made, text) = match units {
                Some(units) => (convert.units(units)?, None),
                None => convert.text(wasm, source)?,
            };
            clock.lap("debug");
            (warnings, module_text) = (made.warnings, text);
            made.list
        }
        _ => Vec::new(),
    };
    let module = describe(&plan, &parsed);
    let names = parsed.names[parsed.imported_functions as usize..].to_vec();
    let bodies = parsed.bodies.iter().map(|body| body.body.range().start as u32).collect();
    let private_tables = private_entries(&plan, &parsed, &stubs);
    let input = LinkInput {
        target: target.link,
        header: Header {
            target: target.triple.to_string(),
            cpu_features: target.cpu_features,
            wasm_features: features.names().map(str::to_owned).collect(),
            options: options.recorded(),
            source_hash,
            producers: parsed.producers.clone(),
        },
        module,
        functions,
        stubs,
        variants,
        names,
        bodies,
        private_tables,
        context: plan.template,
        relocs: plan.relocs,
        memory: plan.memory,
        data: plan.data,
        fold: options.enabled(Optimisation::FoldFunctions),
        debug,
        own_base: options.debug_info,
    };
    let linked = link(input)?;
    clock.lap("link");
    Ok(Report {
        stages: clock.laps,
        functions: linked.functions,
        folded: linked.folded,
        uses_simd: facts.module.uses.contains(Uses::VECTORS),
        target: target.triple.to_string(),
        sections: linked.sections,
        size: linked.size,
        warnings,
        text: module_text,
    })
}

fn environment<'a>(
    parsed: &'a Parsed<'a>,
    plan: &'a Plan<'a>,
    target: &Target,
    options: &Options,
) -> Env<'a> {
    Env {
        parsed,
        plan,
        frontend: target.isa.frontend_config(),
        br_table_chain: options.enabled(Optimisation::BrTableChain),
        precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
        debug: match (options.debug_info, options.opt_level) {
            (false, _) => Debug::Off,
            (true, OptLevel::None) => Debug::Slots,
            (true, OptLevel::Speed) => Debug::Values,
        },
        debug_uses: BTreeMap::new(),
    }
}

struct Clock {
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn new() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    fn lap(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.laps.push((stage, now - self.last));
        self.last = now;
    }
}

fn describe(plan: &Plan<'_>, parsed: &Parsed<'_>) -> precast_artifact::module::Module {
    let mut module = plan.describe(parsed);
    module.funcrefs = plan
        .funcrefs
        .iter()
        .map(|function| precast_artifact::module::Funcref {
            function: FuncIndex::new(*function),
            ty: CanonicalTypeIndex::new(parsed.functions[*function as usize]),
            code: CodeOffset::START,
        })
        .collect();
    module
}

/// Entries of private tables: functions by symbol, imported ones through
/// their forwarding stub.
fn private_entries(
    plan: &Plan<'_>,
    parsed: &Parsed<'_>,
    stubs: &[Stub],
) -> Vec<(u32, Vec<link::PrivateEntry>)> {
    use crate::function::Symbol;
    let entry = |function: &Option<u32>| match *function {
        None => link::PrivateEntry { ty: 0, code: None },
        Some(function) => {
            let symbol = match function < parsed.imported_functions {
                true => {
                    let kind = StubKind::Import(function);
                    let stub = stubs.iter().position(|stub| stub.kind == kind);
                    Symbol::Stub(stub.expect("every forwarded import has a stub") as u32)
                }
                false => Symbol::Function(function),
            };
            let ty = parsed.functions[function as usize] + 1;
            link::PrivateEntry { ty, code: Some(symbol) }
        }
    };
    let tables = plan.private_tables.iter();
    tables
        .map(|table| {
            // The null entry that indices out of bounds are turned into.
            let entries = table.entries.iter().chain([&None]);
            (table.table, entries.map(entry).collect())
        })
        .collect()
}
