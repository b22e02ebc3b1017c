//! Precast.

use crate::trace::{Bits, Ended, Runtime, Trace, follow, memory, show};
use precast_compiler::{MemoryModel, OptLevel, Optimisation, Options};
use precast_embed::compile;
use precast_loader::{Artifact, Error, Extern, Instance, Linker, Store, Val, ValType};
use precast_tests::random::Numbers;
use std::collections::BTreeSet;

/// How many ways there are.
pub(crate) const WAYS: u64 = 4;

/// The ways in which a module is compiled; one is drawn by `seed`.
pub(crate) fn ways(seed: u64) -> [Options; WAYS as usize] {
    let plain = Options { threads: Some(1), ..Options::default() };
    let all_passes = Options { opt_level: OptLevel::Aggressive, ..plain.clone() };
    let some_passes = Options { disabled: left_out(seed), ..all_passes.clone() };
    let slow = Options { opt_level: OptLevel::None, ..plain.clone() };
    let bounds = Options { memory_model: MemoryModel::Bounds, ..plain };
    [all_passes, some_passes, slow, bounds]
}

/// Passes to leave out: all but one, one, or about half of them.
fn left_out(seed: u64) -> BTreeSet<Optimisation> {
    let mut numbers = Numbers::new(seed);
    let (kind, one) = (numbers.below(4), numbers.below(Optimisation::ALL.len()));
    let out = |at| match kind {
        0 => at != one,
        1 => at == one,
        _ => numbers.below(2) == 0,
    };
    let mask: Vec<bool> = (0..Optimisation::ALL.len()).map(out).collect();
    let passes = Optimisation::ALL.into_iter().zip(mask);
    passes.filter_map(|(pass, out)| out.then_some(pass)).collect()
}

pub(crate) fn run(wasm: &[u8], seed: u64, options: &Options) -> Trace {
    let artifact = match compile(wasm, options) {
        Ok(artifact) => artifact,
        Err(precast_embed::Error::Compile(why)) => return Trace::refused(why),
        Err(other) => panic!("an artifact for this machine: {other}"),
    };
    follow(&mut Native { artifact, running: None }, seed)
}

struct Native {
    artifact: Artifact,
    running: Option<(Store<()>, Instance)>,
}

impl Native {
    fn running(&mut self) -> (&mut Store<()>, Instance) {
        let (store, instance) = self.running.as_mut().expect("an instance was made");
        (store, *instance)
    }
}

impl Runtime for Native {
    fn instantiate(&mut self) -> Result<Vec<String>, Ended> {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, &self.artifact).map_err(ended)?;
        let mut names: Vec<String> = instance
            .exports(&store)
            .filter(|(_, item)| matches!(item, Extern::Func(_)))
            .map(|(name, _)| name.to_owned())
            .collect();
        names.sort();
        self.running = Some((store, instance));
        Ok(names)
    }

    fn call(&mut self, name: &str, numbers: &mut Numbers) -> Result<Vec<Bits>, Ended> {
        let (store, instance) = self.running();
        let func = instance.get_func(&*store, name).expect("an export");
        let params: Option<Vec<Val>> =
            func.ty(&*store).params.iter().map(|ty| argument(ty, numbers.argument())).collect();
        let results = func.call(store, &params.ok_or(Ended::Skipped)?).map_err(ended)?;
        Ok(results.iter().map(bits).collect())
    }

    fn state(&mut self, trace: &mut Trace) {
        let (store, instance) = self.running();
        let mut exports: Vec<(String, Extern)> =
            instance.exports(&*store).map(|(name, item)| (name.to_owned(), item)).collect();
        exports.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, item) in exports {
            match item {
                Extern::Global(global) => trace.note(&name, show([bits(&global.get(&*store))])),
                Extern::Memory(it) => trace.note(&name, memory(it.data(&*store))),
                Extern::Table(table) => {
                    let elements = (0..table.size(&*store)).map(|at| table.get(&*store, at));
                    trace.note(&name, show(elements.map(|value| bits(&value.expect("in bounds")))));
                }
                _ => {}
            }
        }
    }
}

fn ended(why: Error) -> Ended {
    match why {
        Error::Trap(trap) => Ended::trap(format!("{:?}", trap.code())),
        Error::Exception(exception) => Ended::Thrown(exception.fields().iter().map(bits).collect()),
        Error::Limit(..) | Error::System(..) => Ended::Limit,
        other => Ended::Error(other.to_string()),
    }
}

fn argument(ty: &ValType, bits: u64) -> Option<Val> {
    match ty {
        ValType::I32 => Some(Val::I32(bits as i32)),
        ValType::I64 => Some(Val::I64(bits as i64)),
        ValType::F32 => Some(Val::F32(bits as u32)),
        ValType::F64 => Some(Val::F64(bits)),
        ValType::V128 => Some(Val::V128(u128::from(bits) << 64 | u128::from(!bits))),
        reference @ ValType::Ref(_) => Val::default_for(reference),
    }
}

fn bits(value: &Val) -> Bits {
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
