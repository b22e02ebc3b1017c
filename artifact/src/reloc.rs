//! Relocations: what the loader writes into the context of a new instance,
//! on top of the context template. Text has none.
//!
//! A context template is the bytes of `[context - size, context)` with every
//! constant in place: initial values of globals, for example. A relocation
//! names a place in it, as a (negative) offset from the context address, and
//! what is written there:
//!
//! | kind | number | bytes | value |
//! |-|-|-|-|
//! | [`RelocKind::Text`] | 1 | 8 | address of the module's code + addend |
//! | [`RelocKind::Context`] | 2 | 8 | context address + addend |
//! | [`RelocKind::TypeId`] | 3 | 4 | interned id of the canonical type `addend` |
//! | [`RelocKind::Image`] | 4 | 8 | address of the image + addend |

use crate::wire::{Reader, Result, Writer};

/// What a relocation writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RelocKind {
    /// Address of the start of the module's code plus the addend.
    Text = 1,
    /// Address of the context plus the addend.
    Context = 2,
    /// Interned id of the canonical type whose index is the addend.
    TypeId = 3,
    /// Address where the image is mapped plus the addend.
    Image = 4,
}

impl RelocKind {
    /// Number of bytes written.
    pub fn size(self) -> u32 {
        match self {
            Self::TypeId => 4,
            Self::Text | Self::Context | Self::Image => 8,
        }
    }

    fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Text,
            2 => Self::Context,
            3 => Self::TypeId,
            4 => Self::Image,
            _ => return None,
        })
    }
}

/// One relocation of a context template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reloc {
    /// What is written.
    pub kind: RelocKind,
    /// Where: offset from the context address, negative.
    pub offset: i32,
    /// Addend, see [`RelocKind`].
    pub addend: i64,
}

/// The ranges that relocations are checked against when a file is opened.
#[derive(Clone, Copy, Debug)]
pub struct RelocBounds {
    /// Size of the context in bytes.
    pub context: u32,
    /// Size of the module's code in bytes.
    pub text: u64,
    /// Size of the mapped image in bytes.
    pub image: u64,
    /// Number of canonical types.
    pub types: u32,
}

impl Reloc {
    /// Appends the encoding.
    pub fn encode(&self, w: &mut Writer) {
        w.u8(self.kind as u8);
        w.zigzag(self.offset.into());
        w.zigzag(self.addend);
    }

    /// Reads what [`Reloc::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let number = r.u8()?;
        let kind = RelocKind::from_u8(number)
            .ok_or_else(|| r.error(format!("unknown relocation kind {number}")))?;
        let offset = r.zigzag()?;
        let offset = i32::try_from(offset)
            .map_err(|_| r.error(format!("relocation at {offset}, outside any context")))?;
        Ok(Self { kind, offset, addend: r.zigzag()? })
    }

    /// Says why the relocation must not be applied, if so: its place leaves
    /// the context, or its value what it points into.
    pub fn check(&self, bounds: &RelocBounds) -> std::result::Result<(), String> {
        let end = i64::from(self.offset) + i64::from(self.kind.size());
        if i64::from(self.offset) < -i64::from(bounds.context) || end > 0 {
            return Err(format!(
                "relocation of {} bytes at {} lies outside the context of {} bytes",
                self.kind.size(),
                self.offset,
                bounds.context
            ));
        }
        let (low, high, what) = match self.kind {
            RelocKind::Text => (0, bounds.text as i64, "the code"),
            RelocKind::Context => (-i64::from(bounds.context), 0, "the context"),
            RelocKind::TypeId => (0, i64::from(bounds.types) - 1, "the type list"),
            RelocKind::Image => (0, bounds.image as i64, "the image"),
        };
        if self.addend < low || self.addend > high {
            return Err(format!(
                "relocation {:?} at {} has addend {}, outside {what} ({low}..={high})",
                self.kind, self.offset, self.addend
            ));
        }
        Ok(())
    }
}
