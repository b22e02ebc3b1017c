//! Source lines for addresses: of running guests, and of printed reports.

use crate::error::{Error, Result};
use crate::trap::{Frame, SourceLine};
use precast_artifact::address_map::{AddressMap, MapEntry, Site};
use precast_artifact::container::{self, Container};
use precast_artifact::debug::inlined;
use precast_artifact::debug::lines::Lines;
use precast_artifact::index::{CodeOffset, FuncIndex, ModuleIndex, WasmOffset};
use precast_artifact::module::{Bounds, Description, Module};
use std::collections::HashMap;

/// Section with the source positions.
const LINES: &str = ".precast.lines";

/// The source lines of the code at an offset of `.text`, innermost
/// first; none if the file has no debug information.
pub(crate) fn source_lines(file: &[u8], code: CodeOffset) -> Vec<SourceLine> {
    let Some(bytes) = container::section(file, LINES) else { return Vec::new() };
    let Ok(lines) = Lines::new(bytes) else { return Vec::new() };
    let line = |frame: precast_artifact::debug::lines::SourceFrame<'_>| SourceLine {
        function: (!frame.function.is_empty()).then(|| frame.function.to_owned()),
        file: frame.file.to_owned(),
        line: frame.line,
        column: frame.column,
    };
    lines.at(code).into_iter().map(line).collect()
}

/// Names of the functions whose code starts at an offset of the image, for
/// reports.
pub(crate) fn names(file: &[u8], address: u64) -> Vec<String> {
    let names = container::symbols_at(file, address).into_iter();
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Puts names and source lines into the report of a trap, as the loader prints
/// it: those that it would have printed itself, had the artifact not been
/// stripped. `debug` is the file with the debug information, which may be the
/// artifact itself. Lines that are no frames stay as they are.
///
/// # Errors
///
/// `artifact` is no artifact.
pub fn symbolize(report: &str, artifact: &[u8], debug: &[u8]) -> Result<String> {
    let open = |cause| Error::Open(None, cause);
    let note = Container::open(artifact).map_err(open)?.note;
    let bytes = &artifact[note.module.offset as usize..][..note.module.size as usize];
    let description = Description::decode(bytes).map_err(|why| Error::damaged(None, why))?;
    let bounds =
        Bounds { image: note.image_size, text: note.text, component: note.component.size != 0 };
    description.check(&bounds).map_err(|why| Error::damaged(None, why))?;
    let places: Vec<CodeOrigins<'_>> = ModuleIndex::enumerate(&description.modules)
        .filter_map(|(index, module)| CodeOrigins::new(artifact, index, module))
        .collect();
    let mut text = String::new();
    for line in report.lines() {
        let known = places.iter().find_map(|places| places.frame(line, debug));
        text.push_str(&known.unwrap_or_else(|| line.to_owned()));
        text.push('\n');
    }
    Ok(text)
}

/// Where the code of a module came from.
struct CodeOrigins<'a> {
    artifact: &'a [u8],
    index: ModuleIndex,
    module: &'a Module,
    functions: AddressMap<'a, FuncIndex>,
    /// For each offset in the Wasm module, the first code made for it.
    code: HashMap<WasmOffset, CodeOffset>,
}

impl<'a> CodeOrigins<'a> {
    fn new(artifact: &'a [u8], index: ModuleIndex, module: &'a Module) -> Option<Self> {
        let bytes = |range: precast_artifact::module::Range| {
            let end = range.offset.checked_add(range.size)?;
            artifact.get(range.offset as usize..end as usize)
        };
        let functions =
            AddressMap::new(".precast.functions", bytes(module.function_table)?).ok()?;
        let sites = AddressMap::new(".precast.sites", bytes(module.site_table)?).ok()?;
        let mut code = HashMap::new();
        for MapEntry { code: at, site, value } in sites.iter() {
            // A call and a trap at one place have the same lines.
            let first = code.entry(value).or_insert(at);
            if let Site::Trap(_) = site {
                *first = at;
            }
        }
        Some(Self { artifact, index, module, functions, code })
    }

    /// A line of a report, with what is known of its frame.
    fn frame(&self, line: &str, debug: &[u8]) -> Option<String> {
        let (number, rest) = line.trim_start().split_once(": ")?;
        let number: usize = number.parse().ok()?;
        let (who, offset) = rest.split_once(" at wasm offset 0x")?;
        let digits = offset.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(offset.len());
        let offset = WasmOffset::new(u32::from_str_radix(&offset[..digits], 16).ok()?);
        let code = *self.code.get(&offset)?;
        let function = self.functions.at_or_before(code)?;
        let module = who.strip_suffix(')').and_then(|who| who.rsplit_once(" ("));
        let mut names =
            names(debug, self.module.text.offset + u64::from(function.code.get())).into_iter();
        // The operator is in the innermost body at its code.
        let bodies = container::section(self.artifact, inlined::NAME)
            .map(|section| inlined::around(section, 0, function.code, code))
            .unwrap_or_default();
        let body = bodies.first().map(|body| body.function);
        let known = container::section(debug, inlined::NAMES);
        let frame = Frame {
            module: module.map(|(_, module)| module.to_owned()),
            function: body.unwrap_or(function.value),
            name: match body {
                Some(body) => known.and_then(|names| inlined::name_of(names, self.index, body)),
                None => names.next(),
            },
            same_code: if body.is_some() { Vec::new() } else { names.collect() },
            offset: Some(offset),
            source: source_lines(debug, code),
            instance: None,
            locals: Vec::new(),
        };
        Some(format!("{number:>5}: {frame}"))
    }
}
