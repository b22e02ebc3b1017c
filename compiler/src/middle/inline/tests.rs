//! Decisions on made-up summaries.

use super::{Inlining, decide};
use crate::middle::summary::{Call, Summary};
use crate::options::OptLevel;
use precast_artifact::index::{BodyOffset, DefinedFuncIndex};

/// A function of this weight that calls these, each at an offset of its own.
fn function(weight: u32, callees: &[u32]) -> Summary {
    let calls = callees.iter().zip(1..).map(|(callee, at)| call(at, *callee)).collect();
    Summary { weight, calls, ..Summary::default() }
}

fn call(at: u32, callee: u32) -> Call {
    let (at, callee) = (BodyOffset::new(at), DefinedFuncIndex::new(callee));
    Call { at, callee, in_loop: false, cold: false, hot: false, guess: None }
}

/// What is inlined where the first function is a root.
fn decided(summaries: &[Summary]) -> Inlining {
    let roots: Vec<bool> = (0..summaries.len()).map(|function| function == 0).collect();
    decide(summaries, &roots, OptLevel::Speed)
}

fn callees(inlining: &Inlining, function: usize) -> Vec<u32> {
    inlining.of(function).iter().map(|call| call.callee.get()).collect()
}

#[test]
fn small_leaves_go_into_their_callers_and_are_gone() {
    let inlining = decided(&[function(100, &[1, 2, 1]), function(5, &[]), function(500, &[1])]);
    assert_eq!(callees(&inlining, 0), [1, 1]);
    assert_eq!(callees(&inlining, 2), [1]);
    let needed: Vec<bool> = (0..3).map(|function| inlining.is_needed(function)).collect();
    assert_eq!(needed, [true, false, true]);
}

#[test]
fn callees_are_decided_before_their_callers() {
    let inlining = decided(&[function(100, &[1]), function(5, &[2]), function(5, &[])]);
    assert_eq!(inlining.order(), [1, 0].map(DefinedFuncIndex::new));
    assert!(!inlining.is_needed(1) && !inlining.is_needed(2));
}

#[test]
fn a_call_left_in_a_copy_keeps_its_callee() {
    let inlining = decided(&[function(100, &[1]), function(5, &[2]), function(900, &[])]);
    assert_eq!(callees(&inlining, 0), [1]);
    assert!(!inlining.is_needed(1) && inlining.is_needed(2));
}

#[test]
fn recursion_stays_a_call() {
    let inlining = decided(&[function(10, &[0, 1]), function(2, &[2]), function(2, &[1])]);
    assert!(!callees(&inlining, 0).contains(&0));
    // One of the two that call each other is a function, and calls itself.
    assert_eq!(callees(&inlining, 1), [2]);
    assert!(callees(&inlining, 2).is_empty());
    assert_eq!(callees(&inlining, 0), [1]);
    assert!(inlining.is_needed(1), "the copy of 2 in the copy of 1 calls it");
}

#[test]
fn what_must_stay_a_function_does() {
    let refused = Summary { refused: true, ..function(1, &[]) };
    let inlining = decided(&[function(100, &[1]), refused]);
    assert!(callees(&inlining, 0).is_empty());
    assert!(inlining.is_needed(1));
}

#[test]
fn calls_before_a_trap_are_left() {
    let mut caller = function(100, &[]);
    caller.calls.push(Call { cold: true, ..call(1, 1) });
    assert!(callees(&decided(&[caller, function(5, &[])]), 0).is_empty());
}

#[test]
fn a_chain_of_calls_may_be_long() {
    let mut chain: Vec<Summary> = (1..100_000).map(|next| function(500, &[next])).collect();
    chain.push(function(1, &[]));
    let inlining = decided(&chain);
    assert_eq!(callees(&inlining, 99_998), [99_999]);
    assert!(inlining.is_needed(99_998));
}

#[test]
fn only_leaves_may_be_large_in_loops() {
    let in_loop = |callee| Summary {
        calls: vec![Call { in_loop: true, ..call(1, callee) }],
        has_loop: true,
        ..function(100, &[])
    };
    let cold = Summary { calls: vec![Call { cold: true, ..call(1, 2) }], ..function(40, &[]) };
    let others = Summary { calls_others: true, ..function(40, &[]) };
    for (callee, inlined) in [
        (function(40, &[]), true),
        (function(40, &[3]), true),
        (cold, true),
        (function(40, &[2]), false),
        (others, false),
    ] {
        let module = [in_loop(1), callee, function(900, &[]), function(4, &[])];
        assert_eq!(!callees(&decided(&module), 0).is_empty(), inlined, "{:?}", module[1]);
    }
}

#[test]
fn where_a_profile_says_that_calls_run_often_bodies_may_be_larger() {
    let calling = |hot, has_loop| Summary {
        calls: vec![Call { hot, ..call(1, 1) }],
        has_loop,
        ..function(100, &[])
    };
    for (hot, weight, has_loop, inlined) in [
        (false, 150, false, false),
        (true, 150, false, true),
        (true, 150, true, true),
        (true, 900, false, false),
    ] {
        let module = [calling(hot, has_loop), function(weight, &[])];
        assert_eq!(!callees(&decided(&module), 0).is_empty(), inlined, "{:?}", module[0]);
    }
}

#[test]
fn what_never_runs_stays_small() {
    for (cold_caller, cold_callee, weight, inlined) in [
        (false, false, 8, true),
        (true, false, 8, false),
        (false, true, 8, false),
        (true, true, 3, true),
    ] {
        let caller = Summary { cold: cold_caller, ..function(100, &[1, 1]) };
        let module = [caller, Summary { cold: cold_callee, ..function(weight, &[]) }];
        assert_eq!(!callees(&decided(&module), 0).is_empty(), inlined, "{:?}", module);
    }
}
