//! Traps of each kind, and what they leave behind.

use crate::I32;
use crate::code::{self, Code};
use crate::mock::Mock;
use precast_artifact::abi::Builtin;
use precast_artifact::index::TableIndex;
use precast_loader::{Instance, Linker, Store, TrapCode, Val};

fn instance(mock: Mock) -> (Store<()>, Instance) {
    let artifact = crate::opened(&mock.build()).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

#[test]
fn every_code_is_reported() {
    let mut m = Mock::new("traps");
    let ty = m.ty(&[], &[]);
    for code in TrapCode::ALL {
        m.func(&format!("trap{}", code as u8), ty, move |_| code::trap(code));
    }
    let (mut store, instance) = instance(m);
    for code in TrapCode::ALL {
        let name = format!("trap{}", code as u8);
        let trap = instance.get_func(&store, &name).unwrap();
        let error = trap.call(&mut store, &[]).unwrap_err();
        assert_eq!(error.trap_code(), Some(code));
        let frames = error.trap().unwrap().frames();
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].name.as_deref(), Some(name.as_str()));
    }
}

#[test]
fn division_by_zero_traps() {
    let mut m = Mock::new("division");
    let ty = m.ty(&[I32, I32], &[I32]);
    m.func("divide", ty, |_| code::divide());
    let (mut store, instance) = instance(m);
    let divide = instance.get_typed_func::<(i32, i32), i32>(&store, "divide").unwrap();
    assert_eq!(divide.call(&mut store, (-7, 2)).unwrap(), -3);
    let error = divide.call(&mut store, (1, 0)).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::IntegerDivisionByZero));
    assert_eq!(divide.call(&mut store, (8, 2)).unwrap(), 4);
}

#[test]
fn memory_ends_where_it_ends() {
    let mut m = Mock::new("memory");
    let ty = m.ty(&[I32], &[I32]);
    let store_ty = m.ty(&[I32, I32], &[]);
    m.memory(1, Some(2), false);
    m.func("load", ty, |_| code::load());
    m.func("store", store_ty, |_| code::store());
    m.func("grow", ty, |_| {
        // mov rdx, rsi; xor esi, esi
        Code::framed(|c| c.raw(&[0x48, 0x89, 0xf2, 0x31, 0xf6]).call_builtin(Builtin::MemoryGrow))
    });
    let (mut store, instance) = instance(m);
    let load = instance.get_typed_func::<u32, u32>(&store, "load").unwrap();
    let write = instance.get_typed_func::<(u32, u32), ()>(&store, "store").unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&store, "grow").unwrap();
    write.call(&mut store, (65532, 7)).unwrap();
    assert_eq!(load.call(&mut store, 65532).unwrap(), 7);
    for address in [65533, 65536, 1 << 31, u32::MAX] {
        let error = load.call(&mut store, address).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
        let expected =
            "wasm trap: out of bounds memory access\n    0: load (memory) at wasm offset 0x4";
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    assert_eq!(load.call(&mut store, 65536).unwrap(), 0);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    assert_eq!(grow.call(&mut store, 0).unwrap(), 2);
    assert!(load.call(&mut store, 131_072).is_err());
}

#[test]
fn endless_recursion_is_a_stack_overflow() {
    let mut m = Mock::new("stack");
    let ty = m.ty(&[], &[]);
    m.func("recurse", ty, |_| code::recurse());
    let (mut store, instance) = instance(m);
    let recurse = instance.get_func(&store, "recurse").unwrap();
    for _ in 0..2 {
        let error = recurse.call(&mut store, &[]).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow));
        let trap = error.trap().unwrap();
        assert_eq!(trap.frames().len(), 100);
        // 8 MiB in frames of 16 bytes.
        assert!((500_000..525_000).contains(&trap.omitted_frames()), "{}", trap.omitted_frames());
    }
}

#[test]
fn null_and_far_elements_trap() {
    use precast_artifact::abi::TableKind;
    use precast_loader::RefType;
    let mut m = Mock::new("table");
    let ty = m.ty(&[I32], &[I32]);
    m.table(RefType::FUNCREF, 4, None, TableKind::Public);
    m.func("call", ty, |layout| code::call_table(layout.table(TableIndex::new(0))));
    let (mut store, instance) = instance(m);
    let call = instance.get_func(&store, "call").unwrap();
    let error = call.call(&mut store, &[Val::I32(3)]).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::IndirectCallToNull));
    let error = call.call(&mut store, &[Val::I32(4)]).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::TableOutOfBounds));
}
