//! The numbers of limits.

use precast_loader::LimitKind;
use std::ffi::c_int;

/// The numbers of `precast_limit_kind`, in order from 1.
pub(crate) const KINDS: [LimitKind; 17] = [
    LimitKind::MemoryBytes,
    LimitKind::TableElements,
    LimitKind::Instances,
    LimitKind::Memories,
    LimitKind::Tables,
    LimitKind::Globals,
    LimitKind::StackBytes,
    LimitKind::NestedCalls,
    LimitKind::ExceptionBytes,
    LimitKind::SuspendedCalls,
    LimitKind::OutputBytes,
    LimitKind::Descriptors,
    LimitKind::ListingBytes,
    LimitKind::Time,
    LimitKind::AddressSpace,
    LimitKind::Types,
    LimitKind::Fuel,
];

/// The number of a limit; zero for none.
pub(crate) fn number(kind: Option<LimitKind>) -> c_int {
    let found = kind.and_then(|kind| KINDS.iter().position(|known| *known == kind));
    found.map_or(0, |index| index as c_int + 1)
}
