//! Value, function, table, memory and global types (core specification 2.3),
//! with their encoding. Type indices inside an artifact are *canonical*: equal
//! types of one module have the same index.
//!
//! What refers to types is generic over how it names them: by canonical index
//! in an artifact, by [`TypeId`](crate::index::TypeId) in a process, and by a
//! [`GroupRef`] where recursion groups are compared.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | types | `value` | of values and functions |
//! | made of them | `external`, `section` | of tables, memories and globals; all of a module, in recursion groups |
//! | what they refer to | `references` | the same types with other names for it |

mod external;
mod references;
mod section;
mod value;

pub use external::{GlobalType, MemoryType, SizeLimits, TableType};
pub use section::{CompositeType, GroupRef, TypeSection};
pub use value::{FuncType, HeapType, RefType, ValType};
