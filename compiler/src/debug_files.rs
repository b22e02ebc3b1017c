//! Files beside a module that hold its debug information. The compiler reads
//! none by itself: [`debug_files_named`](crate::debug_files_named) says which
//! there are, and who calls it finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The contents of files that hold debug information of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugFiles {
    /// What the module's `external_debug_info` section names: a WebAssembly
    /// module with DWARF sections.
    pub module: Option<Arc<[u8]>>,
    /// A package of split DWARF, `.dwp`.
    pub package: Option<Arc<[u8]>>,
    /// Split DWARF, `.dwo`, by [`DebugFileNames::objects`].
    pub objects: BTreeMap<String, Arc<[u8]>>,
}

/// Names of files that hold debug information of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugFileNames {
    /// A path or URL, relative to the module, of a WebAssembly module that has
    /// its DWARF.
    pub module: Option<String>,
    /// Paths of split DWARF, as they were where the module was made; they may
    /// also be in a package.
    pub objects: BTreeSet<String>,
}

impl DebugFiles {
    /// All contents, in order.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let module = self.module.iter().map(|bytes| ("module", &**bytes));
        let package = self.package.iter().map(|bytes| ("package", &**bytes));
        let objects = self.objects.iter().map(|(path, bytes)| (path.as_str(), &**bytes));
        module.chain(package).chain(objects)
    }
}
