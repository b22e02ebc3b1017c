//! Every type, both ways, typed on both sides and with values on one.

use self::exports::test::all::api::Guest;
use self::test::all::api::Host as Api;
use self::test::all::types::{Colour, Few, Many, Nested, Point, Shape};
use crate::guests::passes_on;
use precast_embed::component::{
    Component, ComponentLinker, ComponentType, Lift, Lower, Value, bindgen,
};
use precast_loader::{Error, Result, Store};
use precast_tests::fixture;
use std::fs;

bindgen!("everything" in "../fixtures/wit/all.wit");

/// Gives everything back.
struct Echo;

macro_rules! echo {
    ($($name:ident: $ty:ty;)*) => {$(
        fn $name(&mut self, it: $ty) -> $ty {
            it
        }
    )*};
}

impl Api for Echo {
    fn scalars(
        &mut self,
        a: bool,
        b: u8,
        c: i8,
        d: u16,
        e: i16,
        f: u32,
        g: i32,
        h: u64,
        i: i64,
        j: f32,
        k: f64,
        l: char,
    ) -> Scalars {
        (a, b, c, d, e, f, g, h, i, j, k, l)
    }

    fn flat_flags(&mut self, a: Few, b: Many) -> (Few, Many) {
        (a, b)
    }

    fn many_params(
        &mut self,
        a: String,
        b: String,
        c: String,
        d: String,
        e: String,
        f: String,
        g: String,
        h: String,
        i: u8,
    ) -> Vec<String> {
        vec![a, b, c, d, e, f, g, h, i.to_string()]
    }

    fn nothing(&mut self) {}

    echo! {
        text: String;
        bytes: Vec<u8>;
        words: Vec<i16>;
        list_flags: Vec<(Few, Many, Colour)>;
        move_point: Point;
        along: Vec<Point>;
        nest: Nested;
        draw: Shape;
        draw_all: Vec<Shape>;
        outcome: Result<Shape, String>;
        bare: Result<(), ()>;
        half: Result<(), Colour>;
        options: Option<Option<i8>>;
        chars: Vec<(char, bool)>;
    }
}

impl EverythingImports for Echo {
    fn at_root(&mut self, it: u32) -> u32 {
        it + 1
    }
}

type Scalars = (bool, u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, char);

fn everything() -> Component {
    passes_on(&fs::read_to_string(fixture("wit/all.wit")).expect("WIT"))
}

fn nested() -> Nested {
    Nested {
        at: Point { x: -1.5, y: 1e300 },
        type_: "na\u{ef}ve \u{1f370}".to_owned(),
        tags: vec![String::new(), "b".to_owned()],
        colour: Some(Colour::DeepBlue),
    }
}

fn many() -> Many {
    Many { f0: true, f9: true, f31: true, ..Many::default() }
}

fn shapes() -> Vec<Shape> {
    vec![
        Shape::Empty,
        Shape::Circle(0.25),
        Shape::Polygon(vec![Point { x: 1.0, y: 2.0 }, Point { x: 3.0, y: -4.0 }]),
        Shape::Named(nested()),
        Shape::Wide(u64::MAX - 1),
    ]
}

/// Calls every function with values of every kind, and finds them given back.
fn gives_everything_back<T>(api: &Guest, store: &mut Store<T>) -> Result<()> {
    gives_back_numbers_and_text(api, store)?;
    gives_back_flags_and_records(api, store)?;
    for shape in shapes() {
        assert_eq!(api.call_draw(store, &shape)?, shape);
        assert_eq!(api.call_outcome(store, Ok(&shape))?, Ok(shape));
    }
    assert_eq!(api.call_draw_all(store, &shapes())?, shapes());
    assert_eq!(api.call_outcome(store, Err("no"))?, Err("no".to_owned()));
    for bare in [Ok(()), Err(())] {
        assert_eq!(api.call_bare(store, bare)?, bare);
    }
    for half in [Ok(()), Err(Colour::Green)] {
        assert_eq!(api.call_half(store, half)?, half);
    }
    for option in [None, Some(None), Some(Some(-3))] {
        assert_eq!(api.call_options(store, option)?, option);
    }
    api.call_nothing(store)
}

fn gives_back_numbers_and_text<T>(api: &Guest, store: &mut Store<T>) -> Result<()> {
    for sign in [1, -1] {
        let numbers: Scalars = (
            sign > 0,
            250,
            -7 * sign as i8,
            65_000,
            -30_000 * sign as i16,
            u32::MAX - 3,
            i32::MIN + 9,
            u64::MAX - 5,
            i64::MIN + 2,
            -0.5,
            1e-300,
            '\u{1f370}',
        );
        let (a, b, c, d, e, f, g, h, i, j, k, l) = numbers;
        assert_eq!(api.call_scalars(store, a, b, c, d, e, f, g, h, i, j, k, l)?, numbers);
    }
    for text in ["", "plain", "na\u{ef}ve \u{2603} \u{1f370}"] {
        assert_eq!(api.call_text(store, text)?, text);
    }
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(api.call_bytes(store, &bytes)?, bytes);
    assert_eq!(api.call_bytes(store, &[])?, [0_u8; 0]);
    assert_eq!(api.call_words(store, &[1, -1, i16::MIN])?, [1, -1, i16::MIN]);
    let chars = [('x', true), ('\u{2603}', false)];
    assert_eq!(api.call_chars(store, &chars)?, chars);
    let many = api.call_many_params(store, "a", "b", "c", "d", "e", "f", "g", "h", 9)?;
    assert_eq!(many.concat(), "abcdefgh9");
    Ok(())
}

fn gives_back_flags_and_records<T>(api: &Guest, store: &mut Store<T>) -> Result<()> {
    let few = Few { read: false, run_it: true };
    assert_eq!(api.call_flat_flags(store, few, many())?, (few, many()));
    let all = [(few, many(), Colour::Green), (Few::default(), Many::default(), Colour::Red)];
    assert_eq!(api.call_list_flags(store, &all)?, all);
    let point = Point { x: 1.0, y: -2.0 };
    assert_eq!(api.call_move_point(store, &point)?, point);
    assert_eq!(api.call_along(store, &[point.clone(), point.clone()])?, [point.clone(), point]);
    assert_eq!(api.call_nest(store, &nested())?, nested());
    Ok(())
}

#[test]
fn every_type_passes_both_ways() -> Result<()> {
    let component = everything();
    let mut linker = ComponentLinker::new();
    Everything::add_to_linker(&mut linker, |echo: &mut Echo| echo);
    let mut store = Store::new(Echo);
    let world = Everything::instantiate(&mut store, &component, &linker)?;
    assert_eq!(world.call_at_root(&mut store, 41)?, 42);
    gives_everything_back(world.test_all_api(), &mut store)
}

/// A linker whose functions take and give [`Value`]s, and remember them.
fn values(component: &Component) -> ComponentLinker<Vec<Value>> {
    let mut linker = ComponentLinker::<Vec<Value>>::new();
    for import in component.imports().into_iter().filter(|import| import.is_function()) {
        let path: Vec<&str> = import.path.iter().map(String::as_str).collect();
        let name = import.path.last().expect("a name").clone();
        linker.func_new(&path, move |mut caller, arguments| {
            caller.data_mut().extend_from_slice(arguments);
            Ok(match (name.as_str(), arguments) {
                ("nothing", _) => None,
                ("many-params", all) => Some(Value::List(all.iter().map(as_text).collect())),
                (_, [one]) => Some(one.clone()),
                (_, several) => Some(Value::Tuple(several.to_vec())),
            })
        });
    }
    linker
}

fn as_text(value: &Value) -> Value {
    match value {
        Value::U8(number) => Value::String(number.to_string()),
        text => text.clone(),
    }
}

#[test]
fn what_types_make_values_read() -> Result<()> {
    let component = everything();
    let mut store = Store::new(Vec::new());
    let world = Everything::instantiate(&mut store, &component, &values(&component))?;
    let api = world.test_all_api();
    gives_everything_back(api, &mut store)?;
    store.data_mut().clear();
    api.call_draw(&mut store, &Shape::Named(nested()))?;
    let number = |name: &str, value: Value| (name.to_owned(), value);
    let text = |text: &str| Value::String(text.to_owned());
    let point = Value::Record(vec![number("x", Value::F32(-1.5)), number("y", Value::F64(1e300))]);
    let nested = Value::Record(vec![
        number("at", point),
        number("type", text("na\u{ef}ve \u{1f370}")),
        number("tags", Value::List(vec![text(""), text("b")])),
        number("colour", Value::Option(Some(Box::new(Value::Enum("deep-blue".to_owned()))))),
    ]);
    assert_eq!(*store.data(), [Value::Variant("named".to_owned(), Some(Box::new(nested)))]);
    store.data_mut().clear();
    api.call_flat_flags(&mut store, Few { read: true, run_it: false }, many())?;
    let flags = |names: &[&str]| Value::Flags(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(*store.data(), [flags(&["read"]), flags(&["f0", "f9", "f31"])]);
    Ok(())
}

#[test]
fn what_differs_is_said_when_something_is_looked_up() -> Result<()> {
    #[derive(ComponentType, Lift, Lower)]
    struct Swapped {
        y: f64,
        x: f32,
    }
    #[derive(ComponentType, Lift, Lower)]
    struct Narrow {
        x: f32,
        y: f32,
    }
    #[derive(ComponentType, Lift, Lower)]
    enum Shades {
        Red,
        Green,
    }
    let component = everything();
    let mut store = Store::new(Vec::new());
    let instance = values(&component).instantiate(&mut store, &component)?;
    let api = "test:all/api@1.2.0";
    macro_rules! differs {
        ($name:literal, $params:ty, $results:ty, $why:literal) => {
            match instance.get_typed_func::<$params, $results>(&mut store, &[api, $name]) {
                Err(Error::Usage(why)) => assert!(why.contains($why), "{why}"),
                Err(other) => panic!("{other}"),
                Ok(_) => panic!("{} has this type", $name),
            }
        };
    }
    differs!("text", (u32,), (String,), "parameter `it`: `u32` in Rust, `string` in the component");
    differs!("text", (), (String,), "0 parameters in Rust, 1 in the component: func(it: string)");
    differs!("text", (&str,), (), "0 results in Rust, unlike the component's func(it: string)");
    differs!("nothing", (), (u8,), "1 results in Rust, unlike the component's func()");
    differs!("bytes", (Vec<i8>,), (Vec<u8>,), "element of a list: `s8` in Rust, `u8` in");
    differs!("move-point", (Swapped,), (Swapped,), "field `y` of Swapped in Rust, `x` in the");
    differs!("move-point", (Narrow,), (Narrow,), "field `y`: `f32` in Rust, `f64` in the");
    differs!("half", (Result<(), Shades>,), (), "failure: Shades in Rust lacks the component's");
    differs!("options", (Option<i8>,), (), "in an option: `s8` in Rust, `option<s8>` in");
    differs!("bare", (Result<(), u8>,), (), "failure: a value in Rust, none in the component");
    differs!("nowhere", (), (), "exports no function");
    assert!(instance.get_typed_func::<(f64, f32), ()>(&mut store, "at-root").is_err());
    Ok(())
}

#[test]
fn imports_of_another_type_are_not_linked() {
    let component = everything();
    let mut linker = values(&component);
    linker.func_wrap(&["at-root"], |_, (it,): (u64,)| Ok((it as u32,)));
    let mut store = Store::new(Vec::new());
    let Err(Error::Link(problems)) = linker.instantiate(&mut store, &component) else {
        panic!("another type was linked");
    };
    assert_eq!(problems.len(), 1);
    let found = problems[0].found.as_deref().unwrap_or_default();
    assert!(found.contains("parameter `it`: `u64` in Rust, `u32` in the component"), "{found}");
}
