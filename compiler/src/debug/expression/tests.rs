use super::emitter::EmitContext;
use super::parse::ParseContext;
use super::wasm::WasmExpression;
use crate::debug::input::GlobalLocation;
use crate::function::{DebugVariable, ValueLocation};
use gimli::{Encoding, EndianSlice, LittleEndian};
use precast_artifact::index::{LocalIndex, OperandIndex};

const ENCODING: Encoding = Encoding { address_size: 4, format: gimli::Format::Dwarf32, version: 4 };

fn parse(bytes: &[u8], frame_base: Option<&WasmExpression>) -> Option<WasmExpression> {
    let expression = gimli::Expression(EndianSlice::new(bytes, LittleEndian));
    let address = |index: gimli::DebugAddrIndex| (index.0 == 2).then_some(3440);
    let context = ParseContext {
        encoding: ENCODING,
        frame_base,
        address: &address,
        number: &|entry| (entry.0 == 7).then_some((8, true)),
        threads: false,
    };
    WasmExpression::parse(expression, &context)
}

fn emit(source: &WasmExpression, locations: &[ValueLocation]) -> Vec<u8> {
    emits_at(source, locations).unwrap()
}

/// With one variable, in a register.
fn emits(source: WasmExpression) -> Option<Vec<u8>> {
    emits_at(&source, &[ValueLocation::Register(3)])
}

fn emits_at(source: &WasmExpression, locations: &[ValueLocation]) -> Option<Vec<u8>> {
    let context = EmitContext {
        frame_pointer: 6,
        memory_at_context: true,
        global: &|_| Some((GlobalLocation::Defined(-64), 4)),
        local_size: &|_| Some(4),
    };
    source.emit(&source.variables(true), locations, &context).map(|part| part.bytes)
}

#[test]
fn a_variable_in_a_local_is_where_the_local_is() {
    let source = parse(&[0xed, 0, 3, 0x9f], None).unwrap();
    assert!(source.is_local());
    assert_eq!(source.variables(true), [DebugVariable::Local(LocalIndex::new(3))]);
    // breg6 -24
    assert_eq!(emit(&source, &[ValueLocation::Frame(-40)]), [0x76, 0x68]);
    assert_eq!(emit(&source, &[ValueLocation::Register(17)]), [0x61]);
}

#[test]
fn a_variable_in_the_frame_is_in_memory() {
    let base = parse(&[0xed, 0, 3, 0x9f], None).unwrap();
    let source = parse(&[0x91, 8], Some(&base)).unwrap();
    assert_eq!(
        source.variables(true),
        [DebugVariable::Local(LocalIndex::new(3)), DebugVariable::Context]
    );
    let locations = [ValueLocation::Frame(-40), ValueLocation::Frame(-32)];
    // breg6 -24, deref_size 4, plus_uconst 8, breg6 -16, deref, plus
    let expected = [0x76, 0x68, 0x94, 4, 0x23, 8, 0x76, 0x70, 0x06, 0x22];
    assert_eq!(emit(&source, &locations), expected);
}

#[test]
fn a_global_variable_needs_no_frame() {
    let source = parse(&[0x03, 0x70, 0x0d, 0, 0], None).unwrap();
    assert_eq!(source.variables(false), []);
    let emitted = emit(&source, &[]);
    assert_eq!(emitted[..3], [0x10, 0xf0, 0x1a]);
    assert_eq!(emitted[3], 0x03);
    assert_eq!(emitted[12..], [0x06, 0x22]);
}

#[test]
fn an_address_may_stand_in_a_list() {
    // DW_OP_addrx 2, DW_OP_addrx 3
    assert_eq!(parse(&[0xa1, 2], None), parse(&[0x03, 0x70, 0x0d, 0, 0], None));
    assert_eq!(parse(&[0xa1, 3], None), None);
}

#[test]
fn an_operand_is_a_value() {
    let source = parse(&[0xed, 2, 1, 0x9f], None).unwrap();
    assert_eq!(source.variables(true), [DebugVariable::Operand(OperandIndex::new(1))]);
    assert_eq!(emit(&source, &[ValueLocation::Register(3)]), [0x53]);
    // Where it is computed with, only the low bits are known.
    let source = parse(&[0xed, 2, 1, 0x23, 5, 0x9f], None).unwrap();
    assert_eq!(emit(&source, &[ValueLocation::Register(3)]), [0x73, 0, 0x23, 5, 0x9f]);
    assert_eq!(parse(&[0xed, 2, 1, 0x31, 0x25, 0x9f], None).map(emits), Some(None));
}

#[test]
fn numbers_have_the_width_of_the_guest() {
    // local 0 / -2: both with their signs.
    let source = parse(&[0xed, 0, 0, 0x11, 0x7e, 0x1b, 0x9f], None).unwrap();
    let sign = [0x08, 32, 0x24, 0x08, 32, 0x26];
    let cut = [0x0c, 255, 255, 255, 255, 0x1a];
    let constant = [0x10, 0xfe, 0xff, 0xff, 0xff, 0x0f];
    let load = [0x76, 0x68, 0x94, 4];
    let swap = [0x16];
    let expected =
        [&load[..], &constant, &sign, &swap, &sign, &swap, &[0x1b], &cut, &[0x9f]].concat();
    assert_eq!(emit(&source, &[ValueLocation::Frame(-40)]), expected);
    // local 0, taken for a signed byte.
    let source = parse(&[0xed, 0, 0, 0xa8, 7, 0x9f], None).unwrap();
    let sign = [0x08, 56, 0x24, 0x08, 56, 0x26];
    assert_eq!(emit(&source, &[ValueLocation::Frame(-40)]), [&load[..], &sign, &[0x9f]].concat());
}

#[test]
fn what_has_no_counterpart_is_refused() {
    // DW_OP_breg0 0; DW_OP_bra; nothing; truncated; data that was left out.
    for bytes in [&[0x70, 0][..], &[0x28, 0, 0], &[], &[0x03, 1], &[0x03, 0, 0, 0, 0]] {
        assert_eq!(parse(bytes, None), None);
    }
}
