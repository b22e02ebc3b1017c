//! Accesses of frames: which are by the frame pointer then, and what must keep them from
//! it.

use super::*;

const PUSH: &[u8] = &[0x55];
const POINT: &[u8] = &[0x48, 0x89, 0xe5];
/// `sub $64, %rsp`
const ENTER: &[u8] = &[0x48, 0x83, 0xec, 64];
/// `add $64, %rsp; mov %rbp, %rsp; pop %rbp; ret`
const LEAVE: &[u8] = &[0x48, 0x83, 0xc4, 64, 0x48, 0x89, 0xec, 0x5d, 0xc3];
/// `mov 8(%rsp), %rax`
const LOAD: &[u8] = &[0x48, 0x8b, 0x44, 0x24, 8];
/// `mov -56(%rbp), %rax`
const SHORT_LOAD: &[u8] = &[0x48, 0x8b, 0x45, 0xc8];

/// How many bytes stand before what is within a frame.
const PROLOGUE: usize = 1 + 3 + 4;

fn entered() -> HandMade {
    HandMade::default().with(PUSH).with(POINT).with(ENTER)
}

/// The code after what is within its frame became short, and how many accesses did.
fn accesses(function: &CompiledFunction) -> (Vec<u8>, u32) {
    let (function, _) = shorten(function, ALL, None).expect("code that is understood");
    (function.code.into_vec(), function.shortened.frame_accesses)
}

/// Within a frame of 64 bytes.
fn within(body: &[u8]) -> (Vec<u8>, u32) {
    accesses(&entered().with(body).with(LEAVE).function())
}

#[track_caller]
fn becomes(body: &[u8], expected: &[u8]) {
    let (code, count) = within(body);
    assert_eq!(&code[PROLOGUE..code.len() - LEAVE.len()], expected);
    assert_eq!(count, u32::from(body != expected));
}

#[track_caller]
fn keeps_its_accesses(code: HandMade) {
    keeps(&code.function());
}

#[track_caller]
fn keeps(function: &CompiledFunction) {
    let (code, count) = accesses(function);
    let long = code.windows(LOAD.len()).any(|bytes| bytes == LOAD);
    assert_eq!((count, long), (0, true), "{code:x?}");
}

#[test]
fn the_shorter_of_both_is_chosen() {
    becomes(LOAD, SHORT_LOAD);
    // mov %r9, 8(%rsp); movss 120(%rsp), %xmm3; vmovdqu 8(%rsp), %xmm1; lea 8(%rsp), %rax
    becomes(&[0x4c, 0x89, 0x4c, 0x24, 8], &[0x4c, 0x89, 0x4d, 0xc8]);
    becomes(&[0xf3, 0x0f, 0x10, 0x5c, 0x24, 120], &[0xf3, 0x0f, 0x10, 0x5d, 56]);
    becomes(&[0xc5, 0xfa, 0x6f, 0x4c, 0x24, 8], &[0xc5, 0xfa, 0x6f, 0x4d, 0xc8]);
    becomes(&[0x48, 0x8d, 0x44, 0x24, 8], &[0x48, 0x8d, 0x45, 0xc8]);
    // With a constant after it: cmpl $77777, 8(%rsp).
    becomes(&[0x81, 0x7c, 0x24, 8, 1, 2, 3, 4], &[0x81, 0x7d, 0xc8, 1, 2, 3, 4]);
    // Four bytes become one, or stay four: mov 191(%rsp), %eax; mov 192(%rsp), %eax.
    becomes(&[0x8b, 0x84, 0x24, 191, 0, 0, 0], &[0x8b, 0x45, 127]);
    becomes(&[0x8b, 0x84, 0x24, 192, 0, 0, 0], &[0x8b, 0x85, 128, 0, 0, 0]);
    // mov (%rsp), %eax; 8(%rsp,%rcx); 8(%rsp) by fs; by 8(%r12), which has the same bits;
    // vmovdqu64 by EVEX, whose 8 stands for more; a load by the frame pointer.
    for same in [
        &[0x8b, 0x04, 0x24][..],
        &[0x8b, 0x44, 0x0c, 8],
        &[0x64, 0x8b, 0x44, 0x24, 8],
        &[0x41, 0x8b, 0x44, 0x24, 8],
        &[0x62, 0xf1, 0xfe, 0x08, 0x6f, 0x44, 0x24, 8],
        SHORT_LOAD,
    ] {
        becomes(same, same);
    }
}

#[test]
fn of_two_distances_the_shorter_one_stays() {
    // sub $200, %rsp; mov 8(%rsp), %rax; mov 72(%rsp), %rax
    let frame = [0x48, 0x81, 0xec, 200, 0, 0, 0];
    let code = HandMade::default().with(PUSH).with(POINT).with(&frame).with(LOAD);
    let code = code.with(&[0x48, 0x8b, 0x44, 0x24, 72]);
    let leave = [0x48, 0x81, 0xc4, 200, 0, 0, 0, 0x48, 0x89, 0xec, 0x5d, 0xc3];
    let (code, count) = accesses(&code.with(&leave).function());
    assert_eq!(&code[11..16], LOAD);
    assert_eq!((&code[16..20], count), (&[0x48, 0x8b, 0x45, 0x80][..], 1));
}

#[test]
fn switched_off_they_stay() {
    let function = entered().with(LOAD).with(LEAVE).function();
    let shorter = Shorter { frame_accesses: false, ..ALL };
    let (same, _) = shorten(&function, shorter, None).unwrap();
    assert_eq!(same.code, function.code);
    let shorter = Shorter { branches: false, encodings: false, ..ALL };
    let code = entered().jump(PROLOGUE + 5).with(LOAD).with(&[0x81, 0xc0, 4, 0, 0, 0]).with(LEAVE);
    let (short, _) = shorten(&code.function(), shorter, None).unwrap();
    let counts = short.shortened;
    assert_eq!((counts.branches, counts.frame_accesses, counts.encodings), (0, 1, 0));
}

#[test]
fn code_goes_on_after_the_frame_was_left() {
    // jne 27; leave; 23: load; leave
    let code = entered().branch_to(PROLOGUE + 6 + LEAVE.len()).with(LEAVE).with(LOAD).with(LEAVE);
    assert_eq!(accesses(&code.function()).1, 1);
    // A tail call with fewer arguments: mov (%rsp), %r11; mov %r11, 16(%rsp); add $16, %rsp.
    let tail = [0x4c, 0x8b, 0x1c, 0x24, 0x4c, 0x89, 0x5c, 0x24, 16, 0x48, 0x83, 0xc4, 16];
    let after = PROLOGUE + 6 + LOAD.len() + 8 + tail.len() + 2;
    let code = entered().branch_to(after).with(LOAD).with(&LEAVE[..8]).with(&tail);
    let code = code.with(&[0xff, 0xe0]).with(LOAD);
    let (code, count) = accesses(&code.with(LEAVE).function());
    assert_eq!(count, 2);
    assert!(code.windows(tail.len()).any(|bytes| bytes == tail));
}

#[test]
fn callees_may_take_their_arguments_off() {
    // call *%rax; sub $32, %rsp
    let (call, back) = (&[0xff, 0xd0][..], &[0x48, 0x83, 0xec, 32][..]);
    let code = |between: &[u8]| {
        entered().with(LOAD).with(call).with(between).with(back).with(LOAD).with(LEAVE)
    };
    assert_eq!(accesses(&code(&[]).function()).1, 2);
    // Only right after the call, and no more than is there.
    keeps_its_accesses(code(&[0x90]));
    let more = entered().with(LOAD).with(call).with(&[0x48, 0x83, 0xec, 80]).with(LEAVE);
    keeps_its_accesses(more);
    // Nothing leads to what takes them back.
    let jump = PROLOGUE + 6 + LOAD.len() + call.len();
    let led = entered().branch_to(jump).with(LOAD).with(call).with(back).with(LOAD).with(LEAVE);
    keeps_its_accesses(led);
}

#[test]
fn another_prologue_or_epilogue_keeps_them() {
    let code = HandMade::default;
    keeps_its_accesses(code().with(POINT).with(ENTER).with(LOAD).with(LEAVE));
    keeps_its_accesses(code().with(PUSH).with(ENTER).with(LOAD).with(LEAVE));
    keeps_its_accesses(code().with(PUSH).with(POINT).with(LOAD).with(&LEAVE[4..]));
    // push %rbx instead; mov %rbp, %rsp instead; sub $-64, %rsp; a second step.
    keeps_its_accesses(code().with(&[0x53]).with(POINT).with(ENTER).with(LOAD).with(LEAVE));
    keeps_its_accesses(
        code().with(PUSH).with(&[0x48, 0x89, 0xec]).with(ENTER).with(LOAD).with(LEAVE),
    );
    let other = [0x48, 0x83, 0xec, 0xc0];
    keeps_its_accesses(code().with(PUSH).with(POINT).with(&other).with(LOAD).with(LEAVE));
    keeps_its_accesses(entered().with(ENTER).with(LOAD).with(LEAVE));
    // A branch or a call before there is a frame.
    let branched = code().with(PUSH).with(POINT).jump(9).with(ENTER).with(LOAD).with(LEAVE);
    keeps_its_accesses(branched);
    let called = code().with(PUSH).with(POINT).with(&[0xff, 0xd0]).with(ENTER);
    keeps_its_accesses(called.with(LOAD).with(LEAVE));
    // Another size; no end; an epilogue that stops half way, or does something else.
    keeps_its_accesses(entered().with(LOAD).with(&[0x48, 0x83, 0xc4, 56]).with(&LEAVE[4..]));
    keeps_its_accesses(entered().with(LOAD).with(&LEAVE[..8]));
    keeps_its_accesses(entered().with(LOAD).with(&LEAVE[..4]).with(LOAD).with(&LEAVE[4..]));
    keeps_its_accesses(entered().with(LOAD).with(&LEAVE[..8]).with(&[0x90]).with(&LEAVE[8..]));
    keeps_its_accesses(entered().with(LOAD).with(&LEAVE[..8]).jump(PROLOGUE));
}

#[test]
fn whatever_writes_a_pointer_keeps_them() {
    for bytes in [
        // push %rax; pop %rax; pushf; leave; enter $8, $0
        &[0x50][..],
        &[0x58],
        &[0x9c],
        &[0xc9],
        &[0xc8, 8, 0, 0],
        // mov %rax, %rsp; mov %rsp, %rbp; xchg %rsp, %rax; lea 8(%rsp), %rsp
        &[0x48, 0x89, 0xc4],
        &[0x48, 0x89, 0xe5],
        &[0x48, 0x94],
        &[0x48, 0x8d, 0x64, 0x24, 8],
        // add $8, %rbp; inc %ebp; mov $1, %bpl; and $-16, %rsp; cmovne %rax, %rbp
        &[0x48, 0x83, 0xc5, 8],
        &[0xff, 0xc5],
        &[0x40, 0xb5, 1],
        &[0x48, 0x83, 0xe4, 0xf0],
        &[0x48, 0x0f, 0x45, 0xe8],
        // xadd %rbp, (%rax); sub $8, %rsp; add %rax, %rsp; imul $3, %rax, %rbp
        &[0x48, 0x0f, 0xc1, 0x28],
        &[0x48, 0x83, 0xec, 8],
        &[0x48, 0x01, 0xc4],
        &[0x48, 0x6b, 0xe8, 3],
    ] {
        keeps_its_accesses(entered().with(LOAD).with(bytes).with(LEAVE));
    }
    // They may be read: mov %rsp, %rax; mov %rbp, (%rax).
    for bytes in [&[0x48, 0x89, 0xe0], &[0x48, 0x89, 0x28]] {
        assert_eq!(accesses(&entered().with(LOAD).with(bytes).with(LEAVE).function()).1, 1);
    }
}

#[test]
fn nothing_leads_to_where_the_frame_is_not_whole() {
    let (load, leave) = (PROLOGUE + 6, PROLOGUE + 6 + LOAD.len());
    let to = |target| entered().branch_to(target).with(LOAD).with(LEAVE);
    for whole in [PROLOGUE, load, leave] {
        assert_eq!(accesses(&to(whole).function()).1, 1, "{whole}");
    }
    for other in [0, 1, 4, leave + 4, leave + 7, leave + 8] {
        keeps_its_accesses(to(other));
    }
}

#[test]
fn handlers_have_to_know_the_same_size() {
    // call *%rax; load; leave
    let code = entered().with(&[0xff, 0xd0]).with(LOAD).with(LEAVE);
    let with = |frame, to| {
        let key = at(PROLOGUE as u32 + 1);
        let handlers = [Handler { key, handler: at(to), frame }].into();
        CompiledFunction { handlers, ..code.clone().function() }
    };
    let load = PROLOGUE as u32 + 2;
    assert_eq!(accesses(&with(64, load)).1, 1);
    keeps(&with(48, load));
    keeps(&with(64, 4));
    keeps(&with(64, load + LOAD.len() as u32 + 4));
}

#[test]
fn branches_reach_over_what_became_shorter() {
    // 26 loads of five bytes become four each.
    let loads = LOAD.repeat(26);
    let code = entered().branch_to(PROLOGUE + 6 + loads.len()).with(&loads).with(LEAVE);
    let (code, count) = accesses(&code.function());
    assert_eq!((count, &code[PROLOGUE..PROLOGUE + 2]), (26, &[0x75, 104][..]));
    assert_eq!(code.len(), PROLOGUE + 2 + 104 + LEAVE.len());
}
