//! What safe code can do wrong with the interface: an error comes of it.

use crate::{I32, ints, opened};
use precast_loader::{
    Artifact, Error, FuncType, Global, GlobalType, HeapType, Memory, MemoryType, RefType,
    SizeLimits, Store, Table, TableType, Tag, TypeId, Val, ValType,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A reference to a type that no artifact of this process has.
const NOWHERE: RefType =
    RefType { nullable: true, heap: HeapType::Concrete(TypeId::new(u32::MAX >> 1)) };

fn usage<T>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Usage(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn memory_types_that_do_not_exist_are_refused() {
    let mut store = Store::new(());
    let good = MemoryType {
        limits: SizeLimits { min: 1, max: Some(2) },
        index64: false,
        shared: false,
        page_size_log2: 16,
    };
    Memory::new(&mut store, good).unwrap();
    for page_size_log2 in [1, 12, 63, 64, 70, 255] {
        let why = usage(Memory::new(&mut store, MemoryType { page_size_log2, ..good }));
        assert!(why.contains("pages of 2^"), "{why}");
    }
    for limits in [
        SizeLimits { min: 3, max: Some(2) },
        SizeLimits { min: 0, max: Some(65537) },
        SizeLimits { min: u64::MAX, max: None },
    ] {
        let why = usage(Memory::new(&mut store, MemoryType { limits, ..good }));
        assert!(why.starts_with("limits from"), "{why}");
    }
    usage(Memory::new(&mut store, MemoryType { shared: true, ..good }));
    usage(Memory::with_reservation(&mut store, MemoryType { page_size_log2: 70, ..good }, 1));
}

#[test]
fn table_types_that_do_not_exist_are_refused() {
    let mut store = Store::new(());
    let good = TableType {
        element: RefType::FUNCREF,
        limits: SizeLimits { min: 1, max: Some(2) },
        index64: false,
    };
    let null = Val::FuncRef(None);
    Table::new(&mut store, good, null).unwrap();
    usage(Table::new(&mut store, TableType { element: NOWHERE, ..good }, null));
    for limits in [SizeLimits { min: 3, max: Some(2) }, SizeLimits { min: 0, max: Some(1 << 32) }] {
        usage(Table::new(&mut store, TableType { limits, ..good }, null));
    }
}

#[test]
fn types_of_globals_and_tags_that_do_not_exist_are_refused() {
    let mut store = Store::new(());
    let global = GlobalType { value: ValType::Ref(NOWHERE), mutable: true };
    usage(Global::new(&mut store, global, Val::FuncRef(None)));
    let params = |params: &[ValType]| FuncType { params: params.to_vec(), results: Vec::new() };
    usage(Tag::new(&mut store, &params(&[ValType::Ref(NOWHERE)])));
    usage(Tag::new(&mut store, &ints(1, 1)));
    Tag::new(&mut store, &params(&[I32])).unwrap();
}

#[test]
fn a_file_that_others_can_write_is_not_opened_as_owned() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("owned");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("app.cwasm");
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    fs::write(&file, crate::calls::caller().build()).unwrap();
    mode(&folder, 0o700);
    for (file_mode, folder_mode, says) in [
        (0o644, 0o755, None),
        (0o664, 0o755, Some("it can be written by others (mode 664)")),
        (0o646, 0o755, Some("it can be written by others (mode 646)")),
        (0o644, 0o775, Some("can be written by others (mode 775)")),
        (0o644, 0o1777, None),
    ] {
        mode(&file, file_mode);
        mode(&folder, folder_mode);
        match (Artifact::open_owned(&file), says) {
            (Ok(_), None) => {}
            (Err(Error::Untrusted(path, why)), Some(says)) => {
                assert!(path == file && why.contains(says), "{why}");
            }
            (other, says) => panic!("{says:?}: {other:?}"),
        }
    }
    mode(&folder, 0o700);
    let link = folder.join("link.cwasm");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink("/proc/self/exe", &link).unwrap();
    assert!(Artifact::open_owned(&link).is_err());
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_that_belongs_to_another_user_is_not_opened_as_owned() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("anothers.cwasm");
    fs::write(&file, crate::calls::caller().build()).unwrap();
    if std::os::unix::fs::chown(&file, Some(12345), None).is_err() {
        eprintln!("skipped: only the superuser can give files away");
        return;
    }
    let opened_as_owned = Artifact::open_owned(&file);
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let Err(Error::Untrusted(_, why)) = opened_as_owned else { panic!("{opened_as_owned:?}") };
    assert_eq!(why, "it belongs to user 12345");
    opened(&bytes).unwrap();
}
