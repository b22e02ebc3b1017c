//! Pointers and references.
//!
//! Debuggers take the value of a pointer for an address of the process, and as
//! wide as one. A guest's pointer is neither, so it becomes a structure of its
//! width, which formatters turn into the address that it means:
//!
//! | child | what |
//! |-|-|
//! | typedef `__pointee` | the type pointed to |
//! | member `__address` | the guest's address, an unsigned number |
//! | member `_vptr$pointee` | the pointer as it was; lldb leaves out artificial members of such names, gdb's formatters ask it for the type pointed to |
//!
//! The structure is called what the pointer would be called: `char **`,
//! `int (*)(int)`, `node &`.

use super::sections::{Bytes, Dwarf};
use super::units::Units;
use gimli::{AttributeValue, DebugTypeSignature, DwTag, Unit, UnitOffset, constants as dw};

/// How deep types are looked into for a name, and how long it may become.
const DEEPEST: usize = 12;
const LONGEST: usize = 400;

/// Whether entries of this tag become structures.
pub(super) fn is_pointer(tag: DwTag) -> bool {
    matches!(
        tag,
        dw::DW_TAG_pointer_type | dw::DW_TAG_reference_type | dw::DW_TAG_rvalue_reference_type
    )
}

/// The name of a reference as it is called in memory: variables that are
/// references have the plain name, and lldb remembers how types are shown by
/// their names.
pub(super) fn of_guest(mut name: Vec<u8>) -> Vec<u8> {
    let start = name.iter().rposition(|byte| *byte != b'&').map_or(0, |last| last + 1);
    let amps = name.split_off(start);
    while name.last() == Some(&b' ') {
        name.pop();
    }
    name.extend_from_slice(b" __guest ");
    name.extend_from_slice(&amps);
    name
}

/// Names of a unit's types.
pub(super) struct TypeNames<'u, 'a> {
    units: &'u Units<'a>,
    dwarf: &'u Dwarf<'a>,
    unit: &'u Unit<Bytes<'a>>,
    /// Types and namespaces by offset, each with the position of the one around
    /// it.
    scopes: Vec<(usize, Option<u32>)>,
}

/// What is read of an entry.
#[derive(Default)]
struct TypeDie<'a> {
    tag: Option<DwTag>,
    name: Option<Bytes<'a>>,
    target: Option<UnitOffset>,
    count: Option<u64>,
    origin: Option<UnitOffset>,
}

impl<'u, 'a> TypeNames<'u, 'a> {
    pub(super) fn new(
        units: &'u Units<'a>,
        dwarf: &'u Dwarf<'a>,
        unit: &'u Unit<Bytes<'a>>,
    ) -> Self {
        let mut names = Self { units, dwarf, unit, scopes: Vec::new() };
        names.find_scopes();
        names
    }

    /// One pass over the unit, as far as it is sound.
    fn find_scopes(&mut self) {
        let Ok(mut entries) = self.unit.entries_raw(None) else { return };
        let mut open: Vec<Option<u32>> = Vec::new();
        while !entries.is_empty() {
            let offset = entries.next_offset();
            let abbreviation = match entries.read_abbreviation() {
                Ok(Some(abbreviation)) => abbreviation,
                Ok(None) => match open.pop() {
                    Some(_) if !open.is_empty() => continue,
                    _ => return,
                },
                Err(_) => return,
            };
            let around = open.last().copied().flatten();
            let mut inside = around;
            if is_scope(abbreviation.tag()) {
                self.scopes.push((offset.0, around));
                inside = Some(self.scopes.len() as u32 - 1);
            }
            if abbreviation.has_children() {
                open.push(inside);
            }
            if entries.skip_attributes(abbreviation.attributes()).is_err() {
                return;
            }
        }
    }

    /// The name of a pointer with this tag to `target`.
    pub(super) fn pointer(&self, tag: DwTag, target: Option<UnitOffset>) -> String {
        let mut name = self.declare(target, sign(tag).to_owned(), true, 0);
        if name.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
            name.truncate(end);
        }
        name
    }

    /// The name of a pointer to a member of `class`, and whether the member is a
    /// function.
    pub(super) fn member_pointer(
        &self,
        class: Option<UnitOffset>,
        ty: Option<UnitOffset>,
    ) -> (String, bool) {
        let class = class.map_or("?".to_owned(), |class| self.qualified(class, &self.entry(class)));
        let is_function =
            ty.is_some_and(|ty| self.entry(ty).tag == Some(dw::DW_TAG_subroutine_type));
        (self.declare(ty, format!("{class}::*"), true, 0), is_function)
    }

    /// The C declaration of `inner` as something of a type. `pointer` says
    /// whether `inner` begins with a pointer's sign.
    fn declare(
        &self,
        ty: Option<UnitOffset>,
        inner: String,
        pointer: bool,
        depth: usize,
    ) -> String {
        let Some(ty) = ty else { return join("void", &inner) };
        let entry = match depth < DEEPEST && inner.len() < LONGEST {
            true => self.entry(ty),
            false => TypeDie::default(),
        };
        let Some(tag) = entry.tag else { return join("?", &inner) };
        let bracket = |inner: String| if pointer { format!("({inner})") } else { inner };
        match tag {
            tag if is_pointer(tag) => match entry.name {
                Some(name) => join(&name.to_string_lossy(), &inner),
                None => {
                    let inner = format!("{}{inner}", sign(tag));
                    self.declare(entry.target, inner, true, depth + 1)
                }
            },
            dw::DW_TAG_const_type | dw::DW_TAG_volatile_type => {
                let word = if tag == dw::DW_TAG_const_type { "const" } else { "volatile" };
                let to_pointer = entry.target.and_then(|target| self.entry(target).tag);
                match to_pointer.is_some_and(is_pointer) {
                    true => {
                        let inner = join(word, &inner);
                        let inner = format!("{}{inner}", to_pointer.map_or("*", sign));
                        let target = entry.target.and_then(|target| self.entry(target).target);
                        self.declare(target, inner, true, depth + 1)
                    }
                    false => {
                        let name = self.declare(entry.target, inner, pointer, depth + 1);
                        format!("{word} {name}")
                    }
                }
            }
            dw::DW_TAG_restrict_type | dw::DW_TAG_atomic_type => {
                self.declare(entry.target, inner, pointer, depth + 1)
            }
            dw::DW_TAG_array_type => {
                let counts = self.counts(ty);
                self.declare(entry.target, bracket(inner) + &counts, false, depth + 1)
            }
            dw::DW_TAG_subroutine_type => {
                let parameters = self.parameters(ty, depth);
                self.declare(entry.target, bracket(inner) + &parameters, false, depth + 1)
            }
            _ => join(&self.qualified(ty, &entry), &inner),
        }
    }

    /// The name of a function, which its entry may have from another.
    pub(super) fn function(&self, entry: UnitOffset) -> String {
        let (mut at, mut depth) = (entry, 0);
        loop {
            let entry = self.entry(at);
            match entry.origin {
                Some(origin) if depth < DEEPEST => (at, depth) = (origin, depth + 1),
                _ if entry.name.is_some() => return self.qualified(at, &entry),
                _ => return "?".to_owned(),
            }
        }
    }

    /// The name of a type, with the scopes it stands in.
    fn qualified(&self, offset: UnitOffset, entry: &TypeDie<'a>) -> String {
        let mut name = own_name(entry, offset);
        let found = self.scopes.binary_search_by_key(&offset.0, |(offset, _)| *offset);
        let mut around = found.ok().and_then(|found| self.scopes[found].1);
        let mut depth = 0;
        while let Some(scope) = around
            && depth < DEEPEST
            && name.len() < LONGEST
        {
            let (offset, outer) = self.scopes[scope as usize];
            let offset = UnitOffset(offset);
            let scope = self.entry(offset);
            // Types inside functions are called by their own names.
            if scope.tag == Some(dw::DW_TAG_subprogram) {
                break;
            }
            name = format!("{}::{name}", own_name(&scope, offset));
            around = outer;
            depth += 1;
        }
        name
    }

    fn entry(&self, offset: UnitOffset) -> TypeDie<'a> {
        self.read(offset, &mut |_| {}).unwrap_or_default()
    }

    /// Reads an entry, then what comes after it until `child` has no more.
    fn read(&self, offset: UnitOffset, child: &mut dyn FnMut(TypeDie<'a>)) -> Option<TypeDie<'a>> {
        let mut entries = self.unit.entries_raw(Some(offset)).ok()?;
        let mut first = None;
        let mut depth = 0;
        for _ in 0..64 {
            let Some(abbreviation) = entries.read_abbreviation().ok()? else {
                depth -= 1;
                if depth <= 0 { break } else { continue }
            };
            let mut entry = TypeDie { tag: Some(abbreviation.tag()), ..TypeDie::default() };
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec).ok()?;
                match (attribute.name(), attribute.value()) {
                    (dw::DW_AT_name, value) => {
                        entry.name = self.dwarf.attr_string(self.unit, value).ok();
                    }
                    (dw::DW_AT_type, AttributeValue::UnitRef(target)) => {
                        entry.target = Some(target)
                    }
                    (
                        dw::DW_AT_abstract_origin | dw::DW_AT_specification,
                        AttributeValue::UnitRef(origin),
                    ) => entry.origin = Some(origin),
                    (dw::DW_AT_signature, AttributeValue::DebugTypesRef(signature)) => {
                        entry.name = entry.name.or_else(|| self.type_unit_name(signature));
                    }
                    (dw::DW_AT_count, value) => entry.count = value.udata_value(),
                    (dw::DW_AT_upper_bound, value) => {
                        entry.count = value.udata_value().and_then(|bound| bound.checked_add(1));
                    }
                    _ => {}
                }
            }
            let children = abbreviation.has_children();
            match first {
                None => {
                    first = Some(entry);
                    if !children {
                        break;
                    }
                }
                Some(_) if depth == 1 => child(entry),
                Some(_) => {}
            }
            depth += i32::from(children);
        }
        first
    }

    /// The name of a type that has a unit for itself.
    fn type_unit_name(&self, signature: DebugTypeSignature) -> Option<Bytes<'a>> {
        let (dwarf, unit, entry) = self.units.type_unit(signature)?;
        let name = unit.entry(entry).ok()?.attr_value(dw::DW_AT_name)?;
        dwarf.attr_string(unit, name).ok()
    }

    /// `[3][4]` of an array.
    fn counts(&self, array: UnitOffset) -> String {
        let mut counts = String::new();
        self.read(array, &mut |child| {
            if child.tag == Some(dw::DW_TAG_subrange_type) {
                counts += &child.count.map_or("[]".to_owned(), |count| format!("[{count}]"));
            }
        });
        counts
    }

    /// `(int, char *)` of a function.
    fn parameters(&self, function: UnitOffset, depth: usize) -> String {
        let mut parameters = Vec::new();
        self.read(function, &mut |child| match child.tag {
            Some(dw::DW_TAG_formal_parameter) => {
                parameters.push(self.declare(child.target, String::new(), false, depth + 4));
            }
            Some(dw::DW_TAG_unspecified_parameters) => parameters.push("...".to_owned()),
            _ => {}
        });
        format!("({})", parameters.join(", "))
    }
}

fn is_scope(tag: DwTag) -> bool {
    matches!(
        tag,
        dw::DW_TAG_namespace
            | dw::DW_TAG_structure_type
            | dw::DW_TAG_class_type
            | dw::DW_TAG_union_type
            | dw::DW_TAG_enumeration_type
            | dw::DW_TAG_typedef
            | dw::DW_TAG_subprogram
    )
}

fn sign(tag: DwTag) -> &'static str {
    match tag {
        dw::DW_TAG_reference_type => "&",
        dw::DW_TAG_rvalue_reference_type => "&&",
        _ => "*",
    }
}

/// An entry's name; what has none is told apart by its offset.
fn own_name(entry: &TypeDie<'_>, offset: UnitOffset) -> String {
    let kind = match (entry.name, entry.tag) {
        (Some(name), _) => return name.to_string_lossy().into_owned(),
        (None, Some(dw::DW_TAG_namespace)) => return "(anonymous namespace)".to_owned(),
        (None, Some(dw::DW_TAG_structure_type)) => "struct",
        (None, Some(dw::DW_TAG_class_type)) => "class",
        (None, Some(dw::DW_TAG_union_type)) => "union",
        (None, Some(dw::DW_TAG_enumeration_type)) => "enum",
        _ => "type",
    };
    format!("(unnamed {kind} {:#x})", offset.0)
}

fn join(name: &str, inner: &str) -> String {
    match inner {
        "" => name.to_owned(),
        _ => format!("{name} {inner}"),
    }
}
