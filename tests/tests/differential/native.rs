//! Runs under Precast.

use crate::Trace;
use crate::module::Numbers;
use crate::trace::{digest, show};
use precast_compiler::{OptLevel, Options, compile};
use precast_loader::{Artifact, Error, Extern, Linker, Store, Val, ValType};

pub(crate) fn run(wasm: &[u8], seed: u64, opt_level: OptLevel) -> Trace {
    let mut trace = Trace::default();
    let options = Options { opt_level, threads: Some(1), ..Options::default() };
    let bytes = match compile(wasm, &options) {
        Ok(bytes) => bytes,
        Err(why) => {
            trace.note("compile", why.to_string());
            return trace;
        }
    };
    let artifact = Artifact::from_bytes(&bytes).expect("an artifact for this machine");
    let mut store = Store::new(());
    let instance = match Linker::new().instantiate(&mut store, &artifact) {
        Ok(instance) => instance,
        Err(why) => {
            failure(&mut trace, "instantiate", why);
            return trace;
        }
    };
    let mut exports: Vec<(String, Extern)> =
        instance.exports(&store).map(|(name, item)| (name.to_owned(), item)).collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    let mut numbers = Numbers::new(seed);
    for (name, item) in &exports {
        let Extern::Func(func) = item else { continue };
        let params: Vec<Val> =
            func.ty(&store).params.iter().map(|ty| argument(ty, numbers.argument())).collect();
        match func.call(&mut store, &params) {
            Ok(results) => {
                trace.completed += 1;
                trace.note(name, show(results.iter().map(bits)));
            }
            Err(why) => failure(&mut trace, name, why),
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
                trace.note(&name, show(elements.map(|value| bits(&value.expect("in bounds")))));
            }
            _ => {}
        }
    }
    trace
}

fn failure(trace: &mut Trace, item: &str, why: Error) {
    match why {
        Error::Trap(trap) => trace.trap(item, &format!("{:?}", trap.code())),
        Error::Limit(_) => trace.cut = true,
        other => trace.note(item, other.to_string()),
    }
}

fn argument(ty: &ValType, bits: u64) -> Val {
    match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits),
        ValType::V128 => Val::V128(u128::from(bits) << 64 | u128::from(!bits)),
        reference @ ValType::Ref(_) => Val::default_for(reference).expect("nullable"),
    }
}

/// The value's bits; those of null are zero, other references have none.
fn bits(value: &Val) -> Option<u128> {
    match value {
        Val::I32(value) => Some((*value as u32).into()),
        Val::I64(value) => Some((*value as u64).into()),
        Val::F32(bits) => Some((*bits).into()),
        Val::F64(bits) => Some((*bits).into()),
        Val::V128(bits) => Some(*bits),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) => Some(0),
        Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) => None,
    }
}
