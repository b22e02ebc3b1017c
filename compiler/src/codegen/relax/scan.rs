//! The instructions of a function: where they start, and those that lead to other
//! places of its code.

use super::change::Change;
use super::encodings;
use super::frame::FramePointers;
use super::offsets::OffsetSet;
use crate::function::CompiledFunction;
use crate::target::Shorter;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, OpKind, Register};
use precast_artifact::index::FunctionOffset;
use std::ops::Range;

/// What was found in a function's code.
pub(super) struct Scanned {
    /// The branches to places in the same function, in order.
    pub jumps: Vec<Jump>,
    /// Addresses relative to the instruction pointer, in order.
    pub references: Vec<Reference>,
    /// The jump tables, in order.
    pub tables: Vec<Range<u32>>,
    /// What takes fewer bytes whatever branches do, in order, and how many of these are
    /// accesses of the frame.
    pub changes: Vec<Change>,
    pub frame_accesses: usize,
    /// After the last instruction or table.
    pub code_end: u32,
    /// Where the constants begin that follow the code after padding.
    pub constants: u32,
}

/// A branch to a place in the same function.
pub(super) struct Jump {
    pub start: u32,
    /// Bytes: 2 with a distance of 8 bits, else 5, or 6 with a condition.
    pub size: u8,
    /// The opcode that it has with a distance of 8 bits.
    pub short_opcode: u8,
    pub target: u32,
}

/// Largest alignment of constants behind the code.
pub(super) const CONSTANT_ALIGNMENT: u32 = 16;

/// Bytes of a branch with a distance of 8 bits.
pub(super) const SHORT: u8 = 2;

impl Jump {
    pub(super) fn end(&self) -> u32 {
        self.start + u32::from(self.size)
    }

    /// Bytes that it loses if it becomes short.
    pub(super) fn saving(&self) -> u32 {
        u32::from(self.size - SHORT)
    }

    /// Whether it is another one when it is to be short.
    pub(super) fn changes(&self, short: bool) -> bool {
        short && self.size != SHORT
    }
}

/// A field of 32 bits that has the distance of a place from the end of an
/// instruction: of a constant, or a jump table.
pub(super) struct Reference {
    pub field: u32,
    /// The end of the instruction.
    pub end: u32,
    pub target: u32,
}

/// Decodes all code of a function; none if there is anything in it that is not
/// understood.
pub(super) fn scan(function: &CompiledFunction, shorter: Shorter) -> Option<Scanned> {
    let size = u32::try_from(function.code.len()).ok()?;
    let mut scanner = Scanner::new(function, shorter);
    let (mut at, mut code_end) = (0, size);
    for Range { start, end } in &function.data {
        let data = start.get()..end.get();
        scanner.instructions(at..data.start)?;
        at = data.end;
        match scanner.through.take() {
            // Each table follows the jump through it.
            Some(Through { table, known: JUMPED, .. }) if table == data.start => {
                scanner.table(data)?;
            }
            _ if data.end == size => code_end = data.start,
            _ => return None,
        }
    }
    scanner.instructions(at..size)?;
    scanner.finish(code_end)
}

/// What of a jump through a table has been seen: `lea table(%rip), %r`,
/// `movslq (%r,%i,4), %s`, `add %s, %r`, `jmp *%r`.
struct Through {
    table: u32,
    register: Register,
    /// How many of these instructions.
    known: u8,
}

const JUMPED: u8 = 4;

struct Scanner<'f> {
    function: &'f CompiledFunction,
    /// Relocations before this one are of instructions that were seen.
    reloc: usize,
    /// Where instructions start, and where branches and tables lead.
    starts: OffsetSet,
    targets: OffsetSet,
    through: Option<Through>,
    jumps: Vec<Jump>,
    references: Vec<Reference>,
    tables: Vec<Range<u32>>,
    /// Of the frame, if its accesses may be shorter; and of those that are.
    frame: Option<FramePointers>,
    accesses: Vec<Change>,
    /// Whether other encodings may be, and those that are.
    encode: bool,
    encodings: Vec<Change>,
}

impl<'f> Scanner<'f> {
    fn new(function: &'f CompiledFunction, shorter: Shorter) -> Self {
        let places = || OffsetSet::new(function.code.len());
        Self {
            function,
            reloc: 0,
            starts: places(),
            targets: places(),
            through: None,
            jumps: Vec::new(),
            references: Vec::new(),
            tables: Vec::new(),
            frame: shorter.frame_accesses.then(FramePointers::new),
            accesses: Vec::new(),
            encode: shorter.encodings,
            encodings: Vec::new(),
        }
    }

    /// Decodes a part of the code.
    fn instructions(&mut self, part: Range<u32>) -> Option<()> {
        let bytes = self.function.code.get(part.start as usize..part.end as usize)?;
        let ip = u64::from(part.start);
        let mut decoder = Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            if instruction.is_invalid() {
                return None;
            }
            self.instruction(&decoder, &instruction)?;
        }
        Some(())
    }

    fn instruction(&mut self, decoder: &Decoder<'_>, instruction: &Instruction) -> Option<()> {
        let (start, end) = (instruction.ip() as u32, instruction.next_ip() as u32);
        self.starts.insert(start);
        let field = self.relocated(start, end)?;
        self.follow(instruction);
        self.change(decoder, instruction, field.is_some());
        let distance = match instruction.op0_kind() {
            OpKind::NearBranch64 if field.is_some() => Some(end.checked_sub(4)?),
            OpKind::NearBranch64 => {
                self.jump(start, end, instruction.near_branch64())?;
                return Some(());
            }
            OpKind::NearBranch16 | OpKind::NearBranch32 => return None,
            OpKind::FarBranch16 | OpKind::FarBranch32 => return None,
            _ if instruction.memory_base() == Register::EIP => return None,
            _ if instruction.memory_base() == Register::RIP => {
                let offsets = decoder.get_constant_offsets(instruction);
                if offsets.displacement_size() != 4 {
                    return None;
                }
                Some(start + offsets.displacement_offset() as u32)
            }
            _ => None,
        };
        match (distance, field) {
            (None, None) => {}
            (Some(distance), Some(field)) if distance == field => {}
            (Some(field), None) => {
                let target = u32::try_from(instruction.ip_rel_memory_address()).ok()?;
                self.references.push(Reference { field, end, target });
                if instruction.code() == Code::Lea_r64_m {
                    let register = instruction.op0_register();
                    self.through = Some(Through { table: target, register, known: 1 });
                }
            }
            // A relocation of what is no distance.
            _ => return None,
        }
        Some(())
    }

    /// Takes note of what the instruction can be in fewer bytes.
    fn change(&mut self, decoder: &Decoder<'_>, instruction: &Instruction, relocated: bool) {
        let below = self.frame.as_mut().and_then(|frame| frame.next(instruction, relocated));
        if relocated {
            return;
        }
        let (start, end) = (instruction.ip() as usize, instruction.next_ip() as usize);
        let bytes = &self.function.code[start..end];
        if let Some(below) = below
            && instruction.memory_base() == Register::RSP
            && instruction.memory_index() == Register::None
        {
            let displacement = decoder.get_constant_offsets(instruction).displacement_offset();
            let access = encodings::by_frame_pointer(instruction, bytes, displacement, below);
            self.accesses.extend(access);
        } else if self.encode {
            self.encodings.extend(encodings::shorter(instruction, bytes));
        }
    }

    /// The field of an instruction that a relocation is for.
    fn relocated(&mut self, start: u32, end: u32) -> Option<Option<u32>> {
        let Some(reloc) = self.function.relocs.get(self.reloc) else { return Some(None) };
        let field = reloc.offset.get();
        if field >= end {
            return Some(None);
        }
        self.reloc += 1;
        let next = self.function.relocs.get(self.reloc);
        let alone = next.is_none_or(|next| next.offset.get() >= end);
        (alone && field > start && field + 4 <= end).then_some(Some(field))
    }

    fn jump(&mut self, start: u32, end: u32, target: u64) -> Option<()> {
        let short_opcode = match &self.function.code[start as usize..end as usize] {
            [0xe9, _, _, _, _] | [0xeb, _] => 0xeb,
            [0x0f, condition @ 0x80..=0x8f, _, _, _, _] => condition - 0x10,
            [condition @ 0x70..=0x7f, _] => *condition,
            _ => return None,
        };
        let target = u32::try_from(target).ok()?;
        self.targets.insert_if_within(target)?;
        self.jumps.push(Jump { start, size: (end - start) as u8, short_opcode, target });
        Some(())
    }

    /// Goes on with a jump through a table.
    fn follow(&mut self, instruction: &Instruction) {
        let Some(Through { table, register, known }) = self.through.take() else { return };
        let next = match (known, instruction.code()) {
            (1, Code::Movsxd_r64_rm32) => instruction.memory_base() == register,
            (2, Code::Add_r64_rm64 | Code::Add_rm64_r64) | (3, Code::Jmp_rm64) => {
                instruction.op0_kind() == OpKind::Register && instruction.op0_register() == register
            }
            _ => false,
        };
        self.through = next.then_some(Through { table, register, known: known + 1 });
    }

    fn table(&mut self, table: Range<u32>) -> Option<()> {
        for target in targets(&self.function.code, &table)? {
            self.targets.insert_if_within(target?)?;
        }
        self.tables.push(table);
        Some(())
    }

    /// Whether something leads to the code after a table: else the table does not
    /// end where it seems to. The code generator leaves a jump there that nothing
    /// leads to any more, since all go straight to its target.
    fn may_follow_a_table(&self, end: u32, code_end: u32) -> bool {
        let reached = |at: u32| at == code_end || (at < code_end && self.targets.contains(at));
        let jump = self.jumps.binary_search_by_key(&end, |jump| jump.start);
        reached(end)
            || jump.is_ok_and(|index| {
                let Jump { size, short_opcode, target, .. } = self.jumps[index];
                let next = self.jumps[index].end();
                (size, short_opcode) == (5, 0xeb) && target != next && reached(next)
            })
    }

    /// Checks all that was found beside each other.
    fn finish(mut self, code_end: u32) -> Option<Scanned> {
        let Self { function, reloc, .. } = self;
        if reloc != function.relocs.len() {
            return None;
        }
        let handlers = function.handlers.iter().map(|handler| handler.handler);
        handlers.map(FunctionOffset::get).try_for_each(|to| self.targets.insert_if_within(to))?;
        if !self.targets.are_within(&self.starts) {
            return None;
        }
        let ends = self.tables.iter().map(|table| table.end);
        if !ends.clone().all(|end| self.may_follow_a_table(end, code_end)) {
            return None;
        }
        let is_table = |at: u32| self.tables.binary_search_by_key(&at, |table| table.start).is_ok();
        let mut constants = None;
        for Reference { target, .. } in &self.references {
            match *target {
                at if at >= code_end && (at as usize) < function.code.len() => {
                    constants = Some(constants.map_or(at, |first: u32| first.min(at)));
                }
                at if is_table(at) => {}
                _ => return None,
            }
        }
        let constants = constants.unwrap_or(function.code.len() as u32);
        let padding = &function.code[code_end as usize..constants as usize];
        if padding.iter().any(|byte| *byte != 0) {
            return None;
        }
        let holds = self.frame.is_some_and(|frame| frame.holds(function, &self.targets));
        let Self { jumps, references, tables, mut accesses, encodings: mut changes, .. } = self;
        if !holds {
            accesses.clear();
        }
        let frame_accesses = accesses.len();
        changes.append(&mut accesses);
        changes.sort_by_key(|change| change.place().start);
        let scanned =
            Scanned { jumps, references, tables, changes, frame_accesses, code_end, constants };
        Some(scanned)
    }
}

/// Where the entries of a jump table lead: each is a distance from its start.
pub(super) fn targets(
    code: &[u8],
    table: &Range<u32>,
) -> Option<impl Iterator<Item = Option<u32>>> {
    let (entries, rest) = code.get(table.start as usize..table.end as usize)?.as_chunks();
    let start = table.start;
    let target = move |entry: &[u8; 4]| start.checked_add_signed(i32::from_le_bytes(*entry));
    rest.is_empty().then(|| entries.iter().map(target))
}
