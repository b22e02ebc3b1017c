//! The module description in `.precast.module`: everything the loader must
//! know of the core modules in an artifact, in the order in which they are
//! instantiated.
//!
//! [`Description::encode`] and [`Description::decode`] are the format; after
//! decoding, [`Description::check`] has proved every index, so that the loader
//! may use them without a check of its own.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | ranges | `range` | ranges of bytes |
//! | definitions | `entities`, `init`, `description` | what a module consists of, how it is initialised, and the whole |
//! | format | `codec_init`, `codec` | encoding and decoding |
//! | proof | `bounds`, `check_context`, `check_init`, `check` | that a decoded description is consistent |

mod bounds;
mod check;
mod check_context;
mod check_init;
mod codec;
mod codec_init;
mod description;
mod entities;
mod init;
mod range;

pub use bounds::Bounds;
pub(crate) use bounds::Check;
pub use description::{Description, InstancePlan, Link, Module, SECTION};
pub use entities::{
    EntityIndex, Export, ExportKind, Funcref, GlobalEntity, Import, ImportKind, MemoryEntity,
    MemoryModel, SignatureStub, TableEntity, TagEntity,
};
pub use init::{ConstExpr, ConstOp, ElementItems, ElementSegment, InitStep, MemoryRun};
pub use range::Range;
