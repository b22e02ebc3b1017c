//! Resources that the host defines, and others that a component does.

use crate::guests;
use precast_embed::component::{
    Borrow, Component, ComponentLinker, GuestBorrow, Own, ResourceTable, bindgen,
};
use precast_loader::{Error, Result, Store, TrapCode};
use precast_tests::fixture;
use std::fs;

bindgen!({
    path: "../fixtures/wit/resources.wit",
    with: { "test:res/counters/counter": MyCounter },
    trappable: true,
});

/// A counter of the host.
#[derive(Debug)]
pub(crate) struct MyCounter(u32);

#[derive(Default)]
struct Counters {
    table: ResourceTable,
    dropped: u32,
}

impl test::res::counters::HostCounter for Counters {
    fn new(&mut self, start: u32) -> Result<Own<MyCounter>> {
        self.table.push(MyCounter(start))
    }

    fn increment(&mut self, it: Borrow<MyCounter>, by: u32) -> Result<u32> {
        let counter = self.table.get_mut(&it)?;
        counter.0 += by;
        Ok(counter.0)
    }

    fn sum(&mut self, all: Vec<Borrow<MyCounter>>) -> Result<u32> {
        all.iter().map(|one| Ok(self.table.get(one)?.0)).sum()
    }

    fn drop(&mut self, it: Own<MyCounter>) -> Result<()> {
        self.dropped += 1;
        self.table.delete(it).map(drop)
    }
}

impl test::res::counters::Host for Counters {}

/// Crates that hold a counter: a crate is its counter's handle. Written for an
/// earlier version of the world.
fn crates() -> Component {
    let earlier = |text: &str| text.replace("0.2.1", "0.2.0");
    let wit = fs::read_to_string(fixture("wit/resources.wit")).expect("WIT");
    let (resolve, world) = guests::world(&earlier(&wit));
    let body = r#"
      (import "test:res/counters@0.2.1" "[constructor]counter" (func $new (param i32) (result i32)))
      (import "test:res/counters@0.2.1" "[method]counter.increment"
        (func $increment (param i32 i32) (result i32)))
      (import "test:res/counters@0.2.1" "[static]counter.sum" (func $sum (param i32 i32) (result i32)))
      (import "test:res/counters@0.2.1" "[resource-drop]counter" (func $drop (param i32)))
      (import "[export]test:res/crates@0.2.1" "[resource-new]crate" (func $own (param i32) (result i32)))
      (func (export "test:res/crates@0.2.1#[constructor]crate") (param i32) (result i32)
        local.get 0 call $own)
      (func (export "test:res/crates@0.2.1#[method]crate.get") (param i32) (result i32)
        (i32.store (i32.const 64) (local.get 0))
        (i32.store (i32.const 68) (local.get 0))
        (call $sum (i32.const 64) (i32.const 2)))
      (func (export "test:res/crates@0.2.1#[static]crate.same") (param i32) (result i32) local.get 0)
      (func (export "test:res/crates@0.2.1#[dtor]crate") (param i32) local.get 0 call $drop)
      (func (export "test:res/crates@0.2.1#make") (param i32) (result i32)
        local.get 0 call $new call $own)
      (func (export "test:res/crates@0.2.1#look") (param i32) (result i32)
        (call $increment (local.get 0) (i32.const 5))
        (call $drop (local.get 0)))"#;
    guests::component(&resolve, world, &earlier(body))
}

#[test]
fn resources_of_both_sides_and_an_earlier_version() -> Result<()> {
    let component = crates();
    let mut linker = ComponentLinker::new();
    Resources::add_to_linker(&mut linker, |counters: &mut Counters| counters);
    let mut store = Store::new(Counters::default());
    let instance = linker.instantiate(&mut store, &component)?;
    let world = Resources::new(&mut store, &instance)?;
    let guest = world.test_res_crates();
    let made = guest.call_make(&mut store, 20)?;
    assert_eq!(guest.crate_().call_get(&mut store, made.borrow())?, 40);

    // The host gives away what it has, and lends what it keeps.
    let counter = store.data_mut().table.push(MyCounter(3))?;
    let lent = Borrow::new(counter.rep());
    assert_eq!(guest.call_look(&mut store, lent)?, 8);
    let held = guest.crate_().call_new(&mut store, counter)?;
    assert_eq!(guest.crate_().call_get(&mut store, held.borrow())?, 16);

    // What was given away is not the host's.
    let before = held.borrow();
    let held = guest.crate_().call_same(&mut store, held)?;
    let gone = guest.crate_().call_get(&mut store, before).unwrap_err();
    assert!(matches!(gone, Error::Usage(_)), "{gone}");
    assert_eq!(guest.crate_().call_get(&mut store, held.borrow())?, 16);

    assert_eq!(store.data().dropped, 0);
    made.drop(&mut store)?;
    held.drop(&mut store)?;
    assert_eq!(store.data().dropped, 2);
    assert!(instance.left_handles(&store)?.is_empty());
    Ok(())
}

#[test]
fn a_type_stands_for_one_resource() -> Result<()> {
    enum Other {}
    let component = crates();
    let mut linker = ComponentLinker::new();
    Resources::add_to_linker(&mut linker, |counters: &mut Counters| counters);
    let mut store = Store::new(Counters::default());
    let instance = linker.instantiate(&mut store, &component)?;
    let path = ["test:res/crates@0.2.1", "look"];
    // A resource of the host is not one of the component, and has one type.
    type Lent<R> = (Borrow<R>,);
    assert!(instance.get_typed_func::<Lent<MyCounter>, (u32,)>(&mut store, &path).is_ok());
    assert!(instance.get_typed_func::<Lent<Other>, (u32,)>(&mut store, &path).is_err());
    type Guest = (GuestBorrow<Other>,);
    assert!(instance.get_typed_func::<Guest, (u32,)>(&mut store, &path).is_err());
    Ok(())
}

#[test]
fn a_handle_that_is_forged_is_a_trap() -> Result<()> {
    let component = crates();
    let mut linker = ComponentLinker::new();
    Resources::add_to_linker(&mut linker, |counters: &mut Counters| counters);
    let mut store = Store::new(Counters::default());
    let world = Resources::instantiate(&mut store, &component, &linker)?;
    // A number that the table does not have: the host's function fails.
    let guest = world.test_res_crates();
    let failed = guest.call_look(&mut store, Borrow::new(77)).unwrap_err();
    assert!(matches!(failed, Error::Usage(_)), "{failed}");
    let poisoned = guest.call_make(&mut store, 1).unwrap_err();
    assert_eq!(poisoned.trap_code(), Some(TrapCode::CannotEnterComponent), "{poisoned}");
    Ok(())
}

/// What was prepared once serves the first component of any store, and others.
#[test]
fn instances_of_what_was_prepared_know_their_store() -> Result<()> {
    let mut linker = ComponentLinker::new();
    Resources::add_to_linker(&mut linker, |counters: &mut Counters| counters);
    let prepared = linker.instantiate_pre(&crates())?;
    let mut stores = [Store::new(Counters::default()), Store::new(Counters::default())];
    let mut worlds = Vec::new();
    for store in &mut stores {
        for _ in 0..2 {
            let instance = prepared.clone().instantiate(store)?;
            worlds.push(Resources::new(store, &instance)?);
        }
    }
    for (number, world) in worlds.iter().enumerate() {
        let store = &mut stores[number / 2];
        let guest = world.test_res_crates();
        let made = guest.call_make(store, number as u32)?;
        assert_eq!(guest.crate_().call_get(store, made.borrow())?, 2 * number as u32);
        let other = worlds[number ^ 1].test_res_crates();
        assert!(other.crate_().call_get(store, made.borrow()).is_err());
        made.drop(store)?;
    }
    assert_eq!(stores.map(|store| store.data().dropped), [2, 2]);
    Ok(())
}
