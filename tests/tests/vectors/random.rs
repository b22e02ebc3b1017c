//! Random loops over arrays: with vectors, at -O3, and without any optimisation, memory
//! and result are the same after each call.

use super::{Ran, changes, counted, load, module, outcomes, store};
use precast_compiler::{OptLevel, Options};
use precast_tests::random::Numbers;

/// Loops, and calls of each.
const LOOPS: u64 = 160;
const CALLS: usize = 40;

/// What is computed of each element.
enum Value {
    /// A neighbour, so many elements on, of the array of this name.
    Load(char, i64),
    Constant(i64),
    /// The element before of the second array.
    Before,
    Operator(&'static str, Box<[Value; 2]>),
}

struct Kernel {
    ty: &'static str,
    size: i64,
    elements: i64,
    step: i64,
    stores: Vec<(char, i64, Value)>,
    summed: Option<Value>,
}

impl Kernel {
    fn new(random: &mut Numbers) -> Self {
        let (ty, size) = [("i32", 4), ("i64", 8), ("f32", 4), ("f64", 8)][random.below(4)];
        let elements = [1, 1, 1, 2, 2, 3, 4, 8][random.below(8)];
        let step = if random.below(4) == 0 { -1 } else { 1 };
        let mut stores = Vec::new();
        for _ in 0..[1, 1, 1, 2][random.below(4)] {
            let to = (['p', 'q'][random.below(2)], random.below(3) as i64 * elements);
            stores.push((to.0, to.1, value(random, ty, 3)));
        }
        let summed = (ty == "i32" && random.below(2) == 0).then(|| value(random, ty, 2));
        Self { ty, size, elements, step, stores, summed }
    }

    fn text(&self) -> String {
        let mut work = String::new();
        for element in 0..self.elements {
            let element = if self.step > 0 { element } else { self.elements - 1 - element };
            for (array, offset, value) in &self.stores {
                let value = self.render(value, element);
                work += &store(self.ty, *array, (element + offset) * self.size, &value);
            }
            if let Some(summed) = &self.summed {
                let value = self.render(summed, element);
                work += &format!("(local.set $sum (i32.add (local.get $sum) {value}))");
            }
            let next = load(self.ty, 'q', element * self.size);
            work += &format!("(local.set $old_{} {next})", self.ty);
        }
        counted(&work, self.step * self.elements * self.size)
    }

    fn render(&self, value: &Value, element: i64) -> String {
        let ty = self.ty;
        match value {
            Value::Load(array, on) => load(ty, *array, (element + on) * self.size),
            Value::Constant(value) => format!("({ty}.const {value})"),
            Value::Before => format!("(local.get $old_{ty})"),
            Value::Operator(name, of) => {
                let [one, other] = [0, 1].map(|side: usize| self.render(&of[side], element));
                format!("({ty}.{name} {one} {other})")
            }
        }
    }
}

fn value(random: &mut Numbers, ty: &str, depth: u32) -> Value {
    match random.below(if depth == 0 { 8 } else { 16 }) {
        0..=4 => Value::Load(['p', 'q'][random.below(2)], random.below(5) as i64 - 1),
        5 | 6 => Value::Constant(random.below(1000) as i64),
        7 => Value::Before,
        _ => {
            let names: &[&str] = match ty {
                "f32" | "f64" => &["add", "sub", "mul", "div"],
                "i32" => &["add", "sub", "mul", "and", "or", "xor"],
                _ => &["add", "sub", "and", "or", "xor"],
            };
            let name = names[random.below(names.len())];
            let of = [value(random, ty, depth - 1), value(random, ty, depth - 1)];
            Value::Operator(name, Box::new(of))
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
    let most = [8, 40][random.below(2)];
    let rounds = 1 + random.below(most) as i32;
    if random.below(2) == 0 { [place, other, rounds] } else { [other, place, rounds] }
}

#[test]
fn random_loops_do_the_same() {
    let (mut vectors, mut traps) = (0, 0);
    for seed in 0..LOOPS {
        let mut random = Numbers::new(seed);
        let body = Kernel::new(&mut random).text();
        if !changes(&body) {
            continue;
        }
        vectors += 1;
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
    println!("{vectors} of {LOOPS} loops, {traps} calls trap");
    assert!(vectors > LOOPS / 5, "too few loops of vectors: {vectors}");
    assert!(traps > 0, "no call traps");
}
