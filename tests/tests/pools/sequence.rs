//! Sequences of calls of the loader's interface, beside a model of what they must
//! give: handles are kept and used with the wrong store, stores go back to their pool
//! with calls suspended, stopped, out of fuel.

use precast_compiler::Options;
use precast_loader::{
    Error, Func, FuncType, Global, GlobalType, InstancePool, InterruptHandle, Limits, Linker,
    PooledStore, Progress, Suspended, TrapCode, Val, ValType,
};
use std::sync::OnceLock;

const GUEST: &str = r#"(module
    (import "host" "wait" (func $wait (result i32)))
    (memory (export "memory") 1 4)
    (table (export "table") 2 8 funcref)
    (global $count (mut i32) (i32.const 7))
    (func (export "add") (param i32) (result i32)
        (global.set $count (i32.add (global.get $count) (local.get 0)))
        (global.get $count))
    (func (export "trap") (param i32) (result i32) unreachable)
    (func (export "rounds") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 0))
    (func (export "wait") (param i32) (result i32) (i32.add (call $wait) (local.get 0))))"#;

const PAGE: usize = 65536;
/// Stores that are taken at a time.
const MOST: usize = 4;

fn pool() -> &'static InstancePool<u64> {
    static POOL: OnceLock<InstancePool<u64>> = OnceLock::new();
    POOL.get_or_init(|| {
        let wasm = precast_compiler::text_to_binary(GUEST.as_bytes()).expect("a module's text");
        let options = Options { fuel: true, ..Options::default() };
        let artifact = precast_embed::compile(&wasm, &options).expect("a module");
        let mut linker = Linker::new();
        let ty = FuncType { params: vec![], results: vec![ValType::I32] };
        let pending =
            linker.func_pending("host", "wait", ty, |_, _, _| Ok(std::task::Poll::Pending));
        pending.expect("a type of numbers");
        let prepared = linker.instantiate_pre(&artifact).expect("all is provided");
        InstancePool::new(prepared, Limits::default(), MOST).expect("no item of a store")
    })
}

/// A store and what it must be like.
struct Owned {
    store: PooledStore<u64>,
    owner: u64,
    count: i32,
    pages: usize,
    table: u64,
    stopped: bool,
}

/// What was kept of a store, with its owner then.
enum Kept {
    Func(u64, Func),
    Interrupt(u64, InterruptHandle),
    Call(u64, Suspended),
}

/// A sequence as it goes on.
#[derive(Default)]
struct Sequence {
    stores: Vec<Owned>,
    kept: Vec<Kept>,
    owners: u64,
}

/// Does what the bytes say.
pub(crate) fn follow(bytes: &[u8]) {
    let mut sequence = Sequence::default();
    for step in bytes.chunks_exact(4) {
        let number = i32::from(i16::from_le_bytes([step[2], step[3]]));
        sequence.step(step[0], usize::from(step[1]), number);
    }
}

impl Sequence {
    fn step(&mut self, what: u8, which: usize, number: i32) {
        if self.stores.is_empty() || what.is_multiple_of(16) && self.stores.len() < MOST {
            return self.take();
        }
        let which = which % self.stores.len();
        match what % 16 {
            1 => drop(self.stores.swap_remove(which)),
            2 => self.use_kept(which, number),
            3 => self.kept.truncate(4),
            other => {
                let kept = self.stores[which].step(other, number);
                self.kept.extend(kept);
            }
        }
    }

    fn take(&mut self) {
        self.owners += 1;
        let store = pool().take(self.owners).expect("nothing runs at the start");
        assert_eq!(*store.data(), self.owners);
        let (owner, count, pages, table) = (self.owners, 7, 1, 2);
        let mut owned = Owned { store, owner, count, pages, table, stopped: false };
        owned.look();
        self.stores.push(owned);
    }

    /// Uses something that was kept, with a store that may be another's.
    fn use_kept(&mut self, which: usize, number: i32) {
        let owned = &mut self.stores[which];
        let Some(kept) = self.kept.pop() else { return };
        match kept {
            Kept::Func(owner, func) if owner == owned.owner => owned.add(func, number),
            Kept::Func(_, func) => {
                let refused = func.call(&mut owned.store, &[Val::I32(1)]);
                assert!(matches!(refused, Err(Error::Usage(_))), "{refused:?}");
            }
            Kept::Interrupt(owner, handle) => {
                handle.interrupt();
                let stopped = self.stores.iter_mut().find(|owned| owned.owner == owner);
                stopped.into_iter().for_each(|owned| owned.stopped = true);
            }
            Kept::Call(owner, suspended) => {
                let resumed = suspended.resume(&mut owned.store, Ok(&[Val::I32(number)]));
                match resumed {
                    Ok(Progress::Finished(values)) => {
                        assert!(owner == owned.owner && !owned.stopped);
                        assert_eq!(values[0].i32(), Some(number.wrapping_add(1)));
                    }
                    Ok(Progress::Suspended(_)) => panic!("it waits once"),
                    Err(Error::Usage(_)) => assert_ne!(owner, owned.owner),
                    Err(error) => owned.must_be_stopped(&error),
                }
            }
        }
    }
}

impl Owned {
    /// Does something with the store; what is kept of it.
    fn step(&mut self, what: u8, number: i32) -> Option<Kept> {
        let owner = self.owner;
        match what {
            4 => self.add(self.func("add"), number),
            5 => self.look(),
            6 => self.write(number),
            7 => self.grow(number),
            8 => return Some(Kept::Func(owner, self.func("add"))),
            9 => return Some(Kept::Interrupt(owner, self.store.interrupt_handle())),
            10 => {
                self.store.clear_interrupt();
                self.stopped = false;
            }
            11 => {
                let trap = self.func("trap").call(&mut self.store, &[Val::I32(0)]);
                let code = trap.unwrap_err().trap_code();
                assert!(code == Some(TrapCode::Unreachable) || self.stopped);
            }
            12 => {
                let wait = self.func("wait");
                match wait.start(&mut self.store, &[Val::I32(1)]) {
                    Ok(Progress::Suspended(call)) => return Some(Kept::Call(owner, call)),
                    Ok(Progress::Finished(_)) => panic!("nobody has answered"),
                    Err(error) => self.must_be_stopped(&error),
                }
            }
            13 => self.make(number),
            _ => self.use_fuel(number),
        }
        None
    }

    fn func(&self, name: &str) -> Func {
        self.store.instance().get_func(&self.store, name).expect("exported")
    }

    fn must_be_stopped(&self, error: &Error) {
        assert!(self.stopped && error.trap_code() == Some(TrapCode::Interrupt), "{error}");
    }

    fn add(&mut self, func: Func, number: i32) {
        match func.call(&mut self.store, &[Val::I32(number)]) {
            Ok(values) => {
                self.count = self.count.wrapping_add(number);
                assert_eq!(values[0].i32(), Some(self.count));
                assert!(!self.stopped);
            }
            Err(error) => self.must_be_stopped(&error),
        }
    }

    /// Compares what can be seen from outside.
    fn look(&mut self) {
        let instance = self.store.instance();
        let memory = instance.get_memory(&self.store, "memory").expect("exported");
        assert_eq!(memory.data(&self.store).len(), self.pages * PAGE);
        let table = instance.get_table(&self.store, "table").expect("exported");
        assert_eq!(table.size(&self.store), self.table);
        self.add(self.func("add"), 0);
    }

    fn write(&mut self, number: i32) {
        let memory = self.store.instance().get_memory(&self.store, "memory").expect("exported");
        let address = u64::from(number.unsigned_abs()) * 5;
        let written = memory.write(&mut self.store, address, &number.to_le_bytes());
        assert_eq!(written.is_ok(), address + 4 <= (self.pages * PAGE) as u64);
        let mut bytes = [0; 4];
        if memory.read(&self.store, address, &mut bytes).is_ok() {
            assert_eq!(bytes, number.to_le_bytes());
        }
    }

    fn grow(&mut self, number: i32) {
        let (instance, by) = (self.store.instance(), number.unsigned_abs() as u64 % 3);
        let memory = instance.get_memory(&self.store, "memory").expect("exported");
        if memory.grow(&mut self.store, by).is_ok() {
            self.pages += by as usize;
        }
        assert!(self.pages <= 4);
        let table = instance.get_table(&self.store, "table").expect("exported");
        let add = Val::FuncRef(Some(self.func("add")));
        if table.grow(&mut self.store, by, add).is_ok() {
            self.table += by;
        }
        assert!(self.table <= 8);
    }

    /// Makes things in the store, which its next owner has nothing of.
    fn make(&mut self, number: i32) {
        let ty = GlobalType { value: ValType::I32, mutable: true };
        let global = Global::new(&mut self.store, ty, Val::I32(number)).expect("an i32");
        assert_eq!(global.get(&self.store).i32(), Some(number));
        let ty = FuncType { params: vec![ValType::I32], results: vec![ValType::I32] };
        let twice = Func::new(&mut self.store, ty, |_, params, results| {
            results[0] = Val::I32(params[0].i32().unwrap_or(0).wrapping_mul(2));
            Ok(())
        });
        let twice = twice.expect("a type of numbers").call(&mut self.store, &[Val::I32(number)]);
        match twice {
            Ok(values) => assert_eq!(values[0].i32(), Some(number.wrapping_mul(2))),
            Err(error) => self.must_be_stopped(&error),
        }
    }

    fn use_fuel(&mut self, number: i32) {
        let (rounds, fuel) = (number.rem_euclid(50) + 1, number.unsigned_abs() as u64 % 400);
        self.store.set_fuel(fuel).expect("the code counts");
        let result = self.func("rounds").call(&mut self.store, &[Val::I32(rounds)]);
        // Five a round, and the constant after them.
        let least = 5 * rounds as u64 + 1;
        match result {
            Ok(_) => {
                assert!(fuel >= least && !self.stopped);
                assert_eq!(self.store.fuel(), Some(fuel - least));
            }
            Err(error) if self.stopped => self.must_be_stopped(&error),
            Err(error) => {
                assert_eq!(error.trap_code(), Some(TrapCode::OutOfFuel));
                assert!(fuel < least);
                assert_eq!(self.store.fuel(), Some(0));
            }
        }
        self.store.set_fuel(u64::MAX).expect("the code counts");
    }
}
