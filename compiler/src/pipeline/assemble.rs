//! What goes into an artifact, put together.

use crate::code::{Code, ModuleParts, PrivateEntry, PrivateTable, Text};
use crate::emit::Header;
use crate::error::Result;
use crate::features::Features;
use crate::function::Symbol;
use crate::names::FunctionList;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::{Body, Parsed};
use crate::place::{self, Arrangement, Placed};
use crate::plan::Plan;
use crate::stub::{Stub, StubKind};
use crate::target::Target;
use precast_artifact::index::{FuncIndex, ListedFuncIndex, ModuleIndex, StubIndex, WasmOffset};

/// The code of modules and what belongs to each.
pub(super) fn assemble<'a, 'p>(
    modules: impl IntoIterator<Item = (&'p Parsed<'a>, Plan<'a>)>,
    texts: Vec<Text>,
) -> Code<'a>
where
    'a: 'p,
{
    let (mut list, mut parts) = (FunctionList::default(), Vec::new());
    for (index, (parsed, plan)) in ModuleIndex::enumerate(modules) {
        let imported = parsed.imported_functions;
        list.push(imported, &parsed.names[imported as usize..]);
        let body = |body: &Body<'_>| WasmOffset::new(body.body.range().start as u32);
        parts.push(ModuleParts {
            description: plan.describe(parsed),
            bodies: parsed.bodies.iter().map(body).collect(),
            private_tables: private_tables(index, &plan, parsed, &texts[0].stubs),
            context: plan.template,
            relocs: plan.relocs,
            memory: plan.memory,
            data: plan.data,
        });
    }
    Code { list, texts, modules: parts }
}

/// Private tables: functions by symbol, imported ones through their forwarding
/// stub.
fn private_tables(
    module: ModuleIndex,
    plan: &Plan<'_>,
    parsed: &Parsed<'_>,
    stubs: &[Stub],
) -> Vec<PrivateTable> {
    let symbol = |function: FuncIndex| match function.defined(parsed.imported_functions) {
        None => {
            let kind = StubKind::Import(function);
            let stub = stubs.iter().position(|stub| stub.module == module && stub.kind == kind);
            let stub = stub.expect("every forwarded import has a stub");
            Symbol::Stub(StubIndex::from_index(stub))
        }
        Some(_) => Symbol::Function(module, function),
    };
    let entry = |function: &Option<FuncIndex>| {
        function.map(|function| PrivateEntry {
            ty: parsed.functions[function.index()],
            code: symbol(function),
        })
    };
    let table = |contents: &crate::plan::TableContents| PrivateTable {
        table: contents.table,
        // The null entry that indices out of bounds are turned into.
        entries: contents.entries.iter().chain([&None]).map(entry).collect(),
    };
    plan.private_tables.iter().map(table).collect()
}

/// Decides where everything lies, functions in this order if there is one, and what
/// it is called.
pub(super) fn place_code<'a>(
    code: Code<'a>,
    target: &Target,
    options: &Options,
    order: Option<&[ListedFuncIndex]>,
) -> Result<Placed<'a>> {
    let fold = options.enabled(Optimisation::FoldFunctions);
    let mut placed = place::place(code, target.link, Arrangement { fold, order })?;
    placed.names.keep_encoded(options.debug_info);
    Ok(placed)
}

/// What the artifact says of itself.
pub(super) fn note_fields(
    producers: Vec<String>,
    target: &Target,
    features: Features,
    options: &Options,
    source_hash: [u8; 32],
) -> Header {
    Header {
        target: target.triple.to_string(),
        wasm_features: features.names().map(str::to_owned).collect(),
        options: options.recorded(),
        source_hash,
        producers,
        component: None,
    }
}
