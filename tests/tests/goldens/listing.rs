//! What a disassembler shows of an artifact, without the addresses, which
//! change when anything before them does: places inside a function are labels,
//! others are symbols. Padding is left out; instructions that may trap, landing
//! pads with the calls that lead to them, and constants in the code are marked.

use crate::golden::GoldenTarget;
use crate::instruction::{Addresses, Instruction};
use precast_artifact::address_map::{AddressMap, MapEntry, Site};
use precast_artifact::container::section;
use precast_artifact::handlers;
use precast_artifact::index::{CodeOffset, WasmOffset};
use precast_tests::outcome::run;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// One function, as it is shown.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A symbol of the artifact.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) start: u64,
    pub(crate) size: u64,
    pub(crate) name: String,
    is_code: bool,
}

/// A line of the disassembly.
enum Line {
    Instruction(String),
    Data(Vec<u8>),
}

/// The functions of an artifact, in the order in which they lie.
pub(crate) fn functions(objdump: &Path, artifact: &Path, target: GoldenTarget) -> Vec<Function> {
    let mut command = Command::new(objdump);
    command.args(["-t", "-d", "-z", "--no-show-raw-insn", "-j", ".text"]).arg(artifact);
    let listing = run(&mut command).succeeds().stdout;
    let listing = String::from_utf8_lossy(&listing);
    let symbols: Vec<Symbol> = listing.lines().filter_map(symbol).collect();
    let lines: BTreeMap<u64, Line> = listing.lines().filter_map(line).collect();
    let marks = Marks::read(artifact, &symbols, &lines);
    let shown = |function: &Symbol| Function {
        name: function.name.clone(),
        text: show(function, &symbols, &lines, &marks, target),
    };
    symbols.iter().filter(|symbol| symbol.is_code).map(shown).collect()
}

/// `0000000000001000 l     F .text  0000000000000040 name`.
fn symbol(line: &str) -> Option<Symbol> {
    let (start, rest) = line.split_once(' ')?;
    let start = u64::from_str_radix(start, 16).ok().filter(|_| start.len() == 16)?;
    let is_code = rest.get(..7)?.contains('F');
    let mut words = rest.get(7..)?.split_whitespace();
    let (_section, size) = (words.next()?, u64::from_str_radix(words.next()?, 16).ok()?);
    let name = words.find(|word| !word.starts_with(".hidden"))?.to_owned();
    Some(Symbol { start, size, name, is_code })
}

/// `1000: pushq %rbp`, or `1021: 00 00 9a ...`, with a tab before what is text.
fn line(line: &str) -> Option<(u64, Line)> {
    let (address, rest) = line.split_once(':')?;
    let address = u64::from_str_radix(address.trim(), 16).ok()?;
    let (bytes, text) = rest.split_once('\t').map_or((rest, None), |(b, t)| (b, Some(t)));
    // Bytes are shown of data only, and then the same as text.
    let bytes: Vec<u8> = bytes
        .trim()
        .split(' ')
        .map_while(|byte| u8::from_str_radix(byte, 16).ok().filter(|_| byte.len() == 2))
        .collect();
    match (bytes.is_empty(), text) {
        (false, _) => Some((address, Line::Data(bytes))),
        (true, Some(text)) => Some((address, Line::Instruction(text.replace('\t', " ")))),
        (true, None) => None,
    }
}

/// What the artifact's tables say of instructions, by their addresses.
struct Marks {
    traps: BTreeMap<u64, &'static str>,
    /// Of calls, where exceptions that come out of them go on.
    landings: BTreeMap<u64, u64>,
}

impl Marks {
    fn read(artifact: &Path, symbols: &[Symbol], lines: &BTreeMap<u64, Line>) -> Self {
        let bytes = std::fs::read(artifact).expect("the artifact");
        let sites = section(&bytes, ".precast.sites").expect("a map of sites");
        let sites: AddressMap<'_, WasmOffset> =
            AddressMap::new(".precast.sites", sites).expect("a sound map");
        // Where text begins; functions lie at its beginning.
        let text = symbols.iter().filter(|s| s.is_code).map(|s| s.start).min().unwrap_or_default();
        let trap = |site| match site {
            Site::Trap(code) => Some(code.message()),
            Site::Call => None,
        };
        let entry = |site: MapEntry<WasmOffset>| {
            Some((text + u64::from(site.code.get()), trap(site.site)?))
        };
        let traps = sites.iter().filter_map(entry).collect();
        let table = section(&bytes, ".precast.handlers").unwrap_or_default();
        // Calls are known by where they return.
        let landing = |(call, after): (&u64, &u64)| {
            let last = u32::try_from(after.checked_sub(text + 1)?).ok()?;
            let handler = handlers::find(table, CodeOffset::new(last))?.handler;
            Some((*call, text + u64::from(handler.get())))
        };
        let landings = lines.keys().zip(lines.keys().skip(1)).filter_map(landing).collect();
        Self { traps, landings }
    }
}

fn show(
    function: &Symbol,
    symbols: &[Symbol],
    lines: &BTreeMap<u64, Line>,
    marks: &Marks,
    target: GoldenTarget,
) -> String {
    let range = function.start..function.start + function.size;
    let mut addresses = Addresses::new(function, symbols);
    let landings: BTreeMap<u64, u64> = lines
        .range(range.clone())
        .filter_map(|(address, _)| Some((*address, *marks.landings.get(address)?)))
        .collect();
    landings.values().for_each(|pad| addresses.leads_to(*pad));
    let mut instructions = BTreeMap::new();
    for (address, line) in lines.range(range.clone()) {
        if let Line::Instruction(text) = line {
            instructions.insert(*address, addresses.read(*address, text, target));
        }
    }
    let mut text = format!("{}:\n", function.name);
    let mut data = Data::default();
    for (address, line) in lines.range(range) {
        match line {
            Line::Data(bytes) => {
                for (address, byte) in (*address..).zip(bytes) {
                    data.push(*byte, addresses.label(address), &mut text);
                }
            }
            Line::Instruction(_) => {
                data.end(&mut text);
                if let Some(label) = addresses.label(*address) {
                    let pad = landings.values().any(|pad| pad == address);
                    text += &format!("  {label}:{}\n", if pad { "  ; landing pad" } else { "" });
                }
                let instruction: &Instruction = &instructions[address];
                let pad = landings.get(address).and_then(|pad| addresses.label(*pad));
                let lands = pad.map(|pad| format!("  ; lands at {pad}")).unwrap_or_default();
                let trap = marks.traps.get(address).map(|trap| format!("  ; traps: {trap}"));
                text += &format!("    {instruction}{lands}{}\n", trap.unwrap_or_default());
            }
        }
    }
    data.end(&mut text);
    text
}

/// Data between code: eight bytes in a line, from a label on. What stands
/// before the first label is padding, and so are zeros at the end.
#[derive(Default)]
struct Data {
    labelled: bool,
    bytes: Vec<u8>,
}

impl Data {
    fn push(&mut self, byte: u8, label: Option<String>, text: &mut String) {
        if let Some(label) = label {
            self.flush(text);
            *text += &format!("  {label}:\n");
            self.labelled = true;
        }
        if self.labelled {
            self.bytes.push(byte);
        }
    }

    fn flush(&mut self, text: &mut String) {
        let len = self.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        for row in self.bytes[..len.next_multiple_of(4).min(self.bytes.len())].chunks(8) {
            let row: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
            *text += &format!("    .byte {}\n", row.join(" "));
        }
        self.bytes.clear();
    }

    fn end(&mut self, text: &mut String) {
        self.flush(text);
        self.labelled = false;
    }
}
