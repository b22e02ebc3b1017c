//! What the code of functions follows from.

use super::decisions::Decisions;
use crate::facts::Facts;
use crate::function::DebugUses;
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use crate::parse::{Body, Parsed};
use crate::plan::Plan;
use crate::target::Target;
use crate::translate::{Debug, FunctionInput, InlineCall, ModuleInput, TranslateOptions};
use precast_artifact::index::{FuncIndex, ModuleIndex};
use std::collections::BTreeMap;

/// What the code follows from.
pub(super) struct Input<'i, 'a> {
    pub(super) parsed: &'i Parsed<'a>,
    pub(super) plan: &'i Plan<'a>,
    pub(super) facts: &'i Facts,
    pub(super) options: &'i Options,
    /// The values that debug information asks for, by function.
    pub(super) debug_uses: BTreeMap<FuncIndex, DebugUses>,
    pub(super) decisions: Decisions,
}

impl<'i> Input<'i, '_> {
    /// What translation may look at of the module.
    pub(super) fn module(&self, target: &Target) -> ModuleInput<'i> {
        let options = self.options;
        let options = TranslateOptions {
            frontend: target.isa.frontend_config(),
            br_table_chain: options.enabled(Optimisation::BrTableChain),
            precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
            debug: match (options.debug_info, options.opt_level) {
                (false, _) => Debug::Off,
                (true, OptLevel::None) => Debug::Slots,
                (true, _) => Debug::Values,
            },
        };
        ModuleInput::new(MODULE, self.parsed, self.plan, options)
    }

    /// What it may look at for one function.
    pub(super) fn function<'f>(
        &'f self,
        module: &'f ModuleInput<'f>,
        body: &'f Body<'f>,
        inline: &'f [InlineCall<'f>],
    ) -> FunctionInput<'f> {
        let index = body.function();
        FunctionInput {
            module,
            function: index,
            ty: self.parsed.functions[index.index()],
            body: &body.body,
            hints: self.parsed.hints.get(&index).map_or(&[], Vec::as_slice),
            debug_uses: self.debug_uses.get(&index),
            product: index
                .defined(self.parsed.imported_functions)
                .and_then(|own| self.decisions.products.get(&own.index()).copied()),
            inline,
        }
    }
}

/// The only module.
pub(super) const MODULE: ModuleIndex = ModuleIndex::new(0);
