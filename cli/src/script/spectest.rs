//! The module `spectest`, which the scripts of the suite import from. What it
//! provides is fixed by the suite's harness,
//! <https://github.com/WebAssembly/spec/blob/main/interpreter/host/spectest.ml>.

use precast_loader::{
    Global, GlobalType, Linker, Memory, MemoryType, RefType, Result, SizeLimits, Store, Table,
    TableType, Val,
};

pub(super) const NAME: &str = "spectest";

/// Defines the module. Its functions print their arguments, or do nothing.
pub(super) fn define(linker: &mut Linker<()>, store: &mut Store<()>, print: bool) -> Result<()> {
    define_functions(linker, print);
    let globals = [
        ("global_i32", Val::from(666i32)),
        ("global_i64", Val::from(666i64)),
        ("global_f32", Val::from(666.6f32)),
        ("global_f64", Val::from(666.6f64)),
    ];
    for (name, value) in globals {
        let ty = GlobalType { value: value.ty(), mutable: false };
        linker.define(NAME, name, Global::new(store, ty, value)?);
    }
    let limits = SizeLimits { min: 10, max: Some(20) };
    for (name, index64) in [("table", false), ("table64", true)] {
        let table = TableType { element: RefType::FUNCREF, limits, index64 };
        linker.define(NAME, name, Table::new(store, table, Val::FuncRef(None))?);
    }
    let limits = SizeLimits { min: 1, max: Some(2) };
    let memory = MemoryType { limits, index64: false, shared: false, page_size_log2: 16 };
    linker.define(NAME, "memory", Memory::new(store, memory)?);
    Ok(())
}

fn define_functions(linker: &mut Linker<()>, print: bool) {
    let show = move |text: String| {
        if print {
            println!("{text}");
        }
    };
    linker
        .func_wrap(NAME, "print", move || show(String::new()))
        .func_wrap(NAME, "print_i32", move |a: i32| show(format!("{a} : i32")))
        .func_wrap(NAME, "print_i64", move |a: i64| show(format!("{a} : i64")))
        .func_wrap(NAME, "print_f32", move |a: f32| show(format!("{a} : f32")))
        .func_wrap(NAME, "print_f64", move |a: f64| show(format!("{a} : f64")))
        .func_wrap(NAME, "print_i32_f32", move |a: i32, b: f32| {
            show(format!("{a} : i32\n{b} : f32"));
        })
        .func_wrap(NAME, "print_f64_f64", move |a: f64, b: f64| {
            show(format!("{a} : f64\n{b} : f64"));
        });
}
