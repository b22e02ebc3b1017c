//! The bodies in place of inlined calls.

use super::input::Input;
use crate::translate::{InlineCall, ModuleInput};
use std::sync::OnceLock;

/// The calls of each function that are inlined.
pub(super) struct InlineCalls<'f>(Vec<OnceLock<Box<[InlineCall<'f>]>>>);

impl<'f> InlineCalls<'f> {
    /// None yet, for so many functions.
    pub(super) fn new(functions: usize) -> Self {
        Self((0..functions).map(|_| OnceLock::new()).collect())
    }

    /// Fills the lists of all functions: each refers to those of its callees,
    /// so callees come first.
    pub(super) fn fill(&'f self, input: &'f Input<'_, '_>, module: &'f ModuleInput<'f>) {
        for function in input.decisions.inlining.order() {
            let calls = input.decisions.inlining.of(function.index()).iter().map(|replaced| {
                let body = &input.parsed.bodies[replaced.callee.index()];
                let inline = self.of(replaced.callee.index());
                InlineCall {
                    call: replaced.at,
                    guess: replaced.guess,
                    callee: input.function(module, body, inline),
                }
            });
            let first = self.0[function.index()].set(calls.collect());
            assert!(first.is_ok(), "each function is in the order once");
        }
    }

    /// Those of the function with this position.
    pub(super) fn of(&'f self, function: usize) -> &'f [InlineCall<'f>] {
        self.0[function].get().map_or(&[], |calls| calls)
    }
}
