//! WASI 0.2 for components: binds [`preview2`](crate::wasi::preview2) to a linker.

use super::call::ComponentInstance;
use super::function::{HostFunction, ImportCall};
use super::linker::{ComponentDefinition, ComponentLinker, HostResource};
use crate::canonical::canon::Canon;
use crate::canonical::known::{Check, Known};
use crate::canonical::value::Value;
use crate::error::{Error, Result};
use crate::limit::LimitKind;
use crate::link::wasi::host_function;
use crate::store::access::AsStore;
use crate::store::host::HostFunc;
use crate::vm::raw::RawValue;
use crate::wasi::preview2::function::{GuestCall, HostCall, Preview2Function};
use crate::wasi::preview2::functions::{FUNCTIONS, RESOURCES};
use crate::wasi::{MODULE, WasiCtx, lookup};
use precast_artifact::component::ComponentFuncType;
use std::sync::Arc;

/// The version of WASI that names are defined with; those before it are found by
/// their track.
const VERSION: &str = "0.2.12";

/// The export that runs a command, of any version.
const RUN: [&str; 2] = ["wasi:cli/run@0.2.0", "run"];

impl<T: 'static> ComponentLinker<T> {
    /// Defines WASI 0.2: what is not granted is refused inside its functions.
    /// `context` finds the guest's [`WasiCtx`] in the host's data.
    ///
    /// `exit` ends the call from the host with [`Error::Exit`].
    ///
    /// ```
    /// use precast_loader::{component::ComponentLinker, wasi::WasiCtx};
    /// let mut linker = ComponentLinker::<WasiCtx>::new();
    /// linker.add_wasi(|context| context);
    /// ```
    pub fn add_wasi(
        &mut self,
        context: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
    ) -> &mut Self {
        for resource in RESOURCES {
            let interface = format!("{}@{VERSION}", resource.interface);
            let destroy = resource.drop;
            let drop = Arc::new(move |mut store: crate::StoreMut<'_, T>, rep| {
                destroy(context(store.data_mut()), rep);
                Ok(())
            });
            let definition = HostResource { ty: (resource.ty)(), drop };
            self.define(&[&interface, resource.name], ComponentDefinition::Resource(definition));
        }
        for function in FUNCTIONS {
            let interface = format!("{}@{VERSION}", function.interface);
            let definition =
                ComponentDefinition::Function(Arc::new(Preview2Import { function, context }));
            self.define(&[&interface, function.name], definition);
        }
        self
    }
}

/// A function of WASI 0.2 as an import.
struct Preview2Import<C> {
    function: &'static Preview2Function,
    context: C,
}

impl<T: 'static, C> HostFunction<T> for Preview2Import<C>
where
    C: Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
{
    fn call(
        &self,
        call: ImportCall<'_, T>,
        params: &[RawValue],
        results: &mut [RawValue],
    ) -> Result<()> {
        let mut call = call;
        let context = self.context;
        let interrupts = call.store.core().activations.interruptible().cloned();
        if let Some(interrupts) = &interrupts {
            context(call.store.data_mut()).follow(interrupts);
        }
        let mut guest = Preview2Call { call, context };
        let outcome = (self.function.call)(&mut guest, params, results);
        if context(guest.call.store.data_mut()).output_exceeded() {
            let why = "more output written than may be".to_owned();
            return Err(Error::Limit(LimitKind::OutputBytes, why));
        }
        // A wait that was ended because the guest shall stop: it does so when this
        // returns, whatever the results are.
        if outcome.is_err() && interrupts.is_some_and(|interrupts| interrupts.stopping()) {
            return Ok(());
        }
        outcome
    }

    fn check(&self, known: &Known<'_>, ty: &ComponentFuncType) -> Check {
        let check = (self.function.check)(known, ty);
        check.map_err(|why| format!("a function of another type in WASI {VERSION} ({why})"))
    }

    fn preview1(&self, name: &str) -> Option<HostFunc> {
        Some(host_function(lookup(MODULE, name)?, self.context))
    }
}

/// A call by a component.
struct Preview2Call<'a, T, C> {
    call: ImportCall<'a, T>,
    context: C,
}

impl<T: 'static, C: Fn(&mut T) -> &mut WasiCtx> GuestCall for Preview2Call<'_, T, C> {
    fn canon(&mut self) -> Canon<'_> {
        self.call.canon()
    }

    fn host(&mut self) -> HostCall<'_> {
        let memory = self.call.options.memory();
        let (memory, data) = crate::api::memory::buffer(self.call.store.as_store_mut(), memory);
        HostCall { ctx: (self.context)(data), memory }
    }
}

/// Runs a WASI command to its end. Returns the exit code: zero if it came to an
/// end well without one, and one if not.
///
/// # Errors
///
/// The component exports no `wasi:cli/run`; traps; errors of host functions.
pub fn run_component(store: &mut impl AsStore, instance: &ComponentInstance) -> Result<i32> {
    let run = instance.get_func(store, &RUN).map_err(|error| match error {
        Error::Usage(_) => Error::usage("the component exports no `wasi:cli/run`: not a command"),
        other => other,
    })?;
    match run.call(store, &[]) {
        Ok(Some(Value::Result(Err(_)))) => Ok(1),
        Ok(_) => Ok(0),
        Err(Error::Exit(code)) => Ok(code),
        Err(error) => Err(error),
    }
}
