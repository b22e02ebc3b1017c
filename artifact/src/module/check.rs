//! Proof that a decoded description is consistent: every index in range,
//! every range inside what it points into. The loader runs this when it opens
//! a file and indexes freely afterwards.

use super::*;
use crate::abi::{ContextLayout, PRIVATE_ENTRY_SIZE};
use crate::reloc::RelocBounds;
use crate::types::{HeapType, ValType};

/// What the container says about the file, for the check.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Size of the image in bytes.
    pub image: u64,
    /// Where `.text` lies in the image.
    pub text: Range,
}

type Check = Result<(), String>;

impl Description {
    /// Checks everything that the loader later relies on. The error names the
    /// module and the entry.
    pub fn check(&self, bounds: &Bounds) -> Check {
        for (index, module) in self.modules.iter().enumerate() {
            module.check(bounds).map_err(|why| format!("module {index}: {why}"))?;
        }
        if self.instances.is_empty() {
            return Err("no instance to make".to_owned());
        }
        for (index, plan) in self.instances.iter().enumerate() {
            self.check_instance(index, plan).map_err(|why| format!("instance {index}: {why}"))?;
        }
        Ok(())
    }

    fn check_instance(&self, index: usize, plan: &InstancePlan) -> Check {
        below("module", plan.module, self.modules.len())?;
        let module = &self.modules[plan.module as usize];
        let mut linked = vec![false; module.imports.len()];
        for link in &plan.links {
            below("linked import", link.import, module.imports.len())?;
            below("linked instance", link.instance, index)?;
            if std::mem::replace(&mut linked[link.import as usize], true) {
                return Err(format!("import {} is linked twice", link.import));
            }
            let source = &self.modules[self.instances[link.instance as usize].module as usize];
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
        let values = self.types.iter().flat_map(|t| t.params.iter().chain(&t.results));
        let globals = self.globals.iter().map(|g| &g.ty.value);
        for value in values.chain(globals) {
            if let ValType::Ref(reference) = value {
                self.check_ref(reference)?;
            }
        }
        let tables = self.tables.iter().map(|t| &t.ty.element);
        tables.chain(self.elements.iter().map(|e| &e.ty)).try_for_each(|r| self.check_ref(r))?;
        self.tags.iter().try_for_each(|tag| below("type", tag.ty, self.types.len()))
    }

    fn check_ref(&self, reference: &RefType) -> Check {
        match reference.heap {
            HeapType::Concrete(index) => below("type", index, self.types.len()),
            _ => Ok(()),
        }
    }

    fn check_imports(&self) -> Check {
        let (mut functions, mut tables, mut memories, mut globals, mut tags) = (0, 0, 0, 0, 0);
        for import in &self.imports {
            match import.kind {
                ImportKind::Function(ty) => {
                    below("type", ty, self.types.len())?;
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
        let is_import = |t: &Table| t.kind == TableKind::Imported;
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
        let code = |what: &str, code: u32| match u64::from(code) < self.text.size {
            true => Ok(()),
            false => Err(format!("{what} at {code:#x} lies outside the code")),
        };
        let imported = self.imported_functions();
        for pair in self.funcrefs.windows(2) {
            if pair[0].function >= pair[1].function {
                return Err("funcref records are not in order".to_owned());
            }
        }
        for funcref in &self.funcrefs {
            below("function", funcref.function, self.functions as usize)?;
            below("type", funcref.ty, self.types.len())?;
            code("function", funcref.code)?;
            if funcref.function < imported {
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
                below("type", stub.ty, self.types.len())?;
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
        let mut end = (0, 0);
        for run in &self.runs {
            below("memory", run.memory, self.memories.len())?;
            inside("memory run", &run.image, bounds.image)?;
            let memory = &self.memories[run.memory as usize];
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
        for export in &self.exports {
            let count = match export.kind {
                ExportKind::Function => self.functions as usize,
                ExportKind::Table => self.tables.len(),
                ExportKind::Memory => self.memories.len(),
                ExportKind::Global => self.globals.len(),
                ExportKind::Tag => self.tags.len(),
            };
            below("exported index", export.index, count)?;
            match export.kind {
                ExportKind::Function => self.check_function(export.index)?,
                ExportKind::Table => self.check_public(export.index)?,
                _ => {}
            }
        }
        self.start.map_or(Ok(()), |start| self.check_function(start))
    }

    fn check_function(&self, function: u32) -> Check {
        below("function", function, self.functions as usize)?;
        if function >= self.imported_functions() && self.funcref_of(function).is_none() {
            return Err(format!("function {function} has no funcref record"));
        }
        Ok(())
    }

    fn check_public(&self, table: u32) -> Check {
        below("table", table, self.tables.len())?;
        if self.tables[table as usize].kind == TableKind::Private {
            return Err(format!("private table {table} used as a public one"));
        }
        Ok(())
    }

    fn check_elements(&self) -> Check {
        for segment in &self.elements {
            match &segment.items {
                ElementItems::Functions(functions) => {
                    let function = Kind::of(ValType::Ref(segment.ty)) == Kind::Function;
                    if !function && !functions.is_empty() {
                        return Err("functions among elements of another type".to_owned());
                    }
                    functions.iter().try_for_each(|f| self.check_function(*f))?;
                }
                ElementItems::Expressions(expressions) => {
                    expressions
                        .iter()
                        .try_for_each(|e| self.check_expr(e, ValType::Ref(segment.ty)))?;
                }
            }
        }
        Ok(())
    }

    fn check_init(&self) -> Check {
        let address = |index64: bool| if index64 { ValType::I64 } else { ValType::I32 };
        for step in &self.init {
            match step {
                InitStep::Global { index, value } => {
                    below("global", *index, self.globals.len())?;
                    let global = &self.globals[*index as usize];
                    if global.imported {
                        return Err(format!("imported global {index} is initialised"));
                    }
                    self.check_expr(value, global.ty.value)?;
                }
                InitStep::TableFill { table, value } => {
                    self.check_public(*table)?;
                    let element = self.tables[*table as usize].ty.element;
                    self.check_expr(value, ValType::Ref(element))?;
                }
                InitStep::Elements { segment, table, offset } => {
                    below("element segment", *segment, self.elements.len())?;
                    self.check_public(*table)?;
                    let (from, to) =
                        (self.elements[*segment as usize].ty, self.tables[*table as usize].ty);
                    if Kind::of(ValType::Ref(from)) != Kind::of(ValType::Ref(to.element)) {
                        return Err(format!("elements of another type for table {table}"));
                    }
                    self.check_expr(offset, address(self.tables[*table as usize].ty.index64))?;
                }
                InitStep::ElementDrop { segment } => {
                    below("element segment", *segment, self.elements.len())?;
                }
                InitStep::Data { segment, memory, offset } => {
                    below("data segment", *segment, self.data.len())?;
                    below("memory", *memory, self.memories.len())?;
                    let index64 = self.memories[*memory as usize].ty.index64;
                    self.check_expr(offset, address(index64))?;
                }
            }
        }
        Ok(())
    }

    /// Types a constant expression, so that its evaluation cannot fail.
    fn check_expr(&self, expr: &ConstExpr, expected: ValType) -> Check {
        let mut stack: Vec<Kind> = Vec::new();
        for op in &expr.ops {
            let kind = match *op {
                ConstOp::Bits32(_) => Kind::Bits32,
                ConstOp::Bits64(_) => Kind::Bits64,
                ConstOp::Bits128(_) => Kind::Bits128,
                ConstOp::RefNull => Kind::Null,
                ConstOp::RefFunc(function) => {
                    self.check_function(function)?;
                    Kind::Function
                }
                ConstOp::GlobalGet(global) => {
                    below("global", global, self.globals.len())?;
                    Kind::of(self.globals[global as usize].ty.value)
                }
                ConstOp::I32Add | ConstOp::I32Sub | ConstOp::I32Mul => {
                    pop_two(&mut stack, Kind::Bits32)?
                }
                ConstOp::I64Add | ConstOp::I64Sub | ConstOp::I64Mul => {
                    pop_two(&mut stack, Kind::Bits64)?
                }
            };
            stack.push(kind);
        }
        match stack.as_slice() {
            [kind] if *kind == Kind::of(expected) => Ok(()),
            [Kind::Null] if matches!(expected, ValType::Ref(_)) => Ok(()),
            _ => Err(format!("a constant expression does not give one {expected}")),
        }
    }
}

/// The width of a constant, or what it refers to: the host follows references.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bits32,
    Bits64,
    Bits128,
    Null,
    Function,
    Host,
    Exception,
}

impl Kind {
    fn of(ty: ValType) -> Self {
        match ty {
            ValType::I32 | ValType::F32 => Self::Bits32,
            ValType::I64 | ValType::F64 => Self::Bits64,
            ValType::V128 => Self::Bits128,
            ValType::Ref(reference) => match reference.heap {
                _ if reference.is_function() => Self::Function,
                HeapType::Exn | HeapType::NoExn => Self::Exception,
                _ => Self::Host,
            },
        }
    }
}

fn pop_two(stack: &mut Vec<Kind>, kind: Kind) -> Result<Kind, String> {
    match (stack.pop(), stack.pop()) {
        (Some(a), Some(b)) if a == kind && b == kind => Ok(kind),
        _ => Err("a constant expression is not well typed".to_owned()),
    }
}

fn below(what: &str, index: u32, count: usize) -> Check {
    match (index as usize) < count {
        true => Ok(()),
        false => Err(format!("{what} {index}, but there are {count}")),
    }
}

fn inside(what: &str, range: &Range, image: u64) -> Check {
    match range.offset.checked_add(range.size) {
        Some(end) if end <= image => Ok(()),
        _ => Err(format!("{what} at {:#x}, {} bytes, leaves the image", range.offset, range.size)),
    }
}

/// The first `count` flags are set and no other.
fn leading(what: &str, count: usize, flags: impl Iterator<Item = bool>) -> Check {
    let mut seen = 0;
    for (index, imported) in flags.enumerate() {
        if imported != (index < count) {
            return Err(format!("{what} {index} does not match the imports"));
        }
        seen = index + 1;
    }
    match seen >= count {
        true => Ok(()),
        false => Err(format!("{count} {what} imports, but {seen} in the list")),
    }
}
