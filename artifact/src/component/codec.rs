//! The format, structure by structure.

use super::description::{
    AdaptedPreview1, CanonicalOptions, ComponentDescription, ComponentExport, ComponentImport,
    CoreItem, CoreRef, Leaf, NamedArgument, Step, StringEncoding, Trampoline, TrampolineKind,
    Transcode,
};
use super::types::{
    Case, ComponentFuncType, ComponentTypes, ComponentVal, CompositeVal, CoreModuleType, CoreType,
    Field, InstanceType, ItemType, NamedCoreImport, NamedCoreType, NamedItem, ResourceTableType,
};
use super::version::{Version, VersionedName};
use super::wire::{Wire, wire_enum, wire_struct};
use super::{SECTION, VERSION};
use crate::wire::{Reader, Result, Writer};

impl ComponentDescription {
    /// The section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u32(VERSION);
        self.write(&mut w);
        w.finish()
    }

    /// Reads the section. The result is well-formed, but nothing is known yet
    /// of its indices: see [`ComponentDescription::check`].
    ///
    /// # Errors
    ///
    /// The bytes are damaged or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(SECTION, bytes);
        let version = r.clone().u32()?;
        if version != VERSION {
            return Err(r.error(format!(
                "version {version}, this loader reads {VERSION}: compile the component again"
            )));
        }
        r.u32()?;
        let component = Self::read(&mut r)?;
        r.finish()?;
        Ok(component)
    }
}

wire_struct! {
    ComponentDescription {
        types, imports, leaves, imported_resources, resources, component_instances, trampolines,
        trap_codes, options, steps, export_items, exports, adapted,
    }
    AdaptedPreview1 { instance, leaves }
    ComponentTypes { values, functions, modules, instances, resource_tables }
    Field { name, ty }
    Case { name, ty }
    ComponentFuncType { params, result }
    InstanceType { exports }
    NamedItem { name, ty }
    CoreModuleType { imports, exports }
    NamedCoreImport { module, name, ty }
    NamedCoreType { name, ty }
    Version { major, minor, patch }
    VersionedName { track, version }
    ComponentImport { name, version, ty }
    Leaf { import, path }
    NamedArgument { module, name, item }
    Trampoline { ty, kind }
    CanonicalOptions { instance, encoding, memory, realloc, post_return, core_type }
}

wire_enum!(ComponentVal, "type of values" {
    0 => Bool, 1 => S8, 2 => U8, 3 => S16, 4 => U16, 5 => S32, 6 => U32, 7 => S64, 8 => U64,
    9 => F32, 10 => F64, 11 => Char, 12 => String, 13 => Own(table), 14 => Borrow(table),
    15 => Composite(index),
});

wire_enum!(CompositeVal, "composite type" {
    0 => Record(fields), 1 => Variant(cases), 2 => List(element), 3 => FixedList(element, count),
    4 => Map(key, value), 5 => Tuple(types), 6 => Flags(names), 7 => Enum(names), 8 => Option(some),
    9 => Result { ok, err },
});

wire_enum!(ItemType, "type of items" {
    0 => Function(ty), 1 => Instance(ty), 2 => Module(ty), 3 => Value(ty), 4 => Resource(table),
    5 => Component,
});

wire_enum!(ResourceTableType, "resource table" {
    0 => Concrete { resource, instance }, 1 => Abstract(number),
});

wire_enum!(CoreType, "core type" {
    0 => Function(ty), 1 => Table(ty), 2 => Memory(ty), 3 => Global(ty), 4 => Tag(ty),
});

wire_enum!(Step, "step" {
    0 => Instantiate { module, arguments, owner },
    1 => InstantiateImport { leaf, arguments, owner },
    2 => LowerImport { lowering, leaf },
    3 => Memory { slot, from },
    4 => Table { slot, from },
    5 => Realloc { slot, from },
    6 => PostReturn { slot, from },
    7 => Resource { resource, rep, destructor, instance },
});

wire_enum!(CoreItem, "core item" { 0 => Export(from), 1 => Trampoline(index), 2 => Flags(instance) });

wire_enum!(CoreRef, "core export" { 0 => Index { instance, item }, 1 => Name { instance, name } });

wire_enum!(TrampolineKind, "trampoline" {
    0 => LowerImport { lowering, ty, options },
    1 => Transcode { op, from, from64, to, to64 },
    2 => ResourceNew { instance, table },
    3 => ResourceRep { instance, table },
    4 => ResourceDrop { instance, table },
    5 => TransferOwn,
    6 => TransferBorrow,
    7 => EnterCall,
    8 => ExitCall,
    9 => Trap,
});

wire_enum!(Transcode, "conversion of strings" {
    0 => Utf8ToUtf8, 1 => Utf16ToUtf16, 2 => Latin1ToLatin1, 3 => Latin1ToUtf16, 4 => Latin1ToUtf8,
    5 => Utf16ToCompactProbablyUtf16, 6 => Utf16ToCompactUtf16, 7 => Utf16ToLatin1,
    8 => Utf16ToUtf8, 9 => Utf8ToCompactUtf16, 10 => Utf8ToLatin1, 11 => Utf8ToUtf16,
});

wire_enum!(StringEncoding, "encoding of strings" { 0 => Utf8, 1 => Utf16, 2 => Latin1OrUtf16 });

wire_enum!(ComponentExport, "export" {
    0 => Function { ty, function, options }, 1 => Module { ty, module },
    2 => ImportedModule { ty, leaf }, 3 => Instance(exports), 4 => Type(ty),
});
