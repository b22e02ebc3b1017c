//! Custom sections that say something about the code. None can make a module
//! invalid (core specification, appendix on custom sections): of a damaged
//! one, what came before the damage counts.

use super::parsed::Parsed;
use precast_artifact::index::{FuncIndex, GlobalIndex, LocalIndex};
use wasmparser::{
    BinaryReaderError, BranchHintSectionReader, CustomSectionReader, KnownCustom, Name,
    NameSectionReader, ProducersSectionReader,
};

impl<'a> Parsed<'a> {
    pub(super) fn custom_section(&mut self, section: &CustomSectionReader<'a>) {
        if section.name().starts_with(".debug_") {
            self.debug_sections.push((section.name(), section.data()));
        }
        // Where reading ends early, the rest is left out.
        let _ = match section.as_known() {
            KnownCustom::Name(reader) => self.read_names(reader),
            KnownCustom::BranchHints(reader) => self.read_hints(reader),
            KnownCustom::Producers(reader) => self.read_producers(reader),
            KnownCustom::Linking(_) => {
                self.has_linking_section = true;
                Ok(())
            }
            _ => Ok(()),
        };
    }

    fn read_names(&mut self, reader: NameSectionReader<'a>) -> Result<(), BinaryReaderError> {
        for subsection in reader {
            match subsection? {
                Name::Module { name, .. } => self.name = Some(name),
                Name::Function(map) => {
                    for naming in map {
                        let naming = naming?;
                        let index = naming.index as usize;
                        if index < self.functions.len() {
                            self.names.resize(self.functions.len(), "");
                            self.names[index] = naming.name;
                        }
                    }
                }
                Name::Local(functions) => {
                    for function in functions {
                        let function = function?;
                        let index = FuncIndex::new(function.index);
                        for naming in function.names {
                            let naming = naming?;
                            let local = LocalIndex::new(naming.index);
                            self.local_names.push((index, local, naming.name));
                        }
                    }
                    self.local_names.sort_by_key(|(function, local, _)| (*function, *local));
                }
                Name::Global(map) => {
                    for naming in map {
                        let naming = naming?;
                        self.global_names.push((GlobalIndex::new(naming.index), naming.name));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_hints(&mut self, reader: BranchHintSectionReader<'a>) -> Result<(), BinaryReaderError> {
        for function in reader {
            let function = function?;
            let mut hints = function.hints.into_iter().collect::<Result<Vec<_>, _>>()?;
            hints.sort_by_key(|hint| hint.func_offset);
            self.hints.insert(FuncIndex::new(function.func), hints);
        }
        Ok(())
    }

    /// Every value of every field, as `processed-by clang 19.1.7`.
    fn read_producers(
        &mut self,
        reader: ProducersSectionReader<'a>,
    ) -> Result<(), BinaryReaderError> {
        for field in reader {
            let field = field?;
            for value in field.values {
                let value = value?;
                let text = format!("{} {} {}", field.name, value.name, value.version);
                self.producers.push(text.trim_end().replace('\0', ""));
            }
        }
        Ok(())
    }
}
