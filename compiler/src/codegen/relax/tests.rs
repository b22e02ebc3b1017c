//! Code made by hand: what becomes short, what moves, and what is left as it is.

mod encodings;
mod frames;

use super::*;
use crate::function::{CodeReloc, CodeRelocKind, CodeSite, Position, Symbol};
use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::{FunctionOffset, StubIndex};

/// All that there is to do.
const ALL: Shorter = Shorter { branches: true, frame_accesses: true, encodings: true };

fn at(offset: u32) -> FunctionOffset {
    FunctionOffset::new(offset)
}

/// Pieces of code, put together.
#[derive(Clone, Default)]
struct HandMade(Vec<u8>);

impl HandMade {
    fn with(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn nops(self, count: usize) -> Self {
        self.with(&vec![0x90; count])
    }

    /// A jump with 32 bits to a place.
    fn jump(self, target: usize) -> Self {
        self.branch(&[0xe9], target)
    }

    /// `jne`
    fn branch_to(self, target: usize) -> Self {
        self.branch(&[0x0f, 0x85], target)
    }

    fn branch(self, opcode: &[u8], target: usize) -> Self {
        let end = self.0.len() + opcode.len() + 4;
        let distance = (target as i32 - end as i32).to_le_bytes();
        self.with(opcode).with(&distance)
    }

    fn function(self) -> CompiledFunction {
        CompiledFunction { code: self.0.into(), alignment: 16, ..Default::default() }
    }

    /// The code after it became short, and how many branches did.
    fn shortened(self) -> (Vec<u8>, u32) {
        let (function, branches) =
            shorten(&self.function(), ALL, None).expect("code that is understood");
        assert!(branches.iter().all(|branch| branch.last < function.code.len()));
        (function.code.into_vec(), function.shortened.branches)
    }
}

#[track_caller]
fn stays(function: CompiledFunction) {
    assert!(shorten(&function, ALL, None).is_none(), "{function:?}");
}

#[test]
fn branches_become_short_where_they_reach() {
    // jne 140; jmp .; nops; 140: ret; jne 0
    let code = HandMade::default().branch_to(140).jump(6).nops(129).with(&[0xc3]).branch_to(0);
    let (code, count) = code.shortened();
    assert_eq!(count, 1);
    assert_eq!(code[..8], [0x0f, 0x85, 131, 0, 0, 0, 0xeb, 0xfe]);
    assert_eq!(code[138..], [0x0f, 0x85, 0x70, 0xff, 0xff, 0xff]);
}

#[test]
fn both_ways_at_the_limits() {
    for (gap, short) in [(127, true), (128, false)] {
        let code = HandMade::default().branch_to(6 + gap).nops(gap).with(&[0xc3]);
        let (code, count) = code.shortened();
        assert_eq!((count == 1, code[0] == 0x75), (short, short));
        assert_eq!(code.len(), gap + 1 + if short { 2 } else { 6 });
    }
    for (gap, short) in [(126, true), (127, false)] {
        let (code, count) = HandMade::default().nops(gap).jump(0).shortened();
        assert_eq!((count == 1, code[gap] == 0xeb), (short, short));
    }
}

#[test]
fn one_that_stays_long_keeps_another_from_being_short() {
    // The first reaches over the second only if that is short, which it never is.
    let code = |far: usize| {
        let over = 6 + 123 + 6;
        HandMade::default().branch_to(over).nops(123).branch_to(over + far).nops(far).with(&[0xc3])
    };
    assert_eq!(code(127).shortened().1, 2);
    assert_eq!(code(128).shortened().1, 0);
}

#[test]
fn a_chain_of_many_is_right() {
    // Each leads over the next one, and just fits if that is short; the last does not
    // reach, so none does in the end.
    let mut code = HandMade::default();
    let size = 6 + 124;
    for number in 0..100 {
        code = code.branch_to((number + 1) * size + 6).nops(124);
    }
    for (gap, expected) in [(127, 101), (128, 0)] {
        let code = code.clone().branch_to(100 * size + 6 + gap).nops(gap).with(&[0xc3]);
        assert_eq!(code.shortened().1, expected);
    }
}

/// `lea table(%rip), %rax; movslq (%rax,%rcx,4), %rcx; add %rcx, %rax; jmp *%rax`, a
/// table, and what it leads to; a load of a constant; a short jump over it all.
fn with_table() -> CompiledFunction {
    let code = HandMade::default()
        .branch_to(45)
        .with(&[0x48, 0x8d, 0x05, 9, 0, 0, 0, 0x48, 0x63, 0x0c, 0x88, 0x48, 0x01, 0xc8, 0xff, 0xe0])
        .with(&[8, 0, 0, 0, 18, 0, 0, 0])
        // 30: jne 45; 36: nop; 40: jmp 30
        .branch_to(45)
        .nops(4)
        .jump(30)
        // 45: movsd 11(%rip), %xmm0; 53: call; 58: ret
        .with(&[0xf2, 0x0f, 0x10, 0x05, 11, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0])
        .with(&[1, 2, 3, 4, 5, 6, 7, 8]);
    let mut function = code.function();
    function.data = [at(22)..at(30), at(59)..at(72)].into();
    let target = Symbol::Stub(StubIndex::new(0));
    let kind = CodeRelocKind::X86PcRel32;
    function.relocs = [CodeReloc { offset: at(54), kind, target, addend: -4 }].into();
    let position = Position::new(7);
    function.sites = [CodeSite { offset: at(57), site: Site::Call, position }].into();
    function.handlers = [Handler { key: at(57), handler: at(40), frame: 16 }].into();
    function
}

#[test]
fn tables_constants_and_all_that_is_told_of_them_move() {
    let (function, branches) = shorten(&with_table(), ALL, None).unwrap();
    assert_eq!(function.shortened.branches, 3);
    // 2 + 16 bytes, the table, 2 + 4 + 2, 8 + 5 + 1.
    assert_eq!(*function.data, [at(18)..at(26), at(48)..at(56)]);
    assert_eq!(function.code[18..26], [8, 0, 0, 0, 14, 0, 0, 0]);
    assert_eq!(function.code[34..42], [0xf2, 0x0f, 0x10, 0x05, 6, 0, 0, 0]);
    assert_eq!(function.code[48..], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(function.relocs[0].offset, at(43));
    assert_eq!(function.sites[0].offset, at(46));
    let Handler { key, handler, .. } = function.handlers[0];
    assert_eq!((key, handler), (at(46), at(32)));
    let ends: Vec<_> = branches.iter().map(|branch| (branch.last, branch.target)).collect();
    assert_eq!(ends, [(1, 34), (27, 34), (33, 26)]);
}

#[test]
fn a_jump_that_nothing_leads_to_may_follow_a_table() {
    let mut function = with_table();
    // 22: the table, leading to 40 twice; 30: jmp 45; 35: nop; 40: jmp 45
    function.code[22] = 18;
    function.code[30..36].copy_from_slice(&[0xe9, 10, 0, 0, 0, 0x90]);
    function.code[40..45].copy_from_slice(&[0xe9, 0, 0, 0, 0]);
    // Nothing leads to what follows the jump.
    stays(function.clone());
    function.code[22] = 13;
    assert_eq!(shorten(&function, ALL, None).unwrap().0.shortened.branches, 3);
    // It would be the distance of an entry.
    function.code[31] = 0;
    stays(function);
}

#[test]
fn loops_that_would_wait_keep_long_branches() {
    // A loop from 4 to 94 with branches out of it, two in each line; if they were short,
    // three would be in the first. One more branch is behind it.
    let code = HandMade::default().nops(25).branch_to(110).nops(26).branch_to(110).branch_to(110);
    let code = code.nops(20).jump(4).branch_to(110).nops(10).with(&[0xc3]);
    let function = code.function();
    let short = |alignment| shorten(&function, ALL, alignment).unwrap().0.shortened.branches;
    assert_eq!((short(None), short(Some(64))), (5, 1));
}

#[test]
fn loops_that_would_not_wait_need_no_long_branches() {
    // As above, and another loop from 110 to 127, which lies in one line.
    let code = HandMade::default().nops(25).branch_to(110).nops(26).branch_to(110).branch_to(110);
    let code = code.nops(20).jump(4).branch_to(110).nops(10).nops(12).jump(110).with(&[0xc3]);
    let (function, branches) = shorten(&code.function(), ALL, Some(64)).unwrap();
    assert_eq!(function.shortened.branches, 2);
    assert_eq!(function.code[branches[5].last - 1], 0xeb);
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let code = |bytes: &[u8]| HandMade::default().jump(5).with(bytes).function();
    assert!(shorten(&code(&[0x90, 0xc3]), ALL, None).is_some());
    // No instruction; half of one; into an instruction; out of the function; before it.
    stays(code(&[0x06]));
    stays(code(&[0x48, 0x8b]));
    stays(HandMade::default().jump(6).with(&[0x48, 0x89, 0xc8, 0xc3]).function());
    stays(HandMade::default().jump(9).nops(1).function());
    stays(HandMade::default().branch(&[0xe9], 0).with(&[0xeb, 0x80]).function());
    // A call without a relocation, a loop, a prefix, an absolute address of data.
    stays(code(&[0xe8, 0, 0, 0, 0, 0xc3]));
    stays(code(&[0xe2, 0xfe]));
    stays(code(&[0x2e, 0x75, 0xfd]));
    stays(code(&[0x67, 0x8b, 0x05, 0, 0, 0, 0]));
    // The address of an instruction, or of nothing.
    stays(code(&[0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3]));
    stays(code(&[0x48, 0x8b, 0x05, 1, 0, 0, 0, 0xc3]));
}

#[test]
fn what_is_told_of_code_must_fit_it() {
    type Change = fn(&mut CompiledFunction);
    let changes: [Change; 13] = [
        // Within a branch, whose place would be lost.
        |f| f.sites[0].offset = at(32),
        |f| f.handlers[0].key = at(41),
        // No instruction begins there.
        |f| f.handlers[0].handler = at(41),
        |f| f.handlers[0].handler = at(90),
        // A relocation of half a field, of no field, of nothing.
        |f| f.relocs[0].offset = at(55),
        |f| f.relocs[0].offset = at(49),
        |f| f.relocs[0].offset = at(80),
        // The table is shorter or longer, or leads elsewhere, or is none.
        |f| f.data[0] = at(22)..at(26),
        |f| f.data[0] = at(22)..at(34),
        |f| f.code[26] = 19,
        |f| f.data = [at(59)..at(72)].into(),
        |f| f.code[13] = 0x04,
        // Before the constants is no padding.
        |f| f.code[60] = 1,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut function = with_table();
        change(&mut function);
        assert!(shorten(&function, ALL, None).is_none(), "change {number}");
    }
}

#[test]
fn random_code_keeps_its_instructions_and_targets() {
    // Numbers without an end (xorshift); the check compares all of the code.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below) as usize
    };
    for round in 0..300 {
        // Sizes first: 0 stands for a jump, 1 for a branch, others for so many nops.
        let pieces: Vec<usize> = (0..4 + random(120)).map(|_| random(2 + 40)).collect();
        let size = |piece: &usize| [5, 6].get(*piece).copied().unwrap_or(*piece);
        let mut starts = vec![0];
        for piece in &pieces {
            starts.push(starts[starts.len() - 1] + size(piece));
        }
        let mut code = HandMade::default();
        for (index, piece) in pieces.iter().enumerate() {
            let near = (index + random(14)).saturating_sub(7).min(pieces.len());
            code = match piece {
                0 => code.jump(starts[near]),
                1 => code.branch_to(starts[near]),
                count => code.nops(*count),
            };
        }
        let function = code.with(&[0xc3]).function();
        let (shorter, _) = shorten(&function, ALL, None).unwrap();
        check::check(&function, &shorter);
        // What is short already stays as it is.
        let (same, _) = shorten(&shorter, ALL, None).unwrap();
        assert_eq!(same.code, shorter.code, "round {round}");
    }
}
