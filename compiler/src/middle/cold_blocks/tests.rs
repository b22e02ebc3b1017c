use super::*;
use crate::features::Features;
use crate::parse::parse;

/// What is found cold of a body whose loads and calls, in order, have these samples
/// each in 10 bytes of code; as the numbers of the loads and calls in it.
fn cold(operators: &str, samples: &[u64], hints: &[(usize, bool)]) -> Vec<Vec<usize>> {
    let text = format!("(module (memory 1) (func (param i32) (local i32) {operators}))");
    let wasm = wat::parse_str(&text).expect("a module's text");
    let parsed = parse(&wasm, Features::ALL).expect("a module");
    let body = &parsed.bodies[0].body;
    let (mut loads, mut branches) = (Vec::new(), Vec::new());
    let mut reader = body.get_operators_reader().unwrap();
    while !reader.eof() {
        let (op, at) = reader.read_with_offset().unwrap();
        let at = BodyOffset::new((at - body.range().start) as u32);
        match op {
            Operator::I32Load { .. } => loads.push(at),
            Operator::If { .. } | Operator::BrIf { .. } => branches.push(at),
            _ => {}
        }
    }
    assert_eq!(loads.len(), samples.len());
    let span = |samples: &u64| SampleSpan { bytes: 10, samples: *samples };
    let spans = loads.iter().copied().zip(samples.iter().map(span)).collect();
    let hint = |(branch, taken): &(usize, bool)| BranchHint {
        func_offset: branches[*branch].get(),
        taken: *taken,
    };
    let hints: Vec<BranchHint> = hints.iter().map(hint).collect();
    let found = find(body, &hints, &spans).unwrap();
    let within = |piece: &Range<BodyOffset>| {
        (0..loads.len()).filter(|load| piece.contains(&loads[*load])).collect()
    };
    found.iter().map(within).collect()
}

const LOAD: &str = "(drop (i32.load (local.get 0)))";

#[test]
fn an_arm_that_never_ran_is_cold() {
    let body = format!("{LOAD} (if (local.get 0) (then {LOAD} {LOAD}) (else {LOAD})) {LOAD}");
    assert_eq!(cold(&body, &[50, 0, 0, 50, 50], &[]), [vec![1, 2]]);
    assert_eq!(cold(&body, &[50, 50, 50, 0, 50], &[]), [vec![3]]);
    assert_eq!(cold(&body, &[50, 0, 1, 50, 50], &[]), Vec::<Vec<usize>>::new(), "it ran");
    assert_eq!(cold(&body, &[4, 0, 0, 4, 4], &[]), Vec::<Vec<usize>>::new(), "too few samples");
}

#[test]
fn hints_of_the_module_come_first() {
    let body = format!("{LOAD} (if (local.get 0) (then {LOAD}) (else {LOAD}))");
    assert_eq!(cold(&body, &[90, 0, 0], &[]), [vec![1], vec![2]]);
    assert_eq!(cold(&body, &[90, 0, 0], &[(0, true)]), [vec![2]]);
    assert_eq!(cold(&body, &[90, 0, 0], &[(0, false)]), [vec![1]]);
}

#[test]
fn what_follows_a_branch_is_cold_up_to_the_end_of_its_block() {
    let body = format!("(block {LOAD} (br_if 0 (local.get 0)) {LOAD} (block {LOAD})) {LOAD}");
    assert_eq!(cold(&body, &[90, 0, 0, 90], &[]), [vec![1, 2]]);
    assert_eq!(
        cold(&body, &[90, 0, 0, 90], &[(0, false)]),
        Vec::<Vec<usize>>::new(),
        "it is likely"
    );
    let tail = format!("(block (br_if 0 (local.get 0)) {LOAD} return) {LOAD}");
    assert_eq!(cold(&tail, &[90, 0], &[]), [vec![1]], "a tail that branches lead to");
}

#[test]
fn the_start_of_a_body_is_never_cold() {
    let body = format!("{LOAD} (loop {LOAD} (br_if 0 (local.get 0)))");
    assert_eq!(cold(&body, &[0, 900], &[]), Vec::<Vec<usize>>::new());
}

#[test]
fn code_that_nothing_is_known_of_is_left_alone() {
    let body = format!("{LOAD} (if (local.get 0) (then (local.set 1 (i32.const 1))))");
    assert_eq!(cold(&body, &[90], &[]), Vec::<Vec<usize>>::new());
}
