//! Regular expressions to NFAs, run over sets of states.
#[derive(Clone, Copy)]
enum Inst {
    Byte(u8),
    Any,
    Split(usize, usize),
    Jump(usize),
    Match,
}

fn compile(pattern: &[u8]) -> Vec<Inst> {
    let mut code = vec![Inst::Split(3, 1), Inst::Any, Inst::Jump(0)];
    let mut at = 0;
    while at < pattern.len() {
        let one = if pattern[at] == b'.' { Inst::Any } else { Inst::Byte(pattern[at]) };
        let here = code.len();
        match pattern.get(at + 1) {
            Some(b'*') => { code.extend([Inst::Split(here + 1, here + 3), one, Inst::Jump(here)]); at += 2; }
            Some(b'+') => { code.extend([one, Inst::Split(here, here + 2)]); at += 2; }
            Some(b'?') => { code.extend([Inst::Split(here + 1, here + 2), one]); at += 2; }
            _ => { code.push(one); at += 1; }
        }
    }
    code.push(Inst::Match);
    code
}

struct Threads { list: Vec<usize>, seen: Vec<u32>, generation: u32 }

fn add(threads: &mut Threads, code: &[Inst], at: usize) {
    if std::mem::replace(&mut threads.seen[at], threads.generation) == threads.generation { return; }
    match code[at] {
        Inst::Jump(to) => add(threads, code, to),
        Inst::Split(a, b) => { add(threads, code, a); add(threads, code, b); }
        _ => threads.list.push(at),
    }
}

fn is_match(code: &[Inst], text: &[u8]) -> bool {
    let new = || Threads { list: Vec::new(), seen: vec![0; code.len()], generation: 1 };
    let (mut now, mut next) = (new(), new());
    add(&mut now, code, 0);
    for byte in text {
        next.list.clear();
        next.generation += 1;
        for at in &now.list {
            match code[*at] {
                Inst::Byte(b) if b == *byte => add(&mut next, code, at + 1),
                Inst::Any => add(&mut next, code, at + 1),
                Inst::Match => return true,
                _ => {}
            }
        }
        std::mem::swap(&mut now, &mut next);
    }
    now.list.iter().any(|at| matches!(code[*at], Inst::Match))
}

fn main() {
    let patterns: Vec<_> = ["ab+c*d", "x.y.z", "q?u+e.*e", "aa.*bb.*cc", "zz+z"].iter().map(|p| compile(p.as_bytes())).collect();
    let (mut seed, mut hits) = (5u32, 0);
    for _ in 0..30000 {
        let line: Vec<u8> = (0..100).map(|_| { seed = seed.wrapping_mul(1664525).wrapping_add(1013904223); b'a' + (seed >> 16) as u8 % 26 }).collect();
        hits += patterns.iter().filter(|code| is_match(code, &line)).count();
    }
    println!("{hits}");
}
