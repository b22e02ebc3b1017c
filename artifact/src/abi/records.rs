//! Records at the addresses that machine code follows: function references,
//! import slots, definitions of memories and tables, entries, exceptions.

/// Code address in a funcref record.
pub const FUNCREF_CODE: i32 = 0;
/// Context address in a funcref record.
pub const FUNCREF_CONTEXT: i32 = 8;
/// Interned type id (`u32`) in a funcref record.
pub const FUNCREF_TYPE: i32 = 16;
/// Host value in a funcref record; machine code never reads it.
pub const FUNCREF_HOST: i32 = 24;
/// Size of a funcref record.
pub const FUNCREF_SIZE: u32 = 32;

/// Code address in a function import's slot.
pub const IMPORT_CODE: i32 = 0;
/// Context address in a function import's slot.
pub const IMPORT_CONTEXT: i32 = 8;
/// Address of the funcref record in a function import's slot.
pub const IMPORT_FUNCREF: i32 = 16;
/// Size of a function import's slot.
pub const IMPORT_SIZE: u32 = 24;

/// Base address in a table or memory definition.
pub const DEFINITION_BASE: i32 = 0;
/// Length in a table or memory definition.
pub const DEFINITION_LENGTH: i32 = 8;
/// Size of a table or memory definition.
pub const DEFINITION_SIZE: u32 = 16;

/// Type id in an entry of a private table.
pub const PRIVATE_TYPE: i32 = 0;
/// Code offset, relative to the table, in an entry of a private table.
pub const PRIVATE_OFFSET: i32 = 4;
/// Size of an entry of a private table.
pub const PRIVATE_ENTRY_SIZE: u32 = 8;

/// Size of one slot in the value array of entry and host-call stubs.
pub const VALUE_SIZE: u32 = 16;

/// Identity of the tag in an exception record.
pub const EXCEPTION_TAG: i32 = 0;
/// First value slot in an exception record.
pub const EXCEPTION_VALUES: i32 = 16;

/// How a table is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Imported: the context holds the address of a definition.
    Imported,
    /// Defined here and reachable from outside, or written: the context holds
    /// the definition.
    Public,
    /// In the image, see [private tables](crate::abi#private-tables); nothing in
    /// the context.
    Private,
}
