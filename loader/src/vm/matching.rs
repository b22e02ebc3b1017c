//! Import matching (core specification 3.2.6 and 3.3.4): does what is there
//! satisfy what is needed? Types hold interned references.

use crate::vm::types::{GlobalType, HeapType, RefType, TableType, ValType};
use precast_artifact::types::{MemoryType, SizeLimits};

/// A memory's address space: what code relies on, or what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// Bytes reserved from the base.
    pub(crate) reservation: u64,
    /// Inaccessible bytes after them.
    pub(crate) guard: u64,
}

/// Fails if limits are in the wrong order, or beyond what an index can reach.
pub(crate) fn limited(limits: &SizeLimits, most: u64) -> Result<(), String> {
    let max = limits.max.unwrap_or(most);
    match limits.min <= max && max <= most {
        true => Ok(()),
        false => Err(format!(
            "limits from {} to {max}: the first may be at most the second, and that {most}",
            limits.min
        )),
    }
}

/// Whether the reference type `sub` is a subtype of `sup`.
pub(crate) fn reference(sub: &RefType, sup: &RefType) -> bool {
    (sup.nullable || !sub.nullable) && heap(sub.heap, sup.heap)
}

fn heap(sub: HeapType, sup: HeapType) -> bool {
    use precast_artifact::types::HeapType::{Concrete, Exn, Extern, Func, NoExn, NoExtern, NoFunc};
    sub == sup
        || matches!(
            (sub, sup),
            (NoFunc, Func | Concrete(_)) | (Concrete(_), Func) | (NoExtern, Extern) | (NoExn, Exn)
        )
}

/// Whether the value type `sub` is a subtype of `sup`.
pub(crate) fn value(sub: &ValType, sup: &ValType) -> bool {
    match (sub, sup) {
        (ValType::Ref(sub), ValType::Ref(sup)) => reference(sub, sup),
        _ => sub == sup,
    }
}

/// Whether a global can be imported as `needs`.
pub(crate) fn global(has: &GlobalType, needs: &GlobalType) -> bool {
    has.mutable == needs.mutable
        && match needs.mutable {
            true => has.value == needs.value,
            false => value(&has.value, &needs.value),
        }
}

/// Whether a table whose limits start at its present size can be imported as
/// `needs`.
pub(crate) fn table(has: &TableType, needs: &TableType) -> bool {
    has.element == needs.element
        && has.index64 == needs.index64
        && limits(&has.limits, &needs.limits)
}

/// Whether a memory whose limits start at its present size can be imported as
/// `needs`.
pub(crate) fn memory(has: &MemoryType, needs: &MemoryType) -> bool {
    has.index64 == needs.index64
        && has.shared == needs.shared
        && has.page_size_log2 == needs.page_size_log2
        && limits(&has.limits, &needs.limits)
}

fn limits(has: &SizeLimits, needs: &SizeLimits) -> bool {
    let max = match (has.max, needs.max) {
        (_, None) => true,
        (Some(has), Some(needs)) => has <= needs,
        (None, Some(_)) => false,
    };
    has.min >= needs.min && max
}

/// Whether code that relies on `needs` may access a memory that has `has` and
/// may grow to `max_bytes`: everything that the code may touch unchecked is
/// reserved, and everything that the memory may become is within its checks.
pub(crate) fn space(has: Space, needs: Space, max_bytes: u64) -> bool {
    has.reservation + has.guard >= needs.reservation + needs.guard
        && has.reservation.min(max_bytes) <= needs.reservation
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::index::TypeId;

    fn limits_of(min: u64, max: Option<u64>) -> SizeLimits {
        SizeLimits { min, max }
    }

    #[test]
    fn limits_must_be_as_tight() {
        assert!(limits(&limits_of(2, Some(3)), &limits_of(1, Some(3))));
        assert!(limits(&limits_of(2, Some(3)), &limits_of(2, None)));
        assert!(!limits(&limits_of(2, None), &limits_of(2, Some(3))));
        assert!(!limits(&limits_of(0, None), &limits_of(1, None)));
        assert!(!limits(&limits_of(1, Some(4)), &limits_of(1, Some(3))));
    }

    #[test]
    fn references_are_covariant_in_immutable_globals_only() {
        let of = |mutable, nullable| GlobalType {
            mutable,
            value: ValType::Ref(RefType { nullable, heap: HeapType::Concrete(TypeId::new(3)) }),
        };
        let funcref = |mutable| GlobalType { mutable, value: ValType::Ref(RefType::FUNCREF) };
        assert!(global(&of(false, false), &of(false, true)));
        assert!(global(&of(false, true), &funcref(false)));
        assert!(!global(&of(true, true), &funcref(true)));
        assert!(!global(&of(false, true), &of(false, false)));
        assert!(!global(&of(true, true), &of(false, true)));
    }

    #[test]
    fn a_weaker_memory_is_refused() {
        let space_of = |reservation, guard| Space { reservation, guard };
        assert!(space(space_of(8, 2), space_of(8, 2), 4));
        assert!(space(space_of(16, 0), space_of(8, 2), 4));
        assert!(!space(space_of(8, 1), space_of(8, 2), 4));
        assert!(!space(space_of(16, 2), space_of(8, 2), 32));
    }
}
