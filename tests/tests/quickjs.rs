//! QuickJS as a library: expressions are evaluated through its exports, with
//! host functions for what it imports besides WASI.
//!
//! `fixtures/fetch.sh quickjs` fetches it.

use precast_compiler::Options;
use precast_loader::wasi::WasiCtx;
use precast_loader::{Caller, Error, Instance, Program, ProgramBuilder, WasmValues};
use precast_tests::fixture;

/// A running interpreter.
struct QuickJs {
    program: Program,
    instance: Instance,
}

impl QuickJs {
    fn new(module: &[u8]) -> Self {
        let artifact = precast_embed::compile(module, &Options::default());
        let artifact = artifact.expect("a valid module, for this machine");
        let mut program = ProgramBuilder::new().build();
        let linker = program.linker_mut();
        linker.func_wrap("env", "host_get_timezone_offset", |_: i32, _: i32| 0);
        linker.func_wrap("env", "host_interrupt", || 0);
        linker.func_wrap("env", "host_promise_rejection", |_: i32, _: i32, _: i32| {});
        linker.func_wrap("env", "host_module_normalize", |_: i32, _: i32| 0);
        linker.func_wrap("env", "host_module_load", |_: i32, _: i32| 0);
        linker.func_wrap("env", "host_call", sum);
        let instance = program.preload("quickjs", &artifact).expect("everything is provided");
        let mut quickjs = Self { program, instance };
        assert_eq!(quickjs.call::<(), i32>("qjs_init", ()), 0);
        quickjs
    }

    fn call<P: WasmValues, R: WasmValues>(&mut self, name: &str, params: P) -> R {
        let func =
            self.instance.get_typed_func::<P, R>(self.program.store(), name).expect("an export");
        func.call(self.program.store_mut(), params).expect("no trap")
    }

    /// A string in the guest's memory, with a zero after it.
    fn string(&mut self, text: &str) -> i32 {
        let at: i32 = self.call("wasm_malloc", text.len() as i32 + 1);
        let memory = self.instance.get_memory(self.program.store(), "memory").expect("an export");
        let bytes = [text.as_bytes(), &[0]].concat();
        memory.write(self.program.store_mut(), at as u64, &bytes).expect("allocated");
        at
    }

    /// Evaluates an expression; its value as a number, or the exception.
    fn eval(&mut self, text: &str) -> Result<f64, String> {
        let (code, name) = (self.string(text), self.string("<test>"));
        let value: i32 = self.call("qjs_eval", (code, text.len() as i32, name, 0));
        match self.call::<i32, i32>("qjs_is_exception", value) {
            0 => Ok(self.call("qjs_get_float64", value)),
            _ => {
                let exception: i32 = self.call("qjs_get_exception", ());
                Err(self.text(exception))
            }
        }
    }

    /// A value as text.
    fn text(&mut self, value: i32) -> String {
        let length: i32 = self.call("wasm_malloc", 4);
        let at: i32 = self.call("qjs_get_string_len", (value, length));
        let memory = self.instance.get_memory(self.program.store(), "memory").expect("an export");
        let mut size = [0; 4];
        memory.read(self.program.store(), length as u64, &mut size).expect("allocated");
        let mut text = vec![0; u32::from_le_bytes(size) as usize];
        memory.read(self.program.store(), at as u64, &mut text).expect("a string");
        String::from_utf8(text).expect("UTF-8")
    }

    /// Makes a global function that calls [`sum`].
    fn define(&mut self, name: &str) {
        let text = self.string(name);
        let function: i32 = self.call("qjs_new_host_function", (text, name.len() as i32, 0));
        let global: i32 = self.call("qjs_get_global", ());
        let _: i32 = self.call("qjs_set_prop_string", (global, text, function));
    }
}

/// A function of the host's: the sum of its arguments, which it has the guest
/// convert.
fn sum(
    mut caller: Caller<'_, WasiCtx>,
    _name: i32,
    _length: i32,
    _this: i32,
    count: i32,
    values: i32,
) -> Result<i32, Error> {
    let export = |caller: &mut Caller<'_, WasiCtx>, name: &str| {
        caller.get_export(name).and_then(|item| item.func()).expect("an export")
    };
    let to_number = export(&mut caller, "qjs_get_float64").typed::<i32, f64>(&caller)?;
    let new_number = export(&mut caller, "qjs_new_number").typed::<f64, i32>(&caller)?;
    let memory = caller.get_memory("memory").expect("an export");
    let mut sum = 0.0;
    for index in 0..count {
        let mut value = [0; 4];
        memory.read(&caller, (values + 4 * index) as u64, &mut value)?;
        sum += to_number.call(&mut caller, i32::from_le_bytes(value))?;
    }
    new_number.call(&mut caller, sum)
}

#[test]
fn expressions_are_evaluated() {
    let module = fixture("real/quickjs/quickjs.wasm");
    precast_tests::need_that!(module.exists(), "needs quickjs: fixtures/fetch.sh quickjs");
    let mut quickjs = QuickJs::new(&std::fs::read(module).expect("a readable file"));
    assert_eq!(quickjs.eval("1 + 2"), Ok(3.0));
    let primes = "let n = 0; for (let i = 2; i < 1000; i++) { \
        let prime = true; for (let j = 2; j * j <= i; j++) if (i % j == 0) prime = false; \
        if (prime) n++ } n";
    assert_eq!(quickjs.eval(primes), Ok(168.0));
    assert_eq!(quickjs.eval("JSON.parse('[1, {\"a\": [41.5]}]')[1].a[0] + 0.25"), Ok(41.75));
    // State stays between calls.
    assert_eq!(quickjs.eval("globalThis.kept = [3, 1, 2].sort()[2]"), Ok(3.0));
    assert_eq!(quickjs.eval("kept * 2"), Ok(6.0));
    assert_eq!(
        quickjs.eval("null.x"),
        Err("TypeError: cannot read property 'x' of null".to_owned())
    );
    assert_eq!(quickjs.eval("try { throw 7 } catch (e) { e + 1 }"), Ok(8.0));
    quickjs.define("sum");
    assert_eq!(
        quickjs.eval("sum(1, 2.5, ...[3, 4]) + [1, 2].reduce((a, b) => sum(a, b))"),
        Ok(13.5)
    );
}
