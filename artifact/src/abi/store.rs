//! The store block, activations, and guests' stacks.

/// Address of the top [activation](crate::abi#activations), or zero.
pub const STORE_ACTIVATION: i32 = 0;
/// `u32` that is not zero when a guest shall stop, see
/// [interruption](crate::abi#interruption).
pub const STORE_INTERRUPT: i32 = 8;
/// Base of the collector's heap; room for later.
pub const STORE_HEAP_BASE: i32 = 16;
/// Limit of the collector's heap; room for later.
pub const STORE_HEAP_LIMIT: i32 = 24;
/// `i64` that code with [fuel](crate::abi#fuel) adds its work to.
pub const STORE_FUEL: i32 = 32;
/// Size of the store block that machine code may rely on.
pub const STORE_SIZE: u32 = 40;

/// Host stack pointer to switch to for host calls, and to leave by.
pub const ACTIVATION_HOST_SP: i32 = 0;
/// Address where the loader goes on when the guest is left.
pub const ACTIVATION_RESUME: i32 = 8;
/// Frame pointer of the frame that entered the guest: where walks end.
pub const ACTIVATION_ENTRY_FP: i32 = 16;
/// The activation below this one, or zero.
pub const ACTIVATION_PREVIOUS: i32 = 24;
/// Guest stack pointer at the host call in progress; re-entry goes below it.
pub const ACTIVATION_GUEST_SP: i32 = 32;
/// Frame pointer at the host call in progress: where backtraces start.
pub const ACTIVATION_GUEST_FP: i32 = 40;
/// Guest stack pointer with which the entry stub was called: the end of what
/// the activation has of its stack.
pub const ACTIVATION_ENTRY_SP: i32 = 48;
/// Size of the activation that stubs rely on.
pub const ACTIVATION_SIZE: u32 = 56;

/// From [`ACTIVATION_ENTRY_SP`] down to the frame record of the entry stub: the
/// frame pointer of the host's frame, then the return address.
pub const ENTRY_FRAME: i32 = 16;

/// Guard below every guest stack: frames up to this size do not probe.
pub const STACK_GUARD: u64 = 64 << 10;
