//! Stores with an instance that are used again and again, each time as new.
//!
//! Making a store and an instance takes system calls: address space is reserved,
//! the image of the memory mapped, the context protected. A store that was used is
//! [reset](crate::store::reset) instead: what was touched is given up, so that the
//! image shows again, and the initialisation plan runs anew. The start function runs
//! when the store is taken, in the name of its new owner.

use crate::api::instance::Instance;
use crate::error::{Error, Result};
use crate::link::initialise::{initialise, restore_contents};
use crate::link::instantiate;
use crate::link::prepared::InstancePre;
use crate::store::access::{AsStore, Store, StoreMut, StoreRef};
use crate::store::interrupts::InterruptHandle;
use crate::store::limits::Limits;
use crate::store::reset::Mark;
use precast_artifact::index::InstanceId;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Makes instances, each in a store of its own, and keeps the stores that are done
/// with for the next ones. What a guest or the host left in one, its next owner does
/// not see: memory, tables and globals are as in a new one, handles and requests to
/// stop that were for the last owner mean nothing any more.
///
/// Clones share the pool; it may be used on several threads at once.
///
/// ```no_run
/// use precast_loader::{Artifact, InstancePool, Limits, Linker};
///
/// # fn main() -> precast_loader::Result<()> {
/// let artifact = Artifact::open_owned("plugin.cwasm")?;
/// let plugin = Linker::<u32>::new().instantiate_pre(&artifact)?;
/// let pool = InstancePool::new(plugin, Limits::default(), 16)?;
/// for request in 0..1000 {
///     let mut store = pool.take(request)?;
///     let handle = store.instance().get_typed_func::<u32, u32>(&store, "handle")?;
///     println!("{}", handle.call(&mut store, request)?);
/// } // and back it goes
/// # Ok(())
/// # }
/// ```
pub struct InstancePool<T> {
    shared: Arc<PoolState<T>>,
}

struct PoolState<T> {
    prepared: InstancePre<T>,
    limits: Limits,
    /// How many may be idle.
    most: usize,
    idle: Mutex<Vec<Idle<T>>>,
}

/// A store whose instance is initialised, but for its start function.
struct Idle<T> {
    store: Store<MaybeUninit<T>>,
    mark: Mark,
}

/// The instance that a store in the pool has.
const FIRST: InstanceId = InstanceId::new(0);

impl<T: 'static> InstancePool<T> {
    /// A pool that keeps at most `most_idle` stores, with these limits. It is empty
    /// at first.
    ///
    /// # Errors
    ///
    /// An import was linked with an item of a store, which no other store can use.
    pub fn new(prepared: InstancePre<T>, limits: Limits, most_idle: usize) -> Result<Self> {
        if prepared.has_items() {
            return Err(Error::usage(
                "an import is linked with an item of one store, and a pool has many: \
                 define functions in the linker instead",
            ));
        }
        let idle = Mutex::new(Vec::new());
        Ok(Self { shared: Arc::new(PoolState { prepared, limits, most: most_idle, idle }) })
    }

    /// A store with this data and a new instance.
    ///
    /// # Errors
    ///
    /// As for [`Linker::instantiate`](crate::Linker::instantiate).
    pub fn take(&self, data: T) -> Result<PooledStore<T>> {
        self.take_with(data, |_| Ok(()))
    }

    /// As [`InstancePool::take`]; `prepare` is given the store before the guest runs
    /// for the first time, in its start function: to set a deadline. There is no
    /// instance yet.
    ///
    /// # Errors
    ///
    /// As for [`InstancePool::take`], and those of `prepare`.
    pub fn take_with(
        &self,
        data: T,
        prepare: impl FnOnce(&mut PooledStore<T>) -> Result<()>,
    ) -> Result<PooledStore<T>> {
        let shared = &self.shared;
        let idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (store, mark) = match idle {
            Some(Idle { store, mark }) => (store.with_data(data), Some(mark)),
            None => shared.fresh(data)?,
        };
        let (store, pool) = (Some(store), shared.clone());
        let is_made = mark.is_some();
        let mut taken = PooledStore { store, instance: None, mark, pool };
        prepare(&mut taken)?;
        let mut access = taken.as_store_mut();
        let index = match is_made {
            true => instantiate::begin(&mut access, FIRST).map(|()| FIRST),
            false => shared.prepared.make(&mut access),
        }?;
        taken.instance = Some(Instance { store: access.core().id, index });
        Ok(taken)
    }

    /// How many stores wait to be used again.
    pub fn idle(&self) -> usize {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<T> PoolState<T> {
    /// A new store: with an instance that lacks its start function, and a mark to
    /// reset it to. One of an artifact with several instances is empty, and used
    /// once, since start functions run between their initialisations.
    fn fresh(&self, data: T) -> Result<(Store<T>, Option<Mark>)> {
        let mut store = Store::with_limits(data, self.limits.clone());
        let image = self.prepared.artifact().image();
        let ([plan], [imports]) = (&*image.description().instances, &**self.prepared.imports())
        else {
            return Ok((store, None));
        };
        let mut access = store.as_store_mut();
        let core = access.core();
        let first = instantiate::create(core, image, plan.module, imports.iter().flatten())?;
        debug_assert_eq!(first, FIRST);
        let mark = Mark::new(core, first);
        initialise(core, first)?;
        Ok((store, Some(mark)))
    }

    /// Makes a store as new, and keeps it if there is room.
    fn take_back(&self, mut store: Store<MaybeUninit<T>>, mark: Mark) {
        let has_room = |idle: &Vec<Idle<T>>| idle.len() < self.most;
        if !has_room(&self.idle.lock().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        if reset(&mut store.as_store_mut(), &mark).is_err() {
            // The next one is made anew.
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if has_room(&idle) {
            idle.push(Idle { store, mark });
        }
    }
}

fn reset<D>(access: &mut StoreMut<'_, D>, mark: &Mark) -> Result<()> {
    let core = access.core();
    core.reset(mark).map_err(Error::system("cannot reset a store"))?;
    restore_contents(core, FIRST);
    Ok(initialise(core, FIRST)?)
}

impl<T> Clone for InstancePool<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> std::fmt::Debug for InstancePool<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let PoolState { prepared, limits, most, .. } = &*self.shared;
        let mut debug = f.debug_struct("InstancePool");
        debug.field("prepared", prepared).field("limits", limits).field("most_idle", most);
        debug.finish_non_exhaustive()
    }
}

/// A [`Store`] with an instance, of an [`InstancePool`], to which it goes back when
/// it is dropped.
pub struct PooledStore<T> {
    /// Present until it is dropped.
    store: Option<Store<T>>,
    instance: Option<Instance>,
    /// What to reset it to, if that can be.
    mark: Option<Mark>,
    pool: Arc<PoolState<T>>,
}

impl<T> PooledStore<T> {
    /// The instance.
    ///
    /// # Panics
    ///
    /// In the function that prepares the store, before there is one.
    pub fn instance(&self) -> Instance {
        self.instance.expect("the store is being prepared, and has no instance yet")
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store_mut().data_mut()
    }

    /// As [`Store::interrupt_handle`].
    pub fn interrupt_handle(&mut self) -> InterruptHandle {
        self.store_mut().interrupt_handle()
    }

    /// As [`Store::set_deadline`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<()> {
        self.store_mut().set_deadline(deadline)
    }

    /// As [`Store::clear_interrupt`].
    pub fn clear_interrupt(&mut self) {
        self.store_mut().clear_interrupt();
    }

    /// As [`Store::set_fuel`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_fuel(&mut self, units: u64) -> Result<()> {
        self.store_mut().set_fuel(units)
    }

    /// Not for users: a store that somebody else could put in its place would be
    /// reset to what it never was.
    fn store_mut(&mut self) -> &mut Store<T> {
        self.store.as_mut().expect("present until it is dropped")
    }
}

impl<T> Deref for PooledStore<T> {
    type Target = Store<T>;

    fn deref(&self) -> &Store<T> {
        self.store.as_ref().expect("present until it is dropped")
    }
}

impl<T> AsStore for PooledStore<T> {
    type Data = T;

    fn as_store_mut(&mut self) -> StoreMut<'_, T> {
        self.store_mut().as_store_mut()
    }

    fn as_store(&self) -> StoreRef<'_, T> {
        (**self).as_store()
    }
}

impl<T> Drop for PooledStore<T> {
    fn drop(&mut self) {
        let (Some(store), Some(mark)) = (self.store.take(), self.mark.take()) else { return };
        let (store, data) = store.without_data();
        drop(data);
        self.pool.take_back(store, mark);
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for PooledStore<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PooledStore").field("store", &self.store).finish_non_exhaustive()
    }
}
