//! Handles that a component holds when nobody will use it any more: leaks, as a
//! rule.

use super::call::ComponentInstance;
use crate::canonical::names;
use crate::canonical::state::ComponentState;
use crate::error::Result;
use crate::store::access::AsStore;
use std::collections::BTreeMap;

/// How many handles of a type are left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftHandles {
    /// The resource type, as it is imported or exported.
    pub resource: String,
    /// In the component's tables.
    pub guest: usize,
    /// Held by the host as its own.
    pub host: usize,
}

impl ComponentInstance {
    /// The handles that are left in the component, and in the host's hands, by
    /// type.
    ///
    /// # Errors
    ///
    /// The instance is of another store.
    pub fn left_handles(&self, store: &impl AsStore) -> Result<Vec<LeftHandles>> {
        let core = store.as_store().core();
        core.owns(self.store)?;
        let state = ComponentState::peek(core, self.index);
        let mut counts = BTreeMap::<_, (usize, usize)>::new();
        state.handles.left().for_each(|resource| counts.entry(resource).or_default().0 += 1);
        state.held.left().for_each(|resource| counts.entry(resource).or_default().1 += 1);
        let component = state.types.component();
        let named = counts.into_iter().map(|(resource, (guest, host))| LeftHandles {
            resource: names::resource(component, resource),
            guest,
            host,
        });
        Ok(named.collect())
    }
}
