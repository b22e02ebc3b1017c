//! The component in `.precast.component`, and its text in `.precast.wit`:
//! everything the loader must know to instantiate and call a component without
//! a parser. An artifact of a core module has neither.
//!
//! A component is flat here. Whatever components it is made of, it has one list
//! of [steps](Step) that make its core instances and connect them; the core
//! modules and the adapters between components are the
//! [modules](crate::module::Description::modules) of the artifact, whose own
//! list of instances is empty. Adapters are ordinary modules.
//!
//! [`ComponentDescription::encode`] and [`ComponentDescription::decode`] are the format, behind a
//! version of its own; [`ComponentDescription::check`] proves every index, so that the
//! loader may use them without a check of its own.
//!
//! What core modules import comes from four places, see [`CoreItem`]: exports of
//! core instances made before, [trampolines](Trampoline), which are host
//! functions, and the flags of a component instance, which are a global.
//!
//! Sizes, alignments and flat types of values are those of the canonical ABI and
//! not stored.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | definitions | `types`, `version`, `description` | types of values, functions, instances; names with versions; the whole |
//! | format | `wire`, `codec` | encoding and decoding |
//! | proof | `check_types`, `check` | that a decoded component is consistent |

mod check;
mod check_types;
mod codec;
mod description;
#[cfg(test)]
mod tests;
mod types;
mod version;
mod wire;

pub use description::{
    AdaptedPreview1, CanonicalOptions, ComponentDescription, ComponentExport, ComponentImport,
    CoreItem, CoreRef, Leaf, NamedArgument, Step, StringEncoding, Trampoline, TrampolineKind,
    Transcode,
};
pub use types::{
    Case, ComponentFuncType, ComponentTypes, ComponentVal, CompositeVal, CoreModuleType, CoreType,
    Field, InstanceType, ItemType, NamedCoreImport, NamedCoreType, NamedItem, ResourceTableType,
};
pub use version::{Version, VersionedName};

/// Name of the section, as errors show it.
pub const SECTION: &str = ".precast.component";
/// Name of the section that holds the component's interface as WIT text, for
/// people. Not loaded.
pub const WIT_SECTION: &str = ".precast.wit";
/// Version of the section's format, its first four bytes.
pub const VERSION: u32 = 2;
/// Deepest nesting of value types.
pub const MAX_TYPE_DEPTH: u32 = 100;
