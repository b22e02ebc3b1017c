//! Which bytes of a function are not instructions: jump tables, and constants
//! too large for an instruction. The code generator puts them between blocks
//! and after the last one, and does not say where; disassemblers must know.
//!
//! * On aarch64 and riscv64, whose instructions are easy to tell apart,
//!   whatever no path leads to is data.
//! * On x86-64 a jump table follows the indirect jump through it, up to the
//!   next block, and each of its entries leads to a block; constants come
//!   after everything else that is known of the code.

use std::ops::Range;
use target_lexicon::Architecture;

/// What is known of a function's code.
pub(super) struct Code<'a> {
    pub bytes: &'a [u8],
    /// Where blocks start, ascending.
    pub blocks: &'a [u32],
    /// Where trapping instructions stand.
    pub traps: &'a [u32],
    /// Up to where source positions say that there are instructions.
    pub end: u32,
}

/// The ranges of data, in order.
pub(super) fn find(architecture: Architecture, code: &Code<'_>) -> Vec<Range<u32>> {
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
    /// Elsewhere, or nowhere.
    End,
}

/// The ranges that no path from a block or to a trap leads to. `decode` gives
/// the length of the first instruction of some bytes, and where it leads.
fn unreached(
    code: &Code<'_>,
    unit: usize,
    decode: impl Fn(&[u8]) -> Option<(usize, Flow)>,
) -> Vec<Range<u32>> {
    let mut reached = vec![false; code.bytes.len().div_ceil(unit)];
    let mut starts = vec![0];
    starts.extend(code.blocks.iter().chain(code.traps).map(|start| *start as usize));
    while let Some(mut at) = starts.pop() {
        while at.is_multiple_of(unit) && reached.get(at / unit) == Some(&false) {
            let Some((len, flow)) = decode(&code.bytes[at..]) else { break };
            let mark = at / unit..((at + len) / unit).min(reached.len());
            reached[mark].fill(true);
            let (next, target) = match flow {
                Flow::Next => (true, None),
                Flow::Branch(distance) => (true, Some(distance)),
                Flow::Jump(distance) => (false, Some(distance)),
                Flow::End => (false, None),
            };
            starts.extend(target.and_then(|d| at.checked_add_signed(isize::try_from(d).ok()?)));
            if !next {
                break;
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
        // br, ret
        w if w & 0xffbf_fc1f == 0xd61f_0000 && w >> 21 & 3 != 1 => Flow::End,
        w if w & 0xffff_0000 == 0 => Flow::End,
        _ => Flow::Next,
    };
    Some((4, flow))
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
        0x67 if word >> 7 & 31 == 0 && !is_far_jump(&bytes[4..]) => Flow::End,
        _ => Flow::Next,
    };
    Some((4, flow))
}

/// Whether these bytes start with `auipc t, ...; jr ...(t)`.
fn is_far_jump(bytes: &[u8]) -> bool {
    let (Some(first), Some(second)) = (word(bytes), bytes.get(4..).and_then(word)) else {
        return false;
    };
    let register = first >> 7 & 31;
    first & 0x7f == 0x17 && second & 0x7fff == 0x67 && second >> 15 & 31 == register
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

fn x86_64(code: &Code<'_>) -> Vec<Range<u32>> {
    let len = code.bytes.len() as u32;
    // `ud2` has two bytes.
    let traps = code.traps.iter().map(|trap| trap + 2).max().unwrap_or(0);
    let end = code.end.max(traps).max(code.blocks.last().map_or(0, |block| block + 1));
    let mut ranges = Vec::new();
    for (at, pair) in code.bytes.windows(2).enumerate() {
        // jmp *register
        if pair[0] != 0xff || pair[1] & 0xf8 != 0xe0 {
            continue;
        }
        let start = at as u32 + 2;
        let next = code.blocks.partition_point(|block| *block <= start);
        let stop = code.blocks.get(next).copied().unwrap_or(end.min(len));
        if stop > start && is_table(code, start..stop) {
            ranges.push(start..stop);
        }
    }
    // Without source positions there is nothing to tell the last block's end.
    if end < len && code.end != 0 {
        ranges.push(end..len);
    }
    ranges
}

/// Whether each entry of a table leads to a block.
fn is_table(code: &Code<'_>, table: Range<u32>) -> bool {
    let bytes = &code.bytes[table.start as usize..table.end as usize];
    bytes.len().is_multiple_of(4)
        && bytes.chunks_exact(4).all(|entry| {
            let entry = i32::from_le_bytes(entry.try_into().expect("four bytes"));
            table
                .start
                .checked_add_signed(entry)
                .is_some_and(|target| code.blocks.binary_search(&target).is_ok())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn code<'a>(bytes: &'a [u8], blocks: &'a [u32], traps: &'a [u32]) -> Code<'a> {
        Code { bytes, blocks, traps, end: 0 }
    }

    #[test]
    fn aarch64_table_between_blocks_and_constant_after() {
        // b.eq .+24; ldr d0, .+24; br x0; .word; .word; ret; udf; .word
        let bytes = words(&[
            0x5400_00c0,
            0x5c00_00c0,
            0xd61f_0000,
            8,
            0xffff_fff0,
            0xd65f_03c0,
            0xc11f,
            0x4049_0fdb,
        ]);
        let found = unreached(&code(&bytes, &[0, 20], &[24]), 4, aarch64);
        assert_eq!(found, [12..20, 28..32]);
    }

    #[test]
    fn riscv64_constant_inside_a_block() {
        // auipc a0, 0; ld a0, 12(a0); j .+12; .dword; ret; c.unimp; nop
        let mut bytes = words(&[0x0000_0517, 0x00c5_3503, 0x00c0_006f, 0x4049_0fdb, 0x1234_5678]);
        bytes.extend([0x82, 0x80, 0, 0, 0x13, 0, 0, 0]);
        let found = unreached(&code(&bytes, &[0], &[22]), 2, riscv64);
        assert_eq!(found, [12..20, 24..28]);
        assert_eq!(compressed_jump(0xbffd), -2);
    }

    #[test]
    fn riscv64_tables_of_jumps_are_code() {
        // jr 16(t0); auipc t0, 0; jr 8(t0); auipc t0, 0; jr 0(t0); ret
        let bytes =
            words(&[0x0102_8067, 0x0000_0297, 0x0082_8067, 0x0000_0297, 0x0002_8067, 0x0000_8067]);
        let found = unreached(&code(&bytes, &[0, 20], &[]), 2, riscv64);
        assert_eq!(found, []);
    }

    #[test]
    fn x86_64_table_and_constant() {
        // jmp *%rax; .long 8; .long 9; ret; nop; ud2; zeros
        let bytes = [0xff, 0xe0, 8, 0, 0, 0, 9, 0, 0, 0, 0xc3, 0x90, 0x0f, 0x0b, 0, 0, 0, 0, 0, 0];
        let mut code = code(&bytes, &[0, 10, 11], &[12]);
        code.end = 12;
        assert_eq!(x86_64(&code), [2..10, 14..20]);
        // What is no table is left as it is.
        code.blocks = &[0, 10];
        assert_eq!(x86_64(&code), std::slice::from_ref(&(14..20)));
    }
}
