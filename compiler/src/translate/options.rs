//! How functions are translated, whatever they are.

use cranelift_codegen::isa::TargetFrontendConfig;

/// How much of the source a debugger shall find again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Debug {
    /// Nothing.
    Off,
    /// Every local, at every operator, in its own slot of the frame.
    Slots,
    /// Whatever the optimised code still holds, and what
    /// [`FunctionInput::debug_uses`] names.
    ///
    /// [`FunctionInput::debug_uses`]: super::FunctionInput::debug_uses
    Values,
}

/// How to translate.
#[derive(Clone, Copy)]
pub(crate) struct TranslateOptions {
    pub frontend: TargetFrontendConfig,
    /// Whether small `br_table`s become compare chains.
    pub br_table_chain: bool,
    /// Whether sums of halves become sums of 128 bits.
    pub carries: bool,
    /// Whether loops that compare bytes look at eight at once.
    pub byte_loops: bool,
    /// Whether loops that count become loops of vectors.
    pub vectors: bool,
    /// Whether constants in addresses become part of accesses.
    pub fold_addresses: bool,
    /// Whether loops that count get copies with addresses made before them.
    pub loop_addresses: bool,
    /// Whether comparisons that end loops stay those of the new count.
    pub loop_compares: bool,
    /// Whether sums with results of comparisons become choices.
    pub chosen_steps: bool,
    /// Whether sums in loops add last what the rounds before give.
    pub sum_order: bool,
    /// Whether indices that blocks are given become ones of 64 bits.
    pub wide_indices: bool,
    /// Whether branches go past those that are known.
    pub thread_branches: bool,
    /// Whether calls that are the last to need a value get a copy.
    pub argument_copies: bool,
    /// Bytes of the widest register that small copies go through; 0 if all copies
    /// are calls.
    pub widest_copy: u8,
    /// Whether a store that traps must be kept from writing some of its bytes.
    pub precise_stores: bool,
    /// Whether fuel is counted.
    pub fuel: bool,
    /// What debuggers shall find.
    pub debug: Debug,
}
