//! Which bytes of a function are not instructions: jump tables, and constants
//! too large for an instruction. The code generator puts them between blocks
//! and after the last one, and does not say where; disassemblers must know.
//!
//! * On aarch64 and riscv64, whose instructions are easy to tell apart,
//!   whatever no path leads to is data. Paths go through jump tables too.
//! * On x86-64 a jump table follows the indirect jump through it, and each of
//!   its entries leads into the code; constants come after everything else that
//!   is known of the code.
//!
//! A jump table ends where the source position of its jump ends: the code
//! generator treats the two as one instruction. (It would say where blocks
//! start, but then looks through all empty blocks before each: the time is the
//! square of the number of a table's targets.)

use std::ops::Range;
use target_lexicon::Architecture;

/// What is known of a function's code.
pub(super) struct CodeFacts<'a> {
    pub bytes: &'a [u8],
    /// Where trapping instructions stand.
    pub traps: &'a [u32],
    /// Where exceptions are handled.
    pub handlers: &'a [u32],
    /// What has a source position, in order; a new one begins with each block.
    pub sources: &'a [Range<u32>],
}

impl CodeFacts<'_> {
    /// The jump table from `start` on, if there is one.
    fn table(&self, start: usize) -> Option<Range<usize>> {
        let next = self.sources.partition_point(|source| source.end as usize <= start);
        let table = start..self.sources.get(next)?.end as usize;
        let whole = table.len().is_multiple_of(4);
        (whole && self.targets(table.clone())?.all(|to| to < self.bytes.len())).then_some(table)
    }

    /// Where the entries of a table lead: each is a distance from its start.
    /// One that leads to before the function gives a place that is none.
    fn targets(&self, table: Range<usize>) -> Option<impl Iterator<Item = usize>> {
        let (entries, _) = self.bytes.get(table.clone())?.as_chunks();
        let distances = entries.iter().map(|entry| i32::from_le_bytes(*entry) as isize);
        Some(distances.map(move |distance| table.start.wrapping_add_signed(distance)))
    }
}

/// The ranges of data, in order.
pub(super) fn find(architecture: Architecture, code: &CodeFacts<'_>) -> Vec<Range<u32>> {
    match architecture {
        Architecture::Aarch64(_) => unreached(code, 4, aarch64),
        Architecture::Riscv64(_) => unreached(code, 2, riscv64),
        _ => x86_64(code),
    }
}

/// Where an instruction leads.
enum Flow {
    /// To the next.
    Next,
    /// To the next, or by a distance.
    Branch(i64),
    /// By a distance.
    Jump(i64),
    /// To wherever the table after it says, if there is one.
    Register,
    /// Elsewhere, or nowhere.
    End,
}

/// The ranges that no path leads to. `decode` gives the length of the first
/// instruction of some bytes, and where it leads.
fn unreached(
    code: &CodeFacts<'_>,
    unit: usize,
    decode: impl Fn(&[u8]) -> Option<(usize, Flow)>,
) -> Vec<Range<u32>> {
    let mut reached = vec![false; code.bytes.len().div_ceil(unit)];
    let mut starts = vec![0];
    let sources = code.sources.iter().map(|source| &source.start);
    let all = code.traps.iter().chain(code.handlers).chain(sources);
    starts.extend(all.map(|start| *start as usize));
    while let Some(mut at) = starts.pop() {
        while at.is_multiple_of(unit) && reached.get(at / unit) == Some(&false) {
            let Some((len, flow)) = decode(&code.bytes[at..]) else { break };
            let mark = at / unit..((at + len) / unit).min(reached.len());
            reached[mark].fill(true);
            let target = |distance: i64| at.checked_add_signed(isize::try_from(distance).ok()?);
            match flow {
                Flow::Next => {}
                Flow::Branch(distance) => starts.extend(target(distance)),
                Flow::Jump(distance) => {
                    starts.extend(target(distance));
                    break;
                }
                Flow::Register => {
                    let table = aarch64_table(code, at + len);
                    starts
                        .extend(table.and_then(|table| code.targets(table)).into_iter().flatten());
                    break;
                }
                Flow::End => break,
            }
            at += len;
        }
    }
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for (index, _) in reached.iter().enumerate().filter(|(_, reached)| !**reached) {
        let place = (index * unit) as u32..((index + 1) * unit).min(code.bytes.len()) as u32;
        match ranges.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            _ => ranges.push(place),
        }
    }
    ranges
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The signed number in `bits` bits of `word` from `low` on.
fn field(word: u32, low: u32, bits: u32) -> i64 {
    let shifted = word << (32 - low - bits);
    i64::from(shifted as i32 >> (32 - bits))
}

/// Arm Architecture Reference Manual, C4.1 (branches, and `udf`).
fn aarch64(bytes: &[u8]) -> Option<(usize, Flow)> {
    let word = word(bytes)?;
    let flow = match word {
        w if w >> 26 == 0b00_0101 => Flow::Jump(field(w, 0, 26) * 4),
        w if w & 0xff00_0010 == 0x5400_0000 => Flow::Branch(field(w, 5, 19) * 4),
        w if w & 0x7e00_0000 == 0x3400_0000 => Flow::Branch(field(w, 5, 19) * 4),
        w if w & 0x7e00_0000 == 0x3600_0000 => Flow::Branch(field(w, 5, 14) * 4),
        // br
        w if w & 0xffff_fc1f == 0xd61f_0000 => Flow::Register,
        // ret
        w if w & 0xffff_fc1f == 0xd65f_0000 => Flow::End,
        w if w & 0xffff_0000 == 0 => Flow::End,
        _ => Flow::Next,
    };
    Some((4, flow))
}

/// The jump table after a jump by register: the code before it takes its
/// address, with `adr x, .+16; ldrsw; add; br`.
fn aarch64_table(code: &CodeFacts<'_>, start: usize) -> Option<Range<usize>> {
    let adr = word(code.bytes.get(start.checked_sub(16)?..)?)?;
    if adr & !31 == 0x1000_0080 { code.table(start) } else { None }
}

/// RISC-V unprivileged ISA, chapters 2 and 27.
fn riscv64(bytes: &[u8]) -> Option<(usize, Flow)> {
    let half = u32::from(u16::from_le_bytes(*bytes.first_chunk()?));
    if half & 3 != 3 {
        let flow = match half {
            0 => Flow::End,
            // c.j, c.jr
            h if h & 0xe003 == 0xa001 => Flow::Jump(compressed_jump(h)),
            h if h & 0xf07f == 0x8002 => Flow::End,
            // c.beqz, c.bnez
            h if h & 0xc003 == 0xc001 => Flow::Branch(compressed_branch(h)),
            _ => Flow::Next,
        };
        // The code generator's trap is four bytes of zeros, where there is room.
        let len = if half == 0 && word(bytes) == Some(0) { 4 } else { 2 };
        return Some((len, flow));
    }
    if let Some(distance) = far_jump(bytes) {
        // More of them follow it in a table.
        let flow = match far_jump(&bytes[8..]) {
            Some(_) => Flow::Branch(distance),
            None => Flow::Jump(distance),
        };
        return Some((8, flow));
    }
    let word = word(bytes)?;
    let flow = match word & 0x7f {
        0x6f if word >> 7 & 31 == 0 => {
            let distance = (field(word, 31, 1) << 20)
                | i64::from(word & 0xf_f000)
                | i64::from(word >> 20 & 1) << 11
                | i64::from(word >> 21 & 0x3ff) << 1;
            Flow::Jump(distance)
        }
        0x63 => {
            let distance = (field(word, 31, 1) << 12)
                | i64::from(word >> 7 & 1) << 11
                | i64::from(word >> 25 & 0x3f) << 5
                | i64::from(word >> 8 & 0xf) << 1;
            Flow::Branch(distance)
        }
        // A jump by register, into a table of jumps if one follows.
        0x67 if word >> 7 & 31 == 0 && far_jump(&bytes[4..]).is_none() => Flow::End,
        _ => Flow::Next,
    };
    Some((4, flow))
}

/// The distance of `auipc t, ...; jr ...(t)`, if these bytes start with it.
fn far_jump(bytes: &[u8]) -> Option<i64> {
    let (first, second) = (word(bytes)?, word(bytes.get(4..)?)?);
    let register = first >> 7 & 31;
    let far = first & 0x7f == 0x17 && second & 0x7fff == 0x67 && second >> 15 & 31 == register;
    far.then(|| i64::from((first & 0xffff_f000) as i32) + field(second, 20, 12))
}

fn compressed_jump(half: u32) -> i64 {
    let bit = |from: u32, to: u32| i64::from(half >> from & 1) << to;
    field(half, 12, 1) << 11
        | bit(11, 4)
        | bit(10, 9)
        | bit(9, 8)
        | bit(8, 10)
        | bit(7, 6)
        | bit(6, 7)
        | i64::from(half >> 3 & 7) << 1
        | bit(2, 5)
}

fn compressed_branch(half: u32) -> i64 {
    field(half, 12, 1) << 8
        | i64::from(half >> 10 & 3) << 3
        | i64::from(half >> 5 & 3) << 6
        | i64::from(half >> 3 & 3) << 1
        | i64::from(half >> 2 & 1) << 5
}

fn x86_64(code: &CodeFacts<'_>) -> Vec<Range<u32>> {
    let len = code.bytes.len() as u32;
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(pair) = code.bytes.get(at..at + 2) {
        at += 1;
        // jmp *register
        if pair[0] != 0xff || pair[1] & 0xf8 != 0xe0 {
            continue;
        }
        let start = at + 1;
        if let Some(table) = code.table(start)
            && is_named_before(code.bytes, start)
        {
            at = table.end;
            ranges.push(table.start as u32..table.end as u32);
        }
    }
    // `ud2` has two bytes. Without source positions there is nothing to tell
    // the last block's end.
    let traps = code.traps.iter().map(|trap| trap + 2).max().unwrap_or(0);
    if let Some(end) = code.sources.last().map(|source| traps.max(source.end))
        && end < len
    {
        ranges.push(end..len);
    }
    ranges
}

/// Whether the code before `start` takes its address, as that before a jump
/// table does, three instructions earlier.
fn is_named_before(bytes: &[u8], start: usize) -> bool {
    // From the end of `lea table(%rip), %r`: movslq (%r,%i,4), %s; add %s, %r; jmp *%r
    let distances = 9..=11;
    distances.filter_map(|distance| Some((distance, start.checked_sub(distance + 4)?))).any(
        |(distance, at)| bytes.get(at..).and_then(word).is_some_and(|to| to as usize == distance),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn code<'a>(bytes: &'a [u8], traps: &'a [u32], sources: &'a [Range<u32>]) -> CodeFacts<'a> {
        CodeFacts { bytes, traps, handlers: &[], sources }
    }

    #[test]
    fn aarch64_table_between_blocks_and_constant_after() {
        // b.eq .+36; ldr d0, .+40; adr x0, .+16; ldrsw; add; br x0;
        // .word; .word; ret; ret; udf; .word
        let mut bytes = words(&[
            0x5400_0120,
            0x5c00_0140,
            0x1000_0080,
            0xb8a1_5801,
            0x8b01_0000,
            0xd61f_0000,
            8,
            12,
            0xd65f_03c0,
            0xd65f_03c0,
            0xc11f,
            0x4049_0fdb,
        ]);
        let found = unreached(&code(&bytes, &[40], &[0..8, 8..32]), 4, aarch64);
        assert_eq!(found, [24..32, 44..48]);
        // A jump whose address comes from elsewhere is not through a table.
        bytes[8..12].copy_from_slice(&0x1000_00a0u32.to_le_bytes());
        let found = unreached(&code(&bytes, &[40], &[0..8, 8..32]), 4, aarch64);
        assert_eq!(found, [24..36, 44..48]);
    }

    #[test]
    fn riscv64_constant_inside_a_block() {
        // auipc a0, 0; ld a0, 12(a0); j .+12; .dword; ret; c.unimp; nop
        let mut bytes = words(&[0x0000_0517, 0x00c5_3503, 0x00c0_006f, 0x4049_0fdb, 0x1234_5678]);
        bytes.extend([0x82, 0x80, 0, 0, 0x13, 0, 0, 0]);
        let found = unreached(&code(&bytes, &[22], &[]), 2, riscv64);
        assert_eq!(found, [12..20, 24..28]);
        assert_eq!(compressed_jump(0xbffd), -2);
    }

    #[test]
    fn riscv64_tables_of_jumps_are_code() {
        // jr 16(t0); auipc t0, 0; jr 28(t0); auipc t0, 0; jr 12(t0); .word; ret; .word; ret
        let bytes = words(&[
            0x0102_8067,
            0x0000_0297,
            0x01c2_8067,
            0x0000_0297,
            0x00c2_8067,
            0x4049_0fdb,
            0x0000_8067,
            0x4049_0fdb,
            0x0000_8067,
        ]);
        let found = unreached(&code(&bytes, &[], &[]), 2, riscv64);
        assert_eq!(found, [20..24, 28..32]);
    }

    #[test]
    fn x86_64_table_and_constant() {
        // lea .+9(%rip), %rax; movslq (%rax,%rcx,4), %rcx; add %rcx, %rax; jmp *%rax;
        // .long 8; .long 9; ret; nop; ud2; zeros
        let mut bytes = vec![0x48, 0x8d, 0x05, 9, 0, 0, 0, 0x48, 0x63, 0x0c, 0x88];
        bytes
            .extend([0x48, 0x01, 0xc8, 0xff, 0xe0, 8, 0, 0, 0, 9, 0, 0, 0, 0xc3, 0x90, 0x0f, 0x0b]);
        bytes.extend([0; 6]);
        assert_eq!(x86_64(&code(&bytes, &[26], &[0..24, 24..28])), [16..24, 28..34]);
        // A table ends where its jump's source does.
        assert_eq!(x86_64(&code(&bytes, &[26], &[0..20, 24..28])), [16..20, 28..34]);
        // What is no table is left as it is.
        bytes[16] = 100;
        assert_eq!(x86_64(&code(&bytes, &[26], &[0..24, 24..28])), std::slice::from_ref(&(28..34)));
        bytes[16] = 8;
        bytes[3] = 10;
        assert_eq!(x86_64(&code(&bytes, &[26], &[0..24, 24..28])), std::slice::from_ref(&(28..34)));
    }
}
