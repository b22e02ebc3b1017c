//! What is known by proof does what its body did: results, traps, and what a
//! trap leaves in memory.

use precast_compiler::{OptLevel, Optimisation, Options, text_to_binary, write_ir};
use precast_loader::{Error, Instance, Linker, Store};

/// compiler-rt's product of 128 bits, and a caller with a high half of zero.
const PRODUCT: &str = r#"(module (memory (export "memory") 1)
    (func $product (export "product") (param i32 i64 i64 i64 i64) (local i64)
        local.get 0
        local.get 4 local.get 1 i64.mul
        local.get 2 local.get 3 i64.mul
        i64.add
        local.get 3 i64.const 32 i64.shr_u local.tee 2
        local.get 1 i64.const 32 i64.shr_u local.tee 4
        i64.mul i64.add
        local.get 3 i64.const 4294967295 i64.and local.tee 3
        local.get 1 i64.const 4294967295 i64.and local.tee 1
        i64.mul local.tee 5 i64.const 32 i64.shr_u
        local.get 3 local.get 4 i64.mul
        i64.add local.tee 3
        i64.const 32 i64.shr_u
        i64.add
        local.get 3 i64.const 4294967295 i64.and
        local.get 2 local.get 1 i64.mul
        i64.add local.tee 1
        i64.const 32 i64.shr_u
        i64.add
        i64.store offset=8
        local.get 0
        local.get 1 i64.const 32 i64.shl
        local.get 5 i64.const 4294967295 i64.and
        i64.or
        i64.store)
    (func (export "wide") (param i32 i64 i64)
        (call $product (local.get 0) (local.get 1) (i64.const 0) (local.get 2) (i64.const 0))))"#;

/// The levels that recognise it.
fn options() -> Vec<Options> {
    let levels = [OptLevel::Less, OptLevel::Speed, OptLevel::Aggressive, OptLevel::Size];
    levels.map(|opt_level| Options { opt_level, ..Options::default() }).into()
}

fn instantiate(options: &Options) -> (Store<()>, Instance) {
    let wasm = text_to_binary(PRODUCT.as_bytes()).unwrap();
    let artifact = precast_embed::compile(&wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

/// Numbers with carries in all places, then arbitrary ones.
fn numbers() -> Vec<u64> {
    let mut numbers = vec![0, 1, 2, u64::MAX, 1 << 63, u32::MAX.into(), 1 << 32, !0 << 32];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..12 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        numbers.push(state ^ (state >> 29));
    }
    numbers
}

#[test]
fn products_are_those_of_128_bits() {
    for options in options() {
        let (mut store, instance) = instantiate(&options);
        let product =
            instance.get_typed_func::<(i32, i64, i64, i64, i64), ()>(&store, "product").unwrap();
        let wide = instance.get_typed_func::<(i32, i64, i64), ()>(&store, "wide").unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let numbers = numbers();
        for (at, a) in numbers.iter().enumerate() {
            for b in &numbers {
                let (high, other) =
                    (numbers[(at + 3) % numbers.len()], numbers[(at + 5) % numbers.len()]);
                let whole = |low: u64, high: u64| u128::from(high) << 64 | u128::from(low);
                let mut found = [0; 16];
                let args = (16, *a as i64, high as i64, *b as i64, other as i64);
                product.call(&mut store, args).unwrap();
                memory.read(&store, 16, &mut found).unwrap();
                let expected = whole(*a, high).wrapping_mul(whole(*b, other));
                assert_eq!(u128::from_le_bytes(found), expected, "{options:?}");
                wide.call(&mut store, (32, *a as i64, *b as i64)).unwrap();
                memory.read(&store, 32, &mut found).unwrap();
                assert_eq!(u128::from_le_bytes(found), u128::from(*a) * u128::from(*b));
            }
        }
    }
}

#[test]
fn stores_trap_where_they_did() {
    let (end, filled) = (65536 - 8, [7; 8]);
    let mut outcomes = options().into_iter().flat_map(|options| {
        let without = [Optimisation::WideProducts].into();
        [Options { disabled: without, ..options.clone() }, options].map(|options| {
            let (mut store, instance) = instantiate(&options);
            let memory = instance.get_memory(&store, "memory").unwrap();
            memory.write(&mut store, end, &filled).unwrap();
            let wide = instance.get_typed_func::<(i32, i64, i64), ()>(&store, "wide").unwrap();
            let error = wide.call(&mut store, (end as i32, 3, 5)).unwrap_err();
            let Error::Trap(trap) = error else { panic!("{error}") };
            let places: Vec<_> =
                trap.frames().iter().map(|frame| (frame.function, frame.offset)).collect();
            let mut left = [0; 8];
            memory.read(&store, end, &mut left).unwrap();
            (places, left)
        })
    });
    let first = outcomes.next().unwrap();
    assert_eq!(first.1, filled, "the high half, stored first, is outside");
    assert_eq!(first.0.len(), 2);
    outcomes.for_each(|other| assert_eq!(other, first));
}

#[test]
fn products_take_the_fuel_of_what_they_stand_for() {
    let used = |options: Options| {
        let (mut store, instance) = instantiate(&Options { fuel: true, ..options });
        store.set_fuel(1000).unwrap();
        let wide = instance.get_typed_func::<(i32, i64, i64), ()>(&store, "wide").unwrap();
        wide.call(&mut store, (16, 3, 5)).unwrap();
        1000 - store.fuel().unwrap()
    };
    for options in options() {
        let without = [Optimisation::WideProducts].into();
        let body = used(Options { disabled: without, ..options.clone() });
        assert_eq!(used(options), body);
        // Six of them are the caller's.
        assert_eq!(body, 6 + 59);
    }
}

#[test]
fn the_machine_multiplies() {
    let wasm = text_to_binary(PRODUCT.as_bytes()).unwrap();
    let ir = |options: &Options| {
        let mut ir = Vec::new();
        write_ir(&wasm, options, &mut ir).unwrap();
        String::from_utf8(ir).unwrap().matches("uextend.i128").count()
    };
    for options in options() {
        assert!(ir(&options) > 0, "{options:?}");
        let off = Options { disabled: [Optimisation::WideProducts].into(), ..options };
        assert_eq!(ir(&off), 0, "{off:?}");
    }
}
