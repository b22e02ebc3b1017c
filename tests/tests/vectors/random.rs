//! Random loops over arrays: with vectors, at -O3, and without any optimisation, memory
//! and result are the same after each call.

use super::{Ran, changes, counted, load, module, outcomes, store};
use precast_compiler::{OptLevel, Options};
use precast_tests::random::Numbers;

/// Loops, and calls of each.
const LOOPS: u64 = 320;
const CALLS: usize = 40;

/// Elements of memory: the type of the number, how it is loaded and stored, and bytes.
type Element = (&'static str, &'static str, &'static str, i64);

const ELEMENTS: [Element; 9] = [
    ("i32", "load", "store", 4),
    ("i64", "load", "store", 8),
    ("f32", "load", "store", 4),
    ("f64", "load", "store", 8),
    ("i32", "load8_u", "store8", 1),
    ("i32", "load8_s", "store8", 1),
    ("i32", "load16_u", "store16", 2),
    ("i32", "load16_s", "store16", 2),
    ("i64", "load32_u", "store32", 4),
];

/// What is computed of each element.
enum Value {
    /// A neighbour, so many elements on, of the array of this name.
    Load(char, i64),
    Constant(i64),
    /// The number that a call is given.
    Given,
    /// The element before of the second array.
    Before,
    Operator(&'static str, Box<[Value; 2]>),
    /// An operator with a constant.
    Shift(&'static str, Box<Value>, i64),
    Unary(&'static str, Box<Value>),
    /// Of the first two, the first where the others compare so.
    Select(&'static str, Box<[Value; 4]>),
}

struct Kernel {
    ty: &'static str,
    /// Of the first array and of the second.
    arrays: [Element; 2],
    elements: i64,
    step: i64,
    stores: Vec<(char, i64, Value)>,
    summed: Option<(&'static str, Value)>,
}

impl Kernel {
    fn new(random: &mut Numbers) -> Self {
        let first = ELEMENTS[random.below(ELEMENTS.len())];
        let same: Vec<Element> = ELEMENTS.into_iter().filter(|other| other.0 == first.0).collect();
        let second = if random.below(2) == 0 { first } else { same[random.below(same.len())] };
        let ty = first.0;
        let elements = [1, 1, 1, 2, 2, 3, 4, 8][random.below(8)];
        let step = if random.below(4) == 0 { -1 } else { 1 };
        let sums = ty == "i32" && random.below(2) == 0;
        let mut stores = Vec::new();
        for _ in 0..[usize::from(!sums), 1, 1, 2][random.below(4)] {
            let to = (['p', 'q'][random.below(2)], random.below(3) as i64 * elements);
            stores.push((to.0, to.1, value(random, ty, 3)));
        }
        let op = ["add", "add", "sub", "xor", "gt_s", "lt_u"][random.below(6)];
        let summed = sums.then(|| (op, value(random, ty, 2)));
        Self { ty, arrays: [first, second], elements, step, stores, summed }
    }

    fn text(&self) -> String {
        let mut work = String::new();
        for element in 0..self.elements {
            let element = if self.step > 0 { element } else { self.elements - 1 - element };
            for (array, offset, value) in &self.stores {
                let value = self.render(value, element);
                work += &self.store(*array, element + offset, &value);
            }
            if let Some((op, value)) = &self.summed {
                let value = self.render(value, element);
                work += &match op.split_once('_') {
                    None => format!("(local.set $sum (i32.{op} (local.get $sum) {value}))"),
                    Some(_) => format!(
                        "(local.set $sum (select (local.tee $next {value}) (local.get $sum)
                            (i32.{op} (local.get $next) (local.get $sum))))"
                    ),
                };
            }
            let next = self.load('q', element);
            work += &format!("(local.set $old_{} {next})", self.ty);
        }
        let [by, also] = self.arrays.map(|array| self.step * self.elements * array.3);
        let also = format!("(local.set $j (i32.add (local.get $j) (i32.const {also})))");
        counted(&format!("{work}{}", if self.differ() { &also } else { "" }), by)
    }

    /// Whether the arrays have elements of different sizes, and an index each.
    fn differ(&self) -> bool {
        self.arrays[0].3 != self.arrays[1].3
    }

    fn array(&self, name: char) -> (Element, &'static str) {
        let index = if name == 'q' && self.differ() { "$j" } else { "$i" };
        (self.arrays[usize::from(name == 'q')], index)
    }

    fn load(&self, name: char, element: i64) -> String {
        let ((ty, op, _, size), index) = self.array(name);
        load(&format!("{ty}.{op}"), name, element * size).replace("$i", index)
    }

    fn store(&self, name: char, element: i64, value: &str) -> String {
        let ((ty, _, op, size), index) = self.array(name);
        store(&format!("{ty}.{op}"), name, element * size, "VALUE")
            .replace("$i", index)
            .replace("VALUE", value)
    }

    fn render(&self, value: &Value, element: i64) -> String {
        let ty = self.ty;
        match value {
            Value::Load(array, on) => self.load(*array, element + on),
            Value::Constant(value) => format!("({ty}.const {value})"),
            Value::Given if ty == "i32" => "(local.get $k)".to_owned(),
            Value::Given => format!("({ty}.const 3)"),
            Value::Before => format!("(local.get $old_{ty})"),
            Value::Operator(name, of) => {
                let [one, other] = [0, 1].map(|side: usize| self.render(&of[side], element));
                format!("({ty}.{name} {one} {other})")
            }
            Value::Shift(name, of, by) => {
                format!("({ty}.{name} {} ({ty}.const {by}))", self.render(of, element))
            }
            Value::Unary(name, of) => format!("({ty}.{name} {})", self.render(of, element)),
            Value::Select(name, of) => {
                let [one, other, left, right] =
                    [0, 1, 2, 3].map(|side: usize| self.render(&of[side], element));
                format!("(select {one} {other} ({ty}.{name} {left} {right}))")
            }
        }
    }
}

fn value(random: &mut Numbers, ty: &str, depth: u32) -> Value {
    let below = |random: &mut Numbers| value(random, ty, depth - 1);
    match random.below(if depth == 0 { 9 } else { 20 }) {
        0..=4 => Value::Load(['p', 'q'][random.below(2)], random.below(5) as i64 - 1),
        5 | 6 => Value::Constant(random.below(1000) as i64),
        7 => Value::Before,
        8 => Value::Given,
        9 | 10 if ty.starts_with('i') => {
            let name = ["shl", "shr_u", "shr_s"][random.below(3)];
            Value::Shift(name, Box::new(below(random)), random.below(36) as i64)
        }
        11 => {
            let names: &[&str] = match ty {
                "i32" => &["extend8_s", "extend16_s"],
                "i64" => &["extend8_s", "extend32_s"],
                _ => &["neg", "abs", "sqrt"],
            };
            Value::Unary(names[random.below(names.len())], Box::new(below(random)))
        }
        12 | 13 => {
            let names: &[&str] = match ty {
                "i32" | "i64" => &["eq", "ne", "lt_s", "gt_u", "le_u", "ge_s"],
                _ => &["eq", "ne", "lt", "gt", "le", "ge"],
            };
            let of = [(); 4].map(|()| below(random));
            Value::Select(names[random.below(names.len())], Box::new(of))
        }
        14 if ty == "i32" => {
            let name = ["eq", "lt_s", "gt_u"][random.below(3)];
            Value::Operator(name, Box::new([(); 2].map(|()| below(random))))
        }
        _ => {
            let names: &[&str] = match ty {
                "f32" | "f64" => &["add", "sub", "mul", "div"],
                "i32" => &["add", "sub", "mul", "and", "or", "xor"],
                _ => &["add", "sub", "and", "or", "xor"],
            };
            let name = names[random.below(names.len())];
            Value::Operator(name, Box::new([(); 2].map(|()| below(random))))
        }
    }
}

/// Two addresses, near each other or not, sometimes at the end of memory, and rounds.
fn call(random: &mut Numbers) -> [i32; 3] {
    let place = match random.below(4) {
        0 => 65536 - random.below(400) as i32,
        1 => random.below(100) as i32 - 40,
        _ => 600 + random.below(64) as i32,
    };
    let other = match random.below(4) {
        0 => 1200,
        1 => place + 8 * (random.below(9) as i32 - 4),
        _ => place + random.below(130) as i32 - 65,
    };
    let most = [8, 40, 80][random.below(3)];
    let rounds = 1 + random.below(most) as i32;
    if random.below(2) == 0 { [place, other, rounds] } else { [other, place, rounds] }
}

#[test]
fn random_loops_do_the_same() {
    let (mut vectors, mut narrow, mut traps) = (0, 0, 0);
    for seed in 0..LOOPS {
        let mut random = Numbers::new(seed);
        let kernel = Kernel::new(&mut random);
        // Sometimes a byte or a half tells it, and sometimes none does.
        let given = "(local.set $k (i32.shr_s (local.get $q) (i32.const 3)))";
        let body = format!("{given} {}", kernel.text());
        if !changes(&body) {
            continue;
        }
        vectors += 1;
        narrow += usize::from(kernel.arrays.iter().any(|array| array.3 < 4));
        let (wasm, calls) = (module(&body), vec![(); CALLS]);
        let calls: Vec<[i32; 3]> = calls.into_iter().map(|()| call(&mut random)).collect();
        let ran = |opt_level| -> Vec<Ran> {
            outcomes(&wasm, &Options { opt_level, ..Options::default() }, &calls)
        };
        let (with, without) = (ran(OptLevel::Aggressive), ran(OptLevel::None));
        for (call, ran) in calls.iter().zip(with.iter().zip(&without)) {
            assert!(ran.0 == ran.1, "seed {seed}, {call:?}: {body}");
            traps += usize::from(ran.0.0.is_none());
        }
    }
    println!("{vectors} of {LOOPS} loops, {narrow} of bytes or halves, {traps} calls trap");
    assert!(vectors > LOOPS / 5, "too few loops of vectors: {vectors}");
    assert!(narrow > LOOPS as usize / 20, "too few of narrow elements: {narrow}");
    assert!(traps > 0, "no call traps");
}
