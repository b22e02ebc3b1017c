//! What a cache of functions keys on: a digest of a [`FunctionInput`].

#[cfg(test)]
mod tests;

use super::input::{FunctionInput, GlobalInput, InlineCall, ModuleInput, TableInput};
use super::options::TranslateOptions;
use crate::error::Result;
use cranelift_codegen::isa::TargetFrontendConfig;
use precast_artifact::abi::TableKind;
use precast_artifact::index::{
    CanonicalTypeIndex, FuncIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex, TypeIndex,
};
use precast_artifact::module::{MemoryEntity, MemoryModel};
use precast_artifact::types::FuncType;
use precast_artifact::wire::Writer;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use wasmparser::{BlockType, Catch, FunctionBody, MemArg, MemArgTarget, Operator};

impl FunctionInput<'_> {
    /// A digest of everything that [`translate`](super::translate()) may look
    /// at for this function: its type and body, branch hints, what of it
    /// never runs, which parameters are constants, what debug information uses, the bodies that are inlined and all that these depend on,
    /// the options, and what it may know of each thing
    /// that the body names. The code generator's target and the versions of
    /// both compilers are not in it.
    ///
    /// Nothing in it counts from the start of the module: the same function
    /// after others has the same key, if it names things by the same indices.
    ///
    /// # Errors
    ///
    /// When the body is malformed.
    pub(crate) fn key(&self) -> Result<[u8; 32]> {
        let mut w = Writer::new();
        self.module.index.encode(&mut w);
        self.module.options.put(&mut w);
        put_type(self.ty(), &mut w);
        w.bytes(self.body.as_bytes());
        w.list(self.hints, |w, hint| {
            w.leb(hint.func_offset.into());
            w.u8(hint.taken.into());
        });
        w.list(self.cold, |w, piece| {
            piece.start.encode(w);
            piece.end.encode(w);
        });
        w.u8(self.never_runs.into());
        w.list(self.constants, |w, (parameter, value)| {
            parameter.encode(w);
            w.raw(&value.bytes());
        });
        w.option(&self.debug_uses, |w, uses| {
            w.list(&uses.locals, |w, local| local.encode(w));
            w.list(&uses.operands, |w, operand| {
                operand.operand.encode(w);
                operand.from.encode(w);
                operand.to.encode(w);
            });
        });
        w.u8(self.product.is_some().into());
        for named in names(self.body)? {
            named.put(self.module, &mut w);
        }
        for InlineCall { call, guess, callee } in self.inline {
            call.encode(&mut w);
            w.option(guess, |w, guess| {
                w.leb(guess.entry.into());
                w.leb(guess.entries.into());
            });
            callee.function.encode(&mut w);
            w.raw(&callee.key()?);
        }
        Ok(Sha256::digest(w.finish()).into())
    }
}

impl TranslateOptions {
    fn put(&self, w: &mut Writer) {
        let TargetFrontendConfig { default_call_conv, pointer_width, page_size_align_log2 } =
            self.frontend;
        w.str(&default_call_conv.to_string());
        w.u8(pointer_width.bits());
        w.u8(page_size_align_log2);
        w.u8(self.br_table_chain.into());
        w.u8(self.carries.into());
        w.u8(self.byte_loops.into());
        w.u8(self.vectors.into());
        w.u8(self.fold_addresses.into());
        w.u8(self.loop_addresses.into());
        w.u8(self.loop_compares.into());
        w.u8(self.chosen_steps.into());
        w.u8(self.sum_order.into());
        w.u8(self.wide_indices.into());
        w.u8(self.thread_branches.into());
        w.u8(self.argument_copies.into());
        w.u8(self.widest_copy);
        w.u8(self.precise_stores.into());
        w.u8(self.fuel.into());
        w.u8(self.debug as u8);
    }
}

/// Something of the module that a body names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Type(TypeIndex),
    Function(FuncIndex),
    Table(TableIndex),
    Memory(MemoryIndex),
    Global(GlobalIndex),
    Tag(TagIndex),
}

impl Named {
    /// Writes all that translation may know of it.
    fn put(self, module: &ModuleInput<'_>, w: &mut Writer) {
        let offset = |w: &mut Writer, offset: i32| w.zigzag(offset.into());
        match self {
            Self::Type(ty) => {
                w.u8(0);
                put_canonical(module, module.types().canonical(ty), w);
            }
            Self::Function(function) => {
                w.u8(1);
                put_canonical(module, module.type_of(function), w);
                w.option(&module.import(function), |w, import| offset(w, *import));
                w.option(&module.funcref(function), |w, record| offset(w, *record));
            }
            Self::Table(table) => {
                w.u8(2);
                let TableInput { kind, min, index64 } = module.table(table);
                w.u8(kind as u8);
                w.leb(min);
                w.u8(index64.into());
                if kind != TableKind::Private {
                    offset(w, module.table_definition(table));
                }
            }
            Self::Memory(memory) => {
                w.u8(3);
                let MemoryEntity { ty, imported, model, reservation, guard } =
                    module.memory(memory);
                ty.encode(w);
                w.u8((*imported).into());
                w.u8((*model == MemoryModel::Bounds).into());
                w.leb(*reservation);
                w.leb(*guard);
                w.u8((memory == MemoryIndex::new(0) && module.memory0_at_context()).into());
                offset(w, module.memory_definition(memory));
            }
            Self::Global(global) => {
                w.u8(4);
                let GlobalInput { ty, imported, constant } = module.global(global);
                ty.encode(w);
                w.u8(imported.into());
                w.option(&constant, |w, constant| w.raw(&constant.bytes()));
                offset(w, module.global_offset(global));
            }
            Self::Tag(tag) => {
                w.u8(5);
                put_canonical(module, module.tag_type(tag), w);
                offset(w, module.tag_offset(tag));
            }
        }
    }
}

/// A type's number is in the code, where calls through tables check it.
fn put_canonical(module: &ModuleInput<'_>, ty: CanonicalTypeIndex, w: &mut Writer) {
    ty.encode(w);
    put_type(module.types().get(ty), w);
}

fn put_type(ty: &FuncType, w: &mut Writer) {
    w.list(&ty.params, |w, ty| ty.encode(w));
    w.list(&ty.results, |w, ty| ty.encode(w));
}

/// Everything that a body names, each once.
fn names(body: &FunctionBody<'_>) -> Result<BTreeSet<Named>> {
    let mut names = BTreeSet::new();
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        note_names(&reader.read()?, &mut names);
    }
    Ok(names)
}

/// Takes note of what an operator names, by the names of its immediates, so
/// that a new operator is in the key without being listed.
macro_rules! define_note_names {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($rest:tt)*))*) => {
        fn note_names(op: &Operator<'_>, names: &mut BTreeSet<Named>) {
            match op {
                $(Operator::$op $({ $($arg),* })? => {
                    $($(define_note_names!($arg $arg names);)*)?
                })*
                _ => {}
            }
        }
    };
    (type_index $arg:ident $names:ident) => { $names.insert(Named::Type(TypeIndex::new(*$arg))); };
    (function_index $arg:ident $names:ident) => { $names.insert(Named::Function(FuncIndex::new(*$arg))); };
    (table_index $arg:ident $names:ident) => { $names.insert(Named::Table(TableIndex::new(*$arg))); };
    (table $arg:ident $names:ident) => { $names.insert(Named::Table(TableIndex::new(*$arg))); };
    (dst_table $arg:ident $names:ident) => { $names.insert(Named::Table(TableIndex::new(*$arg))); };
    (src_table $arg:ident $names:ident) => { $names.insert(Named::Table(TableIndex::new(*$arg))); };
    (mem $arg:ident $names:ident) => { $names.insert(Named::Memory(MemoryIndex::new(*$arg))); };
    (dst_mem $arg:ident $names:ident) => { $names.insert(Named::Memory(MemoryIndex::new(*$arg))); };
    (src_mem $arg:ident $names:ident) => { $names.insert(Named::Memory(MemoryIndex::new(*$arg))); };
    (memarg $arg:ident $names:ident) => { note_memory($arg, $names); };
    (global_index $arg:ident $names:ident) => { $names.insert(Named::Global(GlobalIndex::new(*$arg))); };
    (tag_index $arg:ident $names:ident) => { $names.insert(Named::Tag(TagIndex::new(*$arg))); };
    (blockty $arg:ident $names:ident) => { note_block(*$arg, $names); };
    (try_table $arg:ident $names:ident) => {
        note_block($arg.ty, $names);
        $names.extend($arg.catches.iter().filter_map(|catch| match catch {
            Catch::One { tag, .. } | Catch::OneRef { tag, .. } => Some(Named::Tag(TagIndex::new(*tag))),
            Catch::All { .. } | Catch::AllRef { .. } => None,
        }));
    };
    ($other:ident $arg:ident $names:ident) => { let _ = $arg; };
}

wasmparser::for_each_operator!(define_note_names);

fn note_memory(arg: &MemArg, names: &mut BTreeSet<Named>) {
    if let MemArgTarget::Memory(memory) = arg.target {
        names.insert(Named::Memory(MemoryIndex::new(memory)));
    }
}

fn note_block(ty: BlockType, names: &mut BTreeSet<Named>) {
    if let BlockType::FuncType(ty) = ty {
        names.insert(Named::Type(TypeIndex::new(ty)));
    }
}
