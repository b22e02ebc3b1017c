//! Options of `run` that say how much of something a guest may use.

use crate::{duration, size};
use clap::Args;
use precast_loader::wasi::WasiCtxBuilder;
use precast_loader::{LimitKind, Limits};
use std::time::Duration;

/// How much a guest may use.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// End the guest when this time is over, such as 2s or 500ms
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub timeout: Option<Duration>,

    /// End the guest when it has executed about this many instructions, the same on
    /// every machine. An artifact must have been compiled with --fuel
    #[arg(long, value_name = "UNITS")]
    pub fuel: Option<u64>,

    /// Most linear memory, such as 64MiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub max_memory: Option<u64>,

    /// Stack, such as 1MiB; 8MiB by default
    #[arg(long, visible_alias = "max-stack", value_name = "SIZE", value_parser = size::parse_stack)]
    pub stack_size: Option<u64>,

    /// Most output to standard output and error, such as 10MiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub max_output: Option<u64>,

    /// Most table elements
    #[arg(long, value_name = "COUNT")]
    pub max_table_elements: Option<u64>,

    /// Most instances, with those that are preloaded
    #[arg(long, value_name = "COUNT")]
    pub max_instances: Option<u64>,

    /// Most memories
    #[arg(long, value_name = "COUNT")]
    pub max_memories: Option<u64>,

    /// Most address space that memories reserve, such as 64GiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub max_address_space: Option<u64>,

    /// Most tables
    #[arg(long, value_name = "COUNT")]
    pub max_tables: Option<u64>,

    /// Most globals
    #[arg(long, value_name = "COUNT")]
    pub max_globals: Option<u64>,

    /// Most types
    #[arg(long, value_name = "COUNT")]
    pub max_types: Option<u64>,

    /// Most memory for exceptions that are alive, such as 64MiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub max_exceptions: Option<u64>,

    /// Most calls from host to guest inside one another
    #[arg(long, value_name = "COUNT")]
    pub max_nested_calls: Option<u32>,

    /// Most descriptors open at once, with those that are granted
    #[arg(long, value_name = "COUNT")]
    pub max_descriptors: Option<u32>,

    /// Most memory for lists of directories that are being read, such as 64MiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub max_listings: Option<u64>,
}

impl LimitOptions {
    /// The limits of a store.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        let set = |limit: &mut u64, option: Option<u64>| *limit = option.unwrap_or(*limit);
        set(&mut limits.memory_bytes, self.max_memory);
        set(&mut limits.table_elements, self.max_table_elements);
        set(&mut limits.instances, self.max_instances);
        set(&mut limits.memories, self.max_memories);
        set(&mut limits.address_space, self.max_address_space);
        set(&mut limits.tables, self.max_tables);
        set(&mut limits.globals, self.max_globals);
        set(&mut limits.types, self.max_types);
        set(&mut limits.exception_bytes, self.max_exceptions);
        if let Some(bytes) = self.stack_size {
            limits.stack_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        limits.fuel = self.fuel;
        limits.nested_calls = self.max_nested_calls.unwrap_or(limits.nested_calls);
        limits
    }

    /// Limits what WASI gives.
    pub(crate) fn limit(&self, wasi: &mut WasiCtxBuilder) {
        if let Some(bytes) = self.max_output {
            wasi.max_output(bytes);
        }
        if let Some(count) = self.max_descriptors {
            wasi.max_descriptors(count);
        }
        if let Some(bytes) = self.max_listings {
            wasi.max_listings(bytes);
        }
    }

    /// The options that were given, as arguments again; but for the time, which
    /// people need longer than guests.
    #[cfg(feature = "compiler")]
    pub(crate) fn arguments(&self) -> Vec<(&'static str, u64)> {
        let given = [
            ("fuel", self.fuel),
            ("max-memory", self.max_memory),
            ("stack-size", self.stack_size),
            ("max-output", self.max_output),
            ("max-table-elements", self.max_table_elements),
            ("max-instances", self.max_instances),
            ("max-memories", self.max_memories),
            ("max-address-space", self.max_address_space),
            ("max-tables", self.max_tables),
            ("max-globals", self.max_globals),
            ("max-types", self.max_types),
            ("max-exceptions", self.max_exceptions),
            ("max-nested-calls", self.max_nested_calls.map(u64::from)),
            ("max-descriptors", self.max_descriptors.map(u64::from)),
            ("max-listings", self.max_listings),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// The option that sets a limit; none for what no guest of `run` can reach.
pub(crate) fn option(kind: LimitKind) -> Option<&'static str> {
    Some(match kind {
        LimitKind::MemoryBytes => "--max-memory",
        LimitKind::TableElements => "--max-table-elements",
        LimitKind::Instances => "--max-instances",
        LimitKind::Memories => "--max-memories",
        LimitKind::AddressSpace => "--max-address-space",
        LimitKind::Tables => "--max-tables",
        LimitKind::Globals => "--max-globals",
        LimitKind::StackBytes => "--stack-size",
        LimitKind::NestedCalls => "--max-nested-calls",
        LimitKind::Types => "--max-types",
        LimitKind::ExceptionBytes => "--max-exceptions",
        LimitKind::OutputBytes => "--max-output",
        LimitKind::Descriptors => "--max-descriptors",
        LimitKind::ListingBytes => "--max-listings",
        LimitKind::Time => "--timeout",
        LimitKind::Fuel => "--fuel",
        _ => return None,
    })
}
