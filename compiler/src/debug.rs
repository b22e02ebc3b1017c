//! Debug information: the module's DWARF 4 or 5, about WebAssembly, becomes
//! DWARF 5 about the native code.
//!
//! What changes on the way:
//!
//! * *Code addresses*, offsets in the code section, become addresses of the
//!   native code, by the position that code generation kept for every
//!   instruction ([`code`]).
//! * *Locations* in Wasm locals and globals become places in frames, registers
//!   and contexts; a guest's address becomes the base of linear memory plus the
//!   address, so that everything in memory can be written ([`expression`],
//!   [`location`]).
//! * *Pointers* stay as wide as the guest's. Debuggers take a pointer for an
//!   address of the process, so pointer types become structures that
//!   formatters recognise ([`mod@pointer`]).
//!
//! Everything else is copied: types, names, scopes, files.
//!
//! DWARF may be in the module, in a module beside it that it names, or split:
//! what stands in place of a skeleton unit is converted as if it were there.
//! Units of types stay units of types.
//!
//! Units are independent of each other, so that any thread can convert any of
//! them; [`Module::finish`] joins them in order. What is malformed is left out,
//! with a warning; work and memory stay in proportion to the input.
//!
//! | module | does |
//! |-|-|
//! | [`source`] | the sections of the input, from all its files |
//! | [`input`] | all units of the input |
//! | [`split`] | split DWARF |
//! | [`mod@units`] | headers of units, and their files |
//! | [`mod@wanted`] | values that code keeps for debuggers |
//! | [`code`] | which code came from where, and where its values are |
//! | [`output`] | growing sections with places to be filled in |
//! | [`expression`] | DWARF expressions |
//! | [`location`] | locations, as expressions or lists |
//! | [`join`] | units into sections |
//! | [`rows`] | rows of line number programs, and where their code is |
//! | [`mod@line`] | line number programs |
//! | [`locals`] | where frames keep the locals of the module |
//! | [`abbreviation`] | shapes of entries |
//! | [`meaning`] | locations that mean more than they say |
//! | [`mod@pointer`] | pointer types and their names |
//! | [`site`] | source positions for trap reports |
//! | [`text`] | DWARF for modules that have none, about their text |
//! | [`mod@unit`] | units and their entries |

mod abbreviation;
mod code;
mod expression;
mod input;
mod join;
mod line;
mod locals;
mod location;
mod meaning;
mod output;
mod pointer;
mod rows;
mod site;
mod source;
mod split;
mod text;
mod unit;
mod units;
mod wanted;

use crate::function::CompiledFunction;
use crate::link::DebugSection;
use crate::parse::Parsed;
use crate::plan::Plan;
use code::CodeMap;
use gimli::Section as _;
pub use input::debug_files_named;
pub(crate) use input::read;
pub(crate) use join::Sections;
use precast_artifact::debug::locals::NAME;
pub(crate) use source::Source;
pub(crate) use text::describe_text;
pub(crate) use unit::UnitOutput;
pub(crate) use units::Units;
pub(crate) use wanted::wanted;

/// Everything that converting a unit looks at, read-only.
pub(crate) struct Module<'a> {
    input: Units<'a>,
    code: CodeMap<'a>,
    parsed: &'a Parsed<'a>,
    plan: &'a Plan<'a>,
    form: Form<'a>,
    /// Added to the producer of each unit.
    producer: String,
}

/// What the output shall be like.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a> {
    /// DWARF number of the frame pointer.
    pub frame_pointer: u16,
    /// Prefixes of paths and what to write instead.
    pub remap: &'a [(String, String)],
    /// Whether places in other sections must be known: for an object.
    pub relocatable: bool,
}

impl<'a> Module<'a> {
    /// Takes the units of a module. `places` says where in `.text` each own
    /// function lies.
    pub(crate) fn new(
        input: Units<'a>,
        parsed: &'a Parsed<'a>,
        plan: &'a Plan<'a>,
        functions: &'a [Option<CompiledFunction>],
        places: &[Option<std::ops::Range<u32>>],
        form: Form<'a>,
    ) -> Self {
        let code = CodeMap::new(parsed.code_start, parsed, functions, places);
        let producer = concat!("precast ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { input, code, parsed, plan, form, producer }
    }

    /// A path as it shall be written.
    fn path(&self, path: &[u8]) -> Vec<u8> {
        for (from, to) in self.form.remap.iter().rev() {
            if let Some(rest) = path.strip_prefix(from.as_bytes()) {
                return [to.as_bytes(), rest].concat();
            }
        }
        path.to_vec()
    }

    /// The strings of a section, without the prefixes of paths that are written
    /// elsewhere. What follows a prefix stays: other strings may end in it.
    fn strings(&self, section: &[u8]) -> Vec<u8> {
        let mut strings = section.to_vec();
        if self.form.remap.is_empty() {
            return strings;
        }
        for text in strings.split_mut(|byte| *byte == 0) {
            let prefixes = self.form.remap.iter().rev().map(|(from, _)| from.as_bytes());
            if let Some(prefix) = prefixes.into_iter().find(|prefix| text.starts_with(prefix)) {
                text[..prefix.len()].fill(0);
            }
        }
        strings
    }

    /// Converts one unit.
    pub(crate) fn unit(&self, index: usize) -> UnitOutput {
        unit::convert(self, index)
    }

    /// Writes an offset in a section of strings.
    fn refer(&self, part: &mut output::Part, strings: output::Base, offset: u32) {
        match self.form.relocatable {
            true => part.fixup(output::Fixup::Strings(strings), offset),
            false => part.u32(offset),
        }
    }

    /// Joins the units, which come in order.
    pub(crate) fn finish(&self, units: Vec<UnitOutput>) -> Sections {
        let strings = self.input.strings.iter().map(|strings| self.strings(strings));
        let main = self.input.files.first();
        let line_strings =
            main.map(|file| self.strings(file.dwarf.debug_line_str.reader().slice()));
        let (strings, line_strings) = (strings.collect::<Vec<_>>().concat(), line_strings);
        let relocatable = self.form.relocatable;
        let mut joined = join::join(units, strings, line_strings.unwrap_or_default(), relocatable);
        joined.warnings.splice(0..0, self.input.warnings.iter().cloned());
        let bytes = locals::section(&self.code, self.parsed);
        joined.list.push(DebugSection { name: NAME, bytes, relocs: Vec::new() });
        joined
    }
}
