//! Files that are neither modules nor artifacts, and are given for one of them
//! all the same: known by how they begin, or by their sections, and named with
//! what to do.

use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::FileHeader;
use std::fmt;

/// A file of another format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// What `wasmtime compile` writes.
    WasmtimeArtifact,
    /// What `wasmer compile` writes.
    WasmerArtifact,
    /// gzip, xz, Zstandard, bzip2.
    Compressed,
    /// ZIP.
    Zip,
    /// A web page.
    WebPage,
    /// What Git has in place of a large file.
    LfsPointer,
    /// LLVM's intermediate code.
    Bitcode,
    /// A static library.
    StaticLibrary,
    /// Machine code for an operating system.
    NativeProgram,
}

/// How files begin.
const BEGINNINGS: [(&[u8], Foreign); 13] = [
    (b"\x1f\x8b", Foreign::Compressed),
    (b"\xfd7zXZ\0", Foreign::Compressed),
    (b"\x28\xb5\x2f\xfd", Foreign::Compressed),
    (b"BZh", Foreign::Compressed),
    (b"PK\x03\x04", Foreign::Zip),
    (b"version https://git-lfs.github.com/spec/", Foreign::LfsPointer),
    (b"BC\xc0\xde", Foreign::Bitcode),
    (b"!<arch>\n", Foreign::StaticLibrary),
    (b"wasmer-universal", Foreign::WasmerArtifact),
    (b"WASMER\0\0", Foreign::WasmerArtifact),
    (b"\xcf\xfa\xed\xfe", Foreign::NativeProgram),
    (b"MZ", Foreign::NativeProgram),
    (b"#!", Foreign::NativeProgram),
];

impl Foreign {
    /// What a file is, if it is known. Of an ELF file, that it is not ours is
    /// for the caller to know.
    pub fn of(file: &[u8]) -> Option<Self> {
        if let Some((_, known)) = BEGINNINGS.iter().find(|(start, _)| file.starts_with(start)) {
            return Some(*known);
        }
        if file.starts_with(b"\x7fELF") {
            let wasmtime = section_names(file).any(|name| name.starts_with(b".wasmtime"));
            return Some(if wasmtime { Self::WasmtimeArtifact } else { Self::NativeProgram });
        }
        let text = file.trim_ascii_start();
        let begins =
            |tag: &[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        (begins(b"<!doctype html") || begins(b"<html")).then_some(Self::WebPage)
    }

    /// What it is.
    pub fn name(self) -> &'static str {
        match self {
            Self::WasmtimeArtifact => "an artifact of wasmtime, which only wasmtime runs",
            Self::WasmerArtifact => "an artifact of Wasmer, which only Wasmer runs",
            Self::Compressed => "a compressed file",
            Self::Zip => "a ZIP archive",
            Self::WebPage => "a web page, perhaps what a server sent in place of a file",
            Self::LfsPointer => "a pointer of Git LFS, not the file that it stands for",
            Self::Bitcode => "LLVM bitcode",
            Self::StaticLibrary => "a static library",
            Self::NativeProgram => "a program of the operating system, not of Precast",
        }
    }

    /// What to do with it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::WasmtimeArtifact | Self::WasmerArtifact => {
                "compile the module that it was made of with `precast compile`"
            }
            Self::Compressed => "unpack it first, with `gunzip`, `unxz`, `unzstd` or `bunzip2`",
            Self::Zip => "unpack it first, with `unzip`",
            Self::WebPage => "open it to see what it says, and fetch the file again",
            Self::LfsPointer => "fetch the file with `git lfs pull`",
            Self::Bitcode => {
                "link it to a module, with `clang --target=wasm32-wasip1` or `wasm-ld`"
            }
            Self::StaticLibrary => "link a program with it, with `clang` or `wasm-ld`",
            Self::NativeProgram => {
                "give a WebAssembly module, or what `precast compile` has written"
            }
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.name(), self.remedy())
    }
}

/// Names of the sections of a 64-bit ELF file, as far as they can be read.
fn section_names(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let table = FileHeader64::<Endianness>::parse(file).ok().and_then(|header| {
        let endian = header.endian().ok()?;
        Some((endian, header.sections(endian, file).ok()?))
    });
    table.into_iter().flat_map(|(endian, table)| {
        let names = table.iter().filter_map(move |header| table.section_name(endian, header).ok());
        names.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_beginning() {
        for (file, known) in [
            (&b"\x1f\x8b\x08\0"[..], Some(Foreign::Compressed)),
            (b"\n <!DOCTYPE HTML><html>", Some(Foreign::WebPage)),
            (b"<HTML lang=en>", Some(Foreign::WebPage)),
            (b"version https://git-lfs.github.com/spec/v1\noid", Some(Foreign::LfsPointer)),
            (b"!<arch>\n", Some(Foreign::StaticLibrary)),
            (b"\x7fELF", Some(Foreign::NativeProgram)),
            (b"\0asm\x01\0\0\0", None),
            (b"(module)", None),
            (b"", None),
        ] {
            assert_eq!(Foreign::of(file), known, "{}", file.escape_ascii());
        }
    }
}
