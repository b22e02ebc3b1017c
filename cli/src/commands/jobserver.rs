//! The jobserver of GNU make, which cargo and ninja offer too: how many
//! processors this process may use, while others of the same build want some.
//!
//! # Safety
//!
//! The jobserver is found by descriptors that the environment names.
#![allow(unsafe_code)]

use jobserver::{Acquired, Client};
use precast_compiler::Permits;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The permits of the build that this process is part of, if it is and they are
/// limited.
pub fn inherited() -> Option<Arc<dyn Permits>> {
    // SAFETY: nothing of this process has been opened yet whose descriptor could
    // be taken for the jobserver's; whoever sets the variable passes it on.
    let client = unsafe { Client::from_env_ext(true) }.client.ok()?;
    // A server that cannot be asked without waiting would stop all work.
    drop(client.try_acquire().ok()?);
    Some(Arc::new(Tokens { client, state: Mutex::default() }))
}

struct Tokens {
    client: Client,
    state: Mutex<HeldTokens>,
}

#[derive(Default)]
struct HeldTokens {
    /// Whether somebody has the token that every process is started with.
    own: bool,
    /// Those beyond.
    held: Vec<Acquired>,
}

impl Tokens {
    fn state(&self) -> MutexGuard<'_, HeldTokens> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permits for Tokens {
    fn try_acquire(&self) -> bool {
        let mut state = self.state();
        if !state.own {
            state.own = true;
            return true;
        }
        match self.client.try_acquire() {
            Ok(Some(token)) => state.held.push(token),
            _ => return false,
        }
        true
    }

    fn release(&self) {
        // Those of others first: they are waited for.
        let mut state = self.state();
        match state.held.pop() {
            Some(token) => drop(token),
            None => state.own = false,
        }
    }
}
