//! The ELF image around a hand-made artifact: headers, note, symbols, frame
//! information.

use crate::mock::PAGE;
use precast_artifact::module::Range;
use precast_artifact::note::{self, Note};

/// Room for the ELF header, the program headers and the note.
const HEAD: usize = PAGE;
const HEADER: usize = 64;
const SEGMENT: usize = 56;
const NOTE_AT: usize = 512;

/// Contents of an image; offsets are addresses.
pub struct ElfImage {
    pub bytes: Vec<u8>,
    pub text: Range,
    pub module: Range,
    /// Name, offset, size.
    pub symbols: Vec<(String, u64, u64)>,
}

impl ElfImage {
    pub fn new() -> Self {
        let (text, module) = Default::default();
        Self { bytes: vec![0; HEAD], text, module, symbols: Vec::new() }
    }

    pub fn align(&mut self, align: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
    }

    /// Appends bytes. Text and memory get pages of their own.
    pub fn append(&mut self, bytes: &[u8], align: usize) -> Range {
        self.align(align);
        let offset = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        if align >= PAGE {
            self.align(align);
        }
        Range { offset, size: bytes.len() as u64 }
    }
}

/// The file.
pub fn write(note: &Note, mut image: ElfImage) -> Vec<u8> {
    let desc = note.encode();
    let mut head = Vec::new();
    let image_size = note.image_size;
    let note_size = 12 + note::OWNER.len() + desc.len();
    let (load, notes, read, execute) = (1, 4, 4, 5);
    let segments = [
        (load, read, 0, image.text.offset),
        (load, execute, note.text.offset, note.text.size),
        (load, read, note.text.offset + note.text.size.next_multiple_of(PAGE as u64), 0),
        (notes, read, NOTE_AT as u64, note_size as u64),
    ];
    let sections = sections(&mut image);
    head.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    half(&mut head, &[3, 62]); // ET_DYN, EM_X86_64
    word(&mut head, &[1]);
    long(&mut head, &[0, HEADER as u64, image.bytes.len() as u64]);
    word(&mut head, &[0]);
    let (count, names) = (sections.len() as u16, sections.len() as u16 - 1);
    half(&mut head, &[HEADER as u16, SEGMENT as u16, segments.len() as u16, 64, count, names]);
    for (kind, flags, offset, size) in segments {
        let size =
            if kind == load && offset > note.text.offset { image_size - offset } else { size };
        word(&mut head, &[kind, flags]);
        long(
            &mut head,
            &[offset, offset, offset, size, size, if kind == load { PAGE as u64 } else { 4 }],
        );
    }
    head.resize(NOTE_AT, 0);
    word(&mut head, &[note::OWNER.len() as u32, desc.len() as u32, note::TYPE]);
    head.extend(note::OWNER);
    head.extend(desc);
    assert!(head.len() <= HEAD);
    image.bytes[..head.len()].copy_from_slice(&head);
    for section in sections {
        word(&mut image.bytes, &section.words);
        long(&mut image.bytes, &section.longs);
        word(&mut image.bytes, &section.link_info);
        long(&mut image.bytes, &section.align_entry);
    }
    image.bytes
}

struct ElfSection {
    words: [u32; 2],
    /// Flags, address, offset, size.
    longs: [u64; 4],
    link_info: [u32; 2],
    align_entry: [u64; 2],
}

/// Appends the contents of the sections that tools want; their headers.
fn sections(image: &mut ElfImage) -> Vec<ElfSection> {
    let names = b"\0.text\0.eh_frame\0.symtab\0.strtab\0.shstrtab\0";
    let frames = image.append_plain(&frames(image.text));
    let (mut symbols, mut strings) = (vec![0; 24], vec![0]);
    for (name, offset, size) in &image.symbols {
        word(&mut symbols, &[strings.len() as u32]);
        symbols.extend([0x12, 0]); // global function
        half(&mut symbols, &[1]);
        long(&mut symbols, &[*offset, *size]);
        strings.extend(name.as_bytes());
        strings.push(0);
    }
    let symbols = image.append_plain(&symbols);
    let strings = image.append_plain(&strings);
    let name_table = image.append_plain(names);
    image.align(8);
    let (bits, allocated, code) = (1, 2, 6);
    let section = |name, kind, flags: u64, range: Range, link, info, align, entry| ElfSection {
        words: [name, kind],
        longs: [flags, if flags != 0 { range.offset } else { 0 }, range.offset, range.size],
        link_info: [link, info],
        align_entry: [align, entry],
    };
    vec![
        section(0, 0, 0, Range::default(), 0, 0, 0, 0),
        section(1, bits, code, image.text, 0, 0, 16, 0),
        section(7, bits, allocated, frames, 0, 0, 8, 0),
        section(17, 2, 0, symbols, 4, 1, 8, 24),
        section(25, 3, 0, strings, 0, 0, 1, 0),
        section(33, 3, 0, name_table, 0, 0, 1, 0),
    ]
}

impl ElfImage {
    fn append_plain(&mut self, bytes: &[u8]) -> Range {
        self.append(bytes, 8)
    }
}

/// `.eh_frame` with one entry that covers all of `text`: every function has a
/// frame pointer. Right everywhere but in prologues and epilogues.
fn frames(text: Range) -> Vec<u8> {
    let mut out = Vec::new();
    // CIE: version 1, "zR", code alignment 1, data alignment -8, return
    // address 16, pointers absolute; CFA = rbp + 16, rbp and return address
    // below it.
    let cie = [
        1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x00, //
        0x0c, 6, 16, // DW_CFA_def_cfa rbp, 16
        0x86, 2, // DW_CFA_offset rbp, cfa - 16
        0x90, 1, // DW_CFA_offset rip, cfa - 8
        0, 0, 0, 0, // DW_CFA_nop
    ];
    word(&mut out, &[cie.len() as u32 + 4, 0]);
    out.extend(cie);
    let back = out.len() as u32 + 4;
    word(&mut out, &[28, back]);
    long(&mut out, &[text.offset, text.size]);
    out.extend([0; 8]);
    word(&mut out, &[0]);
    out
}

fn half(out: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|v| out.extend(v.to_le_bytes()));
}

fn word(out: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|v| out.extend(v.to_le_bytes()));
}

fn long(out: &mut Vec<u8>, values: &[u64]) {
    values.iter().for_each(|v| out.extend(v.to_le_bytes()));
}
