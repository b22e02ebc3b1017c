//! Images whose calls do not reach: as large ones have, with a small reach.

use super::code::caller;
use super::read::OpenedImage;
use super::sample::{MACHINES, Sample, function, linked, sample};
use gimli::{BaseAddresses, CfaRule, EhFrame, Register, UnwindSection};
use object::elf::EM_AARCH64;
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection};
use precast_artifact::container::symbol_at;
use precast_artifact::index::WasmOffset;

const REACH: u64 = 4096;
const FUNCTIONS: u32 = 500;

/// The callee of each function: all over the module.
fn callee(index: u32) -> u32 {
    1 + index * 7919 % FUNCTIONS
}

pub(super) fn input() -> Sample {
    let mut input = sample(MACHINES[1]);
    input.functions =
        (1..=FUNCTIONS).map(|index| Some(caller(EM_AARCH64, function(callee(index))))).collect();
    input.bodies = (0..FUNCTIONS).map(|index| WasmOffset::new(100 + 10 * index)).collect();
    input.names = vec![""; FUNCTIONS as usize];
    input.names[callee(1) as usize - 1] = "distant";
    input.module.functions = FUNCTIONS + 1;
    input.fold = false;
    input
}

fn image(reach: u64) -> OpenedImage {
    let mut file = Vec::new();
    input().laid_out(reach).write(&mut file).unwrap();
    OpenedImage::open(file)
}

/// Where the call at `caller` leads in the end, and the veneer on the way.
fn follow(image: &OpenedImage, caller: u64) -> (u64, Option<u64>) {
    let first = image.callee(caller);
    let word = |index: u64| image.word(first + index * 4);
    // adrp x16; add x16, x16; br x16
    if word(0) & 0x9f00_001f != 0x9000_0010 {
        return (first, None);
    }
    assert_eq!(word(1) & 0xffc0_03ff, 0x9100_0210);
    assert_eq!(word(2), 0xd61f_0200);
    let pages = (word(0) >> 29 & 3) | (word(0) >> 5 & 0x7_ffff) << 2;
    let page = (first & !0xfff).wrapping_add_signed(i64::from((pages << 11) as i32 >> 11) << 12);
    (page + u64::from(word(1) >> 10 & 0xfff), Some(first))
}

#[test]
fn every_call_arrives() {
    let image = image(REACH);
    let mut by_veneer = 0;
    for index in 1..=FUNCTIONS {
        let place = image.function(index);
        let (to, veneer) = follow(&image, place);
        assert_eq!(to, image.function(callee(index)), "call in function {index}");
        let first = veneer.unwrap_or(to);
        assert!((place + 8).abs_diff(first) < REACH, "call in function {index}");
        by_veneer += u32::from(veneer.is_some());
    }
    assert!(by_veneer > FUNCTIONS / 4 && by_veneer < FUNCTIONS, "{by_veneer}");
    // What knows functions by their offset moved with them.
    for funcref in &image.module.funcrefs {
        let code = image.note.text.offset + u64::from(funcref.code.get());
        assert_eq!(code, image.function(funcref.function.get()));
    }
    for stub in image.module.entry_stubs.iter().chain(&image.module.host_stubs) {
        let code = image.note.text.offset + u64::from(stub.code.get());
        assert_eq!(follow(&image, code).0, image.function(1));
    }
}

#[test]
fn calls_that_reach_are_direct() {
    let far = image(128 << 20);
    assert!((1..=FUNCTIONS).all(|index| follow(&far, far.function(index)).1.is_none()));
    assert!(far.file == linked(input()).0);
    assert!(image(REACH).file == image(REACH).file);
}

#[test]
fn veneers_have_names_and_can_be_unwound() {
    let image = image(REACH);
    let veneer = follow(&image, image.function(1)).1.unwrap();
    assert_eq!(symbol_at(&image.file, veneer), Some(&b"__distant_veneer"[..]));

    let file = ElfFile64::<LittleEndian>::parse(&*image.file).unwrap();
    let section = file.section_by_name(".eh_frame").unwrap();
    let bases =
        BaseAddresses::default().set_eh_frame(section.address()).set_text(image.note.text.offset);
    let frames = EhFrame::new(section.data().unwrap(), gimli::LittleEndian);
    let mut context = gimli::UnwindContext::new();
    for address in [veneer, veneer + 8] {
        let find = gimli::EhFrame::cie_from_offset;
        let row = frames.unwind_info_for_address(&bases, &mut context, address, find).unwrap();
        // As in a function's first instruction: nothing was pushed.
        assert_eq!(row.cfa(), &CfaRule::RegisterAndOffset { register: Register(31), offset: 0 });
        assert_eq!(row.register(Register(30)), None);
    }
}
