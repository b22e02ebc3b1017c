//! Runs under the interpreter.

use crate::Trace;
use crate::module::Numbers;
use crate::trace::{digest, show};
use wasmi::{
    Config, Engine, Error, Extern, F32, F64, Linker, Module, Nullable, Ref, Store, TrapCode, V128,
    Val, ValType,
};

pub(crate) fn run(wasm: &[u8], seed: u64) -> Trace {
    let mut trace = Trace::default();
    let mut config = Config::default();
    config.wasm_custom_page_sizes(true).wasm_wide_arithmetic(true).wasm_multi_memory(true);
    config.wasm_memory64(true).wasm_simd(true);
    config.set_max_recursion_depth(10_000).set_max_stack_height(64 << 20);
    let engine = Engine::new(&config);
    let module = match Module::new(&engine, wasm) {
        Ok(module) => module,
        Err(why) => {
            trace.note("compile", why.to_string());
            return trace;
        }
    };
    let mut store = Store::new(&engine, ());
    let instance = match Linker::new(&engine).instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(why) => {
            failure(&mut trace, "instantiate", &why);
            return trace;
        }
    };
    let mut exports: Vec<(String, Extern)> = instance
        .exports(&store)
        .map(|export| (export.name().to_owned(), export.into_extern()))
        .collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    let mut numbers = Numbers::new(seed);
    for (name, item) in &exports {
        let Extern::Func(func) = item else { continue };
        let ty = func.ty(&store);
        let params: Vec<Val> =
            ty.params().iter().map(|ty| argument(*ty, numbers.argument())).collect();
        let mut results: Vec<Val> =
            ty.results().iter().map(|ty| Val::default_for_ty(*ty)).collect();
        match func.call(&mut store, &params, &mut results) {
            Ok(()) => {
                trace.completed += 1;
                trace.note(name, show(results.iter().map(bits)));
            }
            Err(why) => failure(&mut trace, name, &why),
        }
        if trace.cut {
            return trace;
        }
    }
    for (name, item) in exports {
        match item {
            Extern::Global(global) => trace.note(&name, show([bits(&global.get(&store))])),
            Extern::Memory(memory) => trace.note(&name, digest(memory.data(&store))),
            Extern::Table(table) => {
                let elements = (0..table.size(&store)).map(|at| table.get(&store, at));
                trace.note(&name, show(elements.map(|value| null(&value.expect("in bounds")))));
            }
            Extern::Func(_) => {}
        }
    }
    trace
}

fn failure(trace: &mut Trace, item: &str, why: &Error) {
    match why.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => trace.trap(item, "Unreachable"),
        Some(TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited) => trace.cut = true,
        Some(code) => trace.trap(item, &format!("{code:?}")),
        // Of an active segment at instantiation, for which there is no code.
        None if why.to_string().starts_with("out of bounds table access") => {
            trace.trap(item, "TableOutOfBounds");
        }
        None => trace.note(item, why.to_string()),
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

/// The value's bits; those of null are zero, other references have none.
fn bits(value: &Val) -> Option<u128> {
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

fn null(reference: &Ref) -> Option<u128> {
    reference.is_null().then_some(0)
}
