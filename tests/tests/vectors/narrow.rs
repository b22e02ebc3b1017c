//! Elements of fewer bits than the numbers of a loop, choices, and sums of both.

use super::{changes, counted, load, same, store};

/// The address of an element of the second array, which has an index of its own.
fn load_by_j(op: &str, offset: i64) -> String {
    load(op, 'q', offset).replace("$i", "$j")
}

/// Rounds in which both arrays go on, each by bytes of its own.
fn two_sizes(work: &str, steps: [i64; 2]) -> String {
    let also = format!("(local.set $j (i32.add (local.get $j) (i32.const {})))", steps[1]);
    counted(&format!("{work} {also}"), steps[0])
}

/// Elements of `size` bytes, of which each becomes what is made of it and its partner.
fn of_two(
    ops: [&str; 2],
    size: i64,
    elements: i64,
    value: impl Fn(&str, &str) -> String,
) -> String {
    let work = (0..elements).map(|element| {
        let [one, other] = ['p', 'q'].map(|array| load(ops[0], array, element * size));
        store(ops[1], 'p', element * size, &value(&one, &other))
    });
    counted(&work.collect::<String>(), elements * size)
}

const NARROW: [([&str; 2], i64); 5] = [
    (["i32.load8_u", "i32.store8"], 1),
    (["i32.load8_s", "i32.store8"], 1),
    (["i32.load16_u", "i32.store16"], 2),
    (["i32.load16_s", "i32.store16"], 2),
    (["i64.load32_u", "i64.store32"], 4),
];

#[test]
fn lower_bits() {
    for (ops, size) in NARROW {
        let ty = &ops[0][..3];
        for (op, elements) in [("xor", 1), ("add", 4), ("sub", 3)] {
            same(&of_two(ops, size, elements, |p, q| format!("({ty}.{op} {p} {q})")));
        }
        same(&of_two(ops, size, 2, |p, q| {
            format!("({ty}.sub ({ty}.shl {p} ({ty}.const 3)) ({ty}.xor {q} ({ty}.const 77)))")
        }));
        // As stores of one value, and the other way.
        same(&of_two(ops, size, 4, |_, _| format!("({ty}.const 0x1234)")));
        same(&counted(&store(ops[1], 'p', 0, &load(ops[0], 'q', size)), -size));
    }
    for (ops, size) in &NARROW[..4] {
        same(&of_two(*ops, *size, 2, |p, q| format!("(i32.mul {p} {q})")));
    }
}

#[test]
fn upper_bits_that_are_known() {
    for (ops, size) in &NARROW[..4] {
        let average = |p: &str, q: &str, shift: &str| {
            format!("(i32.{shift} (i32.add (i32.add {p} {q}) (i32.const 1)) (i32.const 1))")
        };
        for shift in ["shr_u", "shr_s"] {
            same(&of_two(*ops, *size, 2, |p, q| average(p, q, shift)));
        }
        let apart = |p: &str, q: &str| {
            let differ = format!("(i32.sub {p} {q})");
            let sign = format!("(i32.shr_s {differ} (i32.const 31))");
            format!("(i32.sub (i32.xor {differ} {sign}) {sign})")
        };
        same(&of_two(*ops, *size, 1, apart));
        // Of any number.
        same(&of_two(*ops, *size, 1, |p, q| {
            format!("(i32.shr_u (i32.mul (i32.add {p} (local.get $q)) {q}) (i32.const 5))")
        }));
        same(&of_two(*ops, *size, 1, |p, q| {
            format!("(i32.extend8_s (i32.add {p} (i32.extend16_s (i32.mul {q} (i32.const 300)))))")
        }));
    }
}

/// The first of two if they compare so, or the second.
fn chosen(ty: &str, condition: &str, one: &str, other: &str) -> String {
    format!("(select {one} {other} ({ty}.{condition} {one} {other}))")
}

#[test]
fn choices() {
    let conditions = ["lt_u", "gt_s", "lt_s", "ge_u", "eq", "le_u"];
    for ((ops, size), condition) in NARROW[..4].iter().zip(conditions) {
        same(&of_two(*ops, *size, 1, |p, q| chosen("i32", condition, p, q)));
        let sum = |p: &str, q: &str| format!("(i32.add {p} {q})");
        same(&of_two(*ops, *size, 2, |p, q| {
            chosen("i32", condition, &sum(p, q), "(i32.const 100)")
        }));
    }
    for condition in conditions {
        for (ty, size) in [("i32", 4), ("i64", 8)] {
            let [load, store] = ["load", "store"].map(|op| format!("{ty}.{op}"));
            same(&of_two([&load, &store], size, 1, |p, q| {
                format!("(select {q} {p} ({ty}.{condition} {p} ({ty}.const 99)))")
            }));
        }
    }
    for condition in ["lt", "le", "ne"] {
        for (ty, size) in [("f32", 4), ("f64", 8)] {
            let [load, store] = ["load", "store"].map(|op| format!("{ty}.{op}"));
            same(&of_two([&load, &store], size, 2, |p, q| {
                chosen(ty, condition, p, &format!("({ty}.neg {q})"))
            }));
        }
    }
    // A comparison with what bytes may tell, or not.
    same(&format!(
        "(local.set $k (i32.shr_s (local.get $q) (i32.const 3))) {}",
        of_two(NARROW[0].0, 1, 1, |p, q| {
            format!(
                "(select {p} {q} (i32.and (i32.lt_u {p} (local.get $k))
                    (i32.eqz (i32.gt_s {q} (i32.const 20)))))"
            )
        })
    ));
}

/// What a sum becomes with an element of each array.
fn summed(ops: [&str; 2], size: i64, elements: i64, sum: impl Fn(&str, &str) -> String) -> String {
    let work = (0..elements).map(|element| {
        let [one, other] = ['p', 'q'].map(|array| load(ops[0], array, element * size));
        format!("(local.set $sum {})", sum(&one, &other))
    });
    let work = counted(&work.collect::<String>(), elements * size);
    format!("(local.set $sum (i32.const -5)) {work}")
}

#[test]
fn sums() {
    for (ops, size) in &NARROW[..4] {
        for (op, elements) in [("add", 1), ("add", 4), ("sub", 2)] {
            same(&summed(*ops, *size, elements, |p, _| format!("(i32.{op} (local.get $sum) {p})")));
        }
        same(&summed(*ops, *size, 2, |p, q| {
            format!("(i32.add (local.get $sum) (i32.mul {p} {q}))")
        }));
        same(&summed(*ops, *size, 2, |p, q| {
            format!("(i32.add (local.get $sum) (i32.eq {p} {q}))")
        }));
        same(&summed(*ops, *size, 1, |p, _| format!("(i32.xor (local.get $sum) {p})")));
    }
    let sum = format!("(i64.add (local.get $old_i64) {})", load("i64.load32_u", 'p', 0));
    let after = "(local.set $sum (i32.wrap_i64 (i64.shr_u (local.get $old_i64) (i64.const 7))))";
    same(&format!("{} {after}", counted(&format!("(local.set $old_i64 {sum})"), 4)));
    for (condition, elements) in [("lt_s", 1), ("gt_s", 4), ("lt_u", 2), ("ge_u", 1)] {
        for swapped in [false, true] {
            same(&summed(["i32.load", "i32.store"], 4, elements, |of, _| {
                let (of, sum) = (format!("(local.tee $next {of})"), "(local.get $sum)");
                let sides = if swapped { format!("{sum} {of}") } else { format!("{of} {sum}") };
                format!("(select {sides} (i32.{condition} (local.get $next) {sum}))")
            }));
        }
    }
}

#[test]
fn arrays_of_two_sizes() {
    let sizes = [
        (("store8", 1), ("load", 4)),
        (("store16", 2), ("load", 4)),
        (("store", 4), ("load8_u", 1)),
        (("store", 4), ("load16_s", 2)),
    ];
    for (elements, ((to, size), (from, also))) in [1, 2, 4, 4].into_iter().zip(sizes) {
        let row = |element| {
            let of = load_by_j(&format!("i32.{from}"), element * also);
            let of = format!("(i32.shr_u (i32.mul {of} (i32.const 7)) (i32.const 2))");
            store(&format!("i32.{to}"), 'p', element * size, &of)
        };
        let rows: String = (0..elements).map(row).collect();
        same(&two_sizes(&rows, [elements * size, elements * also]));
    }
    for (from, size, sign) in [("load16_s", 2, 's'), ("load8_u", 1, 'u'), ("load", 4, 'u')] {
        let of = load_by_j(&format!("i32.{from}"), 0);
        let of = format!("(f32.mul (f32.convert_i32_{sign} {of}) (f32.const 0.125))");
        same(&two_sizes(&store("f32", 'p', 0, &of), [4, size]));
    }
    same(
        &two_sizes(&store("i32", 'p', 0, "(i32.reinterpret_f32 (f32.neg F))"), [4, 4])
            .replace('F', &load_by_j("f32", 0)),
    );
}

#[test]
fn what_is_left_alone() {
    let bytes = NARROW[0].0;
    let (p, every_second) = (load("i32.load8_u", 'p', 0), load_by_j("i32.load8_u", 0));
    let left_alone = [
        (
            "a condition that is a number",
            of_two(bytes, 1, 1, |p, q| format!("(select {p} {q} {p})")),
        ),
        ("other elements", two_sizes(&store("i32.store8", 'p', 0, &every_second), [1, 2])),
        ("eight bytes a byte", {
            let of = format!("(i64.extend_i32_u {})", load_by_j("i32.load8_u", 0));
            two_sizes(&store("i64", 'p', 0, &of), [8, 1])
        }),
        ("a choice by numbers of fewer bits", {
            let above = format!("(i32.gt_u {} (i32.const 9))", load_by_j("i32.load8_u", 0));
            let of = format!("(select {} (i64.const 5) {above})", load("i64", 'p', 0));
            two_sizes(&store("i64", 'p', 0, &of), [8, 1])
        }),
        ("the greatest of floats", {
            let of = load("f32", 'p', 0);
            let greatest = chosen("f32", "gt", &of, "(local.get $old_f32)");
            counted(&format!("(local.set $old_f32 {greatest})"), 4)
        }),
        ("where the greatest is", {
            let sum = chosen("i32", "gt_s", &p, "(local.get $sum)");
            let place = format!(
                "(local.set $next (select (local.get $i) (local.get $next)
                    (i32.gt_s {p} (local.get $sum))))"
            );
            let after = "(local.set $sum (i32.add (local.get $sum) (local.get $next)))";
            format!("{}{after}", counted(&format!("{place} (local.set $sum {sum})"), 1))
        }),
    ];
    for (what, body) in left_alone {
        assert!(!changes(&body), "{what}: {body}");
    }
}
