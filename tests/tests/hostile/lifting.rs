//! Values of many types out of whatever a guest has in its memory.

use precast_compiler::{Options, text_to_binary};
use precast_loader::component::{Component, ComponentLinker, Value};
use precast_loader::{Error, Store};

/// `f` gives what its first bytes are, as a value.
const GUEST: &str = r#"(component
    (core module $m
        (memory (export "memory") 1 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func (export "f") (param i32 i32) (result i32)
            (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096))
            (memory.copy (i32.const 0) (local.get 0) (local.get 1))
            (i32.const 0)))
    (core instance $i (instantiate $m))
    (type $v' (variant (case "none") (case "text" string) (case "pair" (tuple char u16))))
    (export $v "v" (type $v'))
    (type $e' (enum "a" "b" "c"))
    (export $e "e" (type $e'))
    (type $g' (flags "x" "y" "z"))
    (export $g "g" (type $g'))
    (func (export "f") (param "bytes" (list u8))
        (result (tuple bool s8 $e $g char f32 $v (option (list u64)) (result string (error u32))
            (list (tuple $v (list (option char))))))
        (canon lift (core func $i "f") (memory (core memory $i "memory"))
            (realloc (core func $i "realloc")))))"#;

/// The guest, compiled.
pub(crate) fn guest() -> Component {
    let wasm = text_to_binary(GUEST.as_bytes()).expect("a component");
    let artifact = precast_embed::compile(&wasm, &Options::default()).expect("an artifact");
    Component::new(artifact).expect("a component")
}

/// The value that these bytes are, or why they are none.
pub(crate) fn lift(guest: &Component, bytes: &[u8]) -> Result<Option<Value>, Error> {
    let mut store = Store::new(());
    let instance = ComponentLinker::new().instantiate(&mut store, guest)?;
    let bytes = bytes.iter().take(4096).map(|byte| Value::U8(*byte)).collect();
    instance.get_func(&store, &["f"])?.call(&mut store, &[Value::List(bytes)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_tests::fixture;
    use precast_tests::random::Numbers;
    use std::fs;

    /// Seeds of the fuzz target, which are named for what becomes of them.
    #[test]
    fn seeds_are_what_they_are_called() {
        let guest = guest();
        let mut outcomes = [0; 2];
        for entry in fs::read_dir(fixture("fuzz/lift")).expect("the seeds") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let lifted = lift(&guest, &fs::read(&path).expect("a seed"));
            let trapped = lifted.as_ref().is_err_and(|error| error.trap_code().is_some());
            assert_eq!(trapped, name.starts_with("trap-"), "{name}: {lifted:?}");
            assert_eq!(lifted.is_ok(), name.starts_with("value-"), "{name}: {lifted:?}");
            outcomes[usize::from(trapped)] += 1;
        }
        assert!(outcomes[0] >= 5 && outcomes[1] >= 10, "{outcomes:?}");
    }

    #[test]
    fn any_memory_is_values_or_traps() {
        let guest = guest();
        let mut numbers = Numbers::new(1);
        let (mut values, mut traps) = (0, 0);
        for _ in 0..2000 {
            // Mostly what could be pointers, lengths and cases.
            let bytes: Vec<u8> = (0..128)
                .map(|at| match (at % 4, numbers.below(30)) {
                    (_, 0) => numbers.below(256) as u8,
                    (0, 1..10) => numbers.below(4) as u8 * 8,
                    (0, 10..20) => numbers.below(3) as u8,
                    (1, 11) => 1,
                    _ => 0,
                })
                .collect();
            match lift(&guest, &bytes) {
                Ok(value) => {
                    assert!(matches!(value, Some(Value::Tuple(parts)) if parts.len() == 10));
                    values += 1;
                }
                Err(error) => {
                    assert!(error.trap_code().is_some(), "{error}");
                    traps += 1;
                }
            }
        }
        println!("{values} values, {traps} traps");
        assert!(values > 100 && traps > 100, "{values} values, {traps} traps");
    }
}
