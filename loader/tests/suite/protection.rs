//! What stands around contexts and memories in the address space.

use crate::code;
use crate::mock::Mock;
use crate::{I32, opened};
use precast_loader::{Linker, Store};

/// Mappings of this process: addresses and permissions.
fn mappings() -> Vec<(std::ops::Range<usize>, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (start, end) = words.next().unwrap().split_once('-').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        (number(start)..number(end), words.next().unwrap().to_owned())
    };
    maps.lines().map(line).collect()
}

#[test]
fn what_is_constant_in_a_context_is_read_only_behind_a_wide_guard() {
    let mut m = Mock::new("protected");
    let ty = m.ty(&[I32], &[I32]);
    m.memory(1, None, false);
    m.export("memory", precast_artifact::module::ExportKind::Memory, 0);
    // Their records take five pages.
    for index in 0..640 {
        m.func(&format!("f{index}"), ty, |_| code::load());
    }
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &opened(&m.build()).unwrap()).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let base = memory.data(&store).as_ptr() as usize;
    let mappings = mappings();
    let at = mappings.iter().position(|(range, _)| range.contains(&base)).unwrap();
    let [front, sealed, open] = &mappings[at - 2..=at] else { unreachable!() };
    assert!(front.0.end == sealed.0.start && sealed.0.end == open.0.start);
    assert_eq!((&front.1[..], &sealed.1[..], &open.1[..]), ("---p", "r--p", "rw-p"));
    assert!(front.0.len() >= 2 << 30, "{:x?}", front.0);
    assert!(sealed.0.len() >= 640 * 32 - 4096, "{:x?}", sealed.0);
    let last = instance.get_typed_func::<i32, i32>(&store, "f639").unwrap();
    assert_eq!(last.call(&mut store, 8).unwrap(), 0);
}
