//! Calls whose host functions are pending: suspended, resumed, given up and
//! interrupted.

use crate::calls::caller;
use crate::code::Code;
use crate::exceptions::{self, catch};
use crate::mock::Mock;
use crate::{I32, ints};
use precast_artifact::abi::Builtin;
use precast_artifact::index::{FuncIndex, TagIndex};
use precast_artifact::module::ExportKind;
use precast_loader::{
    Caller, Error, Exception, Extern, Func, Instance, InterruptHandle, Limits, Linker, Progress,
    Result, Store, Suspended, TrapCode, Val,
};
use std::collections::HashSet;
use std::task::Poll;

/// What host functions leave for the tests.
#[derive(Default)]
struct HostState {
    /// Parameters that `env.f` was called with.
    asked: Vec<u32>,
    /// A handle for the call that `env.f` was last in.
    handle: Option<InterruptHandle>,
}

/// Imports `env.f`, which is pending where the parameter is even, and else
/// gives it back. `call` passes on to it, `registers` adds 31 that it keeps in
/// registers, `guard` adds 1000 to the value of an exception, `trap` traps
/// after it, `keep` throws an exception that it made before, and `stack` passes
/// on where its stack is.
fn guest() -> Mock {
    let mut m = caller();
    let carries = m.ty(&[I32], &[]);
    let ty = m.ty(&[I32], &[I32]);
    m.tag(carries, false);
    m.export("tag", ExportKind::Tag, 0);
    let f = FuncIndex::new(0);
    m.func("registers", ty, move |layout| {
        Code::framed(|c| {
            c.raw(&[0x53, 0x41, 0x54, 0x41, 0x55]) // push rbx; push r12; push r13
                .raw(&[0x41, 0x56, 0x41, 0x57, 0x50]) // push r14; push r15; push rax
                .disp(&[0xbb], 1) // mov ebx, 1
                .disp(&[0x41, 0xbc], 2) // mov r12d, 2
                .disp(&[0x41, 0xbd], 4) // mov r13d, 4
                .disp(&[0x41, 0xbe], 8) // mov r14d, 8
                .disp(&[0x41, 0xbf], 16) // mov r15d, 16
                .call_import(layout.import(f))
                .raw(&[0x01, 0xd8, 0x44, 0x01, 0xe0]) // add eax, ebx; add eax, r12d
                .raw(&[0x44, 0x01, 0xe8, 0x44, 0x01, 0xf0]) // add eax, r13d; add eax, r14d
                .raw(&[0x44, 0x01, 0xf8, 0x5f]) // add eax, r15d; pop rdi
                .raw(&[0x41, 0x5f, 0x41, 0x5e]) // pop r15; pop r14
                .raw(&[0x41, 0x5d, 0x41, 0x5c, 0x5b]) // pop r13; pop r12; pop rbx
        })
    });
    m.func("guard", ty, move |layout| {
        let (tag, slot) = (layout.tag(TagIndex::new(0)), layout.import(f));
        catch(tag, |c| c.call_import(slot))
    });
    m.func("trap", ty, move |layout| {
        let slot = layout.import(f);
        Code::framed(|c| c.call_import(slot).may_trap(TrapCode::Unreachable).raw(&[0x0f, 0x0b]))
    });
    m.func("stack", ty, move |layout| {
        let slot = layout.import(f);
        Code::framed(|c| {
            c.raw(&[0x48, 0x89, 0xe6, 0x48, 0xc1, 0xee, 0x08]) // mov rsi, rsp; shr rsi, 8
                .raw(&[0x83, 0xe6, 0xfe]) // and esi, -2
                .call_import(slot)
        })
    });
    m.func("keep", ty, move |layout| {
        let slot = layout.import(f);
        Code::framed(|c| {
            exceptions::new(c.raw(&[0x53, 0x56, 0x57, 0x57]), 0) // push rbx, rsi, rdi, rdi
                .raw(&[0x48, 0x89, 0xc3]) // mov rbx, rax
                .raw(&[0x48, 0x8b, 0x75, 0xf0]) // mov rsi, [rbp - 16]
                .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
                .raw(&[0x48, 0x8b, 0x7d, 0xe8]) // mov rdi, [rbp - 24]
                .call_import(slot)
                .raw(&[0x48, 0x8b, 0x7d, 0xe8]) // mov rdi, [rbp - 24]
                .raw(&[0x48, 0x89, 0xde]) // mov rsi, rbx
                .call_builtin(Builtin::Throw)
                .raw(&[0x0f, 0x0b]) // ud2
        })
    });
    m
}

/// `env.f`, see [`guest`].
fn pending(
    mut caller: Caller<'_, HostState>,
    params: &[Val],
    results: &mut [Val],
) -> Result<Poll<()>> {
    let x = params[0].i32().unwrap() as u32;
    results[0] = params[0];
    caller.data_mut().asked.push(x);
    caller.data_mut().handle = caller.interrupt_handle();
    Ok(if x.is_multiple_of(2) { Poll::Pending } else { Poll::Ready(()) })
}

struct Suspending {
    store: Store<HostState>,
    instance: Instance,
}

impl Suspending {
    fn new() -> Self {
        Self::with_stacks(Limits::default().stack_bytes)
    }

    fn with_stacks(bytes: usize) -> Self {
        let mut limits = Limits::default();
        limits.stack_bytes = bytes;
        let mut linker = Linker::new();
        linker.func_pending("env", "f", ints(1, 1), pending).unwrap();
        let mut store = Store::with_limits(HostState::default(), limits);
        let artifact = crate::opened(&guest().build()).unwrap();
        let instance = linker.instantiate(&mut store, &artifact).unwrap();
        Self { store, instance }
    }

    fn start(&mut self, name: &str, x: i32) -> Result<Progress> {
        let func = self.instance.get_func(&self.store, name).unwrap();
        func.start(&mut self.store, &[Val::I32(x)])
    }

    /// Starts a call that is suspended.
    fn suspend(&mut self, name: &str, x: i32) -> Suspended {
        suspended(self.start(name, x).unwrap())
    }

    fn call(&mut self, name: &str, x: i32) -> Result<i32> {
        let func = self.instance.get_typed_func::<i32, i32>(&self.store, name).unwrap();
        func.call(&mut self.store, x)
    }

    fn resume(&mut self, call: Suspended, x: i32) -> Result<Progress> {
        call.resume(&mut self.store, Ok(&[Val::I32(x)]))
    }
}

fn suspended(progress: Progress) -> Suspended {
    match progress {
        Progress::Suspended(call) => call,
        Progress::Finished(values) => panic!("finished with {values:?}"),
    }
}

fn finished(progress: Progress) -> i32 {
    match progress {
        Progress::Finished(values) => values[0].i32().unwrap(),
        Progress::Suspended(_) => panic!("suspended"),
    }
}

#[test]
fn a_call_goes_on_where_it_was_suspended() {
    let mut guest = Suspending::new();
    let call = guest.suspend("registers", 2);
    assert_eq!(guest.store.data().asked, [2]);
    assert_eq!(finished(guest.resume(call, 100).unwrap()), 131);
    // What is ready at once is not suspended.
    assert_eq!(finished(guest.start("registers", 3).unwrap()), 34);
    assert_eq!(guest.call("registers", 5).unwrap(), 36);
}

#[test]
fn other_guests_of_the_store_run_meanwhile() {
    let mut guest = Suspending::new();
    let first = guest.suspend("registers", 2);
    assert_eq!(guest.call("registers", 7).unwrap(), 38);
    let second = guest.suspend("call", 4);
    let third = guest.suspend("registers", 6);
    assert_eq!(finished(guest.resume(first, 1000).unwrap()), 1031);
    assert_eq!(finished(guest.resume(third, 3000).unwrap()), 3031);
    assert_eq!(guest.call("call", 9).unwrap(), 9);
    assert_eq!(finished(guest.resume(second, 2000).unwrap()), 2000);
    assert_eq!(guest.store.data().asked, [2, 7, 4, 6, 9]);
}

#[test]
fn a_call_goes_on_in_another_thread_and_in_a_deeper_frame() {
    let mut guest = Suspending::new();
    let call = guest.suspend("registers", 2);
    let guest = std::thread::spawn(move || {
        assert_eq!(finished(guest.resume(call, 10).unwrap()), 41);
        let call = guest.suspend("registers", 4);
        (guest, call)
    });
    let (mut guest, call) = guest.join().unwrap();
    // Out of a host function of the same store.
    let cell = std::sync::Mutex::new(Some(call));
    let resume = Func::wrap(&mut guest.store, move |mut caller: Caller<'_, HostState>, x: i32| {
        let call = cell.lock().unwrap().take().unwrap();
        finished(call.resume(&mut caller, Ok(&[Val::I32(x)])).unwrap())
    });
    assert_eq!(resume.call(&mut guest.store, &[Val::I32(20)]).unwrap()[0].i32(), Some(51));
}

#[test]
fn traps_and_errors_after_resumption_end_the_call() {
    let mut guest = Suspending::new();
    let call = guest.suspend("trap", 2);
    let error = guest.resume(call, 1).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
    assert_eq!(error.trap().unwrap().frames().len(), 1);
    let call = guest.suspend("call", 2);
    let error = call.resume(&mut guest.store, Err(TrapCode::IntegerOverflow.into())).unwrap_err();
    let expected = "wasm trap: integer overflow\n    0: call (caller)";
    assert!(error.to_string().starts_with(expected), "{error}");
    let call = guest.suspend("call", 2);
    let error = call.resume(&mut guest.store, Err(Error::Exit(7))).unwrap_err();
    assert!(matches!(error, Error::Exit(7)), "{error:?}");
    assert_eq!(guest.call("call", 1).unwrap(), 1);
}

#[test]
fn exceptions_are_thrown_into_a_suspended_guest() {
    let mut guest = Suspending::new();
    let Some(Extern::Tag(tag)) = guest.instance.get_export(&guest.store, "tag") else {
        panic!("no tag");
    };
    let exception = Exception::new(&guest.store, tag, vec![Val::I32(5)]).unwrap();
    let call = guest.suspend("guard", 2);
    let thrown = call.resume(&mut guest.store, Err(exception.clone().into()));
    assert_eq!(finished(thrown.unwrap()), 1005);
    let call = guest.suspend("call", 2);
    let error = call.resume(&mut guest.store, Err(exception.into())).unwrap_err();
    assert_eq!(error.exception().unwrap().fields()[0].i32(), Some(5));
}

#[test]
fn exceptions_in_registers_of_suspended_guests_stay_alive() {
    let mut guest = Suspending::new();
    let call = guest.suspend("keep", 2);
    for _ in 0..3000 {
        guest.call("keep", 1).unwrap_err();
    }
    let error = guest.resume(call, 0).unwrap_err();
    assert_eq!(error.exception().unwrap().fields()[0].i32(), Some(2));
}

#[test]
fn the_frames_of_a_suspended_call_can_be_seen() {
    let mut guest = Suspending::new();
    let call = guest.suspend("registers", 2);
    let names = |call: &Suspended, store: &Store<HostState>| {
        let frames = call.frames(store).unwrap();
        frames.iter().map(|frame| frame.name.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names(&call, &guest.store), ["registers"]);
    let other = guest.suspend("call", 2);
    assert_eq!(names(&call, &guest.store), ["registers"]);
    assert_eq!(names(&other, &guest.store), ["call"]);
}

#[test]
fn stacks_of_calls_that_are_given_up_are_used_again() {
    // Stacks of no other test's size.
    const BYTES: usize = 0x37_0000;
    let stacks = |guest: &Suspending| {
        let places: HashSet<u32> = guest.store.data().asked.iter().copied().collect();
        places.len()
    };
    let mut guest = Suspending::with_stacks(BYTES);
    for _ in 0..50 {
        guest.suspend("stack", 0).abandon(&mut guest.store).unwrap();
        // Taken back when the next is needed.
        drop(guest.suspend("stack", 0));
    }
    assert_eq!(stacks(&guest), 1);
    let calls: Vec<_> = (0..8).map(|_| guest.suspend("stack", 0)).collect();
    assert_eq!(stacks(&guest), 8);
    for call in calls {
        assert_eq!(finished(guest.resume(call, 3).unwrap()), 3);
    }
    // With the store go the calls that are suspended; others get the stacks.
    let _call = guest.suspend("stack", 0);
    let mut used: HashSet<u32> = guest.store.data().asked.iter().copied().collect();
    drop(guest);
    for _ in 0..20 {
        let mut guest = Suspending::with_stacks(BYTES);
        let _call = guest.suspend("stack", 0);
        used.extend(&guest.store.data().asked);
    }
    assert_eq!(used.len(), 8);
}

#[test]
fn a_suspended_call_can_be_interrupted() {
    let mut guest = Suspending::new();
    let call = guest.suspend("registers", 2);
    let handle = call.interrupt_handle(&mut guest.store).unwrap();
    std::thread::scope(|scope| scope.spawn(|| handle.interrupt()).join()).unwrap();
    // It is not the next guest that is meant.
    assert_eq!(guest.call("call", 1).unwrap(), 1);
    let error = guest.resume(call, 2).unwrap_err();
    let expected = "wasm trap: interrupted\n    0: registers (caller)";
    assert!(error.to_string().starts_with(expected), "{error}");
    // Late ones hit nobody, in the same activation neither.
    handle.interrupt();
    let call = guest.suspend("registers", 2);
    handle.interrupt();
    assert_eq!(finished(guest.resume(call, 1).unwrap()), 32);
    drop(guest);
    handle.interrupt();
}

#[test]
fn a_running_call_is_interrupted_when_its_host_function_returns() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", |mut caller: Caller<'_, HostState>, x: i32| {
        let handle = caller.interrupt_handle().unwrap();
        if x == 1 {
            handle.interrupt();
        }
        caller.data_mut().handle = Some(handle);
        x
    });
    let mut store = Store::new(HostState::default());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    let error = call.call(&mut store, 1).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Interrupt));
    assert_eq!(error.trap().unwrap().frames().len(), 1);
    assert_eq!(call.call(&mut store, 2).unwrap(), 2);
    store.data().handle.as_ref().unwrap().interrupt();
    assert_eq!(call.call(&mut store, 3).unwrap(), 3);
}

#[test]
fn an_interrupt_of_an_outer_call_stops_the_inner_one_too() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    // 3 calls in again with 2, where the outermost is interrupted; the error of
    // that does not save it.
    linker.func_wrap("env", "f", |mut caller: Caller<'_, HostState>, x: i32| -> Result<i32> {
        if x == 3 {
            caller.data_mut().handle = caller.interrupt_handle();
            let Some(Extern::Func(call)) = caller.get_export("call") else { panic!("no call") };
            let error = call.call(&mut caller, &[Val::I32(2)]).unwrap_err();
            assert_eq!(error.trap_code(), Some(TrapCode::Interrupt));
        } else {
            caller.data().handle.as_ref().unwrap().interrupt();
        }
        Ok(x)
    });
    let mut store = Store::new(HostState::default());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    let error = call.call(&mut store, 3).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Interrupt));
    assert_eq!(error.trap().unwrap().frames().len(), 1);
}

#[test]
fn only_started_calls_can_be_suspended() {
    let mut guest = Suspending::new();
    let usage = |result: Result<()>| match result {
        Err(Error::Usage(message)) => message,
        other => panic!("{other:?}"),
    };
    let message = usage(guest.call("call", 2).map(drop));
    assert!(message.contains("`Func::start`"), "{message}");
    let direct = Func::new_pending(&mut guest.store, ints(1, 1), pending).unwrap();
    let message = usage(direct.call(&mut guest.store, &[Val::I32(2)]).map(drop));
    assert!(message.contains("only guests"), "{message}");
    let call = guest.suspend("call", 2);
    let message = usage(call.resume(&mut guest.store, Ok(&[])).map(drop));
    assert_eq!(message, "0 results given, the pending host function has 1");
    let call = guest.suspend("call", 2);
    let mut other = Suspending::new();
    usage(other.resume(call, 1).map(drop));
    assert_eq!(guest.call("call", 1).unwrap(), 1);
}

#[test]
fn code_that_relies_on_no_suspension_gets_none() {
    let mut m = caller();
    m.module.imports[0].may_block = false;
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(HostState::default());
    let mut linker = Linker::new();
    linker.func_pending("env", "f", ints(1, 1), pending).unwrap();
    let error = linker.instantiate(&mut store, &artifact).unwrap_err().to_string();
    assert!(error.contains("env.f") && error.contains("may be pending"), "{error}");
    let func = Func::new_pending(&mut store, ints(1, 1), pending).unwrap();
    linker.define("env", "f", func);
    assert!(linker.instantiate(&mut store, &artifact).is_err());
    linker.func_wrap("env", "f", |x: i32| x);
    linker.instantiate(&mut store, &artifact).unwrap();
}
