//! Artifacts of several modules, and places before anything is written.

use super::read::{OpenedImage, slice};
use super::sample::{MACHINES, function, linked, sample};
use crate::place::Placement;
use precast_artifact::container::{Container, symbol_at};
use precast_artifact::index::CodeOffset;
use precast_artifact::module::{Bounds, Description};

#[test]
fn places_are_known_before_anything_is_written() {
    let placed = sample(MACHINES[0]).place().unwrap();
    let place = |index| placed.find(function(index));
    let at = |start, size| Some(Placement { start: CodeOffset::new(start), size });
    assert_eq!(place(1), at(0, 11));
    // The last is folded into the second, the third was removed.
    assert_eq!(place(2), at(16, 8));
    assert_eq!((place(3), place(4)), (None, place(2)));
    assert_eq!((placed.functions, placed.folded), (3, 1));
    assert!(placed.texts[0].functions[3].is_none());
    let pages: Vec<_> =
        placed.modules[0].memory.iter().map(|run| (run.address, run.bytes.len())).collect();
    assert_eq!(pages, [(0, 8192), (0x30000, 4096)]);

    let image = OpenedImage::open(linked(sample(MACHINES[0])).0);
    assert_eq!(image.function(2), image.function(1) + 16);
}

#[test]
fn each_module_has_what_it_would_have_alone() {
    for target in MACHINES {
        let mut second = sample(target);
        second.names = vec!["other_first", "other_leaf", "", ""];
        second.data = vec![b"", b"HELLO"];
        let file = sample(target).linked_with(second);
        let note = Container::open(&file).unwrap().note;
        let description = Description::decode(slice(&file, note.module)).unwrap();
        description
            .check(&Bounds {
                image: note.image_size,
                text: note.text,
                component: note.component.size != 0,
            })
            .unwrap();
        assert_eq!((description.modules.len(), description.instances.len()), (2, 2));
        let images = description.modules.into_iter().map(|module| OpenedImage {
            file: file.clone(),
            note: note.clone(),
            module,
        });
        let images: Vec<OpenedImage> = images.collect();
        for (image, (names, data)) in images.iter().zip([
            (["first", "leaf"], [&b""[..], b"hello", b"world"].as_slice()),
            (["other_first", "other_leaf"], &[b"", b"HELLO"]),
        ]) {
            let module = &image.module;
            for (index, name) in [1, 2].into_iter().zip(names) {
                assert_eq!(symbol_at(&file, image.function(index)), Some(name.as_bytes()));
            }
            // Calls and table entries stay within the module.
            assert_eq!(image.callee(image.function(1)), image.function(2));
            let table = module.tables[0].image;
            let entry = image.word(table.offset + 4) as i32;
            assert_eq!(table.offset.wrapping_add_signed(entry.into()), image.function(1));
            for stub in module.entry_stubs.iter().chain(&module.host_stubs) {
                let code = note.text.offset + u64::from(stub.code.get());
                assert_eq!(image.callee(code), image.function(1));
            }
            assert_eq!((module.entry_stubs.len(), module.host_stubs.len()), (2, 1));
            let contents: Vec<&[u8]> = module.data.iter().map(|range| image.at(*range)).collect();
            assert_eq!(contents, data);
            assert_eq!(image.at(module.context).iter().filter(|byte| **byte != 0).count(), 1);
            assert_eq!(module.runs.len(), 2);
            assert_eq!(image.at(module.runs[1].image)[..100], [2; 100]);
        }
        // Equal code of two modules is not shared.
        assert_ne!(images[0].function(2), images[1].function(2));
    }
}
