//! One way to encode structures: their fields in order, lists with a count
//! before them, enums with a number before their fields.

use crate::index;
use crate::module::{EntityIndex, ExportKind};
use crate::trap::TrapCode;
use crate::types::{FuncType, GlobalType, MemoryType, TableType, ValType};
use crate::wire::{Reader, Result, Writer};

/// What can be written and read back.
pub(super) trait Wire: Sized {
    fn write(&self, w: &mut Writer);
    fn read(r: &mut Reader<'_>) -> Result<Self>;
}

/// Structures: the fields in the order of the format.
macro_rules! wire_struct {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Wire for $name {
            fn write(&self, w: &mut Writer) {
                $(self.$field.write(w);)*
            }

            fn read(r: &mut Reader<'_>) -> Result<Self> {
                Ok(Self { $($field: Wire::read(r)?),* })
            }
        }
    )*};
}

/// Enums: the number of each variant, and its fields.
macro_rules! wire_enum {
    ($name:ident, $what:literal { $($number:literal =>
        $variant:ident $(($($part:ident),*))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl Wire for $name {
            fn write(&self, w: &mut Writer) {
                match self {
                    $(Self::$variant $(($($part),*))? $({ $($field),* })? => {
                        w.u8($number);
                        $($($part.write(w);)*)?
                        $($($field.write(w);)*)?
                    })*
                }
            }

            fn read(r: &mut Reader<'_>) -> Result<Self> {
                Ok(match r.u8()? {
                    $($number => {
                        $($(let $part = Wire::read(r)?;)*)?
                        $($(let $field = Wire::read(r)?;)*)?
                        Self::$variant $(($($part),*))? $({ $($field),* })?
                    })*
                    other => return Err(r.error(format!(concat!("unknown ", $what, " {}"), other))),
                })
            }
        }
    };
}

pub(super) use {wire_enum, wire_struct};

/// Types with an encoding of their own.
macro_rules! own_encoding {
    ($($name:ty),* $(,)?) => {$(
        impl Wire for $name {
            fn write(&self, w: &mut Writer) {
                self.encode(w);
            }

            fn read(r: &mut Reader<'_>) -> Result<Self> {
                Self::decode(r)
            }
        }
    )*};
}

own_encoding! {
    index::ComponentExportIndex, index::ComponentFuncTypeIndex, index::ComponentImportIndex,
    index::ComponentInstanceIndex, index::ComponentInstanceTypeIndex, index::ComponentTypeIndex,
    index::CoreModuleTypeIndex, index::InstanceIndex, index::LeafIndex, index::LoweringIndex,
    index::MemorySlot, index::ModuleIndex, index::OptionsIndex, index::PostReturnSlot,
    index::ReallocSlot, index::ResourceIndex, index::ResourceTableIndex, index::TableSlot,
    index::TrampolineIndex, FuncType, GlobalType, MemoryType, TableType, ValType,
}

impl Wire for u32 {
    fn write(&self, w: &mut Writer) {
        w.leb((*self).into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.leb32()
    }
}

impl Wire for u64 {
    fn write(&self, w: &mut Writer) {
        w.leb(*self);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.leb()
    }
}

impl Wire for bool {
    fn write(&self, w: &mut Writer) {
        w.u8((*self).into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.bool()
    }
}

impl Wire for String {
    fn write(&self, w: &mut Writer) {
        w.str(self);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        Ok(r.str()?.to_owned())
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, w: &mut Writer) {
        w.list(self, |w, item| item.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.list(T::read)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, w: &mut Writer) {
        w.option(self, |w, item| item.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.option(T::read)
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, w: &mut Writer) {
        self.0.write(w);
        self.1.write(w);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        Ok((A::read(r)?, B::read(r)?))
    }
}

impl Wire for TrapCode {
    fn write(&self, w: &mut Writer) {
        w.u8(*self as u8);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let number = r.u8()?;
        Self::from_u8(number).ok_or_else(|| r.error(format!("unknown trap code {number}")))
    }
}

impl Wire for EntityIndex {
    fn write(&self, w: &mut Writer) {
        w.u8(self.kind() as u8);
        w.leb(self.number().into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let kind = match r.u8()? {
            0 => ExportKind::Function,
            1 => ExportKind::Table,
            2 => ExportKind::Memory,
            3 => ExportKind::Global,
            4 => ExportKind::Tag,
            other => return Err(r.error(format!("unknown kind {other} of a core item"))),
        };
        Ok(Self::new(kind, r.leb32()?))
    }
}
