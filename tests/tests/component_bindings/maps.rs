//! Maps, and lists of fixed length, both ways.

use self::exports::test::maps::api::Guest;
use self::test::maps::api::Host;
use crate::guests::passes_on;
use precast_embed::component::{ComponentLinker, bindgen};
use precast_loader::{Result, Store};
use std::collections::{BTreeMap, HashMap};

const WIT: &str = "
    package test:maps;
    interface api {
        ages: func(it: map<string, u32>) -> map<string, u32>;
        corner: func(it: list<u16, 3>) -> list<u16, 3>;
        grid: func(it: list<list<string, 2>>) -> list<list<string, 2>>;
        long: func(it: list<u64, 20>) -> list<u64, 20>;
    }
    world maps { import api; export api; }";

bindgen!({
    inline: "
        package test:maps;
        interface api {
            ages: func(it: map<string, u32>) -> map<string, u32>;
            corner: func(it: list<u16, 3>) -> list<u16, 3>;
            grid: func(it: list<list<string, 2>>) -> list<list<string, 2>>;
            long: func(it: list<u64, 20>) -> list<u64, 20>;
        }
        world maps { import api; export api; }",
});

/// Gives everything back.
struct GivesBack;

impl Host for GivesBack {
    fn ages(&mut self, it: BTreeMap<String, u32>) -> BTreeMap<String, u32> {
        it
    }

    fn corner(&mut self, it: [u16; 3]) -> [u16; 3] {
        it
    }

    fn grid(&mut self, it: Vec<[String; 2]>) -> Vec<[String; 2]> {
        it
    }

    fn long(&mut self, it: [u64; 20]) -> [u64; 20] {
        it
    }
}

#[test]
fn maps_and_lists_of_fixed_length_come_back() -> Result<()> {
    let component = passes_on(WIT);
    let mut linker = ComponentLinker::new();
    Maps::add_to_linker(&mut linker, |it: &mut GivesBack| it);
    let mut store = Store::new(GivesBack);
    let instance = linker.instantiate(&mut store, &component)?;
    let api: Guest = Maps::new(&mut store, &instance)?.test_maps_api().clone();
    let ages = BTreeMap::from([("Ada".to_owned(), 36), ("\u{c9}va".to_owned(), 7)]);
    assert_eq!(api.call_ages(&mut store, ages.clone())?, ages);
    assert_eq!(api.call_corner(&mut store, [1, 2, u16::MAX])?, [1, 2, u16::MAX]);
    let grid = vec![["a".to_owned(), "\u{2603}".to_owned()], [String::new(), "d".to_owned()]];
    assert_eq!(api.call_grid(&mut store, &grid)?, grid);
    let long: [u64; 20] = std::array::from_fn(|index| u64::MAX - index as u64);
    assert_eq!(api.call_long(&mut store, long)?, long);

    let path = &["test:maps/api", "ages"];
    type Ages = HashMap<String, u32>;
    let typed = instance.get_typed_func::<(Ages,), (Ages,)>(&mut store, path)?;
    let (given,) = typed.call(&mut store, (ages.clone().into_iter().collect(),))?;
    assert_eq!(given.into_iter().collect::<BTreeMap<_, _>>(), ages);

    // What is of another length or kind is told before it is called.
    let path = &["test:maps/api", "corner"];
    let two = instance.get_typed_func::<([u16; 2],), ([u16; 2],)>(&mut store, path);
    assert!(two.is_err_and(|why| why.to_string().contains("list of 2")));
    let list = instance.get_typed_func::<(Vec<u16>,), (Vec<u16>,)>(&mut store, path);
    assert!(list.is_err());
    Ok(())
}
