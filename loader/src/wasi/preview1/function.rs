//! What a function for guests is, and the macro that makes one line of a table.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::outcome::{Outcome, Stop};

/// The types that WASI functions take and return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WasiValType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

/// One function that a guest may import.
pub struct WasiFunction {
    /// The name of the import.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [WasiValType],
    /// `[I32]`, the errno; none for `proc_exit`.
    pub results: &'static [WasiValType],
    /// Runs it. The arguments are as many as `params`; of an `I32` only the low
    /// 32 bits count.
    pub call: fn(&mut WasiCtx, &GuestMemory<'_>, &[u64]) -> Outcome,
}

/// The value of one raw argument.
macro_rules! argument {
    (I32, $raw:ident) => {
        $raw as u32
    };
    (I64, $raw:ident) => {
        $raw
    };
}
pub(super) use argument;

/// One line of a table: `module::name(parameter: Type, ...)`, or
/// `"name" = module::function(...)` where the two differ.
macro_rules! function {
    ($module:ident::$name:ident($($param:ident: $ty:ident),*)) => {
        function!(stringify!($name), [$crate::wasi::preview1::function::WasiValType::I32], $module::$name($($param: $ty),*))
    };
    ($name:expr, [$($result:expr)?], $module:ident::$function:ident($($param:ident: $ty:ident),*)) => {
        $crate::wasi::preview1::function::WasiFunction {
            name: $name,
            params: &[$($crate::wasi::preview1::function::WasiValType::$ty),*],
            results: &[$($result)?],
            call: |ctx, memory, args| {
                let result = match args {
                    &[$($param),*] => $module::$function(
                        ctx,
                        memory,
                        $($crate::wasi::preview1::function::argument!($ty, $param)),*
                    ),
                    _ => Err($crate::wasi::preview1::function::wrong_count(args.len())),
                };
                $crate::wasi::preview1::outcome::Outcome::from_result($name, result)
            },
        }
    };
}

#[cold]
pub(super) fn wrong_count(count: usize) -> Stop {
    Stop::Trap(format!("called with {count} arguments; check the import's type first"))
}

pub(super) use function;
