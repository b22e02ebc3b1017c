//! An artifact as commands that look into it see it: opened and checked, with
//! a list of its functions.

use crate::exit::{Failure, Result};
use object::read::elf::ElfFile64;
use object::{Object, ObjectSymbol, SymbolKind};
use precast_artifact::address_map::AddressMap;
use precast_artifact::container::{self, Container};
use precast_artifact::index::FuncIndex;
use precast_artifact::module::{Bounds, Description, Range};
use std::collections::HashMap;
use std::path::Path;

/// An artifact's bytes, and what they say of themselves.
pub struct Contents {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Its header.
    pub container: Container,
    /// Its modules.
    pub description: Description,
}

/// A function with code of its own.
pub struct Function {
    /// Which module of the artifact.
    pub module: usize,
    /// Its index there.
    pub index: FuncIndex,
    /// Its symbol, if the artifact has symbols.
    pub name: Option<String>,
    /// Its code, as offsets in the file.
    pub code: Range,
}

impl Function {
    /// What to call it in a list.
    pub fn shown(&self) -> String {
        let Self { module, index, name, .. } = self;
        name.clone().unwrap_or_else(|| format!("module {module} function {}", index.get()))
    }
}

impl Contents {
    /// Opens an artifact.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |why: String| Failure::Error(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(Failure::while_doing(path.display()))?;
        let container = Container::open(&bytes).map_err(|why| failed(why.to_string()))?;
        let note = &container.note;
        let module = slice(&bytes, note.module).ok_or_else(|| failed("truncated".to_owned()))?;
        let description = Description::decode(module)
            .map_err(|why| failed(format!("damaged artifact: {why}")))?;
        let bounds =
            Bounds { image: note.image_size, text: note.text, component: note.component.size != 0 };
        description.check(&bounds).map_err(|why| failed(format!("damaged artifact: {why}")))?;
        Ok(Self { bytes, container, description })
    }

    /// The bytes of a range; none if it ends after the file.
    pub fn slice(&self, range: Range) -> Option<&[u8]> {
        slice(&self.bytes, range)
    }

    /// All functions, by module and index.
    pub fn functions(&self) -> Vec<Function> {
        let names = self.names();
        let starts = self.code_starts();
        let mut functions = Vec::new();
        for (number, module) in self.description.modules.iter().enumerate() {
            let Some(table) = self.slice(module.function_table) else { continue };
            let Ok(table) = AddressMap::<FuncIndex>::new("functions", table) else { continue };
            for entry in table.iter() {
                let start = u64::from(entry.code.get());
                let next = starts.partition_point(|other| *other <= start);
                let end = starts.get(next).copied().unwrap_or(module.text.size);
                let code =
                    Range { offset: module.text.offset + start, size: end.saturating_sub(start) };
                let name = names.get(&(code.offset.wrapping_add(self.container.base))).cloned();
                functions.push(Function { module: number, index: entry.value, name, code });
            }
        }
        functions.sort_by_key(|function| (function.module, function.index));
        functions
    }

    /// Bytes of code of each module, in functions.
    pub fn code_sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0; self.description.modules.len()];
        for function in self.functions() {
            sizes[function.module] += function.code.size;
        }
        sizes
    }

    /// Where functions and stubs begin in the text, in order: the code of a
    /// function reaches to the next one, which may be another module's.
    fn code_starts(&self) -> Vec<u64> {
        let mut starts = Vec::new();
        for module in &self.description.modules {
            let stubs = module.entry_stubs.iter().chain(&module.host_stubs);
            starts.extend(stubs.map(|stub| u64::from(stub.code.get())));
            let table = self.slice(module.function_table);
            let table =
                table.and_then(|table| AddressMap::<FuncIndex>::new("functions", table).ok());
            let functions = table.iter().flat_map(|table| table.iter());
            starts.extend(functions.map(|entry| u64::from(entry.code.get())));
        }
        starts.sort_unstable();
        starts
    }

    /// The first name of each function symbol's address.
    fn names(&self) -> HashMap<u64, String> {
        let mut names = HashMap::new();
        let Ok(file) = ElfFile64::<object::LittleEndian>::parse(&*self.bytes) else { return names };
        for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
            if let Ok(name) = symbol.name_bytes() {
                let name = String::from_utf8_lossy(name);
                names.entry(symbol.address()).or_insert_with(|| name.into_owned());
            }
        }
        names
    }

    /// Sections by name, with their bytes.
    pub fn sections(&self) -> Vec<(String, &[u8])> {
        let sections = container::sections(&self.bytes).into_iter();
        sections.map(|(name, range, _)| (name, self.slice(range).unwrap_or_default())).collect()
    }
}

fn slice(bytes: &[u8], range: Range) -> Option<&[u8]> {
    bytes.get(usize::try_from(range.offset).ok()?..)?.get(..usize::try_from(range.size).ok()?)
}
