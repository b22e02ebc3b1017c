//! wasmi, an interpreter that shares no code generator with Precast.

use crate::trace::{Bits, Ended, Runtime, Trace, follow, memory, show};
use precast_tests::random::Numbers;
use wasmi::{
    Config, Engine, Error, Extern, F32, F64, Instance, Linker, Module, Nullable, Ref, Store,
    TrapCode, V128, Val, ValType,
};

pub(crate) fn run(wasm: &[u8], seed: u64) -> Trace {
    let mut config = Config::default();
    config.wasm_custom_page_sizes(true).wasm_wide_arithmetic(true).wasm_multi_memory(true);
    config.wasm_memory64(true).wasm_simd(true);
    config.set_max_recursion_depth(10_000).set_max_stack_height(64 << 20);
    let engine = Engine::new(&config);
    match Module::new(&engine, wasm) {
        Ok(module) => follow(&mut Interpreter { engine, module, running: None }, seed),
        Err(why) => Trace::refused(why),
    }
}

struct Interpreter {
    engine: Engine,
    module: Module,
    running: Option<(Store<()>, Instance)>,
}

impl Interpreter {
    fn running(&mut self) -> (&mut Store<()>, Instance) {
        let (store, instance) = self.running.as_mut().expect("an instance was made");
        (store, *instance)
    }
}

impl Runtime for Interpreter {
    fn instantiate(&mut self) -> Result<Vec<String>, Ended> {
        let mut store = Store::new(&self.engine, ());
        let linker = Linker::new(&self.engine);
        let instance = linker.instantiate_and_start(&mut store, &self.module);
        let instance = instance.map_err(|why| ended(&why))?;
        let mut names: Vec<String> = instance
            .exports(&store)
            .filter(|export| export.clone().into_func().is_some())
            .map(|export| export.name().to_owned())
            .collect();
        names.sort();
        self.running = Some((store, instance));
        Ok(names)
    }

    fn call(&mut self, name: &str, numbers: &mut Numbers) -> Result<Vec<Bits>, Ended> {
        let (store, instance) = self.running();
        let func = instance.get_func(&*store, name).expect("an export");
        let ty = func.ty(&*store);
        let params: Vec<Val> =
            ty.params().iter().map(|ty| argument(*ty, numbers.argument())).collect();
        let mut results: Vec<Val> =
            ty.results().iter().map(|ty| Val::default_for_ty(*ty)).collect();
        func.call(store, &params, &mut results).map_err(|why| ended(&why))?;
        Ok(results.iter().map(bits).collect())
    }

    fn state(&mut self, trace: &mut Trace) {
        let (store, instance) = self.running();
        let mut exports: Vec<(String, Extern)> = instance
            .exports(&*store)
            .map(|export| (export.name().to_owned(), export.into_extern()))
            .collect();
        exports.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, item) in exports {
            match item {
                Extern::Global(global) => trace.note(&name, show([bits(&global.get(&*store))])),
                Extern::Memory(it) => trace.note(&name, memory(it.data(&*store))),
                Extern::Table(table) => {
                    let elements = (0..table.size(&*store)).map(|at| table.get(&*store, at));
                    trace.note(&name, show(elements.map(|value| null(&value.expect("in bounds")))));
                }
                Extern::Func(_) => {}
            }
        }
    }
}

fn ended(why: &Error) -> Ended {
    match why.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => Ended::trap("Unreachable"),
        Some(TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited) => Ended::Limit,
        Some(code) => Ended::trap(format!("{code:?}")),
        // Of an active segment at instantiation, for which there is no code.
        None if why.to_string().starts_with("out of bounds table access") => {
            Ended::trap("TableOutOfBounds")
        }
        None => Ended::Error(why.to_string()),
    }
}

fn argument(ty: ValType, bits: u64) -> Val {
    match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(F32::from_bits(bits as u32)),
        ValType::F64 => Val::F64(F64::from_bits(bits)),
        ValType::V128 => Val::V128(V128::from(u128::from(bits) << 64 | u128::from(!bits))),
        ValType::FuncRef | ValType::ExternRef => Val::default_for_ty(ty),
    }
}

fn bits(value: &Val) -> Bits {
    match value {
        Val::I32(value) => Some((*value as u32).into()),
        Val::I64(value) => Some((*value as u64).into()),
        Val::F32(value) => Some(value.to_bits().into()),
        Val::F64(value) => Some(value.to_bits().into()),
        Val::V128(value) => Some(value.as_u128()),
        Val::FuncRef(Nullable::Null) | Val::ExternRef(Nullable::Null) => Some(0),
        Val::FuncRef(_) | Val::ExternRef(_) => None,
    }
}

fn null(reference: &Ref) -> Bits {
    reference.is_null().then_some(0)
}
