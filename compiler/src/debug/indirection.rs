//! How the location of a variable is to be read, where producers mean more
//! than they say.
//!
//! * A structure that is passed or returned by value is in memory, and a local
//!   holds its address (the basic C ABI of WebAssembly passes aggregates
//!   directly only when they hold a single scalar). Clang describes it as if it
//!   were in the local.
//! * `this` is never written, nor is a reference, and debuggers look members up
//!   through both, so they become pointers and references of the process, to
//!   where the object is. (Members that are references have no location of
//!   their own, and stay as they are.)

use super::sections::{Bytes, Dwarf};
use super::units::Units;
use gimli::{Attribute, AttributeValue, DwTag, Unit, UnitOffset, constants as dw};

/// How deep types and entries are followed.
const DEEPEST: usize = 12;
/// Bytes of the largest aggregate that a local might hold itself.
const SMALLEST: u64 = 4;

/// How to read a location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Indirection {
    /// As it says.
    #[default]
    Direct,
    /// A local holds the address of the value.
    Indirect,
    /// The guest's address there is to be shown as one of the process.
    HostPointer,
}

type Attributes<'s, 'a> = &'s [Attribute<Bytes<'a>>];

/// What is meant by the location of a variable's or a parameter.
pub(super) fn of<'a>(
    units: &Units<'a>,
    dwarf: &Dwarf<'a>,
    unit: &Unit<Bytes<'a>>,
    tag: DwTag,
    attributes: Attributes<'_, 'a>,
) -> Indirection {
    if !matches!(tag, dw::DW_TAG_variable | dw::DW_TAG_formal_parameter) {
        return Indirection::Direct;
    }
    if host_pointer(dwarf, unit, attributes).is_some() {
        return Indirection::HostPointer;
    }
    if find(attributes, dw::DW_AT_location).is_none() {
        return Indirection::Direct;
    }
    let ty = inherited(unit, attributes, dw::DW_AT_type);
    let Some(AttributeValue::UnitRef(ty)) = ty else { return Indirection::Direct };
    match aggregate(units, unit, ty, 0) {
        Some(size) if tag == dw::DW_TAG_formal_parameter || size > SMALLEST => {
            Indirection::Indirect
        }
        _ => Indirection::Direct,
    }
}

/// For `this` and for references: the kind of pointer, and the type that it
/// points to. Also for instances of inlined functions, whose variables refer
/// to the entry that says so.
pub(super) fn host_pointer<'a>(
    dwarf: &Dwarf<'a>,
    unit: &Unit<Bytes<'a>>,
    attributes: Attributes<'_, 'a>,
) -> Option<(DwTag, UnitOffset)> {
    let AttributeValue::UnitRef(mut ty) = inherited(unit, attributes, dw::DW_AT_type)? else {
        return None;
    };
    for _ in 0..DEEPEST {
        let entry = unit.entry(ty).ok()?;
        let target = match entry.attr_value(dw::DW_AT_type) {
            Some(AttributeValue::UnitRef(target)) => target,
            _ => return None,
        };
        match entry.tag() {
            tag @ (dw::DW_TAG_reference_type | dw::DW_TAG_rvalue_reference_type) => {
                return Some((tag, target));
            }
            tag @ dw::DW_TAG_pointer_type => {
                inherited(unit, attributes, dw::DW_AT_artificial)?;
                return is_this(dwarf, unit, attributes).then_some((tag, target));
            }
            dw::DW_TAG_const_type | dw::DW_TAG_volatile_type | dw::DW_TAG_typedef => ty = target,
            _ => return None,
        }
    }
    None
}

/// Whether an artificial pointer is `this`. Declarations do not name it.
fn is_this<'a>(dwarf: &Dwarf<'a>, unit: &Unit<Bytes<'a>>, attributes: Attributes<'_, 'a>) -> bool {
    match inherited(unit, attributes, dw::DW_AT_name) {
        Some(name) => dwarf.attr_string(unit, name).is_ok_and(|name| name.slice() == b"this"),
        None => true,
    }
}

fn find<'a>(
    attributes: Attributes<'_, 'a>,
    name: gimli::DwAt,
) -> Option<AttributeValue<Bytes<'a>>> {
    attributes.iter().find(|a| a.name() == name).map(Attribute::value)
}

/// An attribute of an entry, or of the one that it is an instance of.
fn inherited<'a>(
    unit: &Unit<Bytes<'a>>,
    attributes: Attributes<'_, 'a>,
    name: gimli::DwAt,
) -> Option<AttributeValue<Bytes<'a>>> {
    if let Some(value) = find(attributes, name) {
        return Some(value);
    }
    let mut origin = find(attributes, dw::DW_AT_abstract_origin);
    for _ in 0..DEEPEST {
        let Some(AttributeValue::UnitRef(at)) = origin else { return None };
        let entry = unit.entry(at).ok()?;
        if let Some(value) = entry.attr_value(name) {
            return Some(value);
        }
        origin = entry.attr_value(dw::DW_AT_abstract_origin);
    }
    None
}

/// Size in bytes of an aggregate that does not hold a single scalar.
fn aggregate<'a>(
    units: &Units<'a>,
    unit: &Unit<Bytes<'a>>,
    ty: UnitOffset,
    depth: usize,
) -> Option<u64> {
    if depth == DEEPEST {
        return None;
    }
    let mut tree = unit.entries_tree(Some(ty)).ok()?;
    let node = tree.root().ok()?;
    let entry = node.entry();
    let target = match entry.attr_value(dw::DW_AT_type) {
        Some(AttributeValue::UnitRef(target)) => Some(target),
        _ => None,
    };
    // The type may have a unit for itself.
    if let Some(AttributeValue::DebugTypesRef(signature)) = entry.attr_value(dw::DW_AT_signature) {
        let (_, unit, ty) = units.type_unit(signature)?;
        return aggregate(units, unit, ty, depth + 1);
    }
    match entry.tag() {
        dw::DW_TAG_typedef | dw::DW_TAG_const_type | dw::DW_TAG_volatile_type => {
            aggregate(units, unit, target?, depth + 1)
        }
        dw::DW_TAG_structure_type | dw::DW_TAG_class_type | dw::DW_TAG_union_type => {
            let size = entry.attr_value(dw::DW_AT_byte_size)?.udata_value()?;
            let mut members = Vec::new();
            let mut children = node.children();
            while let Ok(Some(child)) = children.next() {
                let child = child.entry();
                let is_part = match child.tag() {
                    dw::DW_TAG_member => child.attr(dw::DW_AT_external).is_none(),
                    dw::DW_TAG_inheritance | dw::DW_TAG_variant_part => true,
                    _ => false,
                };
                if is_part {
                    members.push(child.attr_value(dw::DW_AT_type));
                }
                if members.len() > 1 {
                    return Some(size);
                }
            }
            // One member: as that member. None: nothing is passed.
            match members.pop()? {
                Some(AttributeValue::UnitRef(only)) => aggregate(units, unit, only, depth + 1),
                _ => Some(size),
            }
        }
        _ => None,
    }
}
