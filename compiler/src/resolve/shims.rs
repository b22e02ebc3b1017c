//! Where the items that core instances are given really come from: through shims,
//! whose functions jump through a table that another instance fills once.

use crate::parse::{Parsed, SegmentMode};
use precast_artifact::component::{ComponentDescription, CoreItem, CoreRef, Step};
use precast_artifact::index::{FuncIndex, InstanceIndex, TableIndex};
use precast_artifact::module::{ConstOp, ElementItems, EntityIndex, ImportKind};
use wasmparser::Operator;

/// The core instances of a component, in the order in which they are made.
pub(super) struct CoreInstances<'c, 'm> {
    made: Vec<Option<Made<'c, 'm>>>,
}

/// A core instance of a module of the component.
#[derive(Clone, Copy)]
pub(super) struct Made<'c, 'm> {
    pub module: &'c Parsed<'m>,
    /// One for each of the module's imports.
    pub arguments: &'c [CoreItem],
}

impl<'c, 'm> CoreInstances<'c, 'm> {
    pub(super) fn new(component: &'c ComponentDescription, modules: &'c [Parsed<'m>]) -> Self {
        let made = component.steps.iter().filter_map(|step| match step {
            Step::Instantiate { module, arguments, .. } => {
                Some(Some(Made { module: &modules[module.index()], arguments }))
            }
            Step::InstantiateImport { .. } => Some(None),
            _ => None,
        });
        Self { made: made.collect() }
    }

    /// Those that are made of modules of the component.
    pub(super) fn iter(&self) -> impl Iterator<Item = (InstanceIndex, Made<'c, 'm>)> {
        let made = self.made.iter().enumerate();
        made.filter_map(|(index, made)| Some((InstanceIndex::from_index(index), (*made)?)))
    }

    /// One of them.
    pub(super) fn get(&self, index: InstanceIndex) -> Option<Made<'c, 'm>> {
        self.made.get(index.index()).copied().flatten()
    }

    /// Where an item comes from that an instance is given: of a function of a
    /// shim, what it jumps to.
    pub(super) fn origin(&self, item: &'c CoreItem) -> &'c CoreItem {
        match function(item).and_then(|(shim, function)| self.behind(shim, function)) {
            Some(target) => target,
            None => item,
        }
    }

    /// What a function of a shim jumps to.
    fn behind(&self, shim: InstanceIndex, function: FuncIndex) -> Option<&'c CoreItem> {
        let slot = slot_of(self.get(shim)?.module, function)?;
        let table = TableIndex::new(0);
        let fills = |(_, made): &(InstanceIndex, Made<'c, 'm>)| {
            made.arguments.iter().any(|item| is_item(item, shim, EntityIndex::Table(table)))
        };
        let mut filling = self.iter().filter(fills);
        let (_, made) = filling.next()?;
        // A second one could put something else there.
        filling.next().is_none().then_some(())?;
        let target = filled(made.module, slot)?;
        made.arguments.get(imported_position(made.module, target)?)
    }
}

/// The instance and the function that an item is.
pub(super) fn function(item: &CoreItem) -> Option<(InstanceIndex, FuncIndex)> {
    match item {
        CoreItem::Export(CoreRef::Index { instance, item: EntityIndex::Function(function) }) => {
            Some((*instance, *function))
        }
        _ => None,
    }
}

/// Whether an item is this one.
pub(super) fn is_item(item: &CoreItem, of: InstanceIndex, is: EntityIndex) -> bool {
    matches!(item, CoreItem::Export(CoreRef::Index { instance, item }) if (*instance, *item) == (of, is))
}

/// The element of table 0 that a function of a shim jumps to. A shim has nothing
/// but such functions, so that only those who are given its table can change it.
fn slot_of(shim: &Parsed<'_>, function: FuncIndex) -> Option<u32> {
    let plain = shim.imports.is_empty() && shim.tables.len() == 1 && shim.elements.is_empty();
    let all = 0..shim.bodies.len();
    let whole = plain && all.into_iter().all(|it| jump(shim, FuncIndex::from_index(it)).is_some());
    jump(shim, function).filter(|_| whole)
}

/// The element of table 0 that a function jumps to with its parameters, if that
/// is all that it does.
fn jump(shim: &Parsed<'_>, function: FuncIndex) -> Option<u32> {
    let body = shim.bodies.get(function.index())?;
    let mut operators = body.body.get_operators_reader().ok()?.into_iter();
    for parameter in 0..shim.function_type(function).params.len() {
        let read = operators.next()?.ok()?;
        let is_it =
            matches!(read, Operator::LocalGet { local_index } if local_index as usize == parameter);
        is_it.then_some(())?;
    }
    let Operator::I32Const { value } = operators.next()?.ok()? else { return None };
    let Operator::CallIndirect { table_index: 0, .. } = operators.next()?.ok()? else {
        return None;
    };
    matches!(operators.next()?.ok()?, Operator::End).then_some(value.cast_unsigned())
}

/// The function that a module puts into an element of the table that it imports,
/// if that is all that it does.
fn filled(module: &Parsed<'_>, slot: u32) -> Option<FuncIndex> {
    let [segment] = &*module.elements else { return None };
    let SegmentMode::Active(table, offset) = &segment.mode else { return None };
    let ([ConstOp::Bits32(start)], ElementItems::Functions(functions)) =
        (&*offset.ops, &segment.items)
    else {
        return None;
    };
    let only = table.get() == 0 && module.tables.len() == 1 && module.bodies.is_empty();
    functions.get(slot.checked_sub(*start)? as usize).copied().filter(|_| only)
}

/// The import that a function is.
fn imported_position(module: &Parsed<'_>, function: FuncIndex) -> Option<usize> {
    let is_function = |kind| matches!(kind, ImportKind::Function(_));
    let mut functions = module.imports.iter().enumerate().filter(|(_, it)| is_function(it.kind));
    functions.nth(function.index()).map(|(position, _)| position)
}
