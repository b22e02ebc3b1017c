//! Proof that a context holds what the loader reads back from it: records of
//! functions, and references in globals. It follows both.
//!
//! Relocations are in order of their places: first three for each record, in
//! the order of [`Module::funcrefs`], then those of defined globals. The template
//! is used for defined globals alone.

use super::bounds::Check;
use super::description::Module;
use crate::abi::{ContextLayout, FUNCREF_CODE, FUNCREF_CONTEXT, FUNCREF_SIZE, FUNCREF_TYPE};
use crate::index::{FuncrefIndex, GlobalIndex};
use crate::reloc::{Reloc, RelocKind};
use crate::types::ValType;

impl Module {
    /// Checks the relocations, each of which is known to stay in the context.
    pub(super) fn check_context(&self, layout: &ContextLayout) -> Check {
        for pair in self.relocs.windows(2) {
            if pair[0].offset + pair[0].kind.size() as i32 > pair[1].offset {
                return Err(format!("relocation at {} is not in order", pair[1].offset));
            }
        }
        let count = 3 * self.funcrefs.len();
        let (records, globals) =
            self.relocs.split_at_checked(count).ok_or("function references are not relocated")?;
        for (index, relocs) in FuncrefIndex::enumerate(records.chunks_exact(3)) {
            let (at, funcref) = (layout.funcref(index), &self.funcrefs[index.index()]);
            let expected = [
                (RelocKind::Text, FUNCREF_CODE, i64::from(funcref.code.get())),
                (RelocKind::Context, FUNCREF_CONTEXT, 0),
                (RelocKind::TypeId, FUNCREF_TYPE, i64::from(funcref.ty.get())),
            ];
            let expected =
                expected.map(|(kind, offset, addend)| Reloc { kind, offset: at + offset, addend });
            if relocs != expected {
                return Err(format!("relocations of function reference {index} are damaged"));
            }
        }
        let mut places: Vec<(i32, ValType)> = self.defined_globals(layout).collect();
        places.sort_unstable_by_key(|(place, _)| *place);
        globals.iter().try_for_each(|reloc| self.check_global_reloc(layout, &places, reloc))
    }

    fn check_global_reloc(
        &self,
        layout: &ContextLayout,
        places: &[(i32, ValType)],
        reloc: &Reloc,
    ) -> Check {
        let found = places.partition_point(|(place, _)| *place <= reloc.offset).checked_sub(1);
        let inside = found.map(|index| places[index]).filter(|(place, ty)| {
            reloc.offset + reloc.kind.size() as i32 <= place + ty.size() as i32
        });
        let Some((place, ty)) = inside else {
            return Err(format!("relocation at {} is in no global", reloc.offset));
        };
        let record = || {
            let first = i64::from(layout.funcref(FuncrefIndex::new(0)));
            let distance = u64::try_from(reloc.addend - first).ok()?;
            let size = u64::from(FUNCREF_SIZE);
            let index = (distance / size) as usize;
            (distance % size == 0 && index < self.funcrefs.len()).then_some(())
        };
        match ty {
            ValType::Ref(ty) => {
                let good = ty.is_function()
                    && reloc.offset == place
                    && reloc.kind == RelocKind::Context
                    && record().is_some();
                match good {
                    true => Ok(()),
                    false => Err(format!("relocation at {place} gives no function")),
                }
            }
            _ => Ok(()),
        }
    }

    /// Checks the context template: references in it are null, or relocated.
    pub fn check_template(&self, layout: &ContextLayout, template: &[u8]) -> Check {
        for (place, ty) in self.defined_globals(layout) {
            if !matches!(ty, ValType::Ref(_)) || template.is_empty() {
                continue;
            }
            let at = (i64::from(place) + i64::from(layout.size())) as usize;
            let null = template.get(at..at + 8).is_some_and(|bytes| bytes == [0; 8]);
            let relocated =
                || self.relocs.binary_search_by_key(&place, |reloc| reloc.offset).is_ok();
            if !null && !relocated() {
                return Err(format!("the context template has a reference at {place}"));
            }
        }
        Ok(())
    }

    /// Place and type of each global that lies in the context.
    fn defined_globals<'m>(
        &'m self,
        layout: &'m ContextLayout,
    ) -> impl Iterator<Item = (i32, ValType)> + 'm {
        let own = GlobalIndex::enumerate(&self.globals).filter(|(_, global)| !global.imported);
        own.map(|(index, global)| (layout.global(index), global.ty.value))
    }
}
