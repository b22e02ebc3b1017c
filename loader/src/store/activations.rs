//! The activations of a store: those in use, those that wait, and those that
//! can be used again. What one is, and its states: [`Activation`].
//!
//! # Stacks
//!
//! A call from the host gets an activation with a stack of its own, unless a
//! guest of the store stands in a host call: then it goes on below that guest's
//! frames. A call that can be suspended always gets its own. Of the idle ones
//! with a stack a store keeps one; the stacks of the others go back to the
//! process's pool.
//!
//! # Safety
//!
//! An activation is owned by the lists here, but for those in the chain, which
//! [`Activations::push`] and [`Activations::pop`] take from and give to them.
//! Pointers in the chain are to live, boxed activations.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::limit::LimitKind;
use crate::store::interrupts::{InterruptHandle, Interrupts};
use crate::sys::stack::Stack;
use crate::vm::activation::Activation;
use crate::vm::layout::StoreBlock;
use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

/// The activations of a store.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    /// Idle, with a stack: at most one.
    #[allow(clippy::vec_box)]
    rooted: Vec<Box<Activation>>,
    /// Idle, without.
    #[allow(clippy::vec_box)]
    nested: Vec<Box<Activation>>,
    #[allow(clippy::vec_box)]
    suspended: Vec<Box<Activation>>,
    /// That of the last use.
    generation: u64,
    /// Made when somebody first asks for a handle.
    interrupts: Option<Arc<Interrupts>>,
}

/// The chain of a store: its running activations, the top one first.
pub(crate) fn chain(block: &StoreBlock) -> impl Iterator<Item = &Activation> {
    // SAFETY: pointers of the chain are good; who has the block, has its chain.
    let at = |activation: *mut Activation| unsafe { activation.as_ref() };
    std::iter::successors(at(block.activation), move |activation| at(activation.previous))
}

impl Activations {
    /// One for a call that ends before its caller goes on.
    ///
    /// # Errors
    ///
    /// The system has no room for a stack.
    #[inline]
    pub(crate) fn nest(
        &mut self,
        block: &StoreBlock,
        stack_bytes: usize,
    ) -> Result<Box<Activation>> {
        // SAFETY: pointers of the chain are good.
        let Some(top) = (unsafe { block.activation.as_ref() }) else {
            return self.root(stack_bytes);
        };
        let mut activation = self.nested.pop().unwrap_or_else(|| Activation::new(None));
        activation.share_stack(top);
        self.generation += 1;
        activation.generation = self.generation;
        Ok(activation)
    }

    /// One with a stack of its own.
    ///
    /// # Errors
    ///
    /// The system has no room for a stack.
    #[inline]
    pub(crate) fn root(&mut self, stack_bytes: usize) -> Result<Box<Activation>> {
        let mut activation = match self.rooted.pop() {
            Some(activation) => activation,
            None => self.make(stack_bytes)?,
        };
        self.generation += 1;
        activation.generation = self.generation;
        Ok(activation)
    }

    #[cold]
    fn make(&mut self, stack_bytes: usize) -> Result<Box<Activation>> {
        self.reap();
        if let Some(activation) = self.rooted.pop() {
            return Ok(activation);
        }
        let what = || format!("cannot make a guest stack of {stack_bytes} bytes");
        let stack = Stack::new(stack_bytes).map_err(Error::system(what()))?;
        Ok(Activation::new(Some(stack)))
    }

    /// Takes back the suspended ones that nobody can resume any more.
    fn reap(&mut self) {
        let claimed = |activation: &mut Box<Activation>| {
            let claim = activation.resumable.as_ref().map(|resumable| &resumable.claim);
            claim.is_some_and(|claim| claim.strong_count() != 0)
        };
        let orphans: Vec<_> = self.suspended.extract_if(.., |a| !claimed(a)).collect();
        orphans.into_iter().for_each(|activation| self.recycle(activation));
    }

    /// Makes an idle or suspended activation the top one, and running. False if
    /// it may not run, because its store was stopped.
    #[inline]
    pub(crate) fn push(&mut self, block: &mut StoreBlock, mut activation: Box<Activation>) -> bool {
        let depth = chain(block).next().map_or(0, |top| top.depth) + 1;
        activation.run(block.activation, depth);
        block.activation = Box::into_raw(activation);
        self.interrupts.is_none() || self.enter(block)
    }

    #[cold]
    fn enter(&self, block: &StoreBlock) -> bool {
        let interrupted = chain(block).any(|activation| activation.interrupted);
        let top = chain(block).next().zip(self.interrupts.as_ref());
        top.is_none_or(|(top, interrupts)| interrupts.enter(top.generation, interrupted))
    }

    /// Takes the top activation out of the chain; there is one. It is still
    /// running.
    #[inline]
    pub(crate) fn pop(&mut self, block: &mut StoreBlock) -> Box<Activation> {
        // SAFETY: what `push` made a pointer of, and nobody uses any more.
        let activation = unsafe { Box::from_raw(block.activation) };
        block.activation = activation.previous;
        if self.interrupts.is_some() {
            self.leave(block);
        }
        activation
    }

    #[cold]
    fn leave(&self, block: &StoreBlock) {
        let interrupted = chain(block).any(|activation| activation.interrupted);
        self.interrupts.iter().for_each(|interrupts| interrupts.leave(interrupted));
    }

    /// Ends a running or suspended activation, which can be used again.
    #[inline]
    pub(crate) fn recycle(&mut self, mut activation: Box<Activation>) {
        activation.end();
        activation.reset();
        if !activation.owns_stack() {
            self.nested.push(activation);
        } else if self.rooted.is_empty() {
            self.rooted.push(activation);
        }
    }

    /// Gives up an activation that could not be entered.
    #[cold]
    pub(crate) fn discard(&mut self, mut activation: Box<Activation>) {
        activation.run(std::ptr::null_mut(), 0);
        self.recycle(activation);
    }

    /// Ends suspended calls and requests to stop, and gives up what a deep call
    /// touched of the stack. No call is in the store.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        if let Some(interrupts) = self.interrupts.take() {
            interrupts.close();
        }
        self.suspended.clear();
        self.rooted.iter_mut().try_for_each(|activation| activation.cool())
    }

    /// Says who may resume a suspended activation.
    pub(crate) fn claim(&mut self, generation: u64, claim: Weak<()>) {
        let mut suspended = self.suspended.iter_mut();
        let found = suspended.find(|activation| activation.generation == generation);
        if let Some(resumable) = found.and_then(|activation| activation.resumable.as_mut()) {
            resumable.claim = claim;
        }
    }

    /// Suspends an activation that was running.
    pub(crate) fn suspend(&mut self, mut activation: Box<Activation>) {
        activation.suspend();
        self.suspended.push(activation);
    }

    /// The suspended activation of a generation.
    pub(crate) fn suspended(&self, generation: u64) -> Option<&Activation> {
        self.suspended.iter().map(Box::as_ref).find(|a| a.generation == generation)
    }

    /// Takes the suspended activation of a generation, to resume or to end it.
    pub(crate) fn take_suspended(&mut self, generation: u64) -> Option<Box<Activation>> {
        let index = self.suspended.iter().position(|a| a.generation == generation)?;
        Some(self.suspended.swap_remove(index))
    }

    /// What the guests of a store have on their stacks: running ones, which
    /// stand in builtins, and suspended ones.
    pub(crate) fn stacks_in_use(&self, block: &StoreBlock) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let suspended = self.suspended.iter().map(Box::as_ref);
        for activation in chain(block).chain(suspended) {
            // Those that share a stack follow each other, the lowest first.
            if ranges.last().is_none_or(|last| last.end != activation.stack.end) {
                ranges.push(activation.guest_sp..activation.stack.end);
            }
        }
        ranges
    }

    /// What the store shares with those who may stop it.
    pub(crate) fn interrupts(&mut self, block: &StoreBlock) -> &Arc<Interrupts> {
        self.interrupts.get_or_insert_with(|| {
            let mut running: Vec<u64> = chain(block).map(|call| call.generation).collect();
            running.reverse();
            Interrupts::new(&block.interrupt, running)
        })
    }

    /// The same, if somebody may.
    #[inline]
    pub(crate) fn interruptible(&self) -> Option<&Arc<Interrupts>> {
        self.interrupts.as_ref()
    }

    /// Whether the running call shall stop. For signal handlers in guests.
    pub(crate) fn stopping(&self) -> bool {
        self.interrupts.as_ref().is_some_and(|interrupts| interrupts.stopping())
    }

    /// Time, if that is why the store was stopped.
    pub(crate) fn late(&self) -> Option<LimitKind> {
        self.interrupts.as_ref().filter(|interrupts| interrupts.late()).map(|_| LimitKind::Time)
    }

    /// How many calls are suspended that somebody may resume.
    pub(crate) fn suspended_calls(&mut self, about: u64) -> u64 {
        if self.suspended.len() as u64 >= about {
            self.reap();
        }
        self.suspended.len() as u64
    }

    /// A handle for the call of this generation.
    pub(crate) fn interrupt_handle(
        &mut self,
        block: &StoreBlock,
        generation: u64,
    ) -> InterruptHandle {
        self.interrupts(block).handle(generation)
    }

    /// Whether the guest that stands in a builtin shall stop: because its call
    /// was interrupted, or one that led to it.
    #[inline]
    pub(crate) fn interrupted(&mut self, block: &mut StoreBlock) -> bool {
        block.interrupt.load(Ordering::Relaxed) != 0 && self.collect(block)
    }

    /// Sets the block's flag if a running activation was asked to stop while it
    /// was suspended.
    pub(crate) fn refresh(&self, block: &mut StoreBlock) {
        if chain(block).any(|activation| activation.interrupted) {
            block.interrupt.store(1, Ordering::Relaxed);
        }
    }

    #[cold]
    fn collect(&mut self, block: &mut StoreBlock) -> bool {
        let Some(interrupts) = &self.interrupts else { return false };
        let (requests, mut stop) = interrupts.take(&block.interrupt);
        for activation in &mut self.suspended {
            activation.interrupted |= requests.contains(&activation.generation);
        }
        let mut at = block.activation;
        // SAFETY: pointers of the chain are good, and no guest runs.
        while let Some(activation) = unsafe { at.as_mut() } {
            activation.interrupted |= requests.contains(&activation.generation);
            stop |= activation.interrupted;
            at = activation.previous;
        }
        if stop {
            // Those further out have to find it set when their turn comes.
            block.interrupt.store(1, Ordering::Relaxed);
        }
        stop
    }
}

impl Drop for Activations {
    fn drop(&mut self) {
        if let Some(interrupts) = &self.interrupts {
            interrupts.close();
        }
    }
}
