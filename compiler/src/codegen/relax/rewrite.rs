//! The new code.

use super::change::Change;
use super::scan::{Jump, Reference, SHORT, Scanned, targets};
use crate::function::moved::Moves;
use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind};

/// Writes the code anew; none where a distance does not fit, or where a branch
/// that was rewritten is decoded as another.
pub(super) fn rewrite(
    code: &[u8],
    scanned: &Scanned,
    (short, changes): (&[bool], &[Change]),
    moves: &Moves,
) -> Option<Vec<u8>> {
    let mut new = copy(code, scanned, changes, moves)?;
    for (jump, short) in scanned.jumps.iter().zip(short) {
        let (end, target) = (moves.to(jump.end())?, moves.to(jump.target)?);
        let distance = i64::from(target) - i64::from(end);
        match *short || jump.size == SHORT {
            true => *new.get_mut(end as usize - 1)? = i8::try_from(distance).ok()? as u8,
            false => put(&mut new, end - 4, distance)?,
        }
    }
    for Reference { field, end, target } in &scanned.references {
        let to = match *target >= scanned.constants {
            true => moves.constant(*target)?,
            false => moves.to(*target)?,
        };
        put(&mut new, moves.to(*field)?, i64::from(to) - i64::from(moves.to(*end)?))?;
    }
    for table in &scanned.tables {
        let start = moves.to(table.start)?;
        for (index, target) in targets(code, table)?.enumerate() {
            let distance = i64::from(moves.to(target?)?) - i64::from(start);
            put(&mut new, start + 4 * index as u32, distance)?;
        }
    }
    lead_there(&new, scanned, short, moves).then_some(new)
}

/// The bytes as they were, but of what changes; branches that became short lead nowhere
/// yet.
fn copy(code: &[u8], scanned: &Scanned, changes: &[Change], moves: &Moves) -> Option<Vec<u8>> {
    let mut new = Vec::with_capacity(code.len());
    let mut at = 0;
    for change in changes {
        let place = change.place();
        new.extend_from_slice(code.get(at..place.start as usize)?);
        new.extend_from_slice(change.bytes());
        at = place.end as usize;
    }
    new.extend_from_slice(code.get(at..scanned.code_end as usize)?);
    if (scanned.code_end as usize) < code.len() {
        new.resize(moves.constant(scanned.constants)? as usize, 0);
        new.extend_from_slice(code.get(scanned.constants as usize..)?);
    }
    Some(new)
}

fn put(code: &mut [u8], at: u32, distance: i64) -> Option<()> {
    let distance = i32::try_from(distance).ok()?;
    *code.get_mut(at as usize..)?.first_chunk_mut()? = distance.to_le_bytes();
    Some(())
}

/// Whether each branch that became short is decoded as one that leads where the
/// old one's target is now.
fn lead_there(code: &[u8], scanned: &Scanned, short: &[bool], moves: &Moves) -> bool {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut leads = |jump: &Jump| {
        let (start, target) = (moves.to(jump.start)?, moves.to(jump.target)?);
        decoder.set_position(start as usize).ok()?;
        decoder.set_ip(start.into());
        decoder.decode_out(&mut instruction);
        let same = instruction.op0_kind() == OpKind::NearBranch64
            && instruction.near_branch64() == u64::from(target)
            && instruction.len() == usize::from(SHORT)
            && code.get(start as usize) == Some(&jump.short_opcode);
        same.then_some(())
    };
    let jumps = scanned.jumps.iter().zip(short);
    let mut changed = jumps.filter(|(jump, short)| jump.changes(**short));
    changed.all(|(jump, _)| leads(jump).is_some())
}
