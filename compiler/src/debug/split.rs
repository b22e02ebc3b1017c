//! Split DWARF: units in files of their own, or many of those in a package
//! (DWARF 5 sections 7.3.2 and 7.3.5, and the GNU extension to DWARF 4).

use super::sections::{Bytes, Dwarf, InputSections};
use super::units::{self, SplitName, Units, headers, signature};
use gimli::{DwarfPackage, Reader as _, Section as _, UnitHeader};
use std::collections::{BTreeMap, BTreeSet};

/// How many names of files a warning has.
const MOST_NAMES: usize = 3;

/// Finds split units.
pub(super) struct SplitDwarf<'s, 'a> {
    source: &'s InputSections<'a>,
    package: Option<DwarfPackage<Bytes<'a>>>,
    /// Files that were looked into, and where they are among the input's.
    opened: BTreeMap<&'a str, Option<usize>>,
    /// Their units that were not taken yet.
    units: BTreeMap<(usize, u64), UnitHeader<Bytes<'a>>>,
    /// Units that were taken from the package.
    taken: BTreeSet<u64>,
    /// Their folders, by where their line numbers are in memory: units of types
    /// have those of the unit that they were made with.
    directories: BTreeMap<usize, Option<Bytes<'a>>>,
    /// What may still be taken from it: damaged indices may overlap.
    info_left: usize,
    other_left: usize,
    missing: Vec<String>,
    mistaken: Vec<String>,
    damaged: Option<String>,
}

impl<'s, 'a> SplitDwarf<'s, 'a> {
    pub(super) fn new(source: &'s InputSections<'a>) -> Self {
        let mut split = Self {
            source,
            package: None,
            opened: BTreeMap::new(),
            units: BTreeMap::new(),
            taken: BTreeSet::new(),
            directories: BTreeMap::new(),
            info_left: 0,
            other_left: 0,
            missing: Vec::new(),
            mistaken: Vec::new(),
            damaged: None,
        };
        if let Some(sections) = &source.package {
            match sections.package() {
                Ok(package) => {
                    let types = package.debug_types.reader().len();
                    split.info_left = package.debug_info.reader().len() + types;
                    // Units made together share their abbreviations.
                    split.other_left = (16 << 20) + 64 * sections.size();
                    split.package = Some(package);
                }
                Err(why) => split.damaged = Some(why.to_string()),
            }
        }
        split
    }

    /// Whether the files hold a unit, as far as their names and indices say.
    pub(super) fn has(&self, name: &SplitName<'_>) -> bool {
        let packed = self.package.as_ref().is_some_and(|p| p.cu_index.find(name.id.0).is_some());
        packed || self.source.objects.contains_key(name.path.as_str())
    }

    /// The unit that a skeleton stands for, and its file.
    pub(super) fn find(
        &mut self,
        units: &mut Units<'a>,
        name: &SplitName<'a>,
    ) -> Option<(usize, UnitHeader<Bytes<'a>>)> {
        self.in_package(units, name).or_else(|| self.in_object(units, name))
    }

    fn in_package(
        &mut self,
        units: &mut Units<'a>,
        name: &SplitName<'a>,
    ) -> Option<(usize, UnitHeader<Bytes<'a>>)> {
        let package = self.package.as_ref()?;
        let row = package.cu_index.find(name.id.0)?;
        if !self.taken.insert(name.id.0) {
            return None;
        }
        match package.cu_sections(row, &units.files[0].dwarf) {
            Ok(dwarf) => {
                let is_unit = |header: &UnitHeader<_>| signature(header).is_none();
                let header = headers(&dwarf).into_iter().find(is_unit)?;
                self.pay(&dwarf)?;
                self.directories.insert(line_place(&dwarf), name.directory);
                Some((units.add_file(dwarf, name.directory)?, header))
            }
            Err(why) => {
                self.damaged.get_or_insert(why.to_string());
                None
            }
        }
    }

    /// Counts what is taken from the package.
    fn pay(&mut self, dwarf: &Dwarf<'_>) -> Option<()> {
        let info = dwarf.debug_info.reader().len() + dwarf.debug_types.reader().len();
        let lines = dwarf.debug_line.reader().len();
        let other = dwarf.debug_abbrev.reader().len() + lines;
        let left = (self.info_left.checked_sub(info), self.other_left.checked_sub(other));
        let (Some(info), Some(other)) = left else {
            self.damaged.get_or_insert("its units overlap".to_owned());
            return None;
        };
        (self.info_left, self.other_left) = (info, other);
        Some(())
    }

    fn in_object(
        &mut self,
        units: &mut Units<'a>,
        name: &SplitName<'a>,
    ) -> Option<(usize, UnitHeader<Bytes<'a>>)> {
        let found = self.source.objects.get_key_value(name.path.as_str());
        let Some((&path, sections)) = found else {
            self.missing.push(name.path.clone());
            return None;
        };
        let file = match self.opened.get(path) {
            Some(file) => *file,
            None => {
                let main = &units.files[0].dwarf;
                let dwarf = sections.as_ref().map(|sections| sections.split(main));
                let file = dwarf.and_then(|dwarf| units.add_file(dwarf, name.directory));
                self.opened.insert(path, file);
                if let Some(file) = file {
                    self.open(&units.files[file].dwarf, file);
                }
                file
            }
        };
        let unit = file.and_then(|file| Some((file, self.units.remove(&(file, name.id.0))?)));
        if unit.is_none() {
            self.mistaken.push(path.to_owned());
        }
        unit
    }

    /// Takes note of the units of a file.
    fn open(&mut self, dwarf: &Dwarf<'a>, file: usize) {
        for header in headers(dwarf) {
            if signature(&header).is_none()
                && let Ok(unit) = dwarf.unit(header)
                && let Some(id) = unit.dwo_id
            {
                self.units.entry((file, id.0)).or_insert(header);
            }
        }
    }

    /// Adds the units of types, which any unit may refer to.
    pub(super) fn add_types(&mut self, units: &mut Units<'a>) {
        for file in self.opened.values().copied().flatten() {
            for header in headers(&units.files[file].dwarf) {
                if signature(&header).is_some() {
                    let root = units::root(&units.files[file].dwarf, &header);
                    units.add_unit(header, file, None, root.line);
                }
            }
        }
        if self.taken.is_empty() {
            return;
        }
        let count = self.package.as_ref().map_or(0, |package| package.tu_index.unit_count());
        for row in 1..=count {
            let Some(package) = &self.package else { return };
            let Ok(dwarf) = package.tu_sections(row, &units.files[0].dwarf) else { continue };
            let unknown = |header: &UnitHeader<_>| {
                signature(header).is_some_and(|(signature, _)| !units.knows(signature))
            };
            let Some(header) = headers(&dwarf).into_iter().find(unknown) else { continue };
            if self.pay(&dwarf).is_none() {
                return;
            }
            let line = units::root(&dwarf, &header).line;
            let directory = self.directories.get(&line_place(&dwarf)).copied().flatten();
            let Some(file) = units.add_file(dwarf, directory) else { return };
            units.add_unit(header, file, None, line);
        }
    }

    /// What was not found.
    pub(super) fn warnings(self) -> Vec<String> {
        let only_lines = "of what they hold only line numbers are left";
        let mut warnings = Vec::new();
        if let Some(why) = self.damaged {
            warnings.push(format!("debug information: the package of split DWARF: {why}"));
        }
        if let Some(names) = list(self.missing) {
            warnings.push(format!(
                "debug information: files of split DWARF were not found, {only_lines}: {names}"
            ));
        }
        if let Some(names) = list(self.mistaken) {
            warnings.push(format!(
                "debug information: files of split DWARF are damaged or of another build, \
                 {only_lines}: {names}"
            ));
        }
        warnings
    }
}

/// Where the line numbers of a unit are in memory.
fn line_place(dwarf: &Dwarf<'_>) -> usize {
    dwarf.debug_line.reader().slice().as_ptr().addr()
}

/// The first few names, and how many more there are.
fn list(mut names: Vec<String>) -> Option<String> {
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let shown = names.join(", ");
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown),
        (false, more) => Some(format!("{shown} and {more} more")),
    }
}
