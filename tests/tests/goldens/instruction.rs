//! Instructions with labels and symbols where a disassembler shows addresses.

use crate::golden::GoldenTarget;
use crate::listing::Symbol;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// What addresses are called in a function.
pub(crate) struct Addresses<'a> {
    function: &'a Symbol,
    symbols: &'a [Symbol],
    /// Places in the function that something leads to.
    targets: Rc<RefCell<BTreeSet<u64>>>,
    /// Registers that hold the upper part of an address, with that part and
    /// the instruction that made it.
    upper: BTreeMap<String, (u64, Later)>,
}

/// What an address is: in this function, or somewhere else.
#[derive(Clone, Debug)]
enum Place {
    Here(u64),
    There(String),
}

/// A place that may be known only when a later instruction is read.
type Later = Rc<RefCell<Option<Place>>>;

/// An instruction. It is shown when all of the function has been read: then
/// labels have their numbers.
pub(crate) struct Instruction {
    before: String,
    /// Set later for an instruction that makes the upper part of an address.
    place: Later,
    /// What stands in place of the place as long as there is none.
    otherwise: String,
    after: String,
    targets: Rc<RefCell<BTreeSet<u64>>>,
}

impl<'a> Addresses<'a> {
    pub(crate) fn new(function: &'a Symbol, symbols: &'a [Symbol]) -> Self {
        Self { function, symbols, targets: Rc::default(), upper: BTreeMap::new() }
    }

    /// The label of an address that something leads to.
    pub(crate) fn label(&self, address: u64) -> Option<String> {
        label(&self.targets.borrow(), address)
    }

    /// Notes that something leads to an address of the function.
    pub(crate) fn leads_to(&self, address: u64) {
        self.targets.borrow_mut().insert(address);
    }

    fn place(&self, address: u64) -> Place {
        let within =
            |symbol: &&Symbol| (symbol.start..symbol.start + symbol.size.max(1)).contains(&address);
        if within(&self.function) {
            self.targets.borrow_mut().insert(address);
            return Place::Here(address);
        }
        let symbol = self.symbols.iter().find(within);
        Place::There(match symbol {
            Some(symbol) if symbol.start == address => symbol.name.clone(),
            Some(symbol) => format!("{}+{:#x}", symbol.name, address - symbol.start),
            None => "elsewhere".to_owned(),
        })
    }

    /// Reads one instruction. They must come in their order.
    pub(crate) fn read(&mut self, address: u64, text: &str, target: GoldenTarget) -> Instruction {
        let text = text.trim();
        match target {
            GoldenTarget::X86_64 => self.read_x86_64(text),
            GoldenTarget::Aarch64 => {
                self.read_upper(address, text.split("  ").next().unwrap_or(text))
            }
            GoldenTarget::Riscv64 => self.read_upper(address, text),
        }
    }

    /// `callq 0x1010 <callee>`, and `mulsd 0x14(%rip), %xmm0   # 0x1030 <...>`.
    fn read_x86_64(&mut self, text: &str) -> Instruction {
        if let Some((instruction, comment)) = text.split_once('#')
            && let Some((before, rest)) = split_displacement(instruction, "(%rip)")
            && let Some(address) = hexadecimal(comment.trim())
        {
            return self.instruction(before, Some(self.place(address)), rest);
        }
        // `movl $0x80000000, %esi   # imm = 0x80000000`
        self.read_direct(text.split('#').next().unwrap_or(text).trim_end())
    }

    /// `b.ne 0x100b8 <ci+0x48>`: the address is shown whole.
    fn read_direct(&mut self, text: &str) -> Instruction {
        if let Some((before, _)) = text.split_once(" <")
            && let Some(at) = before.rfind("0x")
            && let Some(address) = hexadecimal(&before[at..])
        {
            return self.instruction(&before[..at], Some(self.place(address)), "");
        }
        self.instruction(text, None, "")
    }

    /// Machines that make an address of two parts: `auipc a0, 0x0` and
    /// `ld a0, 0x18(a0)`; `adrp x12, 0x0` and `add x12, x12, #0x480`.
    fn read_upper(&mut self, address: u64, text: &str) -> Instruction {
        let (name, operands) = text.split_once(' ').unwrap_or((text, ""));
        let operands: Vec<&str> = operands.split(", ").map(str::trim).collect();
        let part = operands.get(1).and_then(|part| hexadecimal(part));
        let upper = match (name, part) {
            // Twenty bits with a sign.
            ("auipc", Some(part)) => {
                Some(address.wrapping_add((((part << 44) as i64) >> 32) as u64))
            }
            ("adrp", Some(page)) => Some(page),
            _ => None,
        };
        if let Some(upper) = upper {
            let (before, otherwise) = text.split_at(text.rfind(", ").map_or(0, |at| at + 2));
            let instruction = self.instruction(before, None, "");
            let instruction = Instruction { otherwise: otherwise.to_owned(), ..instruction };
            self.upper.insert(operands[0].to_owned(), (upper, instruction.place.clone()));
            return instruction;
        }
        let lower = self.read_lower(text, &operands);
        // A register that is written no longer holds the upper part.
        if !is_store(name) && !name.starts_with(['b', 'j']) {
            self.upper.remove(operands[0]);
        }
        lower.unwrap_or_else(|| self.read_direct(text))
    }

    /// An instruction that uses the lower part of an address.
    fn read_lower(&mut self, text: &str, operands: &[&str]) -> Option<Instruction> {
        for (register, (upper, place_of_upper)) in &self.upper {
            // `0x18(a0)`, `[x12, #0x480]`; `a0, a0, 0x18`, `x12, x12, #0x480`.
            let found = split_displacement(text, &format!("({register})")).or_else(|| {
                let at = text.find(&format!("[{register}, #"))? + register.len() + 4;
                Some((&text[..at], &text[at + text[at..].find(']')?..]))
            });
            let found = found.or_else(|| match operands {
                [_, base, _] if base == register && text.starts_with("add") => {
                    Some((&text[..text.rfind([' ', '#'])? + 1], ""))
                }
                _ => None,
            });
            let Some((before, after)) = found else { continue };
            let between = &text[before.len()..text.len() - after.len()];
            let lower = hexadecimal(between.split(" <").next()?)?;
            let place = self.place(upper.wrapping_add(lower));
            *place_of_upper.borrow_mut() = Some(place.clone());
            let after = after.split(" <").next().unwrap_or_default();
            return Some(self.instruction(before, Some(place), after));
        }
        None
    }

    fn instruction(&self, before: &str, place: Option<Place>, after: &str) -> Instruction {
        Instruction {
            before: before.to_owned(),
            place: Rc::new(RefCell::new(place)),
            otherwise: String::new(),
            after: after.trim_end().to_owned(),
            targets: self.targets.clone(),
        }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &*self.place.borrow() {
            Some(Place::Here(address)) => {
                label(&self.targets.borrow(), *address).unwrap_or_default()
            }
            Some(Place::There(name)) => format!("<{name}>"),
            None => self.otherwise.clone(),
        };
        write!(f, "{}{place}{}", self.before, self.after)
    }
}

fn is_store(name: &str) -> bool {
    ["sb", "sh", "sw", "sd", "fsw", "fsd"].contains(&name) || name.starts_with("st")
}

fn label(targets: &BTreeSet<u64>, address: u64) -> Option<String> {
    let number = targets.iter().position(|target| *target == address)?;
    Some(format!("L{}", number + 1))
}

/// Splits around the number that stands before some text.
fn split_displacement<'t>(text: &'t str, after: &str) -> Option<(&'t str, &'t str)> {
    let end = text.find(after)?;
    let number = |c: char| c.is_ascii_hexdigit() || c == 'x' || c == '-';
    let start = text[..end].trim_end_matches(number).len();
    (start < end).then(|| (&text[..start], &text[end..]))
}

/// `0x12`, `-0x12`, and what follows after a space.
fn hexadecimal(text: &str) -> Option<u64> {
    let text = text.split(' ').next()?.trim_start_matches('#');
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let value = u64::from_str_radix(digits.strip_prefix("0x")?, 16).ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}
