//! Optimisations that can be left out, by name.

use crate::error::Error;
use crate::near::suggestion;
use std::fmt;
use std::str::FromStr;

/// An optimisation that can be left out, see
/// [`Options::disabled`](crate::Options::disabled). Ordered as the stages that
/// make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Optimisation {
    /// `list-copies`: lists of plain numbers between components are copied at
    /// once instead of element by element.
    ListCopies,
    /// `direct-preview1`: a command in a component that uses preview 1 by way of
    /// an adapter may be given the loader's own preview 1 instead.
    DirectPreview1,
    /// `constant-globals`: globals that nothing writes become constants.
    ConstantGlobals,
    /// `private-tables`: tables that nothing outside can reach are kept in the
    /// image.
    PrivateTables,
    /// `memory-image`: data segments are laid out at compile time.
    MemoryImage,
    /// `wide-products`: a function that is proved to multiply to 128 bits uses
    /// the machine's instructions for that.
    WideProducts,
    /// `inline`: calls become the body of their callee, and functions that
    /// nobody calls any more are left out.
    Inline,
    /// `inline-indirect`: so do calls through tables, where they can reach few
    /// functions, behind a comparison of the index.
    InlineIndirect,
    /// `constant-arguments`: at -O3, parameters that every call passes the same constant are
    /// that constant.
    ConstantArguments,
    /// `br-table-chain`: `br_table`s with few ways become chains of branches.
    BrTableChain,
    /// `small-copies`: `memory.copy` and `memory.fill` of a small constant length
    /// become loads and stores.
    SmallCopies,
    /// `carries`: sums and differences of numbers of 128 bits and more use the
    /// machine's carry, on x86-64 and aarch64.
    Carries,
    /// `byte-loops`: a loop that compares bytes until some differ looks at eight at once,
    /// on x86-64 and aarch64.
    ByteLoops,
    /// `vectors`: a loop that counts and does the same to each element of arrays
    /// does several at once, where a check before it finds that nobody can tell; on
    /// x86-64 and aarch64.
    Vectors,
    /// `fold-addresses`: constants that are added to an index become part of the
    /// access, on x86-64.
    FoldAddresses,
    /// `loop-addresses`: at -O3, a loop that counts gets a copy for when its indices do
    /// not wrap around, with the addresses made before it, on x86-64.
    LoopAddresses,
    /// `loop-compares`: a loop that counts to a constant compares the new count,
    /// on x86-64.
    LoopCompares,
    /// `chosen-steps`: a sum with the result of a comparison becomes a choice, on
    /// x86-64.
    ChosenSteps,
    /// `sum-order`: sums in loops add last what the rounds before give.
    SumOrder,
    /// `wide-indices`: indices that loops carry are extended to 64 bits where they
    /// are made, on x86-64.
    WideIndices,
    /// `thread-branches`: whoever comes to a branch with a constant that decides it
    /// goes straight to where it leads.
    ThreadBranches,
    /// `argument-copies`: at -O3, a call that is the last to need a value gets a copy of
    /// it, so that the value is not held to the argument's register, on x86-64.
    ArgumentCopies,
    /// `short-branches`: branches that lead to near places take two bytes, on x86-64.
    ShortBranches,
    /// `short-frame-accesses`: what lies in a function's frame is addressed by the frame
    /// pointer where that takes fewer bytes than by the stack pointer, on x86-64.
    ShortFrameAccesses,
    /// `short-encodings`: instructions with an encoding of fewer bytes get that, on x86-64.
    ShortEncodings,
    /// `align-loops`: functions begin where it suits their small loops, on x86-64.
    AlignLoops,
    /// `fold-functions`: identical functions share their code.
    FoldFunctions,
    /// `hot-functions`: with a profile, the functions where time was spent lie
    /// together, and those where none was after all others.
    HotFunctions,
    /// `hot-inlining`: with a profile, larger bodies are inlined in place of calls
    /// that run often, and none in place of calls that never do.
    HotInlining,
    /// `cold-blocks`: with a profile, what never runs of a function that does is out
    /// of the way.
    ColdBlocks,
    /// `cold-functions`: with a profile, functions that never run are made small.
    ColdFunctions,
}

impl Optimisation {
    /// Every optimisation.
    pub const ALL: [Self; 31] = [
        Self::ListCopies,
        Self::DirectPreview1,
        Self::ConstantGlobals,
        Self::PrivateTables,
        Self::MemoryImage,
        Self::WideProducts,
        Self::Inline,
        Self::InlineIndirect,
        Self::ConstantArguments,
        Self::BrTableChain,
        Self::SmallCopies,
        Self::Carries,
        Self::ByteLoops,
        Self::Vectors,
        Self::FoldAddresses,
        Self::LoopAddresses,
        Self::LoopCompares,
        Self::ChosenSteps,
        Self::SumOrder,
        Self::WideIndices,
        Self::ThreadBranches,
        Self::ArgumentCopies,
        Self::ShortBranches,
        Self::ShortFrameAccesses,
        Self::ShortEncodings,
        Self::AlignLoops,
        Self::FoldFunctions,
        Self::HotFunctions,
        Self::HotInlining,
        Self::ColdBlocks,
        Self::ColdFunctions,
    ];

    /// The name that options and artifacts use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ListCopies => "list-copies",
            Self::DirectPreview1 => "direct-preview1",
            Self::ConstantGlobals => "constant-globals",
            Self::PrivateTables => "private-tables",
            Self::MemoryImage => "memory-image",
            Self::WideProducts => "wide-products",
            Self::Inline => "inline",
            Self::InlineIndirect => "inline-indirect",
            Self::ConstantArguments => "constant-arguments",
            Self::BrTableChain => "br-table-chain",
            Self::SmallCopies => "small-copies",
            Self::Carries => "carries",
            Self::ByteLoops => "byte-loops",
            Self::Vectors => "vectors",
            Self::FoldAddresses => "fold-addresses",
            Self::LoopAddresses => "loop-addresses",
            Self::LoopCompares => "loop-compares",
            Self::ChosenSteps => "chosen-steps",
            Self::SumOrder => "sum-order",
            Self::WideIndices => "wide-indices",
            Self::ThreadBranches => "thread-branches",
            Self::ArgumentCopies => "argument-copies",
            Self::ShortBranches => "short-branches",
            Self::ShortFrameAccesses => "short-frame-accesses",
            Self::ShortEncodings => "short-encodings",
            Self::AlignLoops => "align-loops",
            Self::FoldFunctions => "fold-functions",
            Self::HotFunctions => "hot-functions",
            Self::HotInlining => "hot-inlining",
            Self::ColdBlocks => "cold-blocks",
            Self::ColdFunctions => "cold-functions",
        }
    }
}

impl fmt::Display for Optimisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Optimisation {
    type Err = Error;

    /// Reads a name. An unknown one gives an error that lists the known ones,
    /// and suggests the one that is nearest.
    fn from_str(name: &str) -> Result<Self, Error> {
        let named = Self::ALL.into_iter().find(|known| known.name() == name);
        named.ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            Error::Option(format!(
                "unknown optimisation `{name}`{}; known are {}",
                suggestion(name, known),
                known.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for optimisation in Optimisation::ALL {
            assert_eq!(optimisation.name().parse::<Optimisation>().unwrap(), optimisation);
        }
    }

    #[test]
    fn unknown_names_list_the_known_and_suggest_the_nearest() {
        let complaint = |name: &str| name.parse::<Optimisation>().unwrap_err().to_string();
        assert_eq!(
            complaint("fold-function"),
            "unknown optimisation `fold-function`, did you mean `fold-functions`?; known are \
             list-copies, direct-preview1, constant-globals, private-tables, memory-image, wide-products, inline, inline-indirect, constant-arguments, br-table-chain, small-copies, carries, byte-loops, vectors, \
             fold-addresses, loop-addresses, loop-compares, chosen-steps, sum-order, wide-indices, thread-branches, argument-copies, short-branches, short-frame-accesses, short-encodings, align-loops, fold-functions, \
             hot-functions, hot-inlining, cold-blocks, cold-functions"
        );
        assert!(complaint("private_table").contains("mean `private-tables`"));
        assert!(complaint("vectorise").contains("mean `vectors`"));
        assert!(complaint("whatever").starts_with("unknown optimisation `whatever`; known are"));
    }
}
