use super::*;
use crate::index::WasmOffset;

type Map<'a> = AddressMap<'a, WasmOffset>;

fn sample(count: u32) -> Vec<MapEntry<WasmOffset>> {
    (0..count)
        .map(|i| MapEntry {
            code: CodeOffset::new(5 + i * 7 + i % 3),
            site: match i % 3 {
                0 => Site::Call,
                1 => Site::Trap(TrapCode::MemoryOutOfBounds),
                _ => Site::Trap(TrapCode::IntegerDivisionByZero),
            },
            value: WasmOffset::new((i * 7919) % 100_000),
        })
        .collect()
}

#[test]
fn every_entry_is_found_again() {
    let many = if cfg!(miri) { 130 } else { 1000 };
    for count in [0, 1, 127, 128, 129, many] {
        let entries = sample(count);
        let bytes = encode(entries.iter().copied());
        let table = Map::new("test", &bytes).unwrap();
        assert_eq!(table.iter().collect::<Vec<_>>(), entries);
        for (i, entry) in entries.iter().enumerate() {
            let (before, after) = (entry.code.checked_sub(1), entry.code.checked_add(1));
            let (before, after) = (before.unwrap(), after.unwrap());
            assert_eq!(table.exactly(entry.code), Some(*entry));
            assert_eq!(table.exactly(after), None);
            assert_eq!(table.at_or_before(after), Some(*entry));
            let last = i.checked_sub(1).map(|i| entries[i]);
            assert_eq!(table.at_or_before(before), last);
        }
    }
}

#[test]
fn steps_of_every_length_are_found_again() {
    let sites = [
        Site::Call,
        Site::Trap(TrapCode::MemoryOutOfBounds),
        Site::Trap(TrapCode::Unreachable),
        Site::Trap(*TrapCode::ALL.last().unwrap()),
    ];
    let codes = [1, 2, 63, 64, 127, 128, 70_000];
    // Leaps, also back to where they began, and to just beside it.
    let values = [-1_000_000, 1_000_000, -70, 80, -1, 0, 1, 63, 64, -64];
    let mut entries = Vec::new();
    let (mut code, mut value) = (0, 2_000_000i64);
    // Twice, so that some are frequent.
    for (site, delta) in sites.iter().chain(&sites).flat_map(|s| codes.map(|code| (*s, code))) {
        for to in values {
            code += delta;
            value += to;
            let value = WasmOffset::new(u32::try_from(value).unwrap());
            entries.push(MapEntry { code: CodeOffset::new(code), site, value });
        }
    }
    let bytes = encode(entries.iter().copied());
    let table = Map::new("test", &bytes).unwrap();
    assert!(!table.steps.is_empty());
    assert_eq!(table.iter().collect::<Vec<_>>(), entries);
}

#[test]
fn a_step_that_recurs_takes_a_byte() {
    let entries = (0..6400u32).map(|i| MapEntry {
        code: CodeOffset::new(i * 8),
        site: Site::Trap(TrapCode::MemoryOutOfBounds),
        value: WasmOffset::new(i * 7),
    });
    let size = encode(entries).len();
    // An index of 8 bytes and a long step for each of fifty blocks, all else a byte.
    assert!(size < 6400 + 50 * (8 + 5) + 20, "{size} bytes");
}

#[test]
fn damage_never_panics() {
    let bytes = encode(sample(200).into_iter());
    // Miri takes its time.
    let step = if cfg!(miri) { 97 } else { 1 };
    for at in (0..bytes.len()).step_by(step) {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            if let Ok(table) = Map::new("test", &damaged) {
                for key in (0..300).step_by(step) {
                    table.at_or_before(CodeOffset::new(key * 5));
                }
            }
        }
        assert!(Map::new("test", &bytes[..at]).is_err());
    }
}
