//! Runs one script, directive by directive.

use super::{Mismatch, Report, Settings, spectest, values};
use precast_compiler::{Error as CompileError, Options};
use precast_loader::{Artifact, Error, Instance, LinkProblem, Linker, Store, TrapCode, Val};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wast::core::WastRetCore;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

/// What came of a directive that did not do as it should.
enum Verdict {
    /// It failed, and why.
    Failed(String),
    /// It depends on a module that the settings leave out.
    LeftOut,
}

type Check<T = ()> = Result<T, Verdict>;

impl From<String> for Verdict {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<&str> for Verdict {
    fn from(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
}

/// Runs a script in a store of its own.
pub(super) fn run(text: &str, settings: &Settings) -> Report {
    let mut report = Report::default();
    let outcome = parse(text, |directives| {
        let mut runner = Runner::new(settings)
            .map_err(|error| wast::Error::new(Span::from_offset(0), error.to_string()))?;
        for directive in directives {
            let span = directive.span();
            match runner.check(directive) {
                Ok(()) => report.passed += 1,
                Err(Verdict::LeftOut) => report.left_out += 1,
                Err(Verdict::Failed(message)) => {
                    report.failures.push(Mismatch { line: line(span, text), message });
                }
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        let line = line(error.span(), text);
        report.failures.push(Mismatch { line, message: error.message() });
    }
    report
}

fn parse(
    text: &str,
    run: impl FnOnce(Vec<WastDirective<'_>>) -> Result<(), wast::Error>,
) -> Result<(), wast::Error> {
    let mut lexer = Lexer::new(text);
    // Names in the suite are unusual on purpose.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    run(parser::parse::<Wast<'_>>(&buffer)?.directives)
}

fn line(span: Span, text: &str) -> usize {
    span.linecol_in(text).0 + 1
}

/// A script's state.
struct Runner {
    options: Options,
    leave_out: fn(&[u8]) -> bool,
    store: Store<()>,
    /// `spectest`, and the instances that were registered.
    linker: Linker<()>,
    /// Instances that have names.
    instances: HashMap<String, Instance>,
    /// The last instance, which directives without a name speak of; none when
    /// making it failed.
    current: Option<Instance>,
    /// Whether the last module was left out, and which names stand for such.
    current_left_out: bool,
    left_out: HashSet<String>,
    /// Modules that were defined without making an instance, and the last.
    definitions: HashMap<String, Artifact>,
    last_definition: Option<Artifact>,
}

impl Runner {
    fn new(settings: &Settings) -> Result<Self, Error> {
        let mut store = Store::new(());
        let mut linker = Linker::new();
        spectest::define(&mut linker, &mut store, settings.print)?;
        Ok(Self {
            options: Options { threads: Some(1), ..settings.options.clone() },
            leave_out: settings.leave_out,
            store,
            linker,
            instances: HashMap::new(),
            current: None,
            current_left_out: false,
            left_out: HashSet::new(),
            definitions: HashMap::new(),
            last_definition: None,
        })
    }

    /// Runs a directive. A panic is a failure of it, and the others go on.
    fn check(&mut self, directive: WastDirective<'_>) -> Check {
        catch_unwind(AssertUnwindSafe(|| self.directive(directive)))
            .unwrap_or_else(|_| Err("panicked".into()))
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Check {
        match directive {
            WastDirective::Module(module) => self.module(module),
            WastDirective::ModuleDefinition(module) => self.define(module),
            WastDirective::ModuleInstance { instance, module, .. } => self.make(instance, module),
            WastDirective::Register { name, module, .. } => self.register(name, module),
            WastDirective::Invoke(invoke) => match self.invoke(&invoke)? {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("`{}` failed: {error}", invoke.name).into()),
            },
            WastDirective::AssertReturn { exec, results, .. } => self.returns(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec)?;
                self.trapped(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call)?;
                self.trapped(outcome, message)
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                self.unlinkable(module, message)
            }
            WastDirective::AssertInvalid { module, message, .. }
            | WastDirective::AssertMalformed { module, message, .. }
            | WastDirective::AssertInvalidCustom { module, message, .. }
            | WastDirective::AssertMalformedCustom { module, message, .. } => {
                self.rejected(module, message)
            }
            WastDirective::AssertException { exec, .. } => self.threw(exec),
            WastDirective::AssertSuspension { .. } => unsupported("assert_suspension"),
            WastDirective::Thread(_) => unsupported("thread"),
            WastDirective::Wait { .. } => unsupported("wait"),
        }
    }

    fn module(&mut self, module: QuoteWat<'_>) -> Check {
        (self.current, self.current_left_out) = (None, false);
        let name = module.name();
        let made = self.compile(module).and_then(|artifact| self.instantiate(name, &artifact));
        if let Err(Verdict::LeftOut) = &made {
            self.current_left_out = true;
            self.left_out.extend(name.map(|name| name.name().to_owned()));
        }
        made
    }

    fn define(&mut self, module: QuoteWat<'_>) -> Check {
        let name = module.name();
        let artifact = self.compile(module)?;
        if let Some(name) = name {
            self.definitions.insert(name.name().to_owned(), artifact.clone());
        }
        self.last_definition = Some(artifact);
        Ok(())
    }

    fn make(&mut self, instance: Option<Id<'_>>, module: Option<Id<'_>>) -> Check {
        self.current = None;
        let artifact = match module {
            Some(name) => self.definitions.get(name.name()),
            None => self.last_definition.as_ref(),
        };
        let artifact = artifact.cloned().ok_or("there is no such module definition")?;
        self.instantiate(instance, &artifact)
    }

    fn instantiate(&mut self, name: Option<Id<'_>>, artifact: &Artifact) -> Check {
        let made = self.linker.instantiate(&mut self.store, artifact);
        let instance = made.map_err(|error| match self.lacks_left_out(&error) {
            true => Verdict::LeftOut,
            false => format!("instantiation failed: {error}").into(),
        })?;
        if let Some(name) = name {
            self.instances.insert(name.name().to_owned(), instance);
        }
        self.current = Some(instance);
        Ok(())
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Check {
        let instance = self.instance(module).inspect_err(|verdict| {
            if let Verdict::LeftOut = verdict {
                self.left_out.insert(registered(name));
            }
        })?;
        self.linker.instance(&self.store, name, instance);
        Ok(())
    }

    /// Whether instantiation failed for want of a module that was left out.
    fn lacks_left_out(&self, error: &Error) -> bool {
        let left_out = |problem: &LinkProblem| self.left_out.contains(&registered(&problem.module));
        matches!(error, Error::Link(problems) if problems.iter().any(left_out))
    }

    fn instance(&self, name: Option<Id<'_>>) -> Check<Instance> {
        let (found, left_out) = match name {
            Some(name) => {
                (self.instances.get(name.name()).copied(), self.left_out.contains(name.name()))
            }
            None => (self.current, self.current_left_out),
        };
        found.ok_or_else(|| match name {
            _ if left_out => Verdict::LeftOut,
            Some(name) => format!("there is no instance `${}`", name.name()).into(),
            None => "there is no instance".into(),
        })
    }

    /// A module's artifact.
    fn compile(&self, mut module: QuoteWat<'_>) -> Check<Artifact> {
        let wasm = module.encode().map_err(|error| format!("not encoded: {}", error.message()))?;
        if (self.leave_out)(&wasm) {
            return Err(Verdict::LeftOut);
        }
        let bytes = precast_compiler::compile(&wasm, &self.options)
            .map_err(|error| format!("not compiled: {error}"))?;
        Artifact::from_bytes(&bytes).map_err(|error| format!("not loaded: {error}").into())
    }

    /// What an action gave: values or an error of the loader. The outer error
    /// is that it could not be tried.
    fn execute(&mut self, exec: WastExecute<'_>) -> Check<Result<Vec<Val>, Error>> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let artifact = self.compile(QuoteWat::Wat(module))?;
                let made = self.linker.instantiate(&mut self.store, &artifact);
                Ok(made.map(|_| Vec::new()))
            }
            WastExecute::Get { module, global, .. } => {
                let found = self.instance(module)?.get_global(&self.store, global);
                let found = found.ok_or_else(|| format!("there is no global `{global}`"))?;
                Ok(Ok(vec![found.get(&self.store)]))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Check<Result<Vec<Val>, Error>> {
        let func = self.instance(invoke.module)?.get_func(&self.store, invoke.name);
        let func = func.ok_or_else(|| format!("there is no function `{}`", invoke.name))?;
        let args = invoke.args.iter().map(|arg| match arg {
            WastArg::Core(arg) => Ok(values::argument(arg, &mut self.store)?),
            _ => Err("an argument of a component".into()),
        });
        let args = args.collect::<Check<Vec<_>>>()?;
        Ok(func.call(&mut self.store, &args))
    }

    fn returns(&mut self, exec: WastExecute<'_>, results: &[WastRet<'_>]) -> Check {
        let patterns = results.iter().map(|result| match result {
            WastRet::Core(pattern) => Ok(pattern),
            _ => Err("a result of a component".into()),
        });
        let patterns = patterns.collect::<Check<Vec<&WastRetCore<'_>>>>()?;
        let what = describe(&exec);
        let outcome = self.execute(exec)?;
        let good = outcome.as_ref().is_ok_and(|results| {
            let matches = |(value, pattern): (_, &&_)| values::matches(value, pattern, &self.store);
            results.len() == patterns.len() && results.iter().zip(&patterns).all(matches)
        });
        match good {
            true => Ok(()),
            false => Err(format!(
                "{what}: expected {}, got {}",
                values::show_patterns(&patterns),
                self.show(outcome)
            )
            .into()),
        }
    }

    fn trapped(&self, outcome: Result<Vec<Val>, Error>, expected: &str) -> Check {
        match outcome {
            Err(Error::Trap(trap)) if is_trap(trap.code(), expected) => Ok(()),
            other => Err(format!("expected a trap `{expected}`, got {}", self.show(other)).into()),
        }
    }

    fn threw(&mut self, exec: WastExecute<'_>) -> Check {
        let what = describe(&exec);
        match self.execute(exec)? {
            Err(Error::Exception(_)) => Ok(()),
            other => Err(format!("{what}: expected an exception, got {}", self.show(other)).into()),
        }
    }

    fn unlinkable(&mut self, module: Wat<'_>, expected: &str) -> Check {
        let artifact = self.compile(QuoteWat::Wat(module))?;
        match self.linker.instantiate(&mut self.store, &artifact) {
            Err(Error::Link(problems)) if problems.iter().any(|p| is_problem(p, expected)) => {
                Ok(())
            }
            Err(error) if self.lacks_left_out(&error) => Err(Verdict::LeftOut),
            Err(error) => Err(format!("expected `{expected}`, got {error}").into()),
            Ok(_) => Err(format!("expected `{expected}`, but it linked").into()),
        }
    }

    /// Neither text parser nor compiler may accept the module, and the
    /// compiler must blame the module and not itself.
    fn rejected(&self, mut module: QuoteWat<'_>, expected: &str) -> Check {
        let Ok(wasm) = module.encode() else { return Ok(()) };
        match precast_compiler::compile(&wasm, &self.options) {
            Err(CompileError::Invalid { .. } | CompileError::NotWasm(_)) => Ok(()),
            Err(error) => Err(format!("expected `{expected}`, got {error}").into()),
            Ok(_) => Err(format!("expected `{expected}`, but it compiled").into()),
        }
    }

    fn show(&self, outcome: Result<Vec<Val>, Error>) -> String {
        match outcome {
            Ok(results) => values::show(&results, &self.store),
            Err(error) => format!("error: {error}"),
        }
    }
}

fn unsupported(directive: &str) -> Check {
    Err(format!("`{directive}` is not supported").into())
}

/// A registered name, apart from the names of instances in the script.
fn registered(name: &str) -> String {
    format!("\"{name}\"")
}

fn describe(exec: &WastExecute<'_>) -> String {
    match exec {
        WastExecute::Invoke(invoke) => format!("`{}`", invoke.name),
        WastExecute::Get { global, .. } => format!("global `{global}`"),
        WastExecute::Wat(_) => "module".to_owned(),
    }
}

/// Whether a trap is the one that the suite means by `expected`, which may be
/// the beginning of a message.
fn is_trap(code: TrapCode, expected: &str) -> bool {
    let message = code.message();
    let matches = message.starts_with(expected);
    match code {
        // The suite has two messages for the same, ours holds both.
        TrapCode::TableOutOfBounds => matches || "out of bounds table access".starts_with(expected),
        // The suite also names the element, which the specification leaves open.
        // The suite names the kind of reference.
        TrapCode::NullReference => {
            matches || expected.starts_with("null ") && expected.ends_with(" reference")
        }
        TrapCode::IndirectCallToNull => matches || expected.starts_with(message),
        _ => matches,
    }
}

/// Whether a link error is the one that the suite means by `expected`.
fn is_problem(problem: &LinkProblem, expected: &str) -> bool {
    let message = match problem.found {
        None => "unknown import",
        Some(_) => "incompatible import type",
    };
    message.starts_with(expected)
}
