//! How values of each type lie in memory and in core parameters (canonical ABI,
//! "Alignment", "Element Size" and "Flattening").
//!
//! | type | size | alignment | flat |
//! |-|-|-|-|
//! | numbers, `char` | theirs | theirs | one |
//! | `string`, `list`, `map` | 8 | 4 | address, length |
//! | `own`, `borrow` | 4 | 4 | `i32` |
//! | record, tuple, list of fixed length | fields one after the other, aligned | the largest | those of all |
//! | variant, `enum`, `option`, `result` | number of the case, then the largest | the largest | `i32`, then of each place a type that holds every case's |
//! | `flags` | a bit each, of 1, 2 or 4 bytes | its size | `i32` |

use precast_artifact::component::{ComponentDescription, ComponentVal, CompositeVal};
use std::sync::Arc;

/// Core parameters that are not passed through memory.
pub(crate) const MAX_FLAT_PARAMS: usize = 16;
/// Core results that are not passed through memory.
pub(crate) const MAX_FLAT_RESULTS: usize = 1;

/// A core type that values are flattened to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FlatType {
    I32,
    I64,
    F32,
    F64,
}

/// How values of a type lie in memory and in parameters.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    size: u64,
    align: u32,
    /// Of a type with cases: where what they carry begins.
    payload: u32,
    /// None if there are more than fit into parameters.
    flat: Option<Box<[FlatType]>>,
}

/// The types of a component with their shapes.
#[derive(Debug)]
pub(crate) struct Types {
    component: Arc<ComponentDescription>,
    shapes: Vec<Shape>,
}

impl Types {
    /// Computes all shapes.
    pub(crate) fn new(component: Arc<ComponentDescription>) -> Self {
        let mut types = Self { component, shapes: Vec::new() };
        let component = types.component.clone();
        for value in &component.types.values {
            let shape = types.of_composite(value);
            types.shapes.push(shape);
        }
        types
    }

    /// The component that they are of.
    pub(crate) fn component(&self) -> &ComponentDescription {
        &self.component
    }

    /// What a composite type is made of.
    pub(crate) fn composite(&self, ty: ComponentVal) -> Option<&CompositeVal> {
        match ty {
            ComponentVal::Composite(index) => Some(&self.component.types.values[index.index()]),
            _ => None,
        }
    }

    /// Size in bytes. Lists of fixed length may be larger than any memory.
    pub(crate) fn size(&self, ty: ComponentVal) -> u64 {
        match ty {
            ComponentVal::Composite(index) => self.shapes[index.index()].size,
            _ => simple(ty).0,
        }
    }

    /// Alignment in bytes.
    pub(crate) fn align(&self, ty: ComponentVal) -> u32 {
        match ty {
            ComponentVal::Composite(index) => self.shapes[index.index()].align,
            _ => simple(ty).1,
        }
    }

    /// Where what the cases carry begins, of a type that has cases.
    pub(crate) fn payload_offset(&self, ty: ComponentVal) -> u32 {
        match ty {
            ComponentVal::Composite(index) => self.shapes[index.index()].payload,
            _ => 0,
        }
    }

    /// Core types; none if there are more than fit into parameters.
    pub(crate) fn flat(&self, ty: ComponentVal) -> Option<&[FlatType]> {
        match ty {
            ComponentVal::Composite(index) => self.shapes[index.index()].flat.as_deref(),
            _ => Some(simple(ty).2),
        }
    }

    /// How many core values these are together, if they fit into `most`.
    pub(crate) fn flat_count(
        &self,
        tys: impl IntoIterator<Item = ComponentVal>,
        most: usize,
    ) -> Option<usize> {
        let mut count = 0;
        for ty in tys {
            count += self.flat(ty)?.len();
            if count > most {
                return None;
            }
        }
        Some(count)
    }

    /// Size and alignment of a tuple of these.
    pub(crate) fn tuple(&self, tys: impl IntoIterator<Item = ComponentVal>) -> (u64, u32) {
        let (mut size, mut align) = (0, 1);
        for ty in tys {
            size = align_up(size, self.align(ty)) + self.size(ty);
            align = align.max(self.align(ty));
        }
        (align_up(size, align), align)
    }

    fn of_composite(&self, value: &CompositeVal) -> Shape {
        match value {
            CompositeVal::Record(fields) => self.in_order(fields.iter().map(|field| field.ty)),
            CompositeVal::Tuple(tys) => self.in_order(tys.iter().copied()),
            CompositeVal::List(_) | CompositeVal::Map(..) => {
                let (size, align, flat) = simple(ComponentVal::String);
                Shape { size, align, payload: 0, flat: Some(flat.into()) }
            }
            CompositeVal::FixedList(ty, count) => {
                let one = self.flat(*ty);
                let fits = one.is_some_and(|one| one.len() * *count as usize <= MAX_FLAT_PARAMS);
                let flat = one.filter(|_| fits).map(|one| one.repeat(*count as usize).into());
                let size = self.size(*ty).saturating_mul((*count).into());
                Shape { size, align: self.align(*ty), payload: 0, flat }
            }
            CompositeVal::Flags(names) => {
                let (size, align) = match names.len() {
                    0 => (0, 1),
                    1..=8 => (1, 1),
                    9..=16 => (2, 2),
                    count => (count.div_ceil(32) as u64 * 4, 4),
                };
                let words = names.len().div_ceil(32);
                let flat = (words <= MAX_FLAT_PARAMS).then(|| vec![FlatType::I32; words].into());
                Shape { size, align, payload: 0, flat }
            }
            _ => self.with_cases(value),
        }
    }

    fn in_order(&self, tys: impl Iterator<Item = ComponentVal> + Clone) -> Shape {
        let (size, align) = self.tuple(tys.clone());
        let mut flat = Some(Vec::new());
        for ty in tys {
            flat = flat.zip(self.flat(ty)).map(|(mut flat, more)| {
                flat.extend_from_slice(more);
                flat
            });
        }
        let flat = flat.filter(|flat| flat.len() <= MAX_FLAT_PARAMS).map(Into::into);
        Shape { size, align, payload: 0, flat }
    }

    fn with_cases(&self, value: &CompositeVal) -> Shape {
        let count = case_count(value);
        let number = number_size(count);
        let payloads = (0..count).filter_map(|case| payload(value, case).flatten());
        let (mut size, mut align) = (0, 1);
        let mut flat = Some(vec![FlatType::I32]);
        for ty in payloads {
            size = size.max(self.size(ty));
            align = align.max(self.align(ty));
            flat = flat.zip(self.flat(ty)).map(|(flat, more)| join(flat, more));
        }
        let flat = flat.filter(|flat| flat.len() <= MAX_FLAT_PARAMS).map(Into::into);
        let offset = align_up(number.into(), align);
        let align = align.max(number);
        Shape { size: align_up(offset + size, align), align, payload: offset as u32, flat }
    }
}

/// Core types that hold those of a further case too, after the case's number.
fn join(mut flat: Vec<FlatType>, case: &[FlatType]) -> Vec<FlatType> {
    for (index, ty) in case.iter().enumerate() {
        match flat.get_mut(index + 1) {
            Some(joined) if joined == ty => {}
            Some(joined) => {
                let narrow = |ty| matches!(ty, FlatType::I32 | FlatType::F32);
                let both = narrow(*joined) && narrow(*ty);
                *joined = if both { FlatType::I32 } else { FlatType::I64 };
            }
            None => flat.push(*ty),
        }
    }
    flat
}

/// How many cases a type has; zero if it is of another kind.
pub(crate) fn case_count(value: &CompositeVal) -> u32 {
    match value {
        CompositeVal::Variant(cases) => cases.len() as u32,
        CompositeVal::Enum(names) => names.len() as u32,
        CompositeVal::Option(_) | CompositeVal::Result { .. } => 2,
        _ => 0,
    }
}

/// What a case carries; nothing if there is no such case.
pub(crate) fn payload(value: &CompositeVal, case: u32) -> Option<Option<ComponentVal>> {
    match (value, case) {
        (CompositeVal::Variant(cases), _) => cases.get(case as usize).map(|case| case.ty),
        (CompositeVal::Enum(names), _) => names.get(case as usize).map(|_| None),
        (CompositeVal::Option(_), 0) => Some(None),
        (CompositeVal::Option(some), 1) => Some(Some(*some)),
        (CompositeVal::Result { ok, .. }, 0) => Some(*ok),
        (CompositeVal::Result { err, .. }, 1) => Some(*err),
        _ => None,
    }
}

/// Bytes of the number that says which of so many cases it is.
pub(crate) const fn number_size(cases: u32) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// The next multiple of an alignment, a power of two.
#[inline]
pub(crate) const fn align_up(value: u64, align: u32) -> u64 {
    let mask = align as u64 - 1;
    value.saturating_add(mask) & !mask
}

/// Size, alignment and core types of a type that is not made of others.
fn simple(ty: ComponentVal) -> (u64, u32, &'static [FlatType]) {
    use FlatType::{F32, F64, I32, I64};
    match ty {
        ComponentVal::Bool | ComponentVal::S8 | ComponentVal::U8 => (1, 1, &[I32]),
        ComponentVal::S16 | ComponentVal::U16 => (2, 2, &[I32]),
        ComponentVal::S32 | ComponentVal::U32 | ComponentVal::Char => (4, 4, &[I32]),
        ComponentVal::Own(_) | ComponentVal::Borrow(_) => (4, 4, &[I32]),
        ComponentVal::S64 | ComponentVal::U64 => (8, 8, &[I64]),
        ComponentVal::F32 => (4, 4, &[F32]),
        ComponentVal::F64 => (8, 8, &[F64]),
        ComponentVal::String => (8, 4, &[I32, I32]),
        ComponentVal::Composite(_) => unreachable!("callers have a shape for these"),
    }
}

#[cfg(test)]
mod tests {
    use super::FlatType::{F32, F64, I32, I64};
    use super::*;
    use precast_artifact::component::{Case, ComponentTypes, Field};
    use precast_artifact::index::ComponentTypeIndex;

    /// Shapes of types, each of which may refer to those before it.
    fn types(values: Vec<CompositeVal>) -> Types {
        let types = ComponentTypes { values, ..Default::default() };
        Types::new(Arc::new(ComponentDescription { types, ..Default::default() }))
    }

    fn composite(index: u32) -> ComponentVal {
        ComponentVal::Composite(ComponentTypeIndex::new(index))
    }

    fn case(ty: Option<ComponentVal>) -> Case {
        Case { name: "a".to_owned(), ty }
    }

    #[test]
    fn records_are_aligned() {
        let field = |ty| Field { name: "a".to_owned(), ty };
        use ComponentVal::{String, U8, U16, U64};
        let types = types(vec![
            CompositeVal::Record(vec![field(U8), field(U64), field(U16)]),
            CompositeVal::Tuple(vec![U8, composite(0), String]),
            CompositeVal::FixedList(U16, 3),
            CompositeVal::FixedList(composite(1), u32::MAX),
        ]);
        assert_eq!((types.size(composite(0)), types.align(composite(0))), (24, 8));
        assert_eq!(types.flat(composite(0)), Some(&[I32, I64, I32][..]));
        assert_eq!((types.size(composite(1)), types.align(composite(1))), (40, 8));
        assert_eq!((types.size(composite(2)), types.align(composite(2))), (6, 2));
        assert_eq!(types.flat(composite(2)), Some(&[I32; 3][..]));
        assert_eq!(types.size(composite(3)), 40 * u64::from(u32::MAX));
        assert_eq!(types.flat(composite(3)), None);
    }

    #[test]
    fn cases_share_their_place() {
        use ComponentVal::{F32 as f32_, F64 as f64_, S32, String, U8};
        let types = types(vec![
            CompositeVal::Variant(vec![case(Some(f32_)), case(None), case(Some(S32))]),
            CompositeVal::Variant(vec![case(Some(String)), case(Some(f64_))]),
            CompositeVal::Option(U8),
            CompositeVal::Result { ok: None, err: Some(f64_) },
            CompositeVal::Enum(vec!["a".to_owned(); 257]),
            CompositeVal::Option(f32_),
        ]);
        let shape = |index| (types.size(composite(index)), types.payload_offset(composite(index)));
        assert_eq!((shape(0), types.flat(composite(0))), ((8, 4), Some(&[I32, I32][..])));
        assert_eq!((shape(1), types.flat(composite(1))), ((16, 8), Some(&[I32, I64, I32][..])));
        assert_eq!((shape(2), types.flat(composite(2))), ((2, 1), Some(&[I32, I32][..])));
        assert_eq!((shape(3), types.flat(composite(3))), ((16, 8), Some(&[I32, F64][..])));
        assert_eq!((shape(4), types.flat(composite(4))), ((2, 2), Some(&[I32][..])));
        assert_eq!(types.flat(composite(5)), Some(&[I32, F32][..]));
    }

    #[test]
    fn flags_take_a_bit_each() {
        let flags = |count| CompositeVal::Flags(vec!["a".to_owned(); count]);
        let types = types(vec![flags(8), flags(9), flags(17), flags(33)]);
        let sizes = [0, 1, 2, 3].map(|index| types.size(composite(index)));
        assert_eq!(sizes, [1, 2, 4, 8]);
        assert_eq!(types.flat(composite(3)), Some(&[I32, I32][..]));
    }

    #[test]
    fn what_does_not_fit_goes_through_memory() {
        use ComponentVal::String;
        let types = types(vec![
            CompositeVal::Tuple(vec![String; 8]),
            CompositeVal::Tuple(vec![String; 9]),
            CompositeVal::Option(composite(0)),
        ]);
        assert_eq!(types.flat(composite(0)).map(<[_]>::len), Some(16));
        assert_eq!(types.flat(composite(1)), None);
        assert_eq!(types.flat(composite(2)), None);
        let strings = [String; 3];
        assert_eq!(types.flat_count(strings, MAX_FLAT_PARAMS), Some(6));
        assert_eq!(types.flat_count(strings, MAX_FLAT_RESULTS), None);
        assert_eq!(types.tuple([ComponentVal::U8, String]), (12, 4));
    }
}
