//! Calls that wait for the host: starts guests whose host function is pending,
//! and resumes them when it has a result. Run with an artifact of
//! `fixtures/suspend/guest.wat`:
//!
//! ```sh
//! precast compile fixtures/suspend/guest.wat -o guest.cwasm
//! cargo run -p precast-loader --example suspend guest.cwasm
//! ```

use precast_loader::{
    Artifact, Exception, Extern, FuncType, Instance, Linker, Progress, Result, Store, Suspended,
    TrapCode, Val, ValType,
};
use std::task::Poll;

/// The store's data: the question that waits for an answer.
type Question = Option<u32>;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).expect("usage: suspend ARTIFACT");
    let artifact = Artifact::open_owned(path)?;
    let mut linker = Linker::<Question>::new();
    let ty = FuncType { params: vec![ValType::I32], results: vec![ValType::I32] };
    linker.func_pending("host", "ask", ty, |mut caller, params, _| {
        *caller.data_mut() = params[0].i32().map(|question| question as u32);
        Ok(Poll::Pending)
    })?;
    let mut store = Store::new(None);
    let instance = linker.instantiate(&mut store, &artifact)?;
    two_at_once(&mut store, instance)?;
    store = on_another_thread(store, instance)?;
    failures(&mut store, instance)?;
    interrupted(&mut store, instance)?;
    let call = waiting(start(&mut store, instance, "sum", 2)?);
    drop(store);
    drop(call);
    println!("dropped");
    Ok(())
}

fn start(store: &mut Store<Question>, instance: Instance, name: &str, x: i32) -> Result<Progress> {
    instance.get_func(store, name).expect("an export").start(store, &[Val::I32(x)])
}

fn answer(store: &mut Store<Question>, call: Suspended, x: i32) -> Result<Progress> {
    call.resume(store, Ok(&[Val::I32(x)]))
}

fn waiting(progress: Progress) -> Suspended {
    match progress {
        Progress::Suspended(call) => call,
        Progress::Finished(values) => panic!("finished with {values:?}"),
    }
}

fn result(progress: Progress) -> i32 {
    match progress {
        Progress::Finished(values) => values[0].i32().expect("an i32"),
        Progress::Suspended(_) => panic!("suspended"),
    }
}

/// Two calls take turns in one store, and others run in between.
fn two_at_once(store: &mut Store<Question>, instance: Instance) -> Result<()> {
    let double = instance.get_typed_func::<i32, i32>(store, "double")?;
    let mut calls = Vec::new();
    for questions in [3, 2] {
        calls.push(start(store, instance, "sum", questions)?);
    }
    let mut round = 1;
    while !calls.is_empty() {
        let mut next = Vec::new();
        for call in calls {
            match call {
                Progress::Finished(values) => println!("sum: {:?}", values[0].i32()),
                Progress::Suspended(call) => {
                    println!("double: {}", double.call(store, round)?);
                    next.push(answer(store, call, 10 * round)?);
                }
            }
        }
        calls = next;
        round += 1;
    }
    Ok(())
}

/// A store moves to another thread and back with a call that waits.
fn on_another_thread(mut store: Store<Question>, instance: Instance) -> Result<Store<Question>> {
    let call = waiting(start(&mut store, instance, "sum", 2)?);
    let thread = std::thread::spawn(move || -> Result<_> {
        let call = waiting(answer(&mut store, call, 5)?);
        Ok((store, call))
    });
    let (mut store, call) = thread.join().expect("it does not panic")?;
    println!("sum: {}", result(answer(&mut store, call, 7)?));
    Ok(store)
}

/// The host function traps or throws when its time has come, or the guest traps
/// afterwards.
fn failures(store: &mut Store<Question>, instance: Instance) -> Result<()> {
    let call = waiting(start(store, instance, "guarded", 1)?);
    for frame in call.frames(store)? {
        println!("waits in {}", frame.name.as_deref().unwrap_or("?"));
    }
    let Some(Extern::Tag(tag)) = instance.get_export(store, "refused") else {
        panic!("no tag");
    };
    let refusal = Exception::new(store, tag, vec![Val::I32(7)])?;
    println!("guarded: {}", result(call.resume(store, Err(refusal.into()))?));
    let call = waiting(start(store, instance, "guarded", 1)?);
    let error = call.resume(store, Err(TrapCode::IntegerOverflow.into())).expect_err("a trap");
    println!("guarded: {:?}", error.trap_code());
    let call = waiting(start(store, instance, "divide", 1)?);
    let error = answer(store, call, 0).expect_err("a trap");
    println!("divide: {:?}", error.trap_code());
    Ok(())
}

/// Another thread stops a call that waits.
fn interrupted(store: &mut Store<Question>, instance: Instance) -> Result<()> {
    let call = waiting(start(store, instance, "sum", 1)?);
    let handle = call.interrupt_handle(store)?;
    std::thread::spawn(move || handle.interrupt()).join().expect("it does not panic");
    let error = answer(store, call, 1).expect_err("interrupted");
    println!("sum: {:?}", error.trap_code());
    Ok(())
}
