//! Relocations inside code: every field that refers to a symbol gets its
//! value, as the psABI of its machine defines it.
//!
//! This is the one place that knows how far each kind reaches. Where a target
//! may be further away than that, it is given a
//! [veneer](crate::place) instead.

use crate::debug_section::{DebugBase, DebugReloc};
use crate::function::{CodeReloc, CodeRelocKind, CompiledFunction, Symbol};

/// A relocation that cannot be applied.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its symbol has no address.
    Unresolved(Symbol),
    /// Its target is this many bytes away, further than it reaches.
    OutOfRange(CodeReloc, i64),
}

/// Applies all relocations of a function that is placed at `address`.
/// `resolve` gives the address of every target but [`Symbol::Local`].
pub(super) fn patch(
    function: &mut CompiledFunction,
    address: u64,
    resolve: impl Fn(&CodeReloc) -> Option<u64>,
) -> Result<(), Refused> {
    let CompiledFunction { code, relocs, .. } = function;
    let target = |reloc: &CodeReloc| {
        let symbol = match reloc.target {
            Symbol::Local(offset) => Some(address + u64::from(offset)),
            _ => resolve(reloc),
        };
        let symbol = symbol.ok_or(Refused::Unresolved(reloc.target))?;
        Ok(symbol.wrapping_add_signed(reloc.addend.into()))
    };
    for reloc in relocs.iter() {
        // The low half takes the distance of the `auipc` that it belongs to.
        let base = match (reloc.kind, reloc.target) {
            (CodeRelocKind::RiscvPcRelLow12, Symbol::Local(auipc)) => {
                let pair = relocs.binary_search_by_key(&auipc, |r| r.offset);
                pair.ok().map(|at| &relocs[at]).ok_or(Refused::Unresolved(reloc.target))?
            }
            _ => reloc,
        };
        let place = address + u64::from(base.offset);
        let field = &mut code[reloc.offset.index()..];
        apply(reloc.kind, field, target(base)?, place)
            .map_err(|distance| Refused::OutOfRange(*reloc, distance))?;
    }
    Ok(())
}

/// Applies one relocation: `target` is `S + A`, `place` is `P`. Fails with the
/// distance if it is too far.
pub(super) fn apply(
    kind: CodeRelocKind,
    field: &mut [u8],
    target: u64,
    place: u64,
) -> Result<(), i64> {
    let distance = target.wrapping_sub(place) as i64;
    match kind {
        CodeRelocKind::X86PcRel32 => {
            fits(distance, 32)?;
            set(field, u32::MAX, distance as u32);
        }
        CodeRelocKind::Aarch64Call26 => {
            fits(distance, 28)?;
            debug_assert_eq!(distance % 4, 0, "a branch to no instruction");
            set(field, 0x03ff_ffff, (distance >> 2) as u32);
        }
        CodeRelocKind::Aarch64AdrPage21 => {
            let distance = (target & !0xfff).wrapping_sub(place & !0xfff) as i64;
            fits(distance, 33)?;
            let pages = (distance >> 12) as u32;
            set(field, 0x60ff_ffe0, pages << 29 | (pages >> 2 & 0x7_ffff) << 5);
        }
        CodeRelocKind::Aarch64AddLow12 => set(field, 0x003f_fc00, (target as u32) << 10),
        CodeRelocKind::RiscvCall => {
            set_high20(field, distance)?;
            set_low12(&mut field[4..], distance);
        }
        CodeRelocKind::RiscvPcRelHigh20 => set_high20(field, distance)?,
        CodeRelocKind::RiscvPcRelLow12 => set_low12(field, distance),
    }
    Ok(())
}

/// `auipc`: the low half is sign-extended, so the high half is rounded.
fn set_high20(field: &mut [u8], distance: i64) -> Result<(), i64> {
    let rounded = distance.wrapping_add(0x800);
    fits(rounded, 32).map_err(|_| distance)?;
    set(field, 0xffff_f000, rounded as u32);
    Ok(())
}

/// The immediate of an I-type instruction.
fn set_low12(field: &mut [u8], distance: i64) {
    set(field, 0xfff0_0000, (distance as u32) << 20);
}

/// Fails unless the value is a signed number of that many bits.
fn fits(value: i64, bits: u32) -> Result<(), i64> {
    let limit = 1 << (bits - 1);
    if (-limit..limit).contains(&value) { Ok(()) } else { Err(value) }
}

/// Sets the bits of `mask` in the little-endian word at the start of `field`.
fn set(field: &mut [u8], mask: u32, bits: u32) {
    let word = field.first_chunk_mut::<4>().expect("a relocated field lies inside its code");
    *word = (u32::from_le_bytes(*word) & !mask | bits & mask).to_le_bytes();
}

/// Adds to each address in a debug section what it counts from.
pub(super) fn debug(bytes: &mut [u8], relocs: &[DebugReloc], text: u64, cell: u64) {
    for reloc in relocs {
        let base = match reloc.base {
            DebugBase::Text => text,
            DebugBase::Cell => cell,
            // Debug sections start at zero.
            _ => continue,
        };
        let place = &mut bytes[reloc.offset.index()..][..8];
        let value = u64::from_le_bytes((&*place).try_into().expect("eight bytes"));
        place.copy_from_slice(&(value + base).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::index::{FunctionOffset, ModuleIndex, StubIndex, TableIndex};

    const GIB: i64 = 1 << 30;
    const MIB: i64 = 1 << 20;
    /// Somewhere with room on both sides, not at the start of a page.
    const PLACE: u64 = (1 << 40) + 0x128;

    /// Applies a relocation to `words` with a target `distance` bytes away.
    fn at<const N: usize>(
        kind: CodeRelocKind,
        words: [u32; N],
        distance: i64,
    ) -> Result<[u32; N], i64> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        apply(kind, &mut bytes, PLACE.wrapping_add_signed(distance), PLACE)?;
        let mut patched = bytes.chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()));
        Ok([(); N].map(|()| patched.next().unwrap()))
    }

    #[test]
    fn x86_pc_rel_32() {
        let apply = |distance| at(CodeRelocKind::X86PcRel32, [0xdead_beef], distance);
        assert_eq!(apply(0x1234), Ok([0x1234]));
        assert_eq!(apply(-4), Ok([0xffff_fffc]));
        assert_eq!(apply(2 * GIB - 1), Ok([0x7fff_ffff]));
        assert_eq!(apply(-2 * GIB), Ok([0x8000_0000]));
        assert_eq!(apply(2 * GIB), Err(2 * GIB));
        assert_eq!(apply(-2 * GIB - 1), Err(-2 * GIB - 1));
    }

    #[test]
    fn aarch64_call_26() {
        const BL: u32 = 0x9400_0000;
        let apply = |distance| at(CodeRelocKind::Aarch64Call26, [BL | 0x155], distance);
        assert_eq!(apply(8), Ok([BL | 2]));
        assert_eq!(apply(-4), Ok([BL | 0x03ff_ffff]));
        assert_eq!(apply(128 * MIB - 4), Ok([BL | 0x01ff_ffff]));
        assert_eq!(apply(-128 * MIB), Ok([BL | 0x0200_0000]));
        assert_eq!(apply(128 * MIB), Err(128 * MIB));
        assert_eq!(apply(-128 * MIB - 4), Err(-128 * MIB - 4));
    }

    #[test]
    fn aarch64_adrp_and_add() {
        // adrp x3, .+0x5000 ; the place is 0x128 into its page.
        let adrp = |distance| at(CodeRelocKind::Aarch64AdrPage21, [0x9000_0003], distance);
        assert_eq!(adrp(0x5000), Ok([0xb000_0023]));
        assert_eq!(adrp(0x1000 - 0x128), Ok([0xb000_0003]));
        assert_eq!(adrp(0xfff - 0x128), Ok([0x9000_0003]));
        assert_eq!(adrp(-0x129), Ok([0xf0ff_ffe3]));
        assert_eq!(adrp(4 * GIB - 0x129), Ok([0xf07f_ffe3]));
        assert_eq!(adrp(4 * GIB - 0x128), Err(4 * GIB));
        assert_eq!(adrp(-4 * GIB - 0x128), Ok([0x9080_0003]));
        assert_eq!(adrp(-4 * GIB - 0x129), Err(-4 * GIB - 0x1000));
        // add x3, x3, #lo12
        let add = |distance| at(CodeRelocKind::Aarch64AddLow12, [0x9100_0063], distance);
        assert_eq!(add(0), Ok([0x9100_0063 | 0x128 << 10]));
        assert_eq!(add(8 * GIB + 0xed7), Ok([0x9100_0063 | 0xfff << 10]));
    }

    #[test]
    fn riscv_call() {
        // auipc ra, 0 ; jalr ra, 0(ra)
        let apply = |distance| at(CodeRelocKind::RiscvCall, [0x0000_0097, 0x0000_80e7], distance);
        assert_eq!(apply(0x7ff), Ok([0x0000_0097, 0x7ff0_80e7]));
        assert_eq!(apply(0x800), Ok([0x0000_1097, 0x8000_80e7]));
        assert_eq!(apply(-2), Ok([0x0000_0097, 0xffe0_80e7]));
        assert_eq!(apply(0x1234_5678), Ok([0x1234_5097, 0x6780_80e7]));
        assert_eq!(apply(2 * GIB - 0x801), Ok([0x7fff_f097, 0x7ff0_80e7]));
        assert_eq!(apply(2 * GIB - 0x800), Err(2 * GIB - 0x800));
        assert_eq!(apply(-2 * GIB - 0x800), Ok([0x8000_0097, 0x8000_80e7]));
        assert_eq!(apply(-2 * GIB - 0x801), Err(-2 * GIB - 0x801));
    }

    #[test]
    fn riscv_pc_rel_pair() {
        let at = FunctionOffset::new;
        let reloc =
            |offset, kind, target, addend| CodeReloc { offset: at(offset), kind, target, addend };
        let table = Symbol::PrivateTable(ModuleIndex::new(0), TableIndex::new(1));
        // auipc a0, 0 ; nop ; addi a0, a0, 0
        let code = [0x0000_0517u32, 0x0000_0013, 0x0005_0513];
        let mut function = CompiledFunction {
            code: code.iter().flat_map(|word| word.to_le_bytes()).collect(),
            relocs: Box::new([
                reloc(0, CodeRelocKind::RiscvPcRelHigh20, table, 8),
                reloc(8, CodeRelocKind::RiscvPcRelLow12, Symbol::Local(at(0)), 0),
            ]),
            ..Default::default()
        };
        let address = 0x10_0000;
        let resolve = |reloc: &CodeReloc| (reloc.target == table).then_some(address + 0x1ffc);
        patch(&mut function, address, resolve).unwrap();
        let words: Vec<u32> =
            function.code.chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(words, [0x0000_2517, 0x0000_0013, 0x0045_0513]);

        let far = |_: &CodeReloc| Some(address + (1 << 31));
        let refused = Refused::OutOfRange(function.relocs[0], (1 << 31) + 8);
        assert_eq!(patch(&mut function, address, far), Err(refused));
    }

    #[test]
    fn local_symbols_are_relative_to_the_function() {
        let mut function = CompiledFunction {
            code: Box::new([0; 12]),
            relocs: Box::new([CodeReloc {
                offset: FunctionOffset::new(4),
                kind: CodeRelocKind::X86PcRel32,
                target: Symbol::Local(FunctionOffset::new(10)),
                addend: -4,
            }]),
            ..Default::default()
        };
        patch(&mut function, 0x5000, |_| None).unwrap();
        assert_eq!(*function.code, [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);

        function.relocs[0].target = Symbol::Stub(StubIndex::new(3));
        let refused = Refused::Unresolved(function.relocs[0].target);
        assert_eq!(patch(&mut function, 0x5000, |_| None), Err(refused));
    }
}
