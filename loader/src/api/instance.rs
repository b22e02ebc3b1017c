//! Instances, as the host uses them.

use crate::api::externs::{self, Extern};
use crate::api::typed::{TypedFunc, WasmValues};
use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::vm::handle::{Func, Global, Memory, StoreId, Table};
use precast_artifact::index::InstanceId;

/// An instance of an artifact. A handle: it can be copied, and is good as long
/// as its store lives.
///
/// # Panics
///
/// All methods panic when they are given another store than the instance's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    pub(crate) store: StoreId,
    pub(crate) index: InstanceId,
}

impl Instance {
    /// The export with this name.
    pub fn get_export(&self, store: &impl AsStore, name: &str) -> Option<Extern> {
        let core = store.as_store().core();
        core.assert_owns(self.store);
        externs::export(core, self.index, name)
    }

    /// The exported function with this name.
    pub fn get_func(&self, store: &impl AsStore, name: &str) -> Option<Func> {
        self.get_export(store, name)?.func()
    }

    /// The exported function with this name, with Rust types.
    ///
    /// # Errors
    ///
    /// There is none, or its type is another.
    pub fn get_typed_func<P: WasmValues, R: WasmValues>(
        &self,
        store: &impl AsStore,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let func = self
            .get_func(store, name)
            .ok_or_else(|| Error::usage(format!("the instance exports no function `{name}`")))?;
        func.typed(store).map_err(|error| match error {
            Error::Usage(why) => Error::usage(format!("export `{name}`: {why}")),
            other => other,
        })
    }

    /// The exported memory with this name.
    pub fn get_memory(&self, store: &impl AsStore, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.memory()
    }

    /// The exported table with this name.
    pub fn get_table(&self, store: &impl AsStore, name: &str) -> Option<Table> {
        self.get_export(store, name)?.table()
    }

    /// The exported global with this name.
    pub fn get_global(&self, store: &impl AsStore, name: &str) -> Option<Global> {
        self.get_export(store, name)?.global()
    }

    /// Every export, in order of declaration.
    pub fn exports<'a, S: AsStore>(
        &self,
        store: &'a S,
    ) -> impl ExactSizeIterator<Item = (&'a str, Extern)> + use<'a, S> {
        let core = store.as_store().core();
        core.assert_owns(self.store);
        let index = self.index;
        let (module, _) = core.instances[index.index()].module();
        module.exports.iter().map(move |e| (e.name.as_str(), externs::item(core, index, e.item)))
    }
}
