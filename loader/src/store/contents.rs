//! Stores: what instances live in.
//!
//! # Safety
//!
//! A [`Store`] owns its contents through a raw pointer, because machine code
//! holds their address too (in every context): a reference to them exists
//! only for the length of one operation, and never while a guest runs.
//! [`StoreMut`] stands for exclusive access to a store that may go back and
//! forth between host and guest.
#![allow(unsafe_code)]

use crate::artifact::image::Image;
use crate::error::{Error, Result};
use crate::store::elements::Elements;
use crate::store::exceptions::Exceptions;
use crate::store::guest::GuestState;
use crate::store::host::HostBinding;
use crate::store::linear::LinearMemory;
use crate::sys::registers::Landing;
use crate::sys::stack::Stack;
use crate::vm::layout::StoreBlock;
use crate::vm::types::TypeId;
use crate::vm::value::StoreId;
use precast_artifact::module::Module;
use std::any::Any;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// What the instances of a [`Store`] may use, all together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory. Growing beyond fails as the specification
    /// says: `memory.grow` gives -1.
    pub memory_bytes: u64,
    /// Elements of tables; as for memories. By default ten million.
    pub table_elements: u64,
    /// Bytes of stack for guest code, taken as they are touched. By default
    /// 8 MiB.
    pub stack_bytes: usize,
    /// Calls from host to guest inside one another, through host functions;
    /// beyond, a call traps with a stack overflow. By default 256; every level
    /// takes some of the host's stack.
    pub nested_calls: u32,
    /// Exceptions alive at the same time; beyond, the call that throws one
    /// fails with [`Error::Limit`]. By default a million.
    pub exceptions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: u64::MAX,
            table_elements: 10_000_000,
            stack_bytes: 8 << 20,
            nested_calls: 256,
            exceptions: 1_000_000,
        }
    }
}

/// A store's contents. The erased part comes first, so that its address, the
/// store block's, is also theirs.
#[repr(C)]
pub(crate) struct StoreInner<T> {
    pub(crate) core: StoreCore,
    pub(crate) data: T,
}

/// All but the host's data.
#[repr(C)]
pub(crate) struct StoreCore {
    /// What machine code reads.
    pub(crate) block: StoreBlock,
    pub(crate) id: StoreId,
    pub(crate) limits: Limits,
    /// Whether a trap ends the process.
    pub(crate) abort_on_trap: bool,
    /// Guest stack, made at the first call.
    pub(crate) stack: Option<Stack>,
    /// Boxed: contexts point to them.
    #[allow(clippy::vec_box)]
    pub(crate) instances: Vec<Box<GuestState>>,
    pub(crate) memories: Vec<LinearMemory>,
    /// The reservation that a memory last wanted to grow beyond.
    pub(crate) short_reservation: Option<u64>,
    pub(crate) tables: Vec<Elements>,
    /// Values of globals that the host made.
    #[allow(clippy::vec_box)]
    pub(crate) globals: Vec<Box<UnsafeCell<u128>>>,
    /// Types of the exception tags; a tag's identity is its address.
    #[allow(clippy::vec_box)]
    pub(crate) tags: Vec<Box<TypeId>>,
    pub(crate) exceptions: Exceptions,
    /// Where the exception in flight goes on, for the builtin's stub to read.
    pub(crate) landing: Landing,
    /// Host functions that no instance imports.
    #[allow(clippy::vec_box)]
    pub(crate) hosts: Vec<Box<HostBinding>>,
    /// What [`ExternRef`](crate::ExternRef)s refer to.
    pub(crate) externs: Vec<Box<dyn Any + Send + Sync>>,
    /// Error of the host function that ended a call, until that returns.
    pub(crate) error: Option<Error>,
    /// Panic of the host function that ended a call, until that returns.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
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
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let core = StoreCore {
            block: StoreBlock::new(),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            limits,
            abort_on_trap: false,
            stack: None,
            instances: Vec::new(),
            memories: Vec::new(),
            short_reservation: None,
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            exceptions: Exceptions::default(),
            landing: Landing::default(),
            hosts: Vec::new(),
            externs: Vec::new(),
            error: None,
            panic: None,
        };
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

    /// From now on, a trap of a guest ends the process where it happens, by the
    /// signal that it raised, or `SIGABRT` where it raised none: the system's
    /// core dump then has the guest's stack as it was.
    pub fn abort_on_trap(&mut self) {
        // SAFETY: `&mut self` keeps guests from running.
        unsafe { (*self.inner.as_ptr()).core.abort_on_trap = true };
    }

    /// Drops everything in the store and returns the host's data.
    pub fn into_data(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the box from `with_limits`; `this` is not dropped.
        unsafe { Box::from_raw(this.inner.as_ptr()) }.data
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

    /// The contents.
    pub(crate) fn core(&self) -> &'a StoreCore {
        // SAFETY: shared access for 'a, so no guest runs.
        unsafe { &(*self.inner.as_ptr()).core }
    }
}

impl StoreCore {
    /// Address of the store block.
    pub(crate) fn block_address(&mut self) -> usize {
        (&raw mut self.block).expose_provenance()
    }

    /// Fails if a handle is of another store.
    #[inline]
    pub(crate) fn owns(&self, store: StoreId) -> Result<()> {
        match store == self.id {
            true => Ok(()),
            false => Err(Error::usage("an item of one store was used with another")),
        }
    }

    /// Panics if a handle is of another store.
    pub(crate) fn assert_owns(&self, store: StoreId) {
        assert!(store == self.id, "an item of one store was used with another");
    }

    /// Adds a memory, if the limits allow it.
    pub(crate) fn add_memory(&mut self, memory: LinearMemory) -> u32 {
        self.memories.push(memory);
        self.memories.len() as u32 - 1
    }

    /// Fails when `bytes` more of memory would exceed the limit.
    pub(crate) fn allow_memory(&self, bytes: u64) -> Result<()> {
        let used: u64 = self.memories.iter().map(|m| m.length() as u64).sum();
        let limit = self.limits.memory_bytes;
        match used.checked_add(bytes).is_some_and(|total| total <= limit) {
            true => Ok(()),
            false => Err(Error::Limit(format!(
                "{bytes} bytes of memory wanted, {used} in use, and the store's limit is {limit}"
            ))),
        }
    }

    /// Grows a memory: the old size in pages, or `None` where type, limits or
    /// the system do not allow it.
    pub(crate) fn grow_memory(&mut self, index: u32, delta: u64) -> Option<u64> {
        let memory = &self.memories[index as usize];
        let old = memory.pages();
        let Some(length) = memory.grown(delta) else {
            self.short_reservation = memory.lacks_reservation(delta).or(self.short_reservation);
            return None;
        };
        self.allow_memory((length - memory.length()) as u64).ok()?;
        self.memories[index as usize].grow_to(length).ok()?;
        Some(old)
    }

    /// Fails when `count` more table elements would exceed the limit.
    pub(crate) fn allow_elements(&self, count: u64) -> Result<()> {
        let used: u64 = self.tables.iter().map(Elements::size).sum();
        let limit = self.limits.table_elements;
        match used.checked_add(count).is_some_and(|total| total <= limit) {
            true => Ok(()),
            false => Err(Error::Limit(format!(
                "{count} table elements wanted, {used} in use, and the store's limit is {limit}"
            ))),
        }
    }

    /// Grows a table: the old size, or `None` where type or limits do not
    /// allow it.
    pub(crate) fn grow_table(&mut self, index: u32, delta: u64, value: u64) -> Option<u64> {
        self.allow_elements(delta).ok()?;
        self.tables[index as usize].grow(delta, value)
    }

    /// The first instance of a module.
    pub(crate) fn instance_of(&self, image: &Image, module: &Module) -> Option<u32> {
        let is_one = |guest: &&GuestState| {
            std::ptr::eq(&raw const *guest.image, image) && std::ptr::eq(guest.module().0, module)
        };
        self.instances.iter().map(Box::as_ref).find(is_one).map(|guest| guest.index)
    }

    /// Whether a fault at `address` is an access beyond the end of a memory.
    pub(crate) fn guards(&self, address: usize) -> bool {
        self.memories.iter().any(|memory| memory.guards(address))
    }

    /// The entry stub for functions of a type, from any instance that has one.
    pub(crate) fn entry_stub(&self, ty: TypeId) -> Option<usize> {
        self.instances.iter().find_map(|guest| {
            let (module, info) = guest.module();
            Some(guest.image.code(module, info.entry_stub(ty)?))
        })
    }

    /// The host-call stub for a type, from any instance that has one.
    pub(crate) fn host_stub(&self, ty: TypeId) -> Option<usize> {
        self.instances.iter().find_map(|guest| {
            let (module, info) = guest.module();
            Some(guest.image.code(module, info.host_stub(ty)?))
        })
    }
}
