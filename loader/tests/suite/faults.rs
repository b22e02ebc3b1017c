//! Faults that are no guest's, and what a hardened process allows: each in a
//! child process, which is this test binary running one ignored test.

use crate::I32;
use crate::code::{self, Code};
use crate::mock::Mock;
use precast_artifact::index::FuncIndex;
use precast_loader::{Linker, Store, TrapCode, deny_write_execute};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

const SIGSEGV: i32 = 11;
const SIGILL: i32 = 4;
const SIGABRT: i32 = 6;

/// Runs an ignored test in a process of its own.
pub fn child(test: &str) -> Output {
    let binary = std::env::current_exe().unwrap();
    let args = ["--exact", test, "--ignored", "--nocapture", "--test-threads=1"];
    Command::new(binary).args(args).output().unwrap()
}

/// Calls a host function from a guest, after a trap has been survived.
fn from_a_host_function(f: fn()) {
    let mut m = Mock::new("guest");
    let ty = m.ty(&[I32], &[I32]);
    m.import_func("env", "f", ty);
    m.memory(1, None, false);
    m.func("call", ty, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.call_import(slot))
    });
    m.func("load", ty, |_| code::load());
    let artifact = crate::opened(&m.build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", move |x: i32| {
        f();
        x
    });
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let load = instance.get_typed_func::<i32, i32>(&store, "load").unwrap();
    let error = load.call(&mut store, -1).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(call.call(&mut store, 5).unwrap(), 5);
    println!("came back");
}

#[test]
#[ignore = "ends the process"]
fn wild_write() {
    // SAFETY: there is none: this must end the process.
    from_a_host_function(|| unsafe { std::hint::black_box(8 as *mut u8).write_volatile(1) });
}

#[test]
#[ignore = "ends the process"]
fn bad_instruction() {
    // SAFETY: as above.
    from_a_host_function(|| unsafe { std::arch::asm!("ud2") });
}

#[test]
#[ignore = "ends the process"]
fn host_recursion() {
    #[allow(unconditional_recursion)]
    fn deeper(x: &mut [u8; 512]) -> u32 {
        let mut next = *x;
        next[0] = next[0].wrapping_add(1);
        deeper(std::hint::black_box(&mut next)) + u32::from(next[0])
    }
    from_a_host_function(|| {
        std::hint::black_box(deeper(&mut [0; 512]));
    });
}

#[test]
#[ignore = "changes the process"]
fn hardened() {
    if deny_write_execute().is_err() {
        println!("came back, the kernel does not know the request");
        return;
    }
    from_a_host_function(|| ());
}

#[test]
fn a_fault_of_the_host_ends_the_process() {
    for (name, signal) in [("wild_write", SIGSEGV), ("bad_instruction", SIGILL)] {
        let output = child(&format!("faults::{name}"));
        assert_eq!(output.status.signal(), Some(signal), "{name}: {output:?}");
    }
}

#[test]
fn a_stack_overflow_of_the_host_is_rusts_to_report() {
    let output = child("faults::host_recursion");
    assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("has overflowed its stack"), "{text}");
}

#[test]
fn no_memory_is_both_writable_and_executable() {
    let output = child("faults::hardened");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("came back"), "{output:?}");
}
