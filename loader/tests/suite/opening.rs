//! Opening files: what fits, what is refused, and what damage does.

use crate::I32;
use crate::code::{self, Code};
use crate::elf;
use crate::mock::{self, Mock};
use precast_artifact::abi::{CTX_FIXED_SIZE, Versions};
use precast_artifact::index::{GlobalIndex, ModuleIndex};
use precast_artifact::module::{ExportKind, InstancePlan, Range};
use precast_artifact::note::Note;
use precast_artifact::reloc::RelocKind;
use precast_loader::{Artifact, Error, Linker, OpenError, Store, ValType};

fn sample() -> Mock {
    let mut m = Mock::new("sample");
    let ty = m.ty(&[I32, I32], &[I32]);
    m.memory(1, None, false);
    m.func("add", ty, |_| code::add());
    m.func("store", ty, |_| code::store());
    m.export("memory", ExportKind::Memory, 0);
    m.contents(0, 0, b"contents");
    m.data(b"data");
    m
}

/// A sample whose note was changed.
fn with_note(change: impl Fn(&mut Note)) -> Result<Artifact, Error> {
    let plan = InstancePlan { module: ModuleIndex::new(0), links: Vec::new() };
    let (mut note, image) = mock::parts(vec![sample()], vec![plan]);
    change(&mut note);
    crate::opened(&elf::write(&note, image))
}

#[test]
fn files_that_are_no_artifacts() {
    let message = |bytes: &[u8]| crate::opened(bytes).unwrap_err().to_string();
    assert_eq!(message(b""), "not a precompiled artifact: the file is empty");
    let wasm = message(b"\0asm\x01\0\0\0");
    assert!(wasm.ends_with("a WebAssembly module, which must be compiled first"), "{wasm}");
    let error = crate::opened_file("/proc/self/exe").unwrap_err();
    assert!(matches!(error, Error::Open(Some(_), OpenError::NotPrecast)), "{error:?}");
    let error = crate::opened_file("no/such/file.cwasm").unwrap_err().to_string();
    assert!(error.starts_with("cannot open `no/such/file.cwasm`: No such file"), "{error}");
    assert!(crate::opened_file("/").is_err());
}

#[test]
fn what_does_not_fit_this_machine() {
    let features = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        with_note(|note| note.cpu_features = names.clone())
    };
    features(&["pni", "cx16"]).unwrap();
    let error = features(&["pni", "telepathy", "amx_dreams"]).unwrap_err();
    assert!(error.to_string().contains("not know: telepathy, amx_dreams: compile"), "{error}");
    let error = with_note(|note| note.page_size = 2048).unwrap_err();
    assert!(matches!(error, Error::Open(None, OpenError::Damaged(_))));
    let version = Versions { context: 99, ..Versions::CURRENT };
    let error = with_note(|note| note.versions = version).unwrap_err().to_string();
    assert!(error.contains("compile the module again"), "{error}");
    let mut other = sample().build();
    other[18] = 183; // EM_AARCH64
    let error = crate::opened(&other).unwrap_err();
    assert!(matches!(error, Error::WrongArchitecture { here: "x86_64", .. }), "{error:?}");
    let outside = Range { offset: 1 << 40, size: 8 };
    assert!(with_note(|note| note.module = outside).is_err());
    assert!(with_note(|note| note.text.offset += 1).is_err());
}

#[test]
fn every_relocation_is_applied() {
    let mut m = Mock::new("relocations");
    let ty = m.ty(&[], &[ValType::I64]);
    let globals: Vec<i32> = {
        (0..4).for_each(|_| _ = m.global(ValType::I64, false, false));
        m.func("code", ty, |_| Code::framed(|c| c.raw(&[0x48, 0x89, 0xf8]))); // mov rax, rdi
        (0..4).map(|i| m.layout().global(GlobalIndex::new(i))).collect()
    };
    for (index, name) in ["text", "context", "type", "image"].iter().enumerate() {
        m.export(name, ExportKind::Global, index as u32);
    }
    m.reloc(RelocKind::Text, globals[0], 16);
    m.reloc(RelocKind::Context, globals[1], -8);
    m.reloc(RelocKind::TypeId, globals[2], 0);
    m.reloc(RelocKind::Image, globals[3], 1);
    m.template(globals[2], &[0xff; 8]);
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    let value = |name: &str| {
        let global = instance.get_global(&store, name).unwrap();
        global.get(&store).i64().unwrap() as u64
    };
    let [text, context, id, image] = ["text", "context", "type", "image"].map(value);
    assert_eq!((id >> 32, id as u32 == 0), (0xffff_ffff, false));
    assert_eq!(image % 4096, 1);
    assert!(text > image && (text - image) % 4096 == 15);
    let code = instance.get_typed_func::<(), u64>(&store, "code").unwrap();
    assert_eq!(code.call(&mut store, ()).unwrap(), context + 8);
}

#[test]
fn relocations_that_leave_their_bounds_are_refused() {
    let refused = |kind, offset, addend| {
        let mut m = sample();
        m.reloc(kind, offset, addend);
        let error = crate::opened(&m.build()).unwrap_err().to_string();
        assert!(error.starts_with("damaged artifact: module 0: relocation"), "{error}");
    };
    let size = sample().layout().size() as i32;
    assert!(size as u32 > CTX_FIXED_SIZE);
    for kind in [RelocKind::Text, RelocKind::Context, RelocKind::TypeId, RelocKind::Image] {
        for offset in [-size - 1, -size - 8, -3, 0, 1, i32::MIN, i32::MAX] {
            refused(kind, offset, 0);
        }
        refused(kind, -16, 1 << 40);
        refused(kind, -16, i64::MIN);
        refused(kind, -16, if kind == RelocKind::Context { 1 } else { -1 });
    }
    refused(RelocKind::Context, -16, -i64::from(size) - 1);
    refused(RelocKind::TypeId, -16, 1);
}

#[test]
fn memories_that_do_not_fit_are_refused() {
    let refused = |change: &dyn Fn(&mut Mock)| {
        let mut m = sample();
        change(&mut m);
        assert!(matches!(crate::opened(&m.build()), Err(Error::Open(None, OpenError::Damaged(_)))));
    };
    refused(&|m| m.module.memories[0].guard = u64::MAX);
    refused(&|m| m.module.memories[0].reservation = 1 << 60);
    refused(&|m| m.contents(0, 65536, b"beyond"));
    refused(&|m| m.contents(0, 4100, b"unaligned"));
    refused(&|m| m.contents(1, 0, b"no such memory"));
}

#[test]
fn memories_that_are_too_large_have_no_room() {
    for (min, reservation) in [(1, 100), (1 << 17, 1 << 34), (1 << 63, 1 << 33)] {
        let mut m = sample();
        m.module.memories[0].ty.limits.min = min;
        m.module.memories[0].reservation = reservation;
        let artifact = crate::opened(&m.build()).unwrap();
        let mut store = Store::new(());
        let error = Linker::new().instantiate(&mut store, &artifact).unwrap_err();
        assert!(matches!(error, Error::System(..)), "{error:?}");
        assert!(error.to_string().contains("is larger than the"), "{error}");
    }
}

/// Opens a damaged file and, if that works, makes an instance.
fn survives(bytes: &[u8]) -> bool {
    let Ok(artifact) = crate::opened(bytes) else { return false };
    let mut store = Store::new(());
    let mut linker = Linker::new();
    linker.define_unknown_functions(&artifact);
    if let Ok(instance) = linker.instantiate(&mut store, &artifact) {
        for (_, item) in instance.exports(&store) {
            let _ = item.memory().map(|memory| memory.size(&store));
        }
    }
    true
}

#[test]
fn damage_gives_an_error_or_is_harmless() {
    let plan = InstancePlan { module: ModuleIndex::new(0), links: Vec::new() };
    let (note, image) = mock::parts(vec![sample()], vec![plan]);
    let bytes = elf::write(&note, image);
    let head = 0..4096;
    let module = note.module.offset as usize..(note.module.offset + note.module.size) as usize;
    let mut opened = 0;
    let mut damaged = bytes.clone();
    for at in head.chain(module) {
        // The padding between headers and note changes nothing.
        if bytes[at] == 0 && bytes[at.saturating_sub(16)..at + 16].iter().all(|b| *b == 0) {
            continue;
        }
        for flip in [1, 0x80, 0xff] {
            damaged[at] ^= flip;
            opened += usize::from(survives(&damaged));
            damaged[at] = bytes[at];
        }
    }
    assert!(opened > 0);
}

#[test]
fn truncation_is_an_error() {
    let bytes = sample().build();
    for len in (0..bytes.len()).step_by(97) {
        let _ = survives(&bytes[..len]);
    }
    let error = crate::opened(&bytes[..8192]).unwrap_err().to_string();
    assert!(error.contains("truncated"), "{error}");
}

#[test]
fn a_file_may_be_replaced_while_it_is_open() {
    let dir = std::env::temp_dir().join(format!("precast-loader-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("app.cwasm");
    std::fs::write(&path, sample().build()).unwrap();
    let artifact = crate::opened_file(&path).unwrap();
    let new = dir.join("new");
    std::fs::write(&new, b"something else").unwrap();
    std::fs::rename(&new, &path).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
    assert_eq!(add.call(&mut store, (1, 2)).unwrap(), 3);
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(&memory.data(&store)[..8], b"contents");
    std::fs::remove_dir_all(&dir).unwrap();
}

/// An artifact linked at `base`.
fn linked_at(base: u64) -> Vec<u8> {
    let mut file = sample().build();
    let count = u16::from_le_bytes([file[56], file[57]]);
    for header in 0..usize::from(count) {
        // `p_vaddr` and `p_paddr`; the program headers follow the file header.
        for field in [64 + header * 56 + 16, 64 + header * 56 + 24] {
            let address = u64::from_le_bytes(file[field..field + 8].try_into().unwrap());
            file[field..field + 8].copy_from_slice(&base.wrapping_add(address).to_le_bytes());
        }
    }
    file
}

#[test]
fn an_image_is_mapped_at_its_link_base_if_that_is_free() {
    let add = |artifact: &Artifact| {
        let mut store = Store::new(());
        let instance = Linker::new().instantiate(&mut store, artifact).unwrap();
        let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
        add.call(&mut store, (2, 3)).unwrap()
    };
    let base = 0x1234_5660_0000_u64;
    let mapped = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().any(|line| line.starts_with(&format!("{base:x}-")))
    };
    let file = linked_at(base);
    let first = crate::opened(&file).unwrap();
    assert!(mapped());
    // The second of two goes elsewhere, and runs as well.
    let second = crate::opened(&file).unwrap();
    assert_eq!((add(&first), add(&second)), (5, 5));
    drop((first, second));
    assert!(!mapped());

    // What no mapping can be at is refused, or put elsewhere.
    let message = |base| crate::opened(&linked_at(base)).unwrap_err().to_string();
    assert!(message(0x1234).contains("damaged artifact: link base 0x1234"));
    assert!(message(u64::MAX << 12).contains("link base"));
    for base in [0x1000, 1 << 62] {
        assert_eq!(add(&crate::opened(&linked_at(base)).unwrap()), 5);
    }
}
