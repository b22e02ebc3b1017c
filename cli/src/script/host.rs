//! Does what scripts ask for: one store with its instances.
//!
//! # Safety
//!
//! Artifacts come from the side that compiles, through a pipe of our own.
#![allow(unsafe_code)]

use super::request::{Answer, Cause, Problem, Referent, Request, RequestFailure, ScriptValue};
use super::spectest;
use precast_loader::component::{Component, ComponentInstance, ComponentLinker};
use precast_loader::{Artifact, Error, ExternRef, Instance, Linker, Result, Store, Val};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// A script's store, and the instances in it.
pub struct Host {
    store: Store<()>,
    /// `spectest`, and the instances that were registered.
    linker: Linker<()>,
    registered: HashSet<String>,
    /// Instances that have names. Modules can import from them, as from those
    /// that were registered: many scripts expect it.
    instances: HashMap<String, ScriptInstance>,
    /// The last instance, which requests without a name speak of; none when
    /// making it failed.
    current: Option<ScriptInstance>,
    /// Modules that were defined without making an instance, and the last.
    definitions: HashMap<String, Artifact>,
    last_definition: Option<Artifact>,
}

/// What a module or component was made to.
#[derive(Clone, Copy)]
enum ScriptInstance {
    Module(Instance),
    Component(ComponentInstance),
}

impl Host {
    /// A host without instances. What scripts print is shown with `print`.
    ///
    /// # Errors
    ///
    /// There is no memory for what `spectest` exports.
    pub fn new(print: bool) -> Result<Self> {
        let mut store = Store::new(());
        let mut linker = Linker::new();
        spectest::define(&mut linker, &mut store, print)?;
        Ok(Self {
            store,
            linker,
            registered: HashSet::from([spectest::NAME.to_owned()]),
            instances: HashMap::new(),
            current: None,
            definitions: HashMap::new(),
            last_definition: None,
        })
    }

    /// Does what is asked.
    pub fn answer(&mut self, request: Request<'_>) -> Answer {
        match request {
            Request::Module(name, artifact) => {
                self.current = None;
                let artifact = open(artifact)?;
                self.instantiate(name, &artifact)
            }
            Request::Define(name, artifact) => {
                let artifact = open(artifact)?;
                if let Some(name) = name {
                    self.definitions.insert(name.to_owned(), artifact.clone());
                }
                self.last_definition = Some(artifact);
                Ok(Vec::new())
            }
            Request::Make(instance, definition) => {
                self.current = None;
                let artifact = match definition {
                    Some(name) => self.definitions.get(name),
                    None => self.last_definition.as_ref(),
                };
                let artifact = artifact.cloned();
                let artifact =
                    artifact.ok_or_else(|| RequestFailure::untried("no such module definition"))?;
                self.instantiate(instance, &artifact)
            }
            Request::Forget => {
                self.current = None;
                Ok(Vec::new())
            }
            Request::Try(artifact) => {
                self.make(&open(artifact)?)?;
                Ok(Vec::new())
            }
            Request::Register(name, instance) => {
                let instance = self.module(instance)?;
                self.linker.instance(&self.store, name, instance);
                self.registered.insert(name.to_owned());
                Ok(Vec::new())
            }
            Request::Invoke(instance, export, args) => self.invoke(instance, export, args),
            Request::Get(instance, export) => {
                let found = self.module(instance)?.get_global(&self.store, export);
                let found = found.ok_or_else(|| {
                    RequestFailure::untried(format!("there is no global `{export}`"))
                })?;
                Ok(vec![self.value(&found.get(&self.store))])
            }
        }
    }

    fn instantiate(&mut self, name: Option<&str>, artifact: &Artifact) -> Answer {
        let instance = self.make(artifact)?;
        if let Some(name) = name {
            self.instances.insert(name.to_owned(), instance);
        }
        self.current = Some(instance);
        Ok(Vec::new())
    }

    /// Calls an export of an instance.
    fn invoke(&mut self, instance: Option<&str>, export: &str, args: &[ScriptValue]) -> Answer {
        let instance = match self.instance(instance)? {
            ScriptInstance::Module(instance) => instance,
            ScriptInstance::Component(instance) => return self.call(instance, export, args),
        };
        let func = instance.get_func(&self.store, export);
        let func = func
            .ok_or_else(|| RequestFailure::untried(format!("there is no function `{export}`")))?;
        let args = args.iter().map(|arg| to_val(arg, &mut self.store));
        let args = args.collect::<std::result::Result<Vec<_>, _>>()?;
        let results = func.call(&mut self.store, &args).map_err(failure)?;
        Ok(results.iter().map(|result| self.value(result)).collect())
    }

    /// Calls an export of a component.
    fn call(&mut self, instance: ComponentInstance, export: &str, args: &[ScriptValue]) -> Answer {
        let func = instance.get_func(&self.store, &[export]);
        let func = func.map_err(|error| RequestFailure::untried(error.to_string()))?;
        let args = args.iter().map(|arg| match arg {
            ScriptValue::Component(value) => Ok(value.clone()),
            other => Err(RequestFailure::untried(format!("{other:?} is no value of a component"))),
        });
        let args = args.collect::<std::result::Result<Vec<_>, _>>()?;
        let result = func.call(&mut self.store, &args).map_err(failure)?;
        Ok(result.into_iter().map(ScriptValue::Component).collect())
    }

    fn make(&mut self, artifact: &Artifact) -> std::result::Result<ScriptInstance, RequestFailure> {
        if Component::is(artifact) {
            let component = Component::new(artifact.clone()).map_err(failure)?;
            let made = ComponentLinker::new().instantiate(&mut self.store, &component);
            return made.map(ScriptInstance::Component).map_err(failure);
        }
        let mut linker = Cow::Borrowed(&self.linker);
        for import in artifact.imports() {
            match self.instances.get(&import.module) {
                Some(ScriptInstance::Module(instance))
                    if !self.registered.contains(&import.module) =>
                {
                    linker.to_mut().instance(&self.store, &import.module, *instance);
                }
                _ => {}
            }
        }
        linker.instantiate(&mut self.store, artifact).map(ScriptInstance::Module).map_err(failure)
    }

    /// As [`Host::instance`], of a core module.
    fn module(&self, name: Option<&str>) -> std::result::Result<Instance, RequestFailure> {
        match self.instance(name)? {
            ScriptInstance::Module(instance) => Ok(instance),
            ScriptInstance::Component(_) => {
                Err(RequestFailure::untried("an instance of a component"))
            }
        }
    }

    fn instance(&self, name: Option<&str>) -> std::result::Result<ScriptInstance, RequestFailure> {
        match name {
            Some(name) => self.instances.get(name).copied(),
            None => self.current,
        }
        .ok_or_else(|| RequestFailure {
            cause: Cause::NoInstance(name.map(str::to_owned)),
            message: match name {
                Some(name) => format!("there is no instance `${name}`"),
                None => "there is no instance".to_owned(),
            },
        })
    }

    fn value(&self, value: &Val) -> ScriptValue {
        match value {
            Val::I32(value) => ScriptValue::I32(*value),
            Val::I64(value) => ScriptValue::I64(*value),
            Val::F32(bits) => ScriptValue::F32(*bits),
            Val::F64(bits) => ScriptValue::F64(*bits),
            Val::V128(bits) => ScriptValue::V128(*bits),
            Val::FuncRef(None) => ScriptValue::Null(Referent::Func),
            Val::FuncRef(Some(_)) => ScriptValue::Func,
            Val::ExnRef(None) => ScriptValue::Null(Referent::Exn),
            Val::ExnRef(Some(_)) => ScriptValue::Exception,
            Val::ExternRef(None) => ScriptValue::Null(Referent::Extern),
            Val::ExternRef(Some(reference)) => {
                ScriptValue::Extern(reference.data(&self.store).downcast_ref().copied())
            }
        }
    }
}

fn open(artifact: &[u8]) -> std::result::Result<Artifact, RequestFailure> {
    // SAFETY: whoever writes the requests has compiled it.
    let opened = unsafe { Artifact::from_bytes(artifact) };
    opened.map_err(|error| RequestFailure::untried(format!("not loaded: {error}")))
}

/// A value for the guest. A number becomes a host reference to it.
fn to_val(value: &ScriptValue, store: &mut Store<()>) -> std::result::Result<Val, RequestFailure> {
    Ok(match value {
        ScriptValue::I32(value) => Val::I32(*value),
        ScriptValue::I64(value) => Val::I64(*value),
        ScriptValue::F32(bits) => Val::F32(*bits),
        ScriptValue::F64(bits) => Val::F64(*bits),
        ScriptValue::V128(bits) => Val::V128(*bits),
        ScriptValue::Null(Referent::Func) => Val::FuncRef(None),
        ScriptValue::Null(Referent::Extern) => Val::ExternRef(None),
        ScriptValue::Null(Referent::Exn) => Val::ExnRef(None),
        ScriptValue::Extern(Some(number)) => Val::ExternRef(Some(ExternRef::new(store, *number))),
        ScriptValue::Func
        | ScriptValue::Exception
        | ScriptValue::Extern(None)
        | ScriptValue::Component(_) => {
            return Err(RequestFailure::untried(format!("{value:?} is no argument")));
        }
    })
}

fn failure(error: Error) -> RequestFailure {
    let cause = match &error {
        Error::Trap(trap) => Cause::Trap(trap.code()),
        Error::Exception(_) => Cause::Exception,
        Error::Link(problems) => {
            let problem = |problem: &precast_loader::LinkProblem| Problem {
                module: problem.module.clone(),
                found: problem.found.is_some(),
            };
            Cause::Link(problems.iter().map(problem).collect())
        }
        _ => Cause::Other,
    };
    RequestFailure { cause, message: error.to_string() }
}
