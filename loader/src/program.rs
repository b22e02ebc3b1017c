//! Programs: an artifact with all that it needs to run, set up and started as
//! the command line does it, for whoever runs programs without one.
//!
//! Set up first: what WASI grants, limits, and what a trap does. Then modules
//! that satisfy imports, then the program itself. How it ended is a value: the
//! exit code, or an [`Error`].
//!
//! ```no_run
//! use precast_loader::{Artifact, Limits, ProgramBuilder};
//!
//! # fn main() -> precast_loader::Result<()> {
//! let mut limits = Limits::default();
//! limits.memory_bytes = 64 << 20;
//! let mut builder = ProgramBuilder::new();
//! builder.limits(limits);
//! builder.wasi().inherit_stdio().arg("app").env("LANG", "C");
//! let mut program = builder.build();
//! program.preload("library", &Artifact::open_owned("library.cwasm")?)?;
//! let code = program.run(&Artifact::open_owned("app.cwasm")?)?;
//! println!("exited with code {code}");
//! # Ok(())
//! # }
//! ```

use crate::api::instance::Instance;
use crate::artifact::open::Artifact;
use crate::component::{Component, ComponentInstance, ComponentLinker, run_component};
use crate::error::{Error, Result};
use crate::link::linker::Linker;
use crate::link::wasi::run_command;
use crate::store::access::Store;
use crate::store::limits::Limits;
use crate::vm::handle::Func;
use crate::vm::value::Val;
use crate::wasi::{WasiCtx, WasiCtxBuilder};

/// What a program is given. Without further calls: nothing of the system, the
/// default limits, and traps that are returned.
///
/// ```
/// use precast_loader::ProgramBuilder;
/// let mut builder = ProgramBuilder::new();
/// builder.wasi().arg("app");
/// let program = builder.build();
/// assert!(program.store().exhausted_reservation().is_none());
/// ```
#[derive(Default)]
pub struct ProgramBuilder {
    wasi: WasiCtxBuilder,
    limits: Limits,
    abort_on_trap: bool,
}

impl ProgramBuilder {
    /// A builder that grants nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What WASI grants: arguments, environment, streams, directories, sockets.
    pub fn wasi(&mut self) -> &mut WasiCtxBuilder {
        &mut self.wasi
    }

    /// Limits for the program and the modules that it is given.
    pub fn limits(&mut self, limits: Limits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// A trap of the program ends the process where it happens; see
    /// [`Store::abort_on_trap`]. Traps of modules that are preloaded are
    /// returned all the same.
    pub fn abort_on_trap(&mut self) -> &mut Self {
        self.abort_on_trap = true;
        self
    }

    /// The program's surroundings, leaving the builder's grants empty.
    pub fn build(&mut self) -> Program {
        let store = Store::with_limits(self.wasi.build(), self.limits.clone());
        let mut linker = Linker::new();
        linker.add_wasi(|wasi: &mut WasiCtx| wasi);
        let mut components = ComponentLinker::new();
        components.add_wasi(|wasi: &mut WasiCtx| wasi);
        Program { store, linker, components, abort_on_trap: self.abort_on_trap }
    }
}

/// A program's surroundings: a store with WASI, and what satisfies imports.
pub struct Program {
    store: Store<WasiCtx>,
    linker: Linker<WasiCtx>,
    components: ComponentLinker<WasiCtx>,
    abort_on_trap: bool,
}

impl Program {
    /// Instantiates a module whose exports satisfy imports from `name`, of the
    /// program and of modules that are preloaded later. Its `_initialize` is
    /// run, if it has one.
    ///
    /// # Errors
    ///
    /// As for [`Linker::instantiate`], and what `_initialize` fails with.
    pub fn preload(&mut self, name: &str, artifact: &Artifact) -> Result<Instance> {
        let instance = self.linker.instantiate(&mut self.store, artifact)?;
        self.initialize(&instance)?;
        self.linker.instance(&self.store, name, instance);
        Ok(instance)
    }

    /// Instantiates the program and runs it to its end: a module as a command or
    /// as a reactor, see [`run_command`]; a component as a command, see
    /// [`run_component`]. Returns the exit code.
    ///
    /// # Errors
    ///
    /// As for [`Linker::instantiate`] and [`run_command`], or for
    /// [`ComponentLinker::instantiate`] and [`run_component`].
    pub fn run(&mut self, artifact: &Artifact) -> Result<i32> {
        if Component::is(artifact) {
            let instance = self.component(&Component::new(artifact.clone())?)?;
            return run_component(&mut self.store, &instance);
        }
        let instance = self.instantiate(artifact)?;
        run_command(&mut self.store, &instance)
    }

    /// Instantiates the program, runs its `_initialize` if it has one, and
    /// calls the export `name` with arguments as [`Val::parse`] reads them.
    /// Returns the results.
    ///
    /// # Errors
    ///
    /// As for [`Linker::instantiate`]; [`Error::Invocation`] when the name or
    /// the arguments do not fit what is exported; what the call fails with, an
    /// exit among them.
    pub fn invoke(
        &mut self,
        artifact: &Artifact,
        name: &str,
        arguments: &[impl AsRef<str>],
    ) -> Result<Vec<Val>> {
        let instance = self.instantiate(artifact)?;
        self.initialize(&instance)?;
        let Some(func) = instance.get_func(&self.store, name) else {
            return Err(Error::Invocation(self.no_such_export(&instance, name)));
        };
        let arguments = self.parse(func, name, arguments).map_err(Error::Invocation)?;
        func.call(&mut self.store, &arguments)
    }

    /// Instantiates a component, of which nothing is called.
    ///
    /// # Errors
    ///
    /// As for [`ComponentLinker::instantiate`].
    pub fn component(&mut self, component: &Component) -> Result<ComponentInstance> {
        if self.abort_on_trap {
            self.store.abort_on_trap();
        }
        self.components.instantiate(&mut self.store, component)
    }

    /// The store that everything is in.
    pub fn store(&self) -> &Store<WasiCtx> {
        &self.store
    }

    /// The store that everything is in.
    pub fn store_mut(&mut self) -> &mut Store<WasiCtx> {
        &mut self.store
    }

    /// What satisfies imports: WASI and what was preloaded, to be added to.
    pub fn linker_mut(&mut self) -> &mut Linker<WasiCtx> {
        &mut self.linker
    }

    /// What satisfies imports of components: WASI, to be added to.
    pub fn component_linker_mut(&mut self) -> &mut ComponentLinker<WasiCtx> {
        &mut self.components
    }

    /// Instantiates the program itself. What traps do is as wanted from now on.
    fn instantiate(&mut self, artifact: &Artifact) -> Result<Instance> {
        if self.abort_on_trap {
            self.store.abort_on_trap();
        }
        self.linker.instantiate(&mut self.store, artifact)
    }

    fn initialize(&mut self, instance: &Instance) -> Result<()> {
        if instance.get_func(&self.store, "_initialize").is_some() {
            run_command(&mut self.store, instance)?;
        }
        Ok(())
    }

    fn no_such_export(&self, instance: &Instance, name: &str) -> String {
        let functions: Vec<&str> = instance
            .exports(&self.store)
            .filter(|(_, item)| item.func().is_some())
            .map(|(name, _)| name)
            .collect();
        format!("no function `{name}` is exported; there are: {}", functions.join(", "))
    }

    fn parse(
        &self,
        func: Func,
        name: &str,
        arguments: &[impl AsRef<str>],
    ) -> Result<Vec<Val>, String> {
        let ty = func.ty(&self.store);
        if ty.params.len() != arguments.len() {
            let (needs, given) = (ty.params.len(), arguments.len());
            return Err(format!("`{name}` is {ty}: {needs} arguments, not {given}"));
        }
        let parse = |(ty, text): (_, &str)| {
            Val::parse(ty, text).ok_or_else(|| format!("`{text}` is not a value of type {ty}"))
        };
        ty.params.iter().zip(arguments.iter().map(AsRef::as_ref)).map(parse).collect()
    }
}
