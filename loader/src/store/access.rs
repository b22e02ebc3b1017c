//! Stores as the host has them, and access to their contents.
//!
//! # Safety
//!
//! A [`Store`] owns its contents through a raw pointer, because machine code
//! holds their address too (in every context): a reference to them exists
//! only for the length of one operation, and never while a guest runs.
//! [`StoreMut`] stands for exclusive access to a store that may go back and
//! forth between host and guest.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::limit::LimitKind;
use crate::store::contents::StoreCore;
use crate::store::interrupts::{InterruptHandle, Interrupts};
use crate::store::limits::Limits;
use crate::vm::layout::StoreBlock;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

/// Owns instances, memories, tables and the host's data of type `T`. All of it
/// is freed when the store is dropped, and not before.
///
/// A store can move between threads, but is used by one at a time.
///
/// ```
/// use precast_loader::Store;
/// let mut store = Store::new(41);
/// *store.data_mut() += 1;
/// assert_eq!(*store.data(), 42);
/// ```
pub struct Store<T> {
    inner: NonNull<StoreInner<T>>,
    owns: PhantomData<StoreInner<T>>,
}

/// A store's contents. The erased part comes first, so that its address, the
/// store block's, is also theirs.
#[repr(C)]
pub(crate) struct StoreInner<T> {
    pub(crate) core: StoreCore,
    pub(crate) data: T,
}

// SAFETY: the raw pointer owns the contents; everything in them belongs to the
// store, and addresses in it are only followed by whoever has the store.
unsafe impl<T: Send> Send for Store<T> {}
// SAFETY: shared access only reads contents and data.
unsafe impl<T: Sync> Sync for Store<T> {}

impl<T> Store<T> {
    /// A store without limits on memory, with this host data.
    pub fn new(data: T) -> Self {
        Self::with_limits(data, Limits::default())
    }

    /// A store with limits.
    pub fn with_limits(data: T, limits: Limits) -> Self {
        let core = StoreCore::new(limits);
        let inner = Box::into_raw(Box::new(StoreInner { core, data }));
        inner.expose_provenance();
        let inner = NonNull::new(inner).expect("boxes are not null");
        Self { inner, owns: PhantomData }
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        // SAFETY: `&self` keeps guests from running.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` keeps guests from running.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// The reservation, in bytes, that a memory could not grow beyond though
    /// its type and the limits allowed it: of the last such growth. A guest
    /// that failed afterwards may have wanted a larger one, which is chosen
    /// when it is compiled.
    pub fn exhausted_reservation(&self) -> Option<u64> {
        // SAFETY: `&self` keeps guests from running.
        unsafe { (*self.inner.as_ptr()).core.short_reservation }
    }

    /// The last limit that a guest reached without an error, because the
    /// specification has it told: by -1 of `memory.grow` and `table.grow`.
    pub fn limit_reached(&self) -> Option<LimitKind> {
        // SAFETY: `&self` keeps guests from running.
        unsafe { (*self.inner.as_ptr()).core.limit_reached }
    }

    /// From now on, a trap of a guest ends the process where it happens, by the
    /// signal that it raised, or `SIGABRT` where it raised none: the system's
    /// core dump then has the guest's stack as it was.
    pub fn abort_on_trap(&mut self) {
        // SAFETY: `&mut self` keeps guests from running.
        unsafe { (*self.inner.as_ptr()).core.abort_on_trap = true };
    }

    /// Gives what runs in the store this many units of fuel, in place of what is
    /// left. Without that, and without [`Limits::fuel`], work is not limited. Code
    /// takes a unit for each operator that it executes, but for `nop` and those that
    /// only give structure; an operator that works on a range takes one more for every
    /// 64 bytes or 8 elements. The count does not depend on the machine or on how the
    /// code was optimised. Operators that are executed together are paid for together,
    /// before the first; what a trap or an exception cuts off is not given back. A call
    /// that takes more than is left ends with a trap,
    /// [`TrapCode::OutOfFuel`](crate::TrapCode): in the next round of a loop, in the next
    /// function that calls others, before a function of the host is called, or when it
    /// would return.
    ///
    /// # Errors
    ///
    /// There is an instance whose artifact was compiled without `--fuel`.
    pub fn set_fuel(&mut self, units: u64) -> Result<()> {
        self.as_store_mut().set_fuel(units)
    }

    /// What is left of the fuel; `None` when work is not limited. After a trap it is
    /// what was left when a function last called or returned, or nothing if that was
    /// why.
    pub fn fuel(&self) -> Option<u64> {
        self.as_store().fuel()
    }

    /// A handle with which any thread can stop what runs in the store, and all
    /// that is called in it later.
    pub fn interrupt_handle(&mut self) -> InterruptHandle {
        self.interrupts().store_handle()
    }

    /// Stops what runs in the store when this time comes, and all that is called
    /// in it later, as [`Store::interrupt_handle`] does. Another deadline takes
    /// its place, also if it has passed: then the store can be used again. `None`
    /// withdraws it.
    ///
    /// ```
    /// # use precast_loader::Store;
    /// use std::time::{Duration, Instant};
    /// let mut store = Store::new(());
    /// store.set_deadline(Some(Instant::now() + Duration::from_secs(5)))?;
    /// # Ok::<(), precast_loader::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The system gives no thread to watch the time.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<()> {
        let set = self.interrupts().set_deadline(deadline);
        set.map_err(Error::system("cannot watch a deadline"))
    }

    /// Lets a store that was stopped be used again, without a deadline. What is
    /// in it is as the guest left it, in the middle of whatever it did.
    pub fn clear_interrupt(&mut self) {
        self.interrupts().clear();
    }

    fn interrupts(&mut self) -> &Arc<Interrupts> {
        // SAFETY: `&mut self` keeps guests from running.
        let core = unsafe { &mut (*self.inner.as_ptr()).core };
        core.activations.interrupts(&core.block)
    }

    /// The store alone, and its data alone.
    pub(crate) fn without_data(self) -> (Store<MaybeUninit<T>>, T) {
        let inner = ManuallyDrop::new(self).inner;
        // SAFETY: nobody else reads the data again: what has its place may lack it.
        let data = unsafe { (&raw const (*inner.as_ptr()).data).read() };
        // Both have one layout.
        (Store { inner: inner.cast(), owns: PhantomData }, data)
    }

    /// Drops everything in the store and returns the host's data.
    pub fn into_data(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: the box from `with_limits`; `this` is not dropped.
        unsafe { Box::from_raw(this.inner.as_ptr()) }.data
    }
}

impl<T> Store<MaybeUninit<T>> {
    /// With data.
    pub(crate) fn with_data(self, data: T) -> Store<T> {
        let inner: NonNull<StoreInner<T>> = ManuallyDrop::new(self).inner.cast();
        // SAFETY: a live store's, in which is none; both types have one layout.
        unsafe { (&raw mut (*inner.as_ptr()).data).write(data) };
        Store { inner, owns: PhantomData }
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the box from `with_limits`.
        drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}

/// Something that gives access to a store: a [`Store`], or the
/// [`Caller`](crate::Caller) that a host function receives.
pub trait AsStore {
    /// The host's data.
    type Data;

    /// Exclusive access.
    fn as_store_mut(&mut self) -> StoreMut<'_, Self::Data>;

    /// Shared access.
    fn as_store(&self) -> StoreRef<'_, Self::Data>;
}

/// Exclusive access to a store.
pub struct StoreMut<'a, T> {
    inner: NonNull<StoreInner<T>>,
    borrows: PhantomData<&'a mut T>,
}

/// Shared access to a store.
pub struct StoreRef<'a, T> {
    inner: NonNull<StoreInner<T>>,
    borrows: PhantomData<&'a T>,
}

impl<T> AsStore for Store<T> {
    type Data = T;

    fn as_store_mut(&mut self) -> StoreMut<'_, T> {
        StoreMut { inner: self.inner, borrows: PhantomData }
    }

    fn as_store(&self) -> StoreRef<'_, T> {
        StoreRef { inner: self.inner, borrows: PhantomData }
    }
}

impl<T> AsStore for StoreMut<'_, T> {
    type Data = T;

    fn as_store_mut(&mut self) -> StoreMut<'_, T> {
        StoreMut { inner: self.inner, borrows: PhantomData }
    }

    fn as_store(&self) -> StoreRef<'_, T> {
        StoreRef { inner: self.inner, borrows: PhantomData }
    }
}

impl<'a, T> StoreMut<'a, T> {
    /// Access from inside a callback of the store at `block`.
    ///
    /// # Safety
    ///
    /// The block is that of a store with data of type `T`, and nothing else
    /// uses the store during `'a`.
    pub(crate) unsafe fn from_block(block: NonNull<StoreBlock>) -> Self {
        Self { inner: block.cast(), borrows: PhantomData }
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        // SAFETY: exclusive access, so no guest runs.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: exclusive access, so no guest runs.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// As [`Store::set_fuel`]; a host function may refill its caller's.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_fuel(&mut self, units: u64) -> Result<()> {
        let core = self.core();
        let before = core.fuel();
        core.set_fuel(Some(units));
        let allowed = core.instances.iter().try_for_each(|guest| core.allow_image(&guest.image));
        if allowed.is_err() {
            core.set_fuel(before);
        }
        allowed
    }

    /// Contents and data, for as long as the access lasts.
    pub(crate) fn parts(self) -> (&'a mut StoreCore, &'a mut T) {
        // SAFETY: exclusive access for 'a.
        let inner = unsafe { &mut *self.inner.as_ptr() };
        (&mut inner.core, &mut inner.data)
    }

    /// The contents, for one operation.
    pub(crate) fn core(&mut self) -> &mut StoreCore {
        // SAFETY: exclusive access, so no guest runs.
        unsafe { &mut (*self.inner.as_ptr()).core }
    }

    /// The same access for who needs nothing of the host's data.
    pub(crate) fn erased(&mut self) -> StoreMut<'_, ()> {
        // The contents come first, and where the data begins is nothing, of no
        // size, as good as anywhere.
        StoreMut { inner: self.inner.cast(), borrows: PhantomData }
    }

    /// The contents' address, to enter a guest with.
    pub(crate) fn pointer(&mut self) -> NonNull<StoreCore> {
        self.inner.cast()
    }
}

impl<'a, T> StoreRef<'a, T> {
    /// The host's data.
    pub fn data(&self) -> &'a T {
        // SAFETY: shared access for 'a, so no guest runs.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// As [`Store::fuel`].
    pub fn fuel(&self) -> Option<u64> {
        self.core().fuel()
    }

    /// The contents.
    pub(crate) fn core(&self) -> &'a StoreCore {
        // SAFETY: shared access for 'a, so no guest runs.
        unsafe { &(*self.inner.as_ptr()).core }
    }
}
