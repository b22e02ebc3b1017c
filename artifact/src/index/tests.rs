use super::*;

#[test]
fn numbers_print_as_numbers_and_say_what_they_count() {
    let (function, offset) = (FuncIndex::new(5), CodeOffset::new(255));
    assert_eq!((function.to_string(), format!("{function:?}")), ("5".into(), "function 5".into()));
    assert_eq!(format!("{offset} {offset:#x} {offset:?}"), "255 0xff code offset 255");
    assert_eq!((function.get(), function.index()), (5, 5));
    assert_eq!(FuncIndex::from_index(5), function);
}

#[test]
fn defined_functions_come_after_the_imported_ones() {
    assert_eq!(FuncIndex::new(2).defined(3), None);
    assert_eq!(FuncIndex::new(3).defined(3), Some(DefinedFuncIndex::new(0)));
    for defined in DefinedFuncIndex::first(4) {
        assert_eq!(defined.in_module(3).defined(3), Some(defined));
    }
}

#[test]
fn items_are_numbered_from_zero() {
    let numbered: Vec<_> = TableIndex::enumerate(["a", "b"]).collect();
    assert_eq!(numbered, [(TableIndex::new(0), "a"), (TableIndex::new(1), "b")]);
    assert_eq!(TagIndex::first(3).last(), Some(TagIndex::new(2)));
    assert_eq!(DataIndex::new(7).next(), DataIndex::new(8));
}

#[test]
fn offsets_stay_in_32_bits() {
    let (start, last) = (CodeOffset::START, CodeOffset::new(u32::MAX));
    assert_eq!(start.checked_add(9), Some(CodeOffset::new(9)));
    assert_eq!((last.checked_add(0), last.checked_add(1)), (Some(last), None));
    assert_eq!((last.checked_sub(u32::MAX), start.checked_sub(1)), (Some(start), None));
    assert_eq!((last.distance_from(start), start.distance_from(last)), (Some(u32::MAX), None));
    let body = WasmOffset::new(u32::MAX - 4);
    assert_eq!(BodyOffset::new(4).in_module(body), Some(WasmOffset::new(u32::MAX)));
    assert_eq!(BodyOffset::new(5).in_module(body), None);
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut w = Writer::new();
    GlobalIndex::new(300).encode(&mut w);
    w.leb(1 << 32);
    let bytes = w.finish();
    let mut r = Reader::new("test", &bytes);
    assert_eq!(GlobalIndex::decode(&mut r), Ok(GlobalIndex::new(300)));
    assert!(GlobalIndex::decode(&mut r).is_err());
}
