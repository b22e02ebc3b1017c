//! Tables and references.

use super::input::TableInput;
use super::translator::Translator;
use crate::external_name;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{ExternalName, GlobalValueData, InstBuilder, Value, types};
use precast_artifact::abi::{self, Builtin, TableKind};
use precast_artifact::index::{ElementIndex, FuncIndex, Number, TableIndex};
use precast_artifact::trap::TrapCode;

/// Bytes of an element of a public table.
const ELEMENT_SIZE: u32 = 8;

impl Translator<'_, '_> {
    /// Address of a private table in the image.
    pub(super) fn table_symbol(&mut self, table: TableIndex) -> Value {
        let symbol = match self.table_symbols.get(&table) {
            Some(known) => *known,
            None => {
                let name = external_name::private_table(self.module.index, table);
                let name = ExternalName::user(self.b.func.declare_imported_user_function(name));
                let symbol = self.b.create_global_value(GlobalValueData::Symbol {
                    name,
                    offset: 0.into(),
                    colocated: true,
                    tls: false,
                });
                self.table_symbols.insert(table, symbol);
                symbol
            }
        };
        self.b.ins().symbol_value(types::I64, symbol)
    }

    /// Address of an element of a public table, after the bounds check. Where
    /// the check is speculated past, the index is zero.
    fn table_entry(&mut self, base: Value, index: Value, length: Value) -> Value {
        let index = self.index64(index);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.trap_if(outside, TrapCode::TableOutOfBounds);
        let zero = self.b.ins().iconst(types::I64, 0);
        let index = self.b.ins().select_spectre_guard(outside, zero, index);
        let offset = self.b.ins().ishl_imm_u(index, i64::from(ELEMENT_SIZE.ilog2()));
        self.b.ins().iadd(base, offset)
    }

    /// Zero-extends an index to 64 bits.
    pub(super) fn index64(&mut self, index: Value) -> Value {
        match self.b.func.dfg.value_type(index) {
            types::I64 => index,
            _ => self.b.ins().uextend(types::I64, index),
        }
    }

    /// Address and offset of a public table's definition.
    fn table_definition(&mut self, table: TableIndex) -> (Value, i32) {
        let offset = self.module.table_definition(table);
        match self.module.table(table).kind {
            TableKind::Imported => {
                let flags = self.flags.context();
                (self.b.ins().load(types::I64, flags, self.ctx, offset), 0)
            }
            TableKind::Public => (self.ctx, offset),
            TableKind::Private => unreachable!("a private table has no definition"),
        }
    }

    fn table_length(&mut self, table: TableIndex) -> Value {
        let (definition, offset) = self.table_definition(table);
        let flags = self.flags.definitions();
        self.b.ins().load(types::I64, flags, definition, offset + abi::DEFINITION_LENGTH)
    }

    fn public_entry(&mut self, table: TableIndex, index: Value) -> Value {
        let (definition, offset) = self.table_definition(table);
        let flags = self.flags.definitions();
        let length =
            self.b.ins().load(types::I64, flags, definition, offset + abi::DEFINITION_LENGTH);
        let base = self.b.ins().load(types::I64, flags, definition, offset + abi::DEFINITION_BASE);
        self.table_entry(base, index, length)
    }

    /// The element at `index`: a reference, null being zero.
    pub(super) fn table_load(&mut self, table: TableIndex, index: Value) -> Value {
        let entry = self.public_entry(table, index);
        let flags = self.flags.tables();
        self.b.ins().load(types::I64, flags, entry, 0)
    }

    pub(super) fn table_get(&mut self, table: TableIndex) {
        let index = self.pop();
        let value = self.table_load(table, index);
        self.push(value);
    }

    pub(super) fn table_set(&mut self, table: TableIndex) {
        let (index, value) = self.pop2();
        let entry = self.public_entry(table, index);
        let flags = self.flags.tables();
        self.b.ins().store(flags, value, entry, 0);
    }

    pub(super) fn table_size(&mut self, table: TableIndex) {
        let TableInput { kind, min, index64 } = self.module.table(table);
        let size = match kind {
            // Nothing can grow it.
            TableKind::Private => self.b.ins().iconst(types::I64, min as i64),
            TableKind::Public | TableKind::Imported => self.table_length(table),
        };
        self.push_index(size, index64);
    }

    /// Pushes a 64-bit size as the table's or memory's index type.
    pub(super) fn push_index(&mut self, value: Value, index64: bool) {
        let value = if index64 { value } else { self.b.ins().ireduce(types::I32, value) };
        self.push(value);
    }

    fn immediate(&mut self, value: u64) -> Value {
        self.b.ins().iconst(types::I64, value as i64)
    }

    pub(super) fn table_grow(&mut self, table: TableIndex) {
        let (value, delta) = self.pop2();
        let index64 = self.module.table(table).index64;
        let args = [self.immediate(table.get().into()), self.index64(delta), value];
        let old = self.call_builtin(Builtin::TableGrow, &args);
        self.push_index(old, index64);
    }

    pub(super) fn table_fill(&mut self, table: TableIndex) {
        let (index, value, length) = self.pop3();
        let args =
            [self.immediate(table.get().into()), self.index64(index), value, self.index64(length)];
        self.call_builtin(Builtin::TableFill, &args);
    }

    pub(super) fn table_copy(&mut self, to: TableIndex, from: TableIndex) {
        self.copy_between(Builtin::TableCopy, to, from);
    }

    pub(super) fn table_init(&mut self, table: TableIndex, segment: ElementIndex) {
        self.copy_between(Builtin::TableInit, table, segment);
    }

    /// The builtins that take a pair of indices, then three operands:
    /// destination, source, length.
    pub(super) fn copy_between(&mut self, builtin: Builtin, to: impl Number, from: impl Number) {
        let (destination, source, length) = self.pop3();
        let args = [
            self.immediate(u64::from(to.get()) << 32 | u64::from(from.get())),
            self.index64(destination),
            self.index64(source),
            self.index64(length),
        ];
        self.call_builtin(builtin, &args);
    }

    /// `elem.drop` and `data.drop`.
    pub(super) fn drop_segment(&mut self, builtin: Builtin, segment: impl Number) {
        let segment = self.immediate(segment.get().into());
        self.call_builtin(builtin, &[segment]);
    }

    pub(super) fn ref_null(&mut self) {
        let null = self.b.ins().iconst(types::I64, 0);
        self.push(null);
    }

    pub(super) fn ref_is_null(&mut self) {
        let reference = self.pop();
        let null = self.b.ins().icmp_imm_u(IntCC::Equal, reference, 0);
        let null = self.b.ins().uextend(types::I32, null);
        self.push(null);
    }

    pub(super) fn ref_as_non_null(&mut self) {
        let reference = *self.stack.last().expect("validated code does not underflow the stack");
        self.b.ins().trapz(reference, super::flags::code(TrapCode::NullReference));
    }

    pub(super) fn ref_func(&mut self, function: FuncIndex) {
        let reference = match self.module.import(function) {
            Some(slot) => {
                let flags = self.flags.context();
                self.b.ins().load(types::I64, flags, self.ctx, slot + abi::IMPORT_FUNCREF)
            }
            None => {
                let offset = self.module.funcref(function);
                let offset = offset.expect("what `ref.func` names has a record");
                self.b.ins().iadd_imm_s(self.ctx, i64::from(offset))
            }
        };
        self.push(reference);
    }
}
