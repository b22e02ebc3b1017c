//! Handles: what a component instance holds of resources (canonical ABI,
//! "Resource State").
//!
//! Every component instance has one table for handles of all types. Numbers are
//! used again, the last one freed first, and zero never. An *own* handle counts
//! how often it is lent; a *borrow* handle belongs to the call that it was lent
//! for, which may not end before it is dropped. A *scope* is such a call.

use precast_artifact::index::{ComponentInstanceIndex, ResourceIndex};
use std::fmt;

/// Numbers of handles are below this.
const MAX_HANDLES: usize = 1 << 28;

/// What is wrong with a handle that a guest gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HandleError {
    /// There is none of this number.
    Unknown(u32),
    /// It is of another type.
    WrongType(u32),
    /// It is lent, and cannot be given away or dropped.
    Lent,
    /// It was borrowed, and cannot be given away.
    Borrowed,
    /// No further handle fits.
    Full,
    /// A call ends, and handles that were lent for it are left.
    Left,
    /// There is no call to end.
    NoScope,
}

/// The handles of all instances of a component.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    tables: Vec<HandleTable>,
    scopes: Vec<Scope>,
}

/// The handles of one component instance.
#[derive(Debug, Default)]
struct HandleTable {
    /// By number; the first is never used.
    slots: Vec<Option<Handle>>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Handle {
    resource: ResourceIndex,
    rep: u32,
    kind: HandleKind,
}

#[derive(Clone, Copy, Debug)]
enum HandleKind {
    Own {
        /// How often it is lent.
        lent: u32,
    },
    Borrow {
        /// The call that it was lent for, counted from the outermost.
        scope: usize,
    },
}

/// A call that handles are lent for.
#[derive(Debug, Default)]
struct Scope {
    /// Borrow handles that exist.
    borrows: u32,
    /// Own handles that are lent.
    lent: Vec<(ComponentInstanceIndex, u32)>,
}

type Result<T> = std::result::Result<T, HandleError>;

impl Handles {
    /// Empty tables for so many instances.
    pub(crate) fn new(instances: u32) -> Self {
        let tables = (0..instances).map(|_| HandleTable::default()).collect();
        Self { tables, scopes: Vec::new() }
    }

    /// Begins a call that handles are lent for.
    pub(crate) fn enter(&mut self) {
        self.scopes.push(Scope::default());
    }

    /// Ends it: what was lent is the lender's again.
    pub(crate) fn exit(&mut self) -> Result<()> {
        let scope = self.scopes.pop().ok_or(HandleError::NoScope)?;
        if scope.borrows != 0 {
            return Err(HandleError::Left);
        }
        for (instance, number) in scope.lent {
            let handle = self.tables[instance.index()].slots.get_mut(number as usize);
            if let Some(Some(Handle { kind: HandleKind::Own { lent }, .. })) = handle {
                *lent -= 1;
            }
        }
        Ok(())
    }

    /// Ends a call that never came to be: what was lent for it is taken back.
    pub(crate) fn abandon(&mut self) {
        let Some(scope) = self.scopes.len().checked_sub(1) else { return };
        self.scopes[scope].borrows = 0;
        for table in &mut self.tables {
            for number in 0..table.slots.len() {
                let handle = table.slots[number];
                let lent = |handle: Handle| matches!(handle.kind, HandleKind::Borrow { scope: of } if of == scope);
                if handle.is_some_and(lent) {
                    table.remove(number as u32);
                }
            }
        }
        // Nothing is left that could be wrong.
        let _ = self.exit();
    }

    /// A new handle that is its holder's.
    pub(crate) fn new_own(
        &mut self,
        holder: ComponentInstanceIndex,
        resource: ResourceIndex,
        rep: u32,
    ) -> Result<u32> {
        let kind = HandleKind::Own { lent: 0 };
        self.tables[holder.index()].insert(Handle { resource, rep, kind })
    }

    /// A new handle for the length of the present call.
    pub(crate) fn new_borrow(
        &mut self,
        holder: ComponentInstanceIndex,
        resource: ResourceIndex,
        rep: u32,
    ) -> Result<u32> {
        let scope = self.scopes.len().checked_sub(1).ok_or(HandleError::NoScope)?;
        let kind = HandleKind::Borrow { scope };
        let number = self.tables[holder.index()].insert(Handle { resource, rep, kind })?;
        self.scopes[scope].borrows += 1;
        Ok(number)
    }

    /// Takes an own handle out; its representation.
    pub(crate) fn take_own(
        &mut self,
        holder: ComponentInstanceIndex,
        resource: ResourceIndex,
        number: u32,
    ) -> Result<u32> {
        let table = &mut self.tables[holder.index()];
        let handle = table.get(resource, number)?;
        match handle.kind {
            HandleKind::Own { lent: 0 } => {}
            HandleKind::Own { .. } => return Err(HandleError::Lent),
            HandleKind::Borrow { .. } => return Err(HandleError::Borrowed),
        }
        let rep = handle.rep;
        table.remove(number);
        Ok(rep)
    }

    /// Lends what a handle stands for to the present call; its representation.
    pub(crate) fn lend(
        &mut self,
        holder: ComponentInstanceIndex,
        resource: ResourceIndex,
        number: u32,
    ) -> Result<u32> {
        let handle = self.tables[holder.index()].get(resource, number)?;
        if let HandleKind::Own { lent } = &mut handle.kind {
            let scope = self.scopes.last_mut().ok_or(HandleError::NoScope)?;
            scope.lent.push((holder, number));
            *lent += 1;
        }
        Ok(handle.rep)
    }

    /// Drops a handle. If it was the holder's own, the representation of what
    /// is to be destroyed.
    pub(crate) fn drop(
        &mut self,
        holder: ComponentInstanceIndex,
        resource: ResourceIndex,
        number: u32,
    ) -> Result<Option<u32>> {
        let handle = *self.tables[holder.index()].get(resource, number)?;
        let HandleKind::Borrow { scope } = handle.kind else {
            return self.take_own(holder, resource, number).map(Some);
        };
        self.tables[holder.index()].remove(number);
        let scope = self.scopes.get_mut(scope).ok_or(HandleError::NoScope)?;
        scope.borrows = scope.borrows.checked_sub(1).ok_or(HandleError::NoScope)?;
        Ok(None)
    }

    /// The representation behind a handle.
    pub(crate) fn rep(
        &mut self,
        holder: ComponentInstanceIndex,
        resource: ResourceIndex,
        number: u32,
    ) -> Result<u32> {
        Ok(self.tables[holder.index()].get(resource, number)?.rep)
    }

    /// The resource types of all handles that are left.
    pub(crate) fn left(&self) -> impl Iterator<Item = ResourceIndex> {
        let slots = self.tables.iter().flat_map(|table| &table.slots);
        slots.flatten().map(|handle| handle.resource)
    }
}

impl HandleTable {
    fn insert(&mut self, handle: Handle) -> Result<u32> {
        if let Some(number) = self.free.pop() {
            self.slots[number as usize] = Some(handle);
            return Ok(number);
        }
        if self.slots.is_empty() {
            self.slots.push(None);
        }
        let number = self.slots.len();
        if number >= MAX_HANDLES {
            return Err(HandleError::Full);
        }
        self.slots.push(Some(handle));
        Ok(number as u32)
    }

    fn get(&mut self, resource: ResourceIndex, number: u32) -> Result<&mut Handle> {
        match self.slots.get_mut(number as usize) {
            Some(Some(handle)) if handle.resource == resource => Ok(handle),
            Some(Some(_)) => Err(HandleError::WrongType(number)),
            _ => Err(HandleError::Unknown(number)),
        }
    }

    fn remove(&mut self, number: u32) {
        self.slots[number as usize] = None;
        self.free.push(number);
    }
}

impl fmt::Display for HandleError {
    /// As the official test suite words it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(number) => write!(f, "unknown handle index {number}"),
            Self::WrongType(number) => write!(
                f,
                "handle index {number} used with the wrong type, expected guest-defined resource \
                 but found a different guest-defined resource"
            ),
            Self::Lent => f.write_str("cannot remove owned resource while borrowed"),
            Self::Borrowed => f.write_str("cannot lift own resource from a borrow"),
            Self::Full => write!(f, "resource table has no free keys: {MAX_HANDLES} are in use"),
            Self::Left => f.write_str("borrow handles still remain at the end of the call"),
            Self::NoScope => f.write_str("a handle is lent outside of a call"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ComponentInstanceIndex = ComponentInstanceIndex::new(0);
    const THERE: ComponentInstanceIndex = ComponentInstanceIndex::new(1);
    const FILE: ResourceIndex = ResourceIndex::new(0);
    const PIPE: ResourceIndex = ResourceIndex::new(1);

    #[test]
    fn numbers_are_used_again_but_never_zero() {
        let mut handles = Handles::new(2);
        assert_eq!(handles.rep(HERE, FILE, 0), Err(HandleError::Unknown(0)));
        assert_eq!([7, 8, 9].map(|rep| handles.new_own(HERE, FILE, rep)), [Ok(1), Ok(2), Ok(3)]);
        assert_eq!(handles.rep(HERE, FILE, 0), Err(HandleError::Unknown(0)));
        assert_eq!(handles.take_own(HERE, FILE, 1), Ok(7));
        assert_eq!(handles.drop(HERE, FILE, 3), Ok(Some(9)));
        assert_eq!([1, 2].map(|rep| handles.new_own(HERE, PIPE, rep)), [Ok(3), Ok(1)]);
        assert_eq!(handles.rep(HERE, FILE, 3), Err(HandleError::WrongType(3)));
        assert_eq!(handles.rep(THERE, PIPE, 3), Err(HandleError::Unknown(3)));
        assert_eq!(handles.rep(HERE, PIPE, u32::MAX), Err(HandleError::Unknown(u32::MAX)));
        assert_eq!(handles.left().collect::<Vec<_>>(), [PIPE, FILE, PIPE]);
    }

    #[test]
    fn what_is_lent_stays() {
        let mut handles = Handles::new(2);
        handles.new_own(HERE, FILE, 7).unwrap();
        assert_eq!(handles.lend(HERE, FILE, 1), Err(HandleError::NoScope));
        handles.enter();
        assert_eq!(handles.lend(HERE, FILE, 1), Ok(7));
        assert_eq!(handles.lend(HERE, FILE, 1), Ok(7));
        assert_eq!(handles.take_own(HERE, FILE, 1), Err(HandleError::Lent));
        assert_eq!(handles.drop(HERE, FILE, 1), Err(HandleError::Lent));
        handles.exit().unwrap();
        assert_eq!(handles.take_own(HERE, FILE, 1), Ok(7));
        assert_eq!(handles.take_own(HERE, FILE, 1), Err(HandleError::Unknown(1)));
    }

    #[test]
    fn what_is_borrowed_goes_back_before_the_call_ends() {
        let mut handles = Handles::new(2);
        handles.enter();
        assert_eq!(handles.new_borrow(THERE, FILE, 7), Ok(1));
        assert_eq!(handles.take_own(THERE, FILE, 1), Err(HandleError::Borrowed));
        handles.enter();
        // Lent on, it is still the outer call's.
        assert_eq!(handles.lend(THERE, FILE, 1), Ok(7));
        handles.exit().unwrap();
        assert_eq!(handles.drop(THERE, FILE, 1), Ok(None));
        assert_eq!(handles.new_borrow(THERE, FILE, 8), Ok(1));
        assert_eq!(handles.exit(), Err(HandleError::Left));
        assert_eq!(handles.exit(), Err(HandleError::NoScope));
    }
}
