//! wasmtime, which knows every feature that Precast does. It has the same code
//! generator, but neither its translation nor its runtime.

use crate::trace::{Bits, Ended, Runtime, Trace, follow, memory, show};
use precast_tests::random::Numbers;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::{
    Config, Engine, Error, Extern, Instance, Linker, Module, Ref, Store, ThrownException, Trap,
    V128, Val, ValType,
};

/// Bytes of stack that a guest may use.
const STACK: usize = 1 << 20;

/// More than a guest can use.
const FUEL: u64 = u64::MAX / 2;

/// Number of operators that calls have run, about.
pub(crate) static OPERATORS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn run(wasm: &[u8], seed: u64) -> Trace {
    let mut config = Config::new();
    config.wasm_custom_page_sizes(true).wasm_wide_arithmetic(true).wasm_multi_memory(true);
    config.wasm_memory64(true).wasm_tail_call(true).wasm_exceptions(true);
    config.wasm_function_references(true).wasm_extended_const(true).wasm_threads(true);
    config.wasm_relaxed_simd(true).relaxed_simd_deterministic(true);
    config.max_wasm_stack(STACK).consume_fuel(true);
    let engine = Engine::new(&config).expect("a configuration for this machine");
    match Module::new(&engine, wasm) {
        // On a stack that has room for the guest's.
        Ok(module) => std::thread::scope(|scope| {
            let run = || follow(&mut Peer { engine, module, running: None }, seed);
            let thread = std::thread::Builder::new().stack_size(2 * STACK);
            let thread = thread.spawn_scoped(scope, run).expect("a thread");
            thread.join().expect("wasmtime does not panic")
        }),
        Err(why) => Trace::refused(format!("{why:#}")),
    }
}

struct Peer {
    engine: Engine,
    module: Module,
    running: Option<(Store<()>, Instance)>,
}

impl Peer {
    fn running(&mut self) -> (&mut Store<()>, Instance) {
        let (store, instance) = self.running.as_mut().expect("an instance was made");
        (store, *instance)
    }
}

impl Runtime for Peer {
    fn instantiate(&mut self) -> Result<Vec<String>, Ended> {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(FUEL).expect("fuel is counted");
        let instance = Linker::new(&self.engine).instantiate(&mut store, &self.module);
        let instance = instance.map_err(|why| ended(&mut store, &why))?;
        let exports = self.module.exports();
        let functions = exports.filter(|export| export.ty().func().is_some());
        let mut names: Vec<String> = functions.map(|export| export.name().to_owned()).collect();
        names.sort();
        self.running = Some((store, instance));
        Ok(names)
    }

    fn call(&mut self, name: &str, numbers: &mut Numbers) -> Result<Vec<Bits>, Ended> {
        let (store, instance) = self.running();
        let func = instance.get_func(&mut *store, name).expect("an export");
        let ty = func.ty(&*store);
        let params: Option<Vec<Val>> =
            ty.params().map(|ty| argument(&ty, numbers.argument())).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let before = store.get_fuel().expect("fuel is counted");
        let called = func.call(&mut *store, &params.ok_or(Ended::Skipped)?, &mut results);
        let after = store.get_fuel().expect("fuel is counted");
        OPERATORS.fetch_add(if after == 0 { 0 } else { before - after }, Ordering::Relaxed);
        called.map_err(|why| ended(store, &why))?;
        Ok(results.iter().map(bits).collect())
    }

    fn state(&mut self, trace: &mut Trace) {
        let (store, instance) = self.running();
        let mut exports: Vec<(String, Extern)> = instance
            .exports(&mut *store)
            .map(|export| (export.name().to_owned(), export.into_extern()))
            .collect();
        exports.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, item) in exports {
            match item {
                Extern::Global(global) => {
                    let value = global.get(&mut *store);
                    trace.note(&name, show([bits(&value)]));
                }
                Extern::Memory(it) => trace.note(&name, memory(it.data(&*store))),
                Extern::Table(table) => {
                    let size = table.size(&*store);
                    let elements = (0..size).map(|at| table.get(&mut *store, at));
                    trace.note(&name, show(elements.map(|value| null(&value.expect("in bounds")))));
                }
                _ => {}
            }
        }
    }
}

fn ended(store: &mut Store<()>, why: &Error) -> Ended {
    if why.is::<ThrownException>() {
        let exception = store.take_pending_exception().expect("an exception");
        let fields = exception.fields(&mut *store).expect("of this store");
        return Ended::Thrown(fields.map(|value| bits(&value)).collect());
    }
    match why.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => Ended::trap("Unreachable"),
        Some(Trap::HeapMisaligned) => Ended::trap("UnalignedAtomic"),
        Some(Trap::AtomicWaitNonSharedMemory) => Ended::trap("WaitOnUnsharedMemory"),
        // Fuel: operators on whole ranges are charged before they trap.
        Some(Trap::AllocationTooLarge | Trap::OutOfFuel) => Ended::Limit,
        Some(trap) => Ended::trap(format!("{trap:?}")),
        None => Ended::Error(format!("{why:#}")),
    }
}

fn argument(ty: &ValType, bits: u64) -> Option<Val> {
    match ty {
        ValType::I32 => Some(Val::I32(bits as i32)),
        ValType::I64 => Some(Val::I64(bits as i64)),
        ValType::F32 => Some(Val::F32(bits as u32)),
        ValType::F64 => Some(Val::F64(bits)),
        ValType::V128 => Some(Val::V128(V128::from(u128::from(bits) << 64 | u128::from(!bits)))),
        reference @ ValType::Ref(_) => Val::default_for_ty(reference),
    }
}

fn bits(value: &Val) -> Bits {
    match value {
        Val::I32(value) => Some((*value as u32).into()),
        Val::I64(value) => Some((*value as u64).into()),
        Val::F32(bits) => Some((*bits).into()),
        Val::F64(bits) => Some((*bits).into()),
        Val::V128(bits) => Some(bits.as_u128()),
        reference => null(&reference.ref_().expect("the rest are references")),
    }
}

fn null(reference: &Ref) -> Bits {
    reference.is_null().then_some(0)
}
