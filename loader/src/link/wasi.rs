//! WASI preview 1 for instances: binds [`wasi`] to a linker.

use crate::api::caller::Caller;
use crate::api::func;
use crate::api::instance::Instance;
use crate::error::{Error, Result};
use crate::limit::LimitKind;
use crate::link::linker::Linker;
use crate::store::access::AsStore;
use crate::store::host::HostFunc;
use crate::vm::raw::RawValue;
use crate::vm::types::{FuncType, ValType};
use crate::wasi::{self, FUNCTIONS, GuestMemory, Outcome, WasiCtx, WasiFunction};

/// The most parameters that a WASI function has.
const MOST_PARAMETERS: usize = 9;

impl<T: 'static> Linker<T> {
    /// Defines all of WASI preview 1 (`wasi_snapshot_preview1`), and of its
    /// predecessor `wasi_unstable`. `context` finds the guest's
    /// [`WasiCtx`] in the host's data; the memory that functions work on is
    /// the calling instance's export `memory`.
    ///
    /// `proc_exit` ends the call from the host with [`Error::Exit`].
    ///
    /// ```
    /// use precast_loader::{Linker, wasi::WasiCtx};
    /// let mut linker = Linker::<WasiCtx>::new();
    /// linker.add_wasi(|context| context);
    /// ```
    pub fn add_wasi(
        &mut self,
        context: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
    ) -> &mut Self {
        for (module, function) in wasi::imports() {
            self.define_host(module, function.name, host_function(function, context));
        }
        self
    }
}

/// A function of preview 1 for the instance that calls it.
pub(crate) fn host_function<T: 'static>(
    function: &'static WasiFunction,
    context: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
) -> HostFunc {
    let call = function.call;
    let params = function.params.len();
    let returns = !function.results.is_empty();
    let run = move |caller: &mut Caller<'_, T>, slots: &mut [RawValue]| {
        let mut args = [0; MOST_PARAMETERS];
        args.iter_mut().zip(&*slots).for_each(|(arg, slot)| *arg = slot.u64());
        if let Some(interrupts) = caller.interruptible().cloned() {
            context(caller.data_mut()).follow(&interrupts);
        }
        let (memory, data) = caller.exported_memory();
        let context = context(data);
        let outcome = call(context, &GuestMemory::shared(memory), &args[..params]);
        if context.output_exceeded() {
            let why = "more output written than may be".to_owned();
            return Err(Error::Limit(LimitKind::OutputBytes, why));
        }
        finish(outcome, returns, slots)
    };
    func::raw(func_type(function), run).expect("numeric types refer to no concrete types")
}

fn finish(outcome: Outcome, returns: bool, slots: &mut [RawValue]) -> Result<()> {
    match outcome {
        Outcome::Return(errno) => {
            if returns {
                slots[0] = u32::from(errno as u16).into();
            }
            Ok(())
        }
        Outcome::Exit(code) => Err(Error::Exit(code as i32)),
        Outcome::Trap(why) => Err(Error::host(why)),
    }
}

fn func_type(function: &WasiFunction) -> FuncType {
    let convert = |types: &[wasi::WasiValType]| {
        let one = |ty: &wasi::WasiValType| match ty {
            wasi::WasiValType::I32 => ValType::I32,
            wasi::WasiValType::I64 => ValType::I64,
        };
        types.iter().map(one).collect()
    };
    FuncType { params: convert(function.params), results: convert(function.results) }
}

/// Runs a WASI program to its end: `_start` of a command, or `_initialize` of
/// a reactor, whose exports can be called afterwards. Returns the exit code,
/// zero if it came to an end without one.
///
/// # Errors
///
/// The instance exports neither; traps; errors of host functions.
pub fn run_command(store: &mut impl AsStore, instance: &Instance) -> Result<i32> {
    let exports = |name| instance.get_func(store, name).is_some();
    let name =
        ["_start", "_initialize"].into_iter().find(|name| exports(name)).ok_or_else(|| {
            Error::usage(
                "the module exports neither `_start` nor `_initialize`: not a WASI program",
            )
        })?;
    let entry = instance.get_typed_func::<(), ()>(store, name)?;
    match entry.call(store, ()) {
        Ok(()) => Ok(0),
        Err(Error::Exit(code)) => Ok(code),
        Err(error) => Err(error),
    }
}

const _: () = {
    let mut index = 0;
    while index < FUNCTIONS.len() {
        assert!(FUNCTIONS[index].params.len() <= MOST_PARAMETERS);
        index += 1;
    }
};
