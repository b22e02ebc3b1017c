//! The part of the proof that speaks of initialisation: segments, and the steps
//! that instantiation takes.

use super::bounds::{Check, below};
use super::description::Module;
use super::init::{ConstExpr, ConstOp, ElementItems, InitStep};
use crate::types::{HeapType, ValType};

impl Module {
    pub(super) fn check_elements(&self) -> Check {
        for segment in &self.elements {
            match &segment.items {
                ElementItems::Functions(functions) => {
                    let function = ConstKind::of(ValType::Ref(segment.ty)) == ConstKind::Function;
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

    pub(super) fn check_init(&self) -> Check {
        let address = |index64: bool| if index64 { ValType::I64 } else { ValType::I32 };
        for step in &self.init {
            match step {
                InitStep::Global { index, value } => {
                    below(*index, self.globals.len())?;
                    let global = &self.globals[index.index()];
                    if global.imported {
                        return Err(format!("imported global {index} is initialised"));
                    }
                    self.check_expr(value, global.ty.value)?;
                }
                InitStep::TableFill { table, value } => {
                    self.check_public(*table)?;
                    let element = self.tables[table.index()].ty.element;
                    self.check_expr(value, ValType::Ref(element))?;
                }
                InitStep::Elements { segment, table, offset } => {
                    below(*segment, self.elements.len())?;
                    self.check_public(*table)?;
                    let (from, to) =
                        (self.elements[segment.index()].ty, self.tables[table.index()].ty);
                    if ConstKind::of(ValType::Ref(from)) != ConstKind::of(ValType::Ref(to.element))
                    {
                        return Err(format!("elements of another type for table {table}"));
                    }
                    self.check_expr(offset, address(self.tables[table.index()].ty.index64))?;
                }
                InitStep::ElementDrop { segment } => {
                    below(*segment, self.elements.len())?;
                }
                InitStep::Data { segment, memory, offset } => {
                    below(*segment, self.data.len())?;
                    below(*memory, self.memories.len())?;
                    let index64 = self.memories[memory.index()].ty.index64;
                    self.check_expr(offset, address(index64))?;
                }
            }
        }
        Ok(())
    }

    /// Types a constant expression, so that its evaluation cannot fail.
    fn check_expr(&self, expr: &ConstExpr, expected: ValType) -> Check {
        let mut stack: Vec<ConstKind> = Vec::new();
        for op in &expr.ops {
            let kind = match *op {
                ConstOp::Bits32(_) => ConstKind::Bits32,
                ConstOp::Bits64(_) => ConstKind::Bits64,
                ConstOp::Bits128(_) => ConstKind::Bits128,
                ConstOp::RefNull => ConstKind::Null,
                ConstOp::RefFunc(function) => {
                    self.check_function(function)?;
                    ConstKind::Function
                }
                ConstOp::GlobalGet(global) => {
                    below(global, self.globals.len())?;
                    ConstKind::of(self.globals[global.index()].ty.value)
                }
                ConstOp::I32Add | ConstOp::I32Sub | ConstOp::I32Mul => {
                    pop_two(&mut stack, ConstKind::Bits32)?
                }
                ConstOp::I64Add | ConstOp::I64Sub | ConstOp::I64Mul => {
                    pop_two(&mut stack, ConstKind::Bits64)?
                }
            };
            stack.push(kind);
        }
        match stack.as_slice() {
            [kind] if *kind == ConstKind::of(expected) => Ok(()),
            [ConstKind::Null] if matches!(expected, ValType::Ref(_)) => Ok(()),
            _ => Err(format!("a constant expression does not give one {expected}")),
        }
    }
}

/// The width of a constant, or what it refers to: the host follows references.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ConstKind {
    Bits32,
    Bits64,
    Bits128,
    Null,
    Function,
    Host,
    Exception,
}

impl ConstKind {
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

fn pop_two(stack: &mut Vec<ConstKind>, kind: ConstKind) -> Result<ConstKind, String> {
    match (stack.pop(), stack.pop()) {
        (Some(a), Some(b)) if a == kind && b == kind => Ok(kind),
        _ => Err("a constant expression is not well typed".to_owned()),
    }
}
