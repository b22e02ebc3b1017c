//! An activation: a call from the host into guests, as an object.
//!
//! # What it is
//!
//! An activation has a stack, its own or part of another's, and says where the
//! host and the guest stand: the fields that stubs use are the contract's (see
//! [`precast_artifact::abi`]). It is boxed, because guest frames hold its
//! address, and belongs to its store (`store/activations.rs`), which uses it
//! again.
//!
//! # States
//!
//! ```text
//!            enter              guest returns, traps, throws
//!   idle ─────────────▶ running ─────────────────────────────▶ ended
//!    ▲                  │     ▲                                  │
//!    │          pending │     │ resume                           │
//!    │                  ▼     │                                  │
//!    │                 suspended                                 │
//!    │                  │ given up                               │
//!    └──────────────────┴────────────────────────────────────────┘
//! ```
//!
//! * *Idle*: nobody's call; in the store's list.
//! * *Running*: in the chain that begins at the store block. The top one's
//!   guest runs or stands in a builtin; all others stand in a host call.
//! * *Suspended*: out of the chain, in the store's list. Its guest stands in a
//!   host call that is pending, all that it will need is on its stack, and
//!   nothing in it speaks of a host's stack or thread.
//! * *Ended*: the guest is left for good; its frames can still be looked at.
//!
//! Only an activation with a stack of its own can be suspended: on a shared
//! stack, the guest above would go on over its frames.
//!
//! # Generation
//!
//! Every use has a number that no other use in the store had. What is meant for
//! one call, such as a request to stop it, names the number, and so never hits
//! the next user of the object.

use crate::sys::stack::{self, Stack};
use crate::vm::raw::RawValue;
use precast_artifact::index::TypeId;
use std::io;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::Weak;

/// A call from the host into guests.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Activation {
    pub(crate) host_sp: usize,
    pub(crate) resume: usize,
    pub(crate) entry_fp: usize,
    pub(crate) previous: *mut Activation,
    pub(crate) guest_sp: usize,
    pub(crate) guest_fp: usize,
    pub(crate) entry_sp: usize,
    /// What follows is the loader's own. Number of activations in the chain,
    /// this included.
    pub(crate) depth: u32,
    state: State,
    /// Whether the guest was asked to stop.
    pub(crate) interrupted: bool,
    /// Which use of the object this is.
    pub(crate) generation: u64,
    /// What the signal handler saw, if it ended this activation.
    pub(crate) fault: Option<FaultRecord>,
    /// The usable part of the stack, all of it.
    pub(crate) stack: Range<usize>,
    /// The guard below.
    pub(crate) guard: Range<usize>,
    /// Whether a handler of the host was given the headroom in the guard.
    pub(crate) headroom_open: bool,
    /// The stack, if it is not another activation's.
    own_stack: Option<Stack>,
    /// What makes it one that can be suspended.
    pub(crate) resumable: Option<Resumable>,
}

/// What an activation that can be suspended has besides.
#[derive(Debug)]
pub(crate) struct Resumable {
    /// The slots that the entry stub was given: the host's frame that called it
    /// may be gone when it writes the results.
    pub(crate) values: Box<[RawValue]>,
    /// The host call that is pending.
    pub(crate) pending: Option<PendingCall>,
    /// Alive while somebody may resume it.
    pub(crate) claim: Weak<()>,
}

/// A host call whose results come later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingCall {
    /// The host function's type.
    pub(crate) ty: TypeId,
    /// Where its results are expected, on the guest's stack.
    pub(crate) values: *mut RawValue,
}

/// What an activation is doing; see the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In no call.
    Idle,
    /// In the store's chain.
    Running,
    /// Waiting for a result.
    Suspended,
    /// Left for good.
    Ended,
}

/// Where a guest stood at a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultRecord {
    pub(crate) pc: usize,
    pub(crate) fp: usize,
    /// Return address of the function at `pc`, when the fault came at its
    /// first instruction, before it had a frame of its own.
    pub(crate) unframed_return: Option<usize>,
}

impl Activation {
    /// An idle one, with a stack or without.
    pub(crate) fn new(own_stack: Option<Stack>) -> Box<Self> {
        let stack = own_stack.as_ref().map_or(0..0, Stack::usable);
        let guard = own_stack.as_ref().map_or(0..0, Stack::guard);
        Box::new(Self {
            host_sp: 0,
            resume: 0,
            entry_fp: 0,
            previous: null_mut(),
            guest_sp: 0,
            guest_fp: 0,
            entry_sp: stack.end,
            depth: 0,
            state: State::Idle,
            interrupted: false,
            generation: 0,
            fault: None,
            stack,
            guard,
            headroom_open: false,
            own_stack,
            resumable: None,
        })
    }

    /// Whether its stack is its own.
    pub(crate) fn owns_stack(&self) -> bool {
        self.own_stack.is_some()
    }

    /// Gives up the memory of the stack that few calls touch.
    pub(crate) fn cool(&mut self) -> io::Result<()> {
        self.own_stack.as_mut().map_or(Ok(()), Stack::cool)
    }

    /// Puts an idle one without a stack of its own below the frames of the
    /// guest of `top`, which stands in a host call.
    pub(crate) fn share_stack(&mut self, top: &Self) {
        debug_assert!(!self.owns_stack());
        self.stack = top.stack.clone();
        self.guard = top.guard.clone();
        self.entry_sp = top.guest_sp & !15;
    }

    /// Idle or suspended to running, on top of `previous`.
    #[inline]
    pub(crate) fn run(&mut self, previous: *mut Self, depth: u32) {
        debug_assert!(matches!(self.state, State::Idle | State::Suspended), "{:?}", self.state);
        self.previous = previous;
        self.depth = depth;
        self.state = State::Running;
    }

    /// Running to suspended.
    pub(crate) fn suspend(&mut self) {
        debug_assert_eq!(self.state, State::Running);
        debug_assert!(self.owns_stack() && self.resumable.is_some());
        self.previous = null_mut();
        self.state = State::Suspended;
    }

    /// Running or suspended to ended.
    #[inline]
    pub(crate) fn end(&mut self) {
        debug_assert!(matches!(self.state, State::Running | State::Suspended), "{:?}", self.state);
        self.previous = null_mut();
        self.state = State::Ended;
    }

    /// Ended to idle.
    #[inline]
    pub(crate) fn reset(&mut self) {
        debug_assert_eq!(self.state, State::Ended);
        self.state = State::Idle;
        self.interrupted = false;
        self.fault = None;
        self.resumable = None;
        if self.headroom_open {
            self.close_headroom();
        }
    }

    #[cold]
    fn close_headroom(&mut self) {
        stack::close_headroom(&self.guard);
        self.headroom_open = false;
    }
}

impl Drop for Activation {
    fn drop(&mut self) {
        if self.headroom_open {
            self.close_headroom();
        }
    }
}
