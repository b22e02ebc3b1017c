//! All units that are to be converted: those of the module's DWARF, with split
//! DWARF in place of the skeletons that stand for it.

use super::sections::{self, InputSections};
use super::split::SplitDwarf;
use super::units::{self, Units};
use crate::debug_files::{DebugFileNames, DebugFiles};
use gimli::{Reader as _, Section as _};

/// Reads the headers of all units.
pub(crate) fn read<'a>(source: &InputSections<'a>) -> Units<'a> {
    let mut split = SplitDwarf::new(source);
    let main = source.main.dwarf();
    let lines = main.debug_line.reader().len() + source.split_size();
    let mut units = Units::new(2 * lines, source.warnings.clone());
    if units.add_file(main, None).is_none() {
        return units;
    }
    for header in units::headers(&units.files[0].dwarf) {
        let root = units::root(&units.files[0].dwarf, &header);
        let found = root.split.and_then(|name| split.find(&mut units, &name));
        match found {
            Some((file, found)) => units.add_unit(found, file, Some(header), root.line),
            None => units.add_unit(header, 0, None, root.line),
        }
    }
    split.add_types(&mut units);
    units.warnings.extend(split.warnings());
    units.assign_line_owners();
    units
}

/// Names of files that hold debug information of the module `wasm` and are not
/// among `files`: to be asked again with what was found, since a file may name
/// further ones.
pub fn debug_files_named(wasm: &[u8], files: &DebugFiles) -> DebugFileNames {
    let mut names = DebugFileNames::default();
    let Some(own) = sections::container(wasm) else { return names };
    let source =
        InputSections { main: own.sections, ..InputSections::default() }.with_files(wasm, files);
    if source.is_empty() {
        names.module = own.external.filter(|_| files.module.is_none()).map(str::to_owned);
        return names;
    }
    let main = source.main.dwarf();
    let split = SplitDwarf::new(&source);
    for header in units::headers(&main) {
        if let Some(name) = units::root(&main, &header).split
            && !split.has(&name)
        {
            names.objects.insert(name.path);
        }
    }
    names
}
