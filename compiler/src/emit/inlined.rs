//! The sections about inlined bodies, whose formats are those of
//! [`precast_artifact::debug::inlined`].

use crate::code::Text;
use crate::function::{CompiledFunction, Position};
use crate::place::Placed;
use precast_artifact::debug::inlined::{self, FunctionInlining, Inlined};
use precast_artifact::index::WasmOffset;
use precast_artifact::index::{CodeOffset, FuncIndex, InlinedIndex, ListedFuncIndex, ModuleIndex};
use std::collections::BTreeMap;

/// The bodies, and the names of the functions that they are of; both empty if
/// nothing was inlined.
pub(super) fn sections(placed: &Placed<'_>) -> (Vec<u8>, Vec<u8>) {
    let starts: Vec<WasmOffset> =
        placed.modules.iter().flat_map(|module| &module.bodies).copied().collect();
    let texts: Vec<Vec<FunctionInlining>> =
        placed.texts.iter().map(|text| functions(placed, text, &starts)).collect();
    if texts.iter().all(Vec::is_empty) {
        return Default::default();
    }
    let mut names: BTreeMap<(ModuleIndex, FuncIndex), &str> = BTreeMap::new();
    for text in &placed.texts {
        for body in text.functions.iter().flatten().flat_map(|function| &function.inlined) {
            let list = placed.names.functions();
            let position = list.position(body.module, body.function);
            let name = position.map_or("", |position| list.name(position));
            if !name.is_empty() {
                names.insert((body.module, body.function), name);
            }
        }
    }
    (inlined::encode(&texts), inlined::encode_names(names.into_iter()))
}

/// The functions of a text that have sites in inlined bodies, by start.
fn functions(placed: &Placed<'_>, text: &Text, starts: &[WasmOffset]) -> Vec<FunctionInlining> {
    let functions = text.functions.iter().zip(&placed.layout.functions);
    let functions = ListedFuncIndex::enumerate(functions);
    let mut all: Vec<FunctionInlining> = functions
        .filter_map(|(position, (function, place))| {
            let (function, start) = (function.as_ref()?, (*place)?.start);
            describe(placed, function, start, starts, position)
        })
        .collect();
    all.sort_by_key(|function| function.start);
    // Folded functions are in one place: the first one's bodies stand for all.
    all.dedup_by_key(|function| function.start);
    all
}

/// What was inlined into a function, as far as a site is in it.
fn describe(
    placed: &Placed<'_>,
    function: &CompiledFunction,
    start: CodeOffset,
    starts: &[WasmOffset],
    position: ListedFuncIndex,
) -> Option<FunctionInlining> {
    if function.inlined.is_empty() {
        return None;
    }
    let mut described = FunctionInlining { start, bodies: Vec::new(), changes: Vec::new() };
    // The numbers of the bodies that are described, by position in `inlined`.
    let mut numbers = BTreeMap::new();
    let mut last = None;
    for site in &function.sites {
        let body = body_at(function, site.position);
        let number = body.map(|body| {
            add(placed, function, body, starts, position, &mut numbers, &mut described.bodies)
        });
        if number != last {
            let code = start.get() + site.offset.get();
            described.changes.push((CodeOffset::new(code), number));
            last = number;
        }
    }
    (!described.changes.is_empty()).then_some(described)
}

/// Which inlined body a position is in.
fn body_at(function: &CompiledFunction, position: Position) -> Option<usize> {
    let after = function.inlined.partition_point(|body| body.start <= position);
    after.checked_sub(1)
}

/// Describes a body, after those around it. Gives its number.
fn add(
    placed: &Placed<'_>,
    function: &CompiledFunction,
    body: usize,
    starts: &[WasmOffset],
    position: ListedFuncIndex,
    numbers: &mut BTreeMap<usize, InlinedIndex>,
    bodies: &mut Vec<Inlined>,
) -> InlinedIndex {
    if let Some(number) = numbers.get(&body) {
        return *number;
    }
    let inlined = function.inlined[body];
    let around = body_at(function, inlined.call);
    let parent =
        around.map(|around| add(placed, function, around, starts, position, numbers, bodies));
    let caller = function.operator_at(inlined.call).expect("a call is an operator");
    let list = placed.names.functions();
    let caller_position = match caller.function {
        None => position,
        Some((module, index)) => list.position(module, index).expect("a function was inlined"),
    };
    let call = caller.offset.in_module(starts[caller_position.index()]);
    let call = call.expect("the size of a module fits in 32 bits");
    let number = InlinedIndex::from_index(bodies.len());
    bodies.push(Inlined { function: inlined.function, call, parent });
    numbers.insert(body, number);
    number
}
