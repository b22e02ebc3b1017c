//! Where everything lies that others refer to: code in `.text`, private tables
//! and context templates, memory contents in pages.
//!
//! It is decided once. Debug information and [`emit`](crate::emit) take what is
//! placed. Placing is serial and depends on nothing but its input, so equal
//! inputs give equal places.
//!
//! | rank | modules |
//! |-|-|
//! | words | `error`, `placement`, `machine` |
//! | what is found and placed | `fold`, `variants`, `veneers`, `memory`, `tables`, `text` |

mod error;
mod fold;
mod machine;
mod memory;
mod placement;
mod tables;
mod text;
mod variants;
mod veneers;

use crate::code::{Code, ModuleParts, PrivateTable, Text};
use crate::function::{CompiledFunction, Shortened, Symbol};
use crate::names::Names;
use crate::target::LinkTarget;
pub(crate) use error::LinkError;
pub(crate) use fold::{Digest, callees, digest};
pub(crate) use machine::Machine;
pub(crate) use memory::MemoryPages;
pub(crate) use placement::Placement;
use precast_artifact::index::{ListedFuncIndex, WasmOffset};
use precast_artifact::module::Module;
use precast_artifact::reloc::Reloc;
pub(crate) use tables::TableLayout;
pub(crate) use text::{MAX_DISTANCE, PlacedBlock, TextLayout};
pub(crate) use veneers::{Island, reaches, veneer_may_replace};

/// Code and what belongs to it, all in its place.
pub(crate) struct Placed<'a> {
    pub target: LinkTarget,
    pub machine: Machine,
    /// What functions, stubs and tables are called.
    pub names: Names<'a>,
    /// The layout of every text.
    pub layout: TextLayout,
    /// The code, for one CPU after the other; `None` for functions that were
    /// removed or share the code of another.
    pub texts: Vec<Text>,
    /// What stands for the code of each function before it is patched.
    pub digests: Vec<Option<Digest>>,
    /// The layout of private tables and context templates.
    pub tables: TableLayout,
    pub modules: Vec<PlacedModule<'a>>,
    /// Number of functions, folded ones included.
    pub functions: usize,
    /// Number of functions that share the code of another.
    pub folded: usize,
    /// Number of functions that begin where it suits their loops.
    pub aligned: usize,
    /// What takes fewer bytes than the code generator gave it.
    pub shortened: ShortenedInAll,
}

/// How many instructions of a text take fewer bytes, as
/// [`Shortened`] has it for each function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShortenedInAll {
    pub branches: u64,
    pub frame_accesses: u64,
    pub encodings: u64,
}

/// What belongs to one module besides code: as [`ModuleParts`] has it.
pub(crate) struct PlacedModule<'a> {
    pub description: Module,
    pub bodies: Vec<WasmOffset>,
    pub private_tables: Vec<PrivateTable>,
    pub context: Vec<u8>,
    pub relocs: Vec<Reloc>,
    /// Initial contents of memories, in pages of the target.
    pub memory: Vec<MemoryPages>,
    pub data: Vec<&'a [u8]>,
}

/// How functions are to be placed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrangement<'o> {
    /// Whether identical functions share their code.
    pub fold: bool,
    /// Each function once, in the order in which they shall lie; that of the list
    /// if there is none.
    pub order: Option<&'o [ListedFuncIndex]>,
}

/// Places code and what belongs to it.
pub(crate) fn place<'a>(
    code: Code<'a>,
    target: LinkTarget,
    arrangement: Arrangement<'_>,
) -> Result<Placed<'a>, LinkError> {
    let machine = Machine::new(target.machine)?;
    place_with_reach(code, target, arrangement, machine.call_reach())
}

/// As [`place`], where calls reach less than `reach` bytes.
pub(crate) fn place_with_reach<'a>(
    code: Code<'a>,
    target: LinkTarget,
    arrangement: Arrangement<'_>,
    reach: Option<u64>,
) -> Result<Placed<'a>, LinkError> {
    let machine = Machine::new(target.machine)?;
    let Code { list, mut texts, modules } = code;
    variants::equalise(&mut texts, machine.padding());
    let [baseline, variants @ ..] = &texts[..] else { unreachable!("code for no CPU") };
    let mut digests = fold::digests(&baseline.functions);
    variants::distinguish(&mut digests, variants);
    let classes = match arrangement.fold {
        true => fold::classes(&list, &baseline.functions, &digests),
        false => fold::unfolded(baseline.functions.len()),
    };
    let layout = match arrangement.order {
        Some(order) => {
            let order = text::with_free_start(order, baseline, &classes);
            TextLayout::new(&list, baseline, (&classes, order.into_iter()), reach)?
        }
        None => {
            let all = ListedFuncIndex::first(classes.len() as u32);
            TextLayout::new(&list, baseline, (&classes, all), reach)?
        }
    };
    let functions = baseline.functions.iter().flatten().count();
    texts.iter_mut().for_each(|text| drop_folded(&mut text.functions, &classes));
    let folded = functions - texts[0].functions.iter().flatten().count();
    let aligned = texts[0].functions.iter().flatten().filter(|f| f.starts != 0).count();
    let shortened = shortened(&texts[0]);
    let stubs = texts[0].stubs.iter().map(|stub| (stub.module, stub.kind)).collect();
    Ok(Placed {
        target,
        machine,
        names: Names::new(list, stubs),
        layout,
        digests,
        tables: TableLayout::new(&modules),
        modules: modules.into_iter().map(|parts| place_module(parts, target.page_size)).collect(),
        texts,
        functions,
        folded,
        aligned,
        shortened,
    })
}

fn place_module(parts: ModuleParts<'_>, page_size: u64) -> PlacedModule<'_> {
    let ModuleParts { description, bodies, private_tables, context, relocs, memory, data } = parts;
    let memory = memory::pages(&memory, page_size);
    PlacedModule { description, bodies, private_tables, context, relocs, memory, data }
}

/// How many instructions take fewer bytes.
fn shortened(text: &Text) -> ShortenedInAll {
    let stubs = text.stubs.iter().map(|stub| &stub.function);
    let all = text.functions.iter().flatten().chain(stubs);
    let mut sum = ShortenedInAll::default();
    for Shortened { branches, frame_accesses, encodings } in all.map(|f| f.shortened) {
        sum.branches += u64::from(branches);
        sum.frame_accesses += u64::from(frame_accesses);
        sum.encodings += u64::from(encodings);
    }
    sum
}

/// Frees the code of folded functions.
fn drop_folded(functions: &mut [Option<CompiledFunction>], classes: &[ListedFuncIndex]) {
    for (index, (function, class)) in ListedFuncIndex::enumerate(functions.iter_mut().zip(classes))
    {
        if *class != index {
            *function = None;
        }
    }
}

impl Placed<'_> {
    /// Every piece of the baseline's code with its place, in order of address.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = PlacedBlock<'_>> + Clone {
        self.blocks_of(&self.texts[0])
    }

    /// Every piece of a text with its place, in order of address.
    pub(crate) fn blocks_of<'t>(
        &'t self,
        text: &'t Text,
    ) -> impl Iterator<Item = PlacedBlock<'t>> + Clone {
        self.layout.blocks(&text.functions, &text.stubs)
    }

    /// The place of code.
    pub(crate) fn find(&self, symbol: Symbol) -> Option<Placement> {
        self.layout.find(self.names.functions(), symbol)
    }
}
