//! Runs one script, directive by directive.

use super::machine::Machine;
use super::report::{Mismatch, ScriptReport};
use super::settings::Settings;
use super::{components, values};
use crate::script::request::{Answer, Cause, Problem, Request, RequestFailure, ScriptValue};
use precast_compiler::{Error as CompileError, Options};
use precast_loader::TrapCode;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
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

type Checked<T = ()> = Result<T, Verdict>;

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
pub(super) fn run(text: &str, settings: &Settings) -> ScriptReport {
    let mut report = ScriptReport::default();
    let outcome = parse(text, |directives| {
        let mut runner =
            Runner::new(settings).map_err(|error| wast::Error::new(Span::from_offset(0), error))?;
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
    machine: Machine,
    leave_out: fn(&[u8]) -> bool,
    /// Whether the last module was left out, and which names stand for such.
    current_left_out: bool,
    left_out: HashSet<String>,
}

impl Runner {
    fn new(settings: &Settings) -> Result<Self, String> {
        Ok(Self {
            options: Options { threads: Some(1), ..settings.options.clone() },
            machine: Machine::start(settings)?,
            leave_out: settings.leave_out,
            current_left_out: false,
            left_out: HashSet::new(),
        })
    }

    /// Runs a directive. A panic is a failure of it, and the others go on.
    fn check(&mut self, directive: WastDirective<'_>) -> Checked {
        catch_unwind(AssertUnwindSafe(|| self.directive(directive)))
            .unwrap_or_else(|_| Err("panicked".into()))
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Checked {
        match directive {
            WastDirective::Module(module) => self.module(module),
            WastDirective::ModuleDefinition(module) => self.define(module),
            WastDirective::ModuleInstance { instance, module, .. } => self.make(instance, module),
            WastDirective::Register { name, module, .. } => self.register(name, module),
            WastDirective::Invoke(invoke) => match self.invoke(&invoke)? {
                Ok(_) => Ok(()),
                Err(failure) => {
                    Err(format!("`{}` failed: {}", invoke.name, failure.message).into())
                }
            },
            WastDirective::AssertReturn { exec, results, .. } => self.returns(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec)?;
                trapped(&outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call)?;
                trapped(&outcome, message)
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

    fn module(&mut self, module: QuoteWat<'_>) -> Checked {
        self.current_left_out = false;
        let name = module.name();
        let made = self.compile(module).and_then(|artifact| {
            let made = self.ask(Request::Module(name.map(|name| name.name()), &artifact))?;
            self.instantiated(made)
        });
        if made.is_err() {
            // Directives without a name must not speak of the one before.
            let _ = self.machine.ask(Request::Forget);
        }
        if let Err(Verdict::LeftOut) = &made {
            self.current_left_out = true;
            self.left_out.extend(name.map(|name| name.name().to_owned()));
        }
        made
    }

    fn define(&mut self, module: QuoteWat<'_>) -> Checked {
        let name = module.name();
        let artifact = self.compile(module)?;
        let name = name.map(|name| name.name());
        self.ask(Request::Define(name, &artifact))?.map_err(|failure| failure.message)?;
        Ok(())
    }

    fn make(&mut self, instance: Option<Id<'_>>, module: Option<Id<'_>>) -> Checked {
        let request =
            Request::Make(instance.map(|name| name.name()), module.map(|name| name.name()));
        let made = self.ask(request)?;
        self.instantiated(made)
    }

    fn instantiated(&self, made: Answer) -> Checked {
        match made {
            Ok(_) => Ok(()),
            Err(failure) if self.lacks_left_out(&failure) => Err(Verdict::LeftOut),
            Err(failure) => Err(format!("instantiation failed: {}", failure.message).into()),
        }
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Checked {
        let done = self.ask(Request::Register(name, module.map(|name| name.name())));
        if let Err(Verdict::LeftOut) = &done {
            self.left_out.insert(registered(name));
        }
        done?.map_err(|failure| failure.message)?;
        Ok(())
    }

    /// Whether instantiation failed for want of a module that was left out.
    fn lacks_left_out(&self, failure: &RequestFailure) -> bool {
        let left_out = |problem: &Problem| {
            let module = &problem.module;
            self.left_out.contains(module) || self.left_out.contains(&registered(module))
        };
        matches!(&failure.cause, Cause::Link(problems) if problems.iter().any(left_out))
    }

    /// A module's artifact.
    fn compile(&self, mut module: QuoteWat<'_>) -> Checked<Vec<u8>> {
        let wasm = module.encode().map_err(|error| format!("not encoded: {}", error.message()))?;
        if (self.leave_out)(&wasm) {
            return Err(Verdict::LeftOut);
        }
        let compiled = precast_compiler::compile(&wasm, &self.options);
        Ok(compiled.map_err(|error| format!("not compiled: {error}"))?)
    }

    /// Asks the machine. The outer error is that it could not be tried.
    fn ask(&mut self, request: Request<'_>) -> Checked<Answer> {
        match self.machine.ask(request) {
            Err(RequestFailure { cause: Cause::NoInstance(name), message }) => {
                let left_out = match name {
                    Some(name) => self.left_out.contains(&name),
                    None => self.current_left_out,
                };
                Err(if left_out { Verdict::LeftOut } else { message.into() })
            }
            Err(RequestFailure { cause: Cause::Untried, message }) => Err(message.into()),
            other => Ok(other),
        }
    }

    /// What an action gave: values or a failure of the guest. The outer error
    /// is that it could not be tried.
    fn execute(&mut self, exec: WastExecute<'_>) -> Checked<Answer> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let artifact = self.compile(QuoteWat::Wat(module))?;
                self.ask(Request::Try(&artifact))
            }
            WastExecute::Get { module, global, .. } => {
                self.ask(Request::Get(module.map(|name| name.name()), global))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Checked<Answer> {
        let args = invoke.args.iter().map(|arg| match arg {
            WastArg::Core(arg) => Ok(values::argument(arg)?),
            WastArg::Component(arg) => Ok(ScriptValue::Component(components::value(arg))),
            _ => Err("an argument of an unknown kind".into()),
        });
        let args = args.collect::<Checked<Vec<_>>>()?;
        let instance = invoke.module.map(|name| name.name());
        self.ask(Request::Invoke(instance, invoke.name, &args))
    }

    fn returns(&mut self, exec: WastExecute<'_>, results: &[WastRet<'_>]) -> Checked {
        let what = describe(&exec);
        let answer = self.execute(exec)?;
        let good = answer.as_ref().is_ok_and(|values| {
            values.len() == results.len() && values.iter().zip(results).all(is_as_expected)
        });
        match good {
            true => Ok(()),
            false => {
                let expected = show_expected(results);
                Err(format!("{what}: expected {expected}, got {}", show(&answer)).into())
            }
        }
    }

    fn threw(&mut self, exec: WastExecute<'_>) -> Checked {
        let what = describe(&exec);
        match self.execute(exec)? {
            Err(RequestFailure { cause: Cause::Exception, .. }) => Ok(()),
            other => Err(format!("{what}: expected an exception, got {}", show(&other)).into()),
        }
    }

    fn unlinkable(&mut self, module: Wat<'_>, expected: &str) -> Checked {
        let artifact = self.compile(QuoteWat::Wat(module))?;
        match self.ask(Request::Try(&artifact))? {
            Err(failure) if is_link_error(&failure.cause, expected) => Ok(()),
            Err(failure) if self.lacks_left_out(&failure) => Err(Verdict::LeftOut),
            Err(failure) => Err(format!("expected `{expected}`, got {}", failure.message).into()),
            Ok(_) => Err(format!("expected `{expected}`, but it linked").into()),
        }
    }

    /// Neither text parser nor compiler may accept the module, and the
    /// compiler must blame the module and not itself.
    fn rejected(&self, mut module: QuoteWat<'_>, expected: &str) -> Checked {
        let Ok(wasm) = module.encode() else { return Ok(()) };
        match precast_compiler::compile(&wasm, &self.options) {
            Err(CompileError::Invalid { .. } | CompileError::NotWasm(_)) => Ok(()),
            Err(error) => Err(format!("expected `{expected}`, got {error}").into()),
            Ok(_) => Err(format!("expected `{expected}`, but it compiled").into()),
        }
    }
}

/// Whether a result is as the script says.
fn is_as_expected((value, expected): (&ScriptValue, &WastRet<'_>)) -> bool {
    match (value, expected) {
        (_, WastRet::Core(pattern)) => values::matches(value, pattern),
        (ScriptValue::Component(value), WastRet::Component(expected)) => {
            components::matches(value, expected)
        }
        _ => false,
    }
}

fn show_expected<'w>(results: &'w [WastRet<'w>]) -> String {
    let core = |result: &'w WastRet<'w>| match result {
        WastRet::Core(pattern) => Some(pattern),
        _ => None,
    };
    match results.iter().map(core).collect::<Option<Vec<_>>>() {
        Some(patterns) => values::show_patterns(&patterns),
        None => format!("{results:?}"),
    }
}

fn show(answer: &Answer) -> String {
    match answer {
        Ok(results) => values::show(results),
        Err(failure) => format!("error: {}", failure.message),
    }
}

fn trapped(answer: &Answer, expected: &str) -> Checked {
    match answer {
        Err(RequestFailure { cause: Cause::Trap(code), message })
            if is_trap(*code, expected) || components::is_trap(message, expected) =>
        {
            Ok(())
        }
        other => Err(format!("expected a trap `{expected}`, got {}", show(other)).into()),
    }
}

fn unsupported(directive: &str) -> Checked {
    Err(format!("`{directive}` is not supported").into())
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

/// A registered name, apart from the names of instances in the script.
fn registered(name: &str) -> String {
    format!("\"{name}\"")
}

/// Whether a link error is the one that the suite means by `expected`.
fn is_link_error(cause: &Cause, expected: &str) -> bool {
    let Cause::Link(problems) = cause else { return false };
    let message = |problem: &Problem| match problem.found {
        false => "unknown import",
        true => "incompatible import type",
    };
    problems.iter().any(|problem| message(problem).starts_with(expected))
}
