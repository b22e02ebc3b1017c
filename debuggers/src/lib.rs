//! What tells debuggers how to show guests' pointers, and what of the libraries
//! of Rust and C++ holds pointers: data for the compiler, which puts it into artifacts,
//! the loader, which carries it, and the command line, which writes it out.
//!
//! Where debuggers find them:
//!
//! | debugger | of | finds |
//! |-|-|-|
//! | gdb | an artifact opened as a file (`gdb app.cwasm`, `add-symbol-file`), its debug file | [`gdb_section`] in it |
//! | gdb | a running guest | the same section in the program that holds the loader: gdb reads scripts from files only, and the image that a process tells it of is none |
//! | lldb | | the Python script, where it was told to: `precast debug` does so, or the init file that `precast debug --init` is written to |
//! | lldb from 20 on | an artifact, also one that a process tells it of | [`lldb_section`] in it |
//!
//! gdb reads scripts only of files below its auto-load path, which
//! `precast debug --gdb` and the lines of `precast debug --gdb --init` extend.
//!
//! For lldb only what can do without memory is embedded. Its formatter bytecode
//! reaches what it is to show and the members of that, nothing else: the
//! selectors that would read memory have numbers in LLDB 22, and end the program
//! with an error; and no value can be made from an address. A guest's pointer
//! needs both, as where linear memory begins stands elsewhere. Formatters are
//! found by the name of the type, so that one for `char *` would be that of the
//! host's too.
//!
//! # Where would I change it?
//!
//! | what | where |
//! |-|-|
//! | a debugger formatter | a class and its line in `gdb.py` and in `lldb.py`, for C++'s library in `gdb_cxx.py` and `lldb_cxx.py`; a program in `fixtures/debug`, of which `tests/tests/transcripts.rs` compares what is shown |
//! | what a debugger is told of a type | `debug::type_names` in `precast-compiler` |

#![forbid(unsafe_code)]

/// The formatters for gdb, in Python.
pub const GDB: &str = concat!(include_str!("gdb.py"), include_str!("gdb_cxx.py"));

/// The formatters for lldb, in Python.
pub const LLDB: &str = concat!(include_str!("lldb.py"), include_str!("lldb_cxx.py"));

/// Name of the section in which gdb looks for scripts.
pub const GDB_SECTION: &str = ".debug_gdb_scripts";

/// Contents of that section ("The .debug_gdb_scripts section" in gdb's manual):
/// the text of a script in Python, whose name gdb remembers, so that it reads
/// one only that is in several files.
pub const fn gdb_section() -> [u8; GDB_SECTION_SIZE] {
    let mut section = [0; GDB_SECTION_SIZE];
    section[0] = SCRIPT_TEXT;
    copy(&mut section, 1, GDB_NAME);
    copy(&mut section, 1 + GDB_NAME.len(), GDB);
    section
}

/// Size of that section.
pub const GDB_SECTION_SIZE: usize = 1 + GDB_NAME.len() + GDB.len() + 1;

/// `SECTION_SCRIPT_ID_PYTHON_TEXT`.
const SCRIPT_TEXT: u8 = 4;

/// The first line of the text is its name.
const GDB_NAME: &str = "precast_gdb.py\n";

/// Name of the section in which lldb looks for summaries.
pub const LLDB_SECTION: &str = ".lldbsummaries";

/// Regular expressions for types, and what lldb shows of their values: lengths
/// of what Rust has in memory.
const LLDB_SUMMARIES: [(&str, &str); 2] = [
    ("^alloc::vec::Vec<.+>$", "size=${var.len}\0"),
    ("^&(mut )?\\[.+\\]$", "size=${var.length}\0"),
];

/// Contents of that section: records of a version, their size, and two strings
/// ("Embedding" in "Formatter Bytecode" of LLDB's documentation; the section for
/// plain summaries has these where the other has programs).
pub fn lldb_section() -> Vec<u8> {
    let mut section = Vec::new();
    for (types, summary) in LLDB_SUMMARIES {
        let record = [counted(types.as_bytes()), counted(summary.as_bytes())].concat();
        section.push(1);
        section.extend(counted(&record));
    }
    section
}

/// The bytes after their number, in LEB128: one byte for all that are here.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let count = u8::try_from(bytes.len()).ok().filter(|count| *count < 0x80);
    let count = count.expect("a record of fewer than 128 bytes");
    [&[count], bytes].concat()
}

const fn copy(to: &mut [u8], at: usize, text: &str) {
    let mut index = 0;
    while index < text.len() {
        to[at + index] = text.as_bytes()[index];
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_one_script() {
        let section = gdb_section();
        assert!(section.starts_with(b"\x04precast_gdb.py\n\"\"\""));
        // It ends at its first zero.
        assert_eq!(section.iter().position(|byte| *byte == 0), Some(section.len() - 1));
    }

    #[test]
    fn summaries_are_records_of_two_strings() {
        let section = lldb_section();
        let mut rest = section.as_slice();
        for (types, summary) in LLDB_SUMMARIES {
            let (&[version, size], record) = rest.split_first_chunk().expect("a record");
            assert_eq!(version, 1);
            let (record, after) = record.split_at(size.into());
            let (types_size, summary_at) = (usize::from(record[0]), 1 + types.len());
            assert_eq!((types_size, &record[1..summary_at]), (types.len(), types.as_bytes()));
            assert_eq!(usize::from(record[summary_at]), summary.len());
            assert_eq!(&record[summary_at + 1..], summary.as_bytes());
            rest = after;
        }
        assert!(rest.is_empty());
    }
}
