//! Which functions there are, and what functions, stubs and private tables are
//! called in the symbol table and in errors.

use crate::function::Symbol;
use crate::stub::StubKind;
use precast_artifact::index::{DefinedFuncIndex, FuncIndex, ListedFuncIndex, ModuleIndex};
use std::borrow::Cow;
use std::ops::Range;

/// The defined functions of all modules: module after module, in order of
/// index.
#[derive(Clone, Default)]
pub(crate) struct FunctionList<'a> {
    modules: Vec<ModuleFunctions>,
    /// Name of each function; empty where unknown.
    names: Vec<&'a str>,
}

/// The functions of one module.
#[derive(Clone)]
struct ModuleFunctions {
    /// Number of imported functions, which come before the defined ones.
    imported: u32,
    /// Position of the first in the list.
    start: usize,
}

impl<'a> FunctionList<'a> {
    /// Appends a module that imports so many functions; `names` has one for each
    /// function that it defines, empty where unknown.
    pub(crate) fn push(&mut self, imported: u32, names: &[&'a str]) {
        self.modules.push(ModuleFunctions { imported, start: self.names.len() });
        self.names.extend_from_slice(names);
    }

    /// Where the list has a function.
    pub(crate) fn position(
        &self,
        module: ModuleIndex,
        function: FuncIndex,
    ) -> Option<ListedFuncIndex> {
        let functions = self.modules.get(module.index())?;
        let position = functions.start + function.defined(functions.imported)?.index();
        self.of(module).contains(&position).then(|| ListedFuncIndex::from_index(position))
    }

    /// The name of a function; empty where unknown.
    pub(crate) fn name(&self, function: ListedFuncIndex) -> &'a str {
        self.names[function.index()]
    }

    /// A function, as its module has it.
    pub(crate) fn symbol(&self, function: ListedFuncIndex) -> Symbol {
        let position = function.index();
        let after = self.modules.partition_point(|module| module.start <= position);
        let module = after - 1;
        let ModuleFunctions { imported, start } = self.modules[module];
        let function = DefinedFuncIndex::from_index(position - start).in_module(imported);
        Symbol::Function(ModuleIndex::from_index(module), function)
    }

    /// Positions of a module's functions.
    pub(crate) fn of(&self, module: ModuleIndex) -> Range<usize> {
        let end = self.modules.get(module.index() + 1).map_or(self.names.len(), |next| next.start);
        self.modules[module.index()].start..end
    }

    /// Number of functions that a module imports.
    pub(crate) fn imported(&self, module: ModuleIndex) -> u32 {
        self.modules[module.index()].imported
    }

    /// The modules.
    pub(crate) fn modules(&self) -> impl Iterator<Item = ModuleIndex> + use<> {
        (0..self.modules.len()).map(ModuleIndex::from_index)
    }
}

/// The names of everything that is linked.
pub(crate) struct Names<'a> {
    functions: FunctionList<'a>,
    stubs: Vec<(ModuleIndex, StubKind)>,
    /// Whether names stay as the module has them: debuggers decode them, and
    /// know functions by what they decode.
    encoded: bool,
    /// What comes before the names of each module's functions; none of a single
    /// module.
    labels: Vec<String>,
}

impl<'a> Names<'a> {
    /// The names of these functions and stubs.
    pub(crate) fn new(functions: FunctionList<'a>, stubs: Vec<(ModuleIndex, StubKind)>) -> Self {
        Self { functions, stubs, encoded: false, labels: Vec::new() }
    }

    /// Keeps names as the module has them, or not.
    pub(crate) fn keep_encoded(&mut self, encoded: bool) {
        self.encoded = encoded;
    }

    /// Has names of functions begin with what their module is called, unless they
    /// stay encoded.
    pub(crate) fn label(&mut self, labels: Vec<String>) {
        self.labels = labels;
    }

    /// The functions.
    pub(crate) fn functions(&self) -> &FunctionList<'a> {
        &self.functions
    }

    /// The stubs.
    pub(crate) fn stubs(&self) -> &[(ModuleIndex, StubKind)] {
        &self.stubs
    }

    /// The name of a symbol, a Rust function's as it is written. What has none is
    /// called by its number, after the first module by that of the module too.
    pub(crate) fn get(&self, symbol: Symbol) -> Cow<'a, str> {
        match symbol {
            Symbol::Function(module, index) if !self.encoded && !self.labels.is_empty() => {
                let label = &self.labels[module.index()];
                format!("{label}/{}", self.function(ModuleIndex::new(0), module, index)).into()
            }
            Symbol::Function(module, index) => self.function(module, module, index),
            Symbol::Stub(index) => {
                let (module, kind) = self.stubs[index.index()];
                let (name, number) = match kind {
                    StubKind::Entry(ty) => ("entry", ty.get()),
                    StubKind::Host(ty) => ("host", ty.get()),
                    StubKind::Import(function) => ("import", function.get()),
                };
                format!("precast_{name}_stub[{}]", numbers(module, number)).into()
            }
            Symbol::PrivateTable(module, index) => {
                format!("precast_table[{}]", numbers(module, index.get())).into()
            }
            Symbol::Local(offset) => format!("{offset:#x}").into(),
        }
    }

    /// The name of a function. One without is called by its number, after the
    /// number `shown` of its module.
    fn function(&self, shown: ModuleIndex, module: ModuleIndex, index: FuncIndex) -> Cow<'a, str> {
        let position = self.functions.position(module, index);
        match position.map(|position| self.functions.name(position)) {
            Some(name) if !name.is_empty() && self.encoded => name.into(),
            Some(name) if !name.is_empty() => demangled(name),
            _ => format!("wasm[{}]", numbers(shown, index.get())).into(),
        }
    }
}

/// A Rust name without its encoding and hash; others as they are. Those of C++
/// are decoded by the linker that writes the name section.
fn demangled(name: &str) -> Cow<'_, str> {
    // The encoding of C++ begins in the same way, but has no hash.
    let legacy = name.starts_with("_ZN") && name.contains("17h");
    match rustc_demangle::try_demangle(name) {
        Ok(rust) if legacy || name.starts_with("_R") => format!("{rust:#}").into(),
        _ => name.into(),
    }
}

fn numbers(module: ModuleIndex, number: u32) -> String {
    match module.get() {
        0 => number.to_string(),
        module => format!("{module}:{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::index::StubIndex;

    #[test]
    fn functions_of_several_modules() {
        let mut list = FunctionList::default();
        list.push(2, &["a", ""]);
        list.push(0, &[]);
        list.push(1, &["c"]);
        let function = |module, function| (ModuleIndex::new(module), FuncIndex::new(function));
        let found: Vec<_> = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (2, 0), (2, 1), (2, 2)]
            .map(|(m, f)| function(m, f))
            .map(|(m, f)| list.position(m, f))
            .into();
        let found: Vec<_> =
            found.into_iter().map(|found| found.map(ListedFuncIndex::get)).collect();
        assert_eq!(found, [None, Some(0), Some(1), None, None, None, Some(2), None]);
        for position in ListedFuncIndex::first(3) {
            let Symbol::Function(module, function) = list.symbol(position) else { panic!() };
            assert_eq!(list.position(module, function), Some(position));
        }
        assert_eq!(
            list.modules().map(|module| list.of(module)).collect::<Vec<_>>(),
            [0..2, 2..2, 2..3]
        );
        let names =
            Names::new(list, vec![(ModuleIndex::new(2), StubKind::Import(FuncIndex::new(0)))]);
        let name = |(module, index)| names.get(Symbol::Function(module, index));
        assert_eq!(name(function(0, 2)), "a");
        assert_eq!(name(function(0, 3)), "wasm[3]");
        assert_eq!(name(function(2, 0)), "wasm[2:0]");
        assert_eq!(names.get(Symbol::Stub(StubIndex::new(0))), "precast_import_stub[2:0]");
        let mut names = names;
        names.label(["one", "two", "outer/three"].map(str::to_owned).into());
        let name = |(module, index)| names.get(Symbol::Function(module, index));
        assert_eq!(name(function(0, 2)), "one/a");
        assert_eq!(name(function(2, 0)), "outer/three/wasm[0]");
    }

    #[test]
    fn rust_names_are_decoded_and_others_kept() {
        for (name, shown) in [
            ("_ZN4core9panicking9panic_fmt17h0123456789abcdefE", "core::panicking::panic_fmt"),
            ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
            ("_ZN3foo3barEv", "_ZN3foo3barEv"),
            ("std::vector<int>::size() const", "std::vector<int>::size() const"),
            ("main", "main"),
        ] {
            assert_eq!(demangled(name), shown);
        }
    }
}
