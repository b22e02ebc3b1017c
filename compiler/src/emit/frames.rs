//! `.eh_frame` and `.eh_frame_hdr`: how to unwind every function and stub
//! (Linux Standard Base 5, sections 10.6.1 and 10.6.2; DWARF 5 section 6.4).
//!
//! One CIE holds the rules that are the same at every entry; each piece of
//! code has an FDE with the changes of its prologue. All addresses are
//! relative, so the sections need no relocation.

use crate::function::{CompiledFunction, UnwindOp};
use crate::place::Machine;
use crate::place::Placement;
use gimli::constants as dw;
use gimli::leb128::write::unsigned;
use precast_artifact::index::{CodeOffset, FunctionOffset, SectionOffset};
use precast_artifact::wire::Writer;

/// Unit of register save offsets: registers take eight bytes or a multiple.
const DATA_ALIGN: i32 = -8;
/// [`DATA_ALIGN`] in signed LEB128.
const DATA_ALIGN_LEB: u8 = 0x78;
/// Offset of `initial_location` in an FDE, after length and CIE pointer.
pub(super) const FDE_LOCATION: usize = 8;
/// Size of what ends the section.
pub(super) const TERMINATOR_SIZE: usize = 4;
/// How code addresses are encoded in FDEs.
const POINTER_ENCODING: u8 = dw::DW_EH_PE_pcrel.0 | dw::DW_EH_PE_sdata4.0;

/// The unwind tables, not yet placed.
#[derive(Default)]
pub(super) struct Frames {
    /// `.eh_frame`, but for the addresses.
    bytes: Vec<u8>,
    /// Start of each piece of code and offset of its FDE, ordered.
    entries: Vec<(CodeOffset, SectionOffset)>,
}

impl Frames {
    /// Encodes the rules of all code, which comes in order of address.
    pub(super) fn new<'a>(
        machine: Machine,
        blocks: impl Iterator<Item = (Placement, &'a CompiledFunction)>,
    ) -> Self {
        let code_align = machine.entry_frame().code_align;
        let mut bytes = cie(machine);
        let mut entries = Vec::new();
        for (place, function) in blocks {
            let offset = SectionOffset::from_index(bytes.len());
            entries.push((place.start, offset));
            record(&mut bytes, |bytes| {
                let header = [offset.get() + 4, 0, place.size].map(u32::to_le_bytes);
                bytes.extend_from_slice(header.as_flattened());
                bytes.push(0);
                instructions(bytes, &function.unwind, code_align);
            });
        }
        Self::with_entries(bytes, entries)
    }

    /// Unwind tables from what `.eh_frame` holds but for its end, and the start
    /// of each piece of code with the offset of its FDE, ordered.
    pub(super) fn with_entries(
        mut bytes: Vec<u8>,
        entries: Vec<(CodeOffset, SectionOffset)>,
    ) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        // A zero length ends the section.
        bytes.extend_from_slice(&[0; TERMINATOR_SIZE]);
        Self { bytes, entries }
    }

    /// Start of each piece of code and offset of its FDE, ordered.
    pub(super) fn entries(&self) -> &[(CodeOffset, SectionOffset)] {
        &self.entries
    }

    /// Size of `.eh_frame` in bytes.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Size of `.eh_frame_hdr` in bytes.
    pub(super) fn header_size(&self) -> u64 {
        if self.entries.is_empty() { 0 } else { 12 + 8 * self.entries.len() as u64 }
    }

    /// The bytes of `.eh_frame_hdr` and `.eh_frame`, at these addresses.
    pub(super) fn encode(&self, header: u64, section: u64, text: u64) -> (Vec<u8>, Vec<u8>) {
        let Self { bytes, entries } = self;
        let mut bytes = bytes.clone();
        if entries.is_empty() {
            return (Vec::new(), bytes);
        }
        let relative = |to: u64, from: u64| to.wrapping_sub(from) as u32;
        let mut w = Writer::new();
        w.u8(1);
        w.u8(POINTER_ENCODING);
        w.u8(dw::DW_EH_PE_udata4.0);
        w.u8(dw::DW_EH_PE_datarel.0 | dw::DW_EH_PE_sdata4.0);
        w.u32(relative(section, header + w.len() as u64));
        w.u32(entries.len() as u32);
        for (start, offset) in entries {
            let code = text + u64::from(*start);
            let fde = section + u64::from(*offset);
            w.u32(relative(code, header));
            w.u32(relative(fde, header));
            let location = offset.index() + FDE_LOCATION;
            let value = relative(code, section + location as u64);
            bytes[location..][..4].copy_from_slice(&value.to_le_bytes());
        }
        (w.finish(), bytes)
    }
}

/// The CIE, which starts the section.
fn cie(machine: Machine) -> Vec<u8> {
    let frame = machine.entry_frame();
    let mut bytes = Vec::new();
    record(&mut bytes, |bytes| {
        bytes.extend_from_slice(&[0, 0, 0, 0, 1, b'z', b'R', 0]);
        leb(bytes, frame.code_align);
        bytes.push(DATA_ALIGN_LEB);
        leb(bytes, frame.return_address);
        bytes.extend_from_slice(&[1, POINTER_ENCODING, dw::DW_CFA_def_cfa.0]);
        leb(bytes, frame.cfa_register);
        leb(bytes, frame.cfa_offset);
        if let Some(offset) = frame.saved_at {
            saved(bytes, frame.return_address, offset);
        }
    });
    bytes
}

/// Appends a CIE or FDE: its length, then its content, padded.
fn record(bytes: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len() + 4;
    bytes.extend_from_slice(&[0; 4]);
    content(bytes);
    bytes.resize(bytes.len().next_multiple_of(4), dw::DW_CFA_nop.0);
    let length = (bytes.len() - start) as u32;
    bytes[start - 4..start].copy_from_slice(&length.to_le_bytes());
}

fn instructions(bytes: &mut Vec<u8>, ops: &[(FunctionOffset, UnwindOp)], code_align: u32) {
    let mut at = FunctionOffset::START;
    for (offset, op) in ops {
        let bytes_on = offset.distance_from(at).expect("rules are ordered");
        advance(bytes, bytes_on / code_align);
        at = *offset;
        match *op {
            UnwindOp::CfaOffset(offset) => {
                bytes.push(dw::DW_CFA_def_cfa_offset.0);
                leb(bytes, offset);
            }
            UnwindOp::CfaRegister(register) => {
                bytes.push(dw::DW_CFA_def_cfa_register.0);
                leb(bytes, register);
            }
            UnwindOp::Saved { register, offset } => saved(bytes, register, offset),
        }
    }
}

fn advance(bytes: &mut Vec<u8>, delta: u32) {
    let [low, high, ..] = delta.to_le_bytes();
    match delta {
        0 => {}
        1..0x40 => bytes.push(dw::DW_CFA_advance_loc.0 | low),
        0x40..0x100 => bytes.extend_from_slice(&[dw::DW_CFA_advance_loc1.0, low]),
        0x100..0x1_0000 => bytes.extend_from_slice(&[dw::DW_CFA_advance_loc2.0, low, high]),
        _ => {
            bytes.push(dw::DW_CFA_advance_loc4.0);
            bytes.extend_from_slice(&delta.to_le_bytes());
        }
    }
}

fn saved(bytes: &mut Vec<u8>, register: u16, offset: i32) {
    let fits = offset <= 0 && offset % DATA_ALIGN == 0;
    assert!(fits, "register {register} saved at CFA{offset:+}, no multiple of eight below it");
    match register {
        0..0x40 => bytes.push(dw::DW_CFA_offset.0 | register as u8),
        _ => {
            bytes.push(dw::DW_CFA_offset_extended.0);
            leb(bytes, register);
        }
    }
    leb(bytes, (offset / DATA_ALIGN) as u32);
}

fn leb(bytes: &mut Vec<u8>, value: impl Into<u64>) {
    unsigned(bytes, value.into()).expect("a vector takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ops(ops: &[(u32, UnwindOp)], code_align: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let ops: Vec<_> = ops.iter().map(|(at, op)| (FunctionOffset::new(*at), *op)).collect();
        instructions(&mut bytes, &ops, code_align);
        bytes
    }

    #[test]
    fn a_usual_prologue() {
        let unwind = [
            (1, UnwindOp::CfaOffset(16)),
            (1, UnwindOp::Saved { register: 6, offset: -16 }),
            (4, UnwindOp::CfaRegister(6)),
        ];
        assert_eq!(ops(&unwind, 1), [0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6]);
    }

    #[test]
    fn advances_take_the_shortest_form() {
        let at = |offset| ops(&[(offset, UnwindOp::CfaRegister(1))], 4);
        assert_eq!(at(0), [0x0d, 1]);
        assert_eq!(at(63 * 4), [0x7f, 0x0d, 1]);
        assert_eq!(at(64 * 4), [0x02, 64, 0x0d, 1]);
        assert_eq!(at(256 * 4), [0x03, 0, 1, 0x0d, 1]);
        assert_eq!(at(65536 * 4), [0x04, 0, 0, 1, 0, 0x0d, 1]);
    }

    #[test]
    fn high_registers_have_a_form_of_their_own() {
        // aarch64 v8 is DWARF register 72.
        let unwind = [(0, UnwindOp::Saved { register: 72, offset: -1040 })];
        assert_eq!(ops(&unwind, 4), [0x05, 72, 0x82, 0x01]);
    }

    #[test]
    fn tables_are_relative_to_where_they_lie() {
        let function = CompiledFunction {
            unwind: Box::new([(FunctionOffset::new(1), UnwindOp::CfaOffset(16))]),
            ..Default::default()
        };
        let place = |start, size| Placement { start: CodeOffset::new(start), size };
        let places = [place(0, 10), place(0x20, 7)];
        let frames = Frames::new(Machine::X86_64, places.into_iter().zip([&function; 2]));
        let (header_size, size) = (frames.header_size(), frames.size());
        let (header, section) = frames.encode(0x1000, 0x1100, 0x2000);
        assert_eq!((header.len() as u64, section.len() as u64), (header_size, size));
        let word =
            |bytes: &[u8], at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(header[..4], [1, 0x1b, 0x03, 0x3b]);
        assert_eq!(word(&header, 4), 0x1100 - 0x1004);
        assert_eq!(word(&header, 8), 2);
        for (i, place) in places.iter().enumerate() {
            assert_eq!(word(&header, 12 + i * 8), 0x1000 + place.start.get() as i32);
            let fde = (word(&header, 16 + i * 8) - 0x100) as usize;
            assert_eq!(word(&section, fde + 4), fde as i32 + 4);
            assert_eq!(
                word(&section, fde + 8),
                (0xf00 - fde as i32 - 8) + place.start.get() as i32
            );
            assert_eq!(word(&section, fde + 12), place.size as i32);
        }
        assert_eq!(word(&section, section.len() - 4), 0);
    }
}
