//! Proof that a decoded description is consistent: every index in range,
//! every range inside what it points into. The loader runs this when it opens
//! a file and indexes freely afterwards.

use super::bounds::{Bounds, Check, below, inside, leading};
use super::description::{Description, InstancePlan, Module};
use super::entities::{ImportKind, TableEntity};
use crate::abi::{ContextLayout, PRIVATE_ENTRY_SIZE, TableKind};
use crate::index::{CodeOffset, MemoryIndex};
use crate::reloc::RelocBounds;
use crate::types::{HeapType, RefType, ValType};

impl Description {
    /// Checks everything that the loader later relies on. The error names the
    /// module and the entry.
    pub fn check(&self, bounds: &Bounds) -> Check {
        for (index, module) in self.modules.iter().enumerate() {
            module.check(bounds).map_err(|why| format!("module {index}: {why}"))?;
        }
        match (self.instances.is_empty(), bounds.component) {
            (true, false) => return Err("no instance to make".to_owned()),
            (false, true) => return Err("instances beside those of the component".to_owned()),
            _ => {}
        }
        for (index, plan) in self.instances.iter().enumerate() {
            self.check_instance(index, plan).map_err(|why| format!("instance {index}: {why}"))?;
        }
        Ok(())
    }

    fn check_instance(&self, index: usize, plan: &InstancePlan) -> Check {
        below(plan.module, self.modules.len())?;
        let module = &self.modules[plan.module.index()];
        let mut linked = vec![false; module.imports.len()];
        for link in &plan.links {
            below(link.import, module.imports.len())?;
            below(link.instance, index)?;
            if std::mem::replace(&mut linked[link.import.index()], true) {
                return Err(format!("import {} is linked twice", link.import));
            }
            let source = &self.modules[self.instances[link.instance.index()].module.index()];
            if !source.exports.iter().any(|e| e.name == link.export) {
                return Err(format!("instance {} exports no `{}`", link.instance, link.export));
            }
        }
        Ok(())
    }
}

impl Module {
    fn check(&self, bounds: &Bounds) -> Check {
        let shape = self.context_shape();
        self.check_types()?;
        self.check_imports()?;
        self.check_code(bounds)?;
        let layout = ContextLayout::new(&shape)?;
        if self.context.size != 0 && self.context.size != u64::from(layout.size()) {
            return Err(format!(
                "context template of {} bytes for a context of {}",
                self.context.size,
                layout.size()
            ));
        }
        let reloc_bounds = RelocBounds {
            context: layout.size(),
            text: self.text.size,
            image: bounds.image,
            types: self.types.len() as u32,
        };
        self.relocs.iter().try_for_each(|reloc| reloc.check(&reloc_bounds))?;
        self.check_context(&layout)?;
        for range in [&self.function_table, &self.site_table, &self.handler_table, &self.context] {
            inside("table", range, bounds.image)?;
        }
        self.check_tables(bounds)?;
        self.check_memories(bounds)?;
        self.check_exports()?;
        self.check_elements()?;
        self.check_init()
    }

    fn check_types(&self) -> Check {
        self.types.check()?;
        for global in &self.globals {
            if let ValType::Ref(reference) = &global.ty.value {
                self.check_ref(reference)?;
            }
        }
        let tables = self.tables.iter().map(|t| &t.ty.element);
        tables.chain(self.elements.iter().map(|e| &e.ty)).try_for_each(|r| self.check_ref(r))?;
        self.tags.iter().try_for_each(|tag| below(tag.ty, self.types.len()))
    }

    fn check_ref(&self, reference: &RefType) -> Check {
        match reference.heap {
            HeapType::Concrete(index) => below(index, self.types.len()),
            _ => Ok(()),
        }
    }

    fn check_imports(&self) -> Check {
        let (mut functions, mut tables, mut memories, mut globals, mut tags) = (0, 0, 0, 0, 0);
        for import in &self.imports {
            match import.kind {
                ImportKind::Function(ty) => {
                    below(ty, self.types.len())?;
                    functions += 1;
                }
                ImportKind::Table => tables += 1,
                ImportKind::Memory => memories += 1,
                ImportKind::Global => globals += 1,
                ImportKind::Tag => tags += 1,
            }
        }
        if functions > self.functions {
            return Err(format!("{functions} imports among {} functions", self.functions));
        }
        let is_import = |t: &TableEntity| t.kind == TableKind::Imported;
        leading("table", tables, self.tables.iter().map(is_import))?;
        leading("memory", memories, self.memories.iter().map(|m| m.imported))?;
        leading("global", globals, self.globals.iter().map(|g| g.imported))?;
        leading("tag", tags, self.tags.iter().map(|t| t.imported))
    }

    fn check_code(&self, bounds: &Bounds) -> Check {
        inside("text", &self.text, bounds.image)?;
        let text_end = bounds.text.offset + bounds.text.size;
        if self.text.offset < bounds.text.offset || self.text.offset + self.text.size > text_end {
            return Err("code lies outside .text".to_owned());
        }
        let code = |what: &str, code: CodeOffset| match u64::from(code.get()) < self.text.size {
            true => Ok(()),
            false => Err(format!("{what} at {code:#x} lies outside the code")),
        };
        for pair in self.funcrefs.windows(2) {
            if pair[0].function >= pair[1].function {
                return Err("funcref records are not in order".to_owned());
            }
        }
        let imported = self.imported_functions();
        for funcref in &self.funcrefs {
            below(funcref.function, self.functions as usize)?;
            below(funcref.ty, self.types.len())?;
            code("function", funcref.code)?;
            if funcref.function.defined(imported).is_none() {
                return Err(format!("imported function {} has a record", funcref.function));
            }
        }
        for stubs in [&self.entry_stubs, &self.host_stubs] {
            for pair in stubs.windows(2) {
                if pair[0].ty >= pair[1].ty {
                    return Err("stubs are not in order".to_owned());
                }
            }
            for stub in stubs.iter() {
                below(stub.ty, self.types.len())?;
                code("stub", stub.code)?;
            }
        }
        Ok(())
    }

    fn check_tables(&self, bounds: &Bounds) -> Check {
        for (index, table) in self.tables.iter().enumerate() {
            if table.kind == TableKind::Private {
                inside("private table", &table.image, bounds.image)?;
                let entries = table.ty.limits.min.checked_add(1);
                let size = entries.and_then(|n| n.checked_mul(PRIVATE_ENTRY_SIZE.into()));
                if size != Some(table.image.size) {
                    return Err(format!("private table {index} has the wrong size"));
                }
            }
        }
        Ok(())
    }

    fn check_memories(&self, bounds: &Bounds) -> Check {
        let mut end = (MemoryIndex::new(0), 0);
        for run in &self.runs {
            below(run.memory, self.memories.len())?;
            inside("memory run", &run.image, bounds.image)?;
            let memory = &self.memories[run.memory.index()];
            if memory.imported {
                return Err(format!("initial contents for imported memory {}", run.memory));
            }
            let size = memory.ty.min_bytes().unwrap_or(u64::MAX);
            let run_end = run.address.checked_add(run.image.size);
            let run_end = run_end.filter(|end| *end <= size);
            let run_end = run_end.ok_or("memory run beyond its memory")?;
            if (run.memory, run.address) < end {
                return Err("memory runs are not in order".to_owned());
            }
            end = (run.memory, run_end);
        }
        self.data.iter().try_for_each(|data| inside("data segment", data, bounds.image))
    }

    fn check_exports(&self) -> Check {
        self.exports.iter().try_for_each(|export| self.check_item(export.item))?;
        self.start.map_or(Ok(()), |start| self.check_function(start))
    }
}
