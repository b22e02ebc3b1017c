//! C headers for modules that are linked into C programs: the image, and each
//! exported function with C types. They build on `precast.h`, the header of
//! the loader's C interface.

use crate::emit::{c_name, image_name};
use crate::error::{Error, Location, Result};
use precast_artifact::module::{EntityIndex, Export, ImportKind, Module};
use precast_artifact::types::{FuncType, ValType};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The header of a module that is called `name`.
pub(crate) fn c_header(module: &Module, name: &str) -> String {
    let mut text = String::new();
    let guard = name.to_ascii_uppercase();
    let image = image_name(name);
    let described = match &module.name {
        Some(module) => format!(" `{}`", comment(module)),
        None => String::new(),
    };
    let _ = write!(
        text,
        "/* Exports of the WebAssembly module{described}, compiled by precast. */\n\
         #ifndef PRECAST_{guard}_IMAGE_H\n#define PRECAST_{guard}_IMAGE_H\n\n\
         #include <precast.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /* The module, to make instances of. */\nextern const precast_image {image};\n"
    );
    let mut taken = BTreeSet::from([image]);
    for export in &module.exports {
        text.push('\n');
        match function_type(module, export) {
            Some(ty) => export_function(&mut text, name, export, ty, &mut taken),
            None => {
                let _ =
                    writeln!(text, "/* {} \"{}\" */", export.item.kind(), comment(&export.name));
            }
        }
    }
    let _ = write!(text, "\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n");
    text
}

/// Names begin C identifiers.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        true => Ok(()),
        false => Err(Error::Option(format!(
            "`{name}` is no C identifier: objects need a name that symbols can begin with"
        ))),
    }
}

/// Everything that the module imports can be provided by a C program.
pub(crate) fn check_imports(module: &Module) -> Result<()> {
    for import in &module.imports {
        let what = match import.kind {
            ImportKind::Function(ty) => match has_c_types(module.types.func(ty)) {
                true => continue,
                false => "a function that takes or gives references",
            },
            ImportKind::Table => "a table",
            ImportKind::Memory => "a memory",
            ImportKind::Global => "a global",
            ImportKind::Tag => "an exception tag",
        };
        return Err(Error::Unsupported {
            at: Location::default(),
            what: format!(
                "the module imports {what}, `{}.{}`; a C program can provide functions of numbers \
                 and vectors only: compile to an artifact, and load that",
                import.module, import.name
            ),
        });
    }
    Ok(())
}

/// The type of an exported function.
fn function_type<'m>(module: &'m Module, export: &Export) -> Option<&'m FuncType> {
    let EntityIndex::Function(function) = export.item else { return None };
    Some(module.types.func(module.function_type(function)?))
}

fn export_function(
    text: &mut String,
    name: &str,
    export: &Export,
    ty: &FuncType,
    taken: &mut BTreeSet<String>,
) {
    let _ = writeln!(text, "/* function \"{}\": {ty} */", comment(&export.name));
    if !has_c_types(ty) || export.name.contains('\0') {
        let _ =
            writeln!(text, "/* (cannot be called from C: references, or a zero in its name) */");
        return;
    }
    let function = unused(c_name(name, &identifier(&export.name)), taken);
    let (params, results) = (ty.params.len(), ty.results.len());
    let _ = write!(text, "static inline precast_error *{function}(precast_instance *instance");
    for (index, ty) in ty.params.iter().enumerate() {
        let _ = write!(text, ", {} p{index}", c_type(ty).0);
    }
    for (index, ty) in ty.results.iter().enumerate() {
        let _ = write!(text, ", {} *{}", c_type(ty).0, result(index, results));
    }
    text.push_str(") {\n");
    if params.max(results) != 0 {
        let _ = writeln!(text, "    precast_value values[{}];", params.max(results));
    }
    for (index, ty) in ty.params.iter().enumerate() {
        let _ = writeln!(text, "    values[{index}].{} = p{index};", c_type(ty).1);
    }
    let values = |count| if count == 0 { "NULL" } else { "values" };
    let _ = write!(
        text,
        "    precast_error *error =\n        precast_call(instance, \"{}\", {}, {params}, {}, \
         {results});\n",
        string_literal(&export.name),
        values(params),
        values(results)
    );
    if results != 0 {
        text.push_str("    if (!error) {\n");
        for (index, ty) in ty.results.iter().enumerate() {
            let field = c_type(ty).1;
            let _ =
                writeln!(text, "        *{} = values[{index}].{field};", result(index, results));
        }
        text.push_str("    }\n");
    }
    text.push_str("    return error;\n}\n");
}

fn result(index: usize, count: usize) -> String {
    if count == 1 { "result".to_owned() } else { format!("result{index}") }
}

fn has_c_types(ty: &FuncType) -> bool {
    ty.params.iter().chain(&ty.results).all(|ty| !matches!(ty, ValType::Ref(_)))
}

/// C type of a value, and its field of `precast_value`.
fn c_type(ty: &ValType) -> (&'static str, &'static str) {
    match ty {
        ValType::I32 => ("int32_t", "i32"),
        ValType::I64 => ("int64_t", "i64"),
        ValType::F32 => ("float", "f32"),
        ValType::F64 => ("double", "f64"),
        ValType::V128 => ("precast_v128", "v128"),
        ValType::Ref(_) => unreachable!("functions with references are left out"),
    }
}

/// What of a name can stand in an identifier.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A name that was not given yet.
fn unused(name: String, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let found = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
    let found = found.expect("numbers do not end");
    taken.insert(found.clone());
    found
}

/// A name as part of a comment.
fn comment(name: &str) -> String {
    let plain = |c: char| if c.is_control() || c == '/' { '?' } else { c };
    name.chars().map(plain).collect()
}

/// A name as part of a string literal.
fn string_literal(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => {
                text.push('\\');
                text.push(byte.into());
            }
            0x20..0x7f => text.push(byte.into()),
            // Three octal digits, which the next character cannot prolong.
            _ => {
                let _ = write!(text, "\\{byte:03o}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::index::{CanonicalTypeIndex, CodeOffset, FuncIndex};
    use precast_artifact::module::{Funcref, Import};
    use precast_artifact::types::{HeapType, RefType};

    fn module(exports: &[(&str, u32)]) -> Module {
        let reference = ValType::Ref(RefType { nullable: true, heap: HeapType::Extern });
        let params = [vec![], vec![ValType::I32, ValType::V128], vec![reference]];
        let results = [vec![], vec![ValType::F64, ValType::I64], vec![]];
        let types = params.into_iter().zip(results);
        let funcref = |index| Funcref {
            function: FuncIndex::new(index),
            ty: CanonicalTypeIndex::new(index),
            code: CodeOffset::START,
        };
        Module {
            types: types.map(|(params, results)| FuncType { params, results }).collect(),
            functions: 3,
            funcrefs: (0..3).map(funcref).collect(),
            exports: exports
                .iter()
                .map(|(name, index)| Export {
                    name: (*name).to_owned(),
                    item: EntityIndex::Function(FuncIndex::new(*index)),
                })
                .collect(),
            ..Module::default()
        }
    }

    #[test]
    fn every_export_has_a_name_of_its_own() {
        let header = c_header(&module(&[("run", 0), ("r-n", 0), ("r n", 0), ("image", 0)]), "app");
        for name in ["app_run(", "app_r_n(", "app_r_n_2(", "app_image_2("] {
            assert!(header.contains(&format!("*{name}precast_instance *instance)")), "{header}");
        }
        assert!(header.contains("extern const precast_image app_image;"));
    }

    #[test]
    fn values_go_through_their_fields() {
        let header = c_header(&module(&[("both", 1)]), "app");
        let expected = "\
static inline precast_error *app_both(precast_instance *instance, int32_t p0, precast_v128 p1, double *result0, int64_t *result1) {
    precast_value values[2];
    values[0].i32 = p0;
    values[1].v128 = p1;
    precast_error *error =
        precast_call(instance, \"both\", values, 2, values, 2);
    if (!error) {
        *result0 = values[0].f64;
        *result1 = values[1].i64;
    }
    return error;
}
";
        assert!(header.contains(expected), "{header}");
    }

    #[test]
    fn names_cannot_break_out() {
        let header = c_header(&module(&[("*/ \"evil\\\n", 0)]), "app");
        assert!(header.contains(r#"/* function "*? "evil\?": "#), "{header}");
        assert!(header.contains(r#""*/ \"evil\\\012""#), "{header}");
    }

    #[test]
    fn what_has_no_c_type_is_left_out_or_refused() {
        let header = c_header(&module(&[("reference", 2)]), "app");
        assert!(!header.contains("app_reference") && header.contains("cannot be called from C"));
        let mut module = module(&[]);
        let (first, second) = ("a".to_owned(), "b".to_owned());
        let import =
            |kind| Import { module: first.clone(), name: second.clone(), kind, may_block: true };
        module.imports = vec![import(ImportKind::Function(CanonicalTypeIndex::new(1)))];
        assert!(check_imports(&module).is_ok());
        module.imports.push(import(ImportKind::Function(CanonicalTypeIndex::new(2))));
        let refused = check_imports(&module).unwrap_err().to_string();
        assert!(refused.contains("a function that takes or gives references, `a.b`"), "{refused}");
        module.imports = vec![import(ImportKind::Memory)];
        assert!(check_imports(&module).unwrap_err().to_string().contains("a memory, `a.b`"));
        assert!(check_name("app_1").is_ok());
        assert!(
            check_name("1app").is_err() && check_name("a-b").is_err() && check_name("").is_err()
        );
    }
}
