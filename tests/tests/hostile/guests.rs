//! Guests that break one rule each.

use precast_loader::component::Value;

/// A component whose function `f` breaks a rule.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    /// Type of `f`, in the text format.
    ty: &'static str,
    /// What the core module has besides a memory of one page.
    core: &'static str,
    /// An argument, if `f` takes one.
    argument: Option<fn() -> Value>,
    /// How strings are encoded.
    encoding: &'static str,
    /// Words of how the call fails.
    pub(crate) fails: &'static str,
}

/// A component that does what it should.
pub(crate) const SOUND: &str = r#"(component
    (core module $m (func (export "f") (result i32) (i32.const 42)))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))"#;

impl Guest {
    pub(crate) fn text(&self) -> String {
        let Self { ty, core, encoding, .. } = self;
        let realloc = match core.contains("\"realloc\"") {
            true => "",
            false => {
                r#"(func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))"#
            }
        };
        let post_return = match core.contains("\"post\"") {
            true => "(post-return (core func $i \"post\"))",
            false => "",
        };
        format!(
            r#"(component
    (import "test:host/things" (instance $host
        (export "thing" (type $t (sub resource)))
        (export "borrowed" (func (param "x" (borrow $t))))
        (export "taken" (func (param "x" (own $t))))
        (export "nothing" (func))))
    (alias export $host "thing" (type $thing))
    (type $own' (resource (rep i32)))
    (core func $borrowed (canon lower (func $host "borrowed")))
    (core func $taken (canon lower (func $host "taken")))
    (core func $nothing (canon lower (func $host "nothing")))
    (core func $drop (canon resource.drop $thing))
    (core func $new (canon resource.new $own'))
    (core func $rep (canon resource.rep $own'))
    (core func $drop-own (canon resource.drop $own'))
    (core module $m
        (import "" "borrowed" (func $borrowed (param i32)))
        (import "" "taken" (func $taken (param i32)))
        (import "" "nothing" (func $nothing))
        (import "" "drop" (func $drop (param i32)))
        (import "" "new" (func $new (param i32) (result i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        (import "" "drop-own" (func $drop-own (param i32)))
        (memory (export "memory") 1)
        {realloc}
        {core})
    (core instance $i (instantiate $m (with "" (instance
        (export "borrowed" (func $borrowed)) (export "taken" (func $taken))
        (export "nothing" (func $nothing)) (export "drop" (func $drop))
        (export "new" (func $new)) (export "rep" (func $rep))
        (export "drop-own" (func $drop-own))))))
    (export $own "own" (type $own'))
    (func (export "f") {ty} (canon lift (core func $i "f") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")) {post_return} {encoding})))"#
        )
    }

    pub(crate) fn arguments(&self) -> Vec<Value> {
        self.argument.iter().map(|argument| argument()).collect()
    }
}

const fn gives(
    name: &'static str,
    ty: &'static str,
    core: &'static str,
    fails: &'static str,
) -> Guest {
    Guest { name, ty, core, argument: None, encoding: "", fails }
}

const fn encoded(
    name: &'static str,
    encoding: &'static str,
    core: &'static str,
    fails: &'static str,
) -> Guest {
    Guest { name, ty: "(result string)", core, argument: None, encoding, fails }
}

const fn takes(
    name: &'static str,
    ty: &'static str,
    argument: fn() -> Value,
    core: &'static str,
    fails: &'static str,
) -> Guest {
    Guest { name, ty, core, argument: Some(argument), encoding: "", fails }
}

/// A pair at address 0 is the result.
macro_rules! pair {
    ($first:literal, $second:literal) => {
        concat!(
            "(data (i32.const 0) \"",
            $first,
            $second,
            "\")",
            "(func (export \"f\") (result i32) (i32.const 0))"
        )
    };
}

/// Values that `f` gives.
pub(crate) const LIFTED: &[Guest] = &[
    gives(
        "a string outside",
        "(result string)",
        pair!("\\00\\00\\01\\00", "\\01\\00\\00\\00"),
        "out of bounds",
    ),
    gives(
        "a string past the end",
        "(result string)",
        pair!("\\ff\\ff\\00\\00", "\\02\\00\\00\\00"),
        "out of bounds",
    ),
    gives(
        "a string round the end",
        "(result string)",
        pair!("\\ff\\ff\\ff\\ff", "\\02\\00\\00\\00"),
        "out of bounds",
    ),
    gives(
        "an endless string",
        "(result string)",
        pair!("\\00\\00\\00\\00", "\\ff\\ff\\ff\\ff"),
        "out of bounds",
    ),
    gives(
        "a list outside",
        "(result (list u32))",
        pair!("\\00\\00\\01\\00", "\\01\\00\\00\\00"),
        "out of bounds",
    ),
    gives(
        "a list too long",
        "(result (list u64))",
        pair!("\\00\\00\\00\\00", "\\01\\00\\00\\20"),
        "out of bounds",
    ),
    gives(
        "an endless list",
        "(result (list (tuple u64 u64)))",
        pair!("\\00\\00\\00\\00", "\\ff\\ff\\ff\\ff"),
        "out of bounds",
    ),
    gives(
        "a misaligned list",
        "(result (list u32))",
        pair!("\\01\\00\\00\\00", "\\01\\00\\00\\00"),
        "unaligned",
    ),
    gives(
        "a misaligned list in a list",
        "(result (list (list u64)))",
        "(data (i32.const 0) \"\\08\\00\\00\\00\\01\\00\\00\\00\\04\\00\\00\\00\\01\\00\\00\\00\")
         (func (export \"f\") (result i32) (i32.const 0))",
        "unaligned",
    ),
    gives(
        "a misaligned result",
        "(result (tuple u64 u64))",
        "(func (export \"f\") (result i32) (i32.const 4))",
        "unaligned",
    ),
    gives(
        "a result outside",
        "(result (tuple u64 u64))",
        "(func (export \"f\") (result i32) (i32.const 65528))",
        "out of bounds",
    ),
    gives(
        "a result at the end of memory",
        "(result string)",
        "(func (export \"f\") (result i32) (i32.const -4))",
        "out of bounds",
    ),
    gives(
        "no UTF-8",
        "(result string)",
        "(data (i32.const 8) \"\\ff\") (data (i32.const 0) \"\\08\\00\\00\\00\\01\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "utf",
    ),
    gives(
        "half a character",
        "(result string)",
        "(data (i32.const 8) \"\\e2\\98\") (data (i32.const 0) \"\\08\\00\\00\\00\\02\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "utf",
    ),
    encoded(
        "half a pair of UTF-16",
        "string-encoding=utf16",
        "(data (i32.const 8) \"\\00\\d8\") (data (i32.const 0) \"\\08\\00\\00\\00\\01\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "surrogate",
    ),
    encoded(
        "misaligned UTF-16",
        "string-encoding=utf16",
        "(data (i32.const 0) \"\\09\\00\\00\\00\\01\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "unaligned",
    ),
    encoded(
        "endless UTF-16",
        "string-encoding=utf16",
        "(data (i32.const 0) \"\\08\\00\\00\\00\\ff\\ff\\ff\\7f\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "out of bounds",
    ),
    encoded(
        "misaligned Latin-1 or UTF-16",
        "string-encoding=latin1+utf16",
        "(data (i32.const 0) \"\\09\\00\\00\\00\\01\\00\\00\\00\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "unaligned",
    ),
    encoded(
        "endless Latin-1 or UTF-16",
        "string-encoding=latin1+utf16",
        "(data (i32.const 0) \"\\08\\00\\00\\00\\ff\\ff\\ff\\ff\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "out of bounds",
    ),
    gives(
        "a surrogate",
        "(result char)",
        "(func (export \"f\") (result i32) (i32.const 0xd800))",
        "char",
    ),
    gives(
        "no character",
        "(result char)",
        "(func (export \"f\") (result i32) (i32.const 0x110000))",
        "char",
    ),
    gives(
        "a surrogate in a list",
        "(result (list char))",
        "(data (i32.const 0) \"\\08\\00\\00\\00\\01\\00\\00\\00\\ff\\df\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "char",
    ),
    gives(
        "no such case",
        "(result (option u8))",
        "(data (i32.const 0) \"\\02\") (func (export \"f\") (result i32) (i32.const 0))",
        "discriminant",
    ),
    gives(
        "no such result",
        "(result (result))",
        "(func (export \"f\") (result i32) (i32.const 2))",
        "discriminant",
    ),
    gives(
        "a case below zero",
        "(result (result))",
        "(func (export \"f\") (result i32) (i32.const -1))",
        "discriminant",
    ),
    gives(
        "no such case in a list",
        "(result (list (option u32)))",
        "(data (i32.const 0) \"\\08\\00\\00\\00\\01\\00\\00\\00\\ff\")
        (func (export \"f\") (result i32) (i32.const 0))",
        "discriminant",
    ),
    gives(
        "leaving in post-return",
        "(result string)",
        "(func (export \"post\") (param i32) (call $nothing))
        (func (export \"f\") (result i32) (i32.const 0))",
        "cannot leave",
    ),
    gives(
        "a trap in post-return",
        "(result string)",
        "(func (export \"post\") (param i32) unreachable)
        (func (export \"f\") (result i32) (i32.const 0))",
        "unreachable",
    ),
];

fn text() -> Value {
    Value::String("some text".to_owned())
}

fn numbers() -> Value {
    Value::List([1, 2, 3].map(Value::U64).into())
}

/// Where values are put that `f` takes.
pub(crate) const LOWERED: &[Guest] = &[
    takes("room outside", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 65536))", "beyond end of memory"),
    takes("room past the end", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 65535))", "beyond end of memory"),
    takes("room round the end", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const -4))", "beyond end of memory"),
    takes("misaligned room", "(param \"x\" (list u64))", numbers, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 12))", "not aligned"),
    takes("no room", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) unreachable)", "unreachable"),
    takes("room by leaving", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (call $nothing) (i32.const 8))", "cannot leave"),
    takes("room in memory that does not grow", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32))
        (func (export \"realloc\") (param i32 i32 i32 i32) (result i32)
            (drop (memory.grow (i32.const 70000))) (i32.const 65536))", "beyond end of memory"),
    takes("a trap with what was put there", "(param \"x\" string)", text, "(func (export \"f\") (param i32 i32) unreachable)", "unreachable"),
];

/// Handles that `f` makes use of.
pub(crate) const HANDLES: &[Guest] = &[
    gives("dropping handle 0", "", "(func (export \"f\") (call $drop (i32.const 0)))", "handle"),
    gives("dropping what nobody gave", "", "(func (export \"f\") (call $drop (i32.const 7)))", "handle"),
    gives("dropping the largest number", "", "(func (export \"f\") (call $drop (i32.const -1)))", "handle"),
    gives("lending what nobody gave", "", "(func (export \"f\") (call $borrowed (i32.const 1)))", "handle"),
    gives("giving what nobody gave", "", "(func (export \"f\") (call $taken (i32.const 1)))", "handle"),
    gives("what stands behind a forged handle", "", "(func (export \"f\") (drop (call $rep (i32.const 3))))", "handle"),
    gives("dropping twice", "", "(func (export \"f\") (local i32) (local.set 0 (call $new (i32.const 5)))
        (call $drop-own (local.get 0)) (call $drop-own (local.get 0)))", "handle"),
    gives("using what was dropped", "", "(func (export \"f\") (local i32) (local.set 0 (call $new (i32.const 5)))
        (call $drop-own (local.get 0)) (drop (call $rep (local.get 0))))", "handle"),
    gives("a handle of another type", "", "(func (export \"f\") (call $drop (call $new (i32.const 5))))", "handle"),
    gives("lending one of another type", "", "(func (export \"f\") (call $borrowed (call $new (i32.const 5))))", "handle"),
    gives("a result that nobody gave", "(result (own $own))", "(func (export \"f\") (result i32) (i32.const 9))", "handle"),
    gives("a result that was dropped", "(result (own $own))", "(func (export \"f\") (result i32) (local i32)
        (local.set 0 (call $new (i32.const 5))) (call $drop-own (local.get 0)) (local.get 0))", "handle"),
    gives("the same result twice", "(result (tuple (own $own) (own $own)))", "(func (export \"f\") (result i32) (local i32)
        (local.set 0 (call $new (i32.const 5)))
        (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0))", "handle"),
];
