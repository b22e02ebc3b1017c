//! What the code of functions follows from.

use super::decisions::Decisions;
use crate::error::Error;
use crate::facts::Facts;
use crate::function::DebugUses;
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use crate::parse::{Body, Parsed};
use crate::plan::{Constant, Plan};
use crate::target::Target;
use crate::translate::{Debug, FunctionInput, InlineCall, ModuleInput, TranslateOptions};
use precast_artifact::index::{BodyOffset, DefinedFuncIndex, FuncIndex, LocalIndex, ModuleIndex};
use std::collections::BTreeMap;
use std::ops::Range;
use target_lexicon::Architecture;

/// What the code of a module follows from.
pub(super) struct Input<'i, 'a> {
    /// The module among those of the artifact.
    pub(super) index: ModuleIndex,
    /// Where it begins in the file that is compiled.
    pub(super) offset: u64,
    pub(super) parsed: &'i Parsed<'a>,
    pub(super) plan: &'i Plan<'a>,
    pub(super) facts: &'i Facts,
    pub(super) options: &'i Options,
    /// The values that debug information asks for, by function.
    pub(super) debug_uses: BTreeMap<FuncIndex, DebugUses>,
    pub(super) decisions: Decisions,
}

impl<'i, 'a> Input<'i, 'a> {
    /// Of the only module of a file.
    pub(super) fn whole(
        parsed: &'i Parsed<'a>,
        plan: &'i Plan<'a>,
        facts: &'i Facts,
        options: &'i Options,
        debug_uses: BTreeMap<FuncIndex, DebugUses>,
        decisions: Decisions,
    ) -> Self {
        let index = ModuleIndex::new(0);
        Self { index, offset: 0, parsed, plan, facts, options, debug_uses, decisions }
    }

    /// What translation may look at of the module.
    pub(super) fn module(&self, target: &Target) -> ModuleInput<'i> {
        let options = self.options;
        let architecture = target.isa.triple().architecture;
        let x86 = architecture == Architecture::X86_64;
        // riscv64 has no carry.
        let carries = x86 || matches!(architecture, Architecture::Aarch64(_));
        let options = TranslateOptions {
            frontend: target.isa.frontend_config(),
            br_table_chain: options.enabled(Optimisation::BrTableChain),
            carries: carries && options.enabled(Optimisation::Carries),
            // Fuel is paid for by the round.
            byte_loops: carries && !options.fuel && options.enabled(Optimisation::ByteLoops),
            vectors: carries && !options.fuel && options.enabled(Optimisation::Vectors),
            // Elsewhere accesses take few constants.
            fold_addresses: x86 && options.enabled(Optimisation::FoldAddresses),
            loop_addresses: x86 && options.enabled(Optimisation::LoopAddresses),
            loop_compares: x86 && options.enabled(Optimisation::LoopCompares),
            chosen_steps: x86 && options.enabled(Optimisation::ChosenSteps),
            sum_order: options.enabled(Optimisation::SumOrder),
            wide_indices: x86 && options.enabled(Optimisation::WideIndices),
            thread_branches: options.enabled(Optimisation::ThreadBranches),
            argument_copies: x86 && options.enabled(Optimisation::ArgumentCopies),
            widest_copy: match options.enabled(Optimisation::SmallCopies) {
                true => target.widest_copy(),
                false => 0,
            },
            precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
            fuel: options.fuel,
            debug: match (options.debug_info, options.opt_level) {
                (false, _) => Debug::Off,
                (true, OptLevel::None) => Debug::Slots,
                (true, _) => Debug::Values,
            },
        };
        ModuleInput::new(self.index, self.parsed, self.plan, options)
    }

    /// What it may look at for one function.
    pub(super) fn function<'f>(
        &'f self,
        module: &'f ModuleInput<'f>,
        body: &'f Body<'f>,
        inline: &'f [InlineCall<'f>],
    ) -> FunctionInput<'f> {
        let index = body.function();
        let own = index.defined(self.parsed.imported_functions);
        let position = own.map(DefinedFuncIndex::index);
        FunctionInput {
            module,
            function: index,
            ty: self.parsed.functions[index.index()],
            body: &body.body,
            hints: self.parsed.hints.get(&index).map_or(&[], Vec::as_slice),
            cold: self.cold(position),
            never_runs: self.never_runs(position),
            constants: self.constants(position),
            debug_uses: self.debug_uses.get(&index),
            product: position.and_then(|own| self.decisions.products.get(&own).copied()),
            inline,
        }
    }

    /// The parameters of a function that are constants.
    fn constants(&self, position: Option<usize>) -> &[(LocalIndex, Constant)] {
        position.map_or(&[], |position| self.decisions.known(position))
    }

    /// What of a function never runs.
    fn cold(&self, position: Option<usize>) -> &[Range<BodyOffset>] {
        let heat = self.decisions.heat.as_ref().zip(position);
        let heat = heat.filter(|_| self.options.enabled(Optimisation::ColdBlocks));
        heat.map_or(&[], |(heat, position)| heat.cold_pieces(position))
    }

    /// Whether a function never runs.
    fn never_runs(&self, position: Option<usize>) -> bool {
        let heat = self.decisions.heat.as_ref().zip(position);
        let heat = heat.filter(|_| self.options.enabled(Optimisation::ColdFunctions));
        heat.is_some_and(|(heat, position)| heat.is_cold(position))
    }

    /// An error that arose in the code of a body.
    pub(super) fn in_function(&self, body: &Body<'_>, error: Error) -> Error {
        let index = body.function();
        let error = error.in_function(index, self.parsed.name_of(index));
        error.in_module_at(self.offset)
    }
}
