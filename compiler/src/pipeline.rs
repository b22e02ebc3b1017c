//! The stages in order, and the only place that knows of threads.
//!
//! Workers take the largest functions first and return plain values; the
//! serial link that follows places them in index order, so the bytes do not
//! depend on the number of threads.

#[cfg(test)]
mod damaged_dwarf;

use crate::c_header;
use crate::codegen;
use crate::debug;
use crate::error::{Error, Result};
use crate::function::{CompiledFunction, Wanted};
use crate::link::{self, Header, LinkInput, LinkSummary, Stub, StubKind, Variant};
use crate::options::{OptLevel, Options};
use crate::parse::{self, Parsed};
use crate::plan::{Plan, duplicates};
use crate::survey::{self, Summary};
use crate::target::Target;
use crate::translate::{self, Debug, Env, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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
    let threads = options.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|why| Error::Option(format!("cannot start {threads} threads: {why}")))?;

    let (parsed, source_hash) = pool
        .install(|| rayon::join(|| parse::parse(wasm, features), || Sha256::digest(wasm).into()));
    let parsed = parsed.map_err(|error| target.explain(error))?;
    clock.lap("parse");
    let summary = survey_all(&pool, &parsed).map_err(|error| target.explain(error))?;
    clock.lap("survey");
    let plan = Plan::new(&parsed, &summary, options, target.link.page_size)?;
    clock.lap("plan");
    let mut env = environment(&parsed, &plan, &target, options);
    let source = debug_source(&parsed, (wasm, options));
    let units = source.as_ref().filter(|source| !source.is_empty()).map(debug::read);
    if let Some(units) = &units {
        env.wanted = wanted(&pool, &parsed, units)?;
        clock.lap("find values");
    }
    let same = duplicates::find(&parsed, options);
    let functions = compile_functions(&pool, &env, &target, &same, observer)?;
    let stubs = compile_stubs(&env, &summary, &target)?;
    let variant = |target: Target| -> Result<Variant> {
        let functions = compile_functions(&pool, &env, &target, &same, observer)?;
        let stubs = compile_stubs(&env, &summary, &target)?;
        Ok(Variant { cpu_features: target.cpu_features, functions, stubs })
    };
    let variants = more.into_iter().map(variant).collect::<Result<_>>()?;
    clock.lap("compile");
    let (mut warnings, mut module_text) = (Vec::new(), None);
    let debug = match &source {
        Some(source) => {
            let convert = Convert {
                pool: &pool,
                env: &env,
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
        None => Vec::new(),
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
        fold: options.enabled("fold-functions"),
        debug,
        own_base: options.debug_info,
    };
    let linked = link(input)?;
    clock.lap("link");
    Ok(Report {
        stages: clock.laps,
        functions: linked.functions,
        folded: linked.folded,
        uses_simd: summary.uses_simd,
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
        br_table_chain: options.enabled("br-table-chain"),
        precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
        debug: match (options.debug_info, options.opt_level) {
            (false, _) => Debug::Off,
            (true, OptLevel::None) => Debug::Slots,
            (true, OptLevel::Speed) => Debug::Values,
        },
        wanted: BTreeMap::new(),
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

/// Runs `worker` on every thread; each draws indices below `count` until none
/// is left. Gives all their results, or the error of the lowest index.
fn draw<S, T: Send>(
    pool: &rayon::ThreadPool,
    count: usize,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<T> + Sync,
) -> Result<Vec<(usize, T)>> {
    let next = AtomicUsize::new(0);
    let first_error: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let results: Vec<Vec<(usize, T)>> = pool.broadcast(|_| {
        let mut scratch = start();
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            match work(&mut scratch, index) {
                Ok(value) => done.push((index, value)),
                Err(error) => {
                    let mut first = first_error.lock().expect("no worker panics with the lock");
                    if first.as_ref().is_none_or(|(known, _)| index < *known) {
                        *first = Some((index, error));
                    }
                }
            }
        }
    });
    match first_error.into_inner().expect("no worker panics with the lock") {
        Some((_, error)) => Err(error),
        None => Ok(results.into_iter().flatten().collect()),
    }
}

/// Bodies per draw of the survey: enough to make drawing free.
const SURVEY_BATCH: usize = 64;

fn survey_all(pool: &rayon::ThreadPool, parsed: &Parsed<'_>) -> Result<Summary> {
    let batches: Vec<_> = parsed.bodies.chunks(SURVEY_BATCH).collect();
    let summaries = draw(pool, batches.len(), Default::default, |allocations, batch| {
        let mut summary = Summary::default();
        for body in batches[batch] {
            survey::survey(parsed, body, allocations, &mut summary)?;
        }
        Ok(summary)
    })?;
    Ok(summaries.into_iter().map(|(_, summary)| summary).fold(Summary::default(), Summary::merge))
}

/// What a worker keeps from function to function.
struct Scratch {
    context: Context,
    builder: FunctionBuilderContext,
}

impl Scratch {
    fn new() -> Self {
        Self { context: Context::new(), builder: FunctionBuilderContext::new() }
    }
}

/// Bodies larger than this leave so much memory behind in a worker's scratch
/// that it is worth making anew.
const LARGE_BODY: u64 = 256 << 10;

fn compile_functions(
    pool: &rayon::ThreadPool,
    env: &Env<'_>,
    target: &Target,
    same: &[usize],
    observer: &dyn Observer,
) -> Result<Vec<Option<CompiledFunction>>> {
    let bodies = &env.parsed.bodies;
    let size = |index: usize| {
        let range = bodies[index].body.range();
        range.end - range.start
    };
    // The largest first: one of them started last would be waited for.
    let mut order: Vec<usize> = (0..bodies.len()).filter(|i| same[*i] == *i).collect();
    order.sort_by_key(|index| std::cmp::Reverse(size(*index)));
    let done = AtomicUsize::new(0);
    let compiled = draw(pool, order.len(), Scratch::new, |scratch, position| {
        let body = &bodies[order[position]];
        scratch.context.clear();
        let recorded =
            translate::translate(env, body, &mut scratch.context.func, &mut scratch.builder)?;
        let recorded = (env.debug != Debug::Off).then_some(recorded);
        let index = body.validator.index;
        let function = codegen::generate(&mut scratch.context, &*target.isa, recorded)
            .map_err(|error| error.in_function(index, env.parsed.name_of(index)))?;
        if size(order[position]) > LARGE_BODY {
            *scratch = Scratch::new();
        }
        observer.functions(done.fetch_add(1, Ordering::Relaxed) + 1, order.len());
        Ok(function)
    })?;
    let mut functions: Vec<Option<CompiledFunction>> = vec![None; bodies.len()];
    for (position, function) in compiled {
        functions[order[position]] = Some(function);
    }
    // The first of equal bodies comes before its copies.
    for (index, first) in same.iter().enumerate() {
        if index != *first {
            functions[index] = functions[*first].clone();
        }
    }
    Ok(functions)
}

fn compile_stubs(env: &Env<'_>, summary: &Summary, target: &Target) -> Result<Vec<Stub>> {
    let types = &env.parsed.types;
    let mut scratch = Scratch::new();
    let mut stubs = Vec::new();
    let mut make = |kind, build: &dyn Fn(&mut Scratch)| -> Result<()> {
        scratch.context.clear();
        build(&mut scratch);
        let function = codegen::generate(&mut scratch.context, &*target.isa, None)?;
        stubs.push(Stub { kind, function });
        Ok(())
    };
    for ty in env.plan.entry_types(env.parsed) {
        make(StubKind::Entry(ty), &|s| {
            stubs::entry_stub(types.get(ty), &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    for ty in env.plan.host_types(env.parsed, summary) {
        make(StubKind::Host(ty), &|s| {
            stubs::host_stub(types.get(ty), &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    for function in env.plan.forwarded_imports(env.parsed) {
        let ty = env.parsed.function_type(function);
        let slot = env.plan.layout.import(function);
        make(StubKind::Import(function), &|s| {
            stubs::import_stub(ty, slot, &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    Ok(stubs)
}

/// The DWARF of a module, with what is beside it.
fn debug_source<'a>(
    parsed: &'a Parsed<'a>,
    (wasm, options): (&'a [u8], &'a Options),
) -> Option<debug::Source<'a>> {
    let own = options.debug_info.then(|| debug::Source::new(&parsed.debug_sections));
    own.map(|own| own.with_files(wasm, &options.debug_files))
}

/// The values that debug information asks for, by function.
fn wanted(
    pool: &rayon::ThreadPool,
    parsed: &Parsed<'_>,
    units: &debug::Units<'_>,
) -> Result<BTreeMap<u32, Wanted>> {
    let found = draw(pool, units.len(), || (), |(), unit| Ok(debug::wanted(units, unit, parsed)))?;
    let mut all: BTreeMap<u32, Wanted> = BTreeMap::new();
    for (function, mut wanted) in found.into_iter().flat_map(|(_, wanted)| wanted) {
        let all = all.entry(function).or_default();
        all.locals.append(&mut wanted.locals);
        all.operands.append(&mut wanted.operands);
    }
    all.values_mut().for_each(Wanted::settle);
    Ok(all)
}

/// What converting debug information needs.
struct Convert<'c, 'a> {
    pool: &'c rayon::ThreadPool,
    env: &'c Env<'a>,
    code: (&'c [Option<CompiledFunction>], &'c [Stub]),
    target: &'c Target,
    options: &'c Options,
    relocatable: bool,
}

impl Convert<'_, '_> {
    /// Converts all units.
    fn units<'u>(&'u self, units: debug::Units<'u>) -> Result<debug::Sections> {
        let Env { parsed, plan, .. } = self.env;
        let (functions, stubs) = self.code;
        let imported = parsed.imported_functions;
        let places = link::code_places(&self.target.link, imported, functions, stubs)?;
        let form = debug::Form {
            frame_pointer: codegen::frame_pointer(&*self.target.isa),
            remap: &self.options.remap_path_prefix,
            relocatable: self.relocatable,
        };
        let count = units.len();
        let module = debug::Module::new(units, parsed, plan, functions, &places, form);
        let mut units = draw(self.pool, count, || (), |(), unit| Ok(module.unit(unit)))?;
        units.sort_by_key(|(unit, _)| *unit);
        Ok(module.finish(units.into_iter().map(|(_, unit)| unit).collect()))
    }

    /// Describes a module without debug information by its text. `source` says
    /// why there is none.
    fn text(
        &self,
        wasm: &[u8],
        source: &debug::Source<'_>,
    ) -> Result<(debug::Sections, Option<String>)> {
        let mut warnings = source.warnings().to_vec();
        let Some(described) = debug::describe_text(wasm, self.env.parsed, self.options) else {
            warnings.push("the module is too large for a text to debug".to_owned());
            return Ok((debug::Sections { warnings, ..Default::default() }, None));
        };
        let made = debug::Source::new(&described.sections);
        let mut sections = self.units(debug::read(&made))?;
        sections.warnings.splice(0..0, warnings);
        Ok((sections, Some(described.text)))
    }
}

fn describe(plan: &Plan<'_>, parsed: &Parsed<'_>) -> precast_artifact::module::Module {
    let mut module = plan.describe(parsed);
    module.funcrefs = plan
        .funcrefs
        .iter()
        .map(|function| precast_artifact::module::Funcref {
            function: *function,
            ty: parsed.functions[*function as usize],
            code: 0,
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

/// Whether a module compiled for the baseline would gain from `--cpu`: it
/// uses vectors, and the options ask for no more than the baseline.
pub fn gains_from_cpu(report: &Report, options: &Options) -> bool {
    report.uses_simd
        && options.opt_level == OptLevel::Speed
        && options.cpu == "baseline"
        && options.cpu_features.is_empty()
        && report.target.starts_with("x86_64")
}

/// Everything besides the module that the bytes of an artifact depend on: for
/// keys of caches.
///
/// # Errors
///
/// When an option is wrong.
pub fn fingerprint(options: &Options) -> Result<Vec<String>> {
    options.check()?;
    let targets = Target::all(options)?;
    let versions = precast_artifact::abi::Versions::CURRENT;
    let mut parts = vec![format!("{versions:?}"), env!("CARGO_PKG_VERSION").to_owned()];
    parts.push(targets[0].triple.to_string());
    for target in targets {
        parts.push("--cpu".to_owned());
        parts.extend(target.cpu_features);
    }
    parts.extend(options.features.names().map(str::to_owned));
    parts.extend(options.recorded());
    for (name, contents) in options.debug_files.contents() {
        parts.push(name.to_owned());
        parts.push(Sha256::digest(contents).iter().map(|byte| format!("{byte:02x}")).collect());
    }
    Ok(parts)
}
