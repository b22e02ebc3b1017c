//! Artifacts, read as the loader reads them.

use object::elf::{EM_AARCH64, EM_X86_64};
use precast_artifact::address_map::{AddressMap, MapEntry};
use precast_artifact::container::Container;
use precast_artifact::index::{FuncIndex, Number};
use precast_artifact::module::{Bounds, Description, Module, Range};
use precast_artifact::note::Note;

/// An image, read as the loader reads it.
pub(super) struct OpenedImage {
    pub file: Vec<u8>,
    pub note: Note,
    pub module: Module,
}

impl OpenedImage {
    pub(super) fn open(file: Vec<u8>) -> Self {
        let note = Container::open(&file).unwrap().note;
        let mut description = Description::decode(slice(&file, note.module)).unwrap();
        let bounds =
            Bounds { image: note.image_size, text: note.text, component: note.component.size != 0 };
        description.check(&bounds).unwrap();
        let module = description.modules.remove(0);
        Self { file, note, module }
    }

    pub(super) fn at(&self, range: Range) -> &[u8] {
        slice(&self.file, range)
    }

    pub(super) fn word(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.at(Range { offset: address, size: 4 }).try_into().unwrap())
    }

    pub(super) fn entries<V: Number>(&self, table: Range) -> Vec<MapEntry<V>> {
        AddressMap::new("test", self.at(table)).unwrap().iter().collect()
    }

    /// Address of an own function.
    pub(super) fn function(&self, index: u32) -> u64 {
        let entries: Vec<MapEntry<FuncIndex>> = self.entries(self.module.function_table);
        let entry = entries.iter().find(|entry| entry.value == FuncIndex::new(index)).unwrap();
        self.note.text.offset + u64::from(entry.code.get())
    }

    /// Where the call in a `caller` at this address leads.
    pub(super) fn callee(&self, caller: u64) -> u64 {
        let (place, distance) = match self.machine() {
            EM_X86_64 => (caller + 9, self.word(caller + 5) as i32),
            EM_AARCH64 => (caller + 8, (self.word(caller + 8) << 6) as i32 >> 4),
            _ => {
                let high = self.word(caller + 16) & 0xffff_f000;
                let low = self.word(caller + 20) as i32 >> 20;
                (caller + 16, (high as i32).wrapping_add(low))
            }
        };
        place.wrapping_add_signed(distance.into())
    }

    pub(super) fn machine(&self) -> u16 {
        Container::open(&self.file).unwrap().machine
    }
}

pub(super) fn slice(file: &[u8], range: Range) -> &[u8] {
    &file[range.offset as usize..][..range.size as usize]
}
