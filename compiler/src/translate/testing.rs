//! What tests of translation begin with: a module that is planned.

use super::input::{FunctionInput, InlineCall, ModuleInput};
use super::options::{Debug, TranslateOptions};
use crate::facts::testing::facts_of;
use crate::features::Features;
use crate::options::Options;
use crate::parse::{self, Body, Parsed};
use crate::plan::Plan;
use crate::target::Target;
use precast_artifact::index::ModuleIndex;

/// A module whose functions can be translated for this machine.
pub(super) struct PlannedModule<'m> {
    pub(super) parsed: &'m Parsed<'m>,
    pub(super) target: &'m Target,
    input: &'m ModuleInput<'m>,
}

impl<'m> PlannedModule<'m> {
    /// A function, with these calls of it inlined.
    pub(super) fn input<'i>(
        &self,
        body: &'i Body<'m>,
        inline: &'i [InlineCall<'i>],
    ) -> FunctionInput<'i>
    where
        'm: 'i,
    {
        let function = body.function();
        FunctionInput {
            module: self.input,
            function,
            ty: self.parsed.functions[function.index()],
            body: &body.body,
            hints: self.parsed.hints.get(&function).map_or(&[], Vec::as_slice),
            cold: &[],
            never_runs: false,
            constants: &[],
            debug_uses: None,
            product: None,
            inline,
        }
    }
}

/// Plans a module, and changes the options that its functions are translated with.
pub(super) fn with_module<T>(
    wasm: &[u8],
    change: impl FnOnce(&mut TranslateOptions),
    then: impl FnOnce(&PlannedModule<'_>) -> T,
) -> T {
    let parsed = parse::parse(wasm, Features::ALL).expect("a module");
    let options = Options::default();
    let target = Target::all(&options).expect("this machine").remove(0);
    let plan = Plan::new(&parsed, &facts_of(&parsed).module, &options).expect("a plan");
    let mut options = TranslateOptions {
        frontend: target.isa.frontend_config(),
        br_table_chain: true,
        carries: true,
        byte_loops: true,
        vectors: true,
        fold_addresses: true,
        loop_addresses: true,
        loop_compares: true,
        chosen_steps: true,
        sum_order: true,
        wide_indices: true,
        thread_branches: true,
        argument_copies: true,
        widest_copy: 16,
        precise_stores: false,
        fuel: false,
        debug: Debug::Off,
    };
    change(&mut options);
    let input = ModuleInput::new(ModuleIndex::new(0), &parsed, &plan, options);
    then(&PlannedModule { parsed: &parsed, target: &target, input: &input })
}
