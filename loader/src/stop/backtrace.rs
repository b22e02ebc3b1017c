//! Which guest functions are running? Walks the frames of a store's guest
//! stack, through every activation.
//!
//! ```text
//!   trap → guest → guest → entry stub   (activation 2)
//!   host function
//!   host-call stub → guest → entry stub (activation 1)
//!   host
//! ```
//!
//! # Safety
//!
//! Guests of the store must be stopped.
#![allow(unsafe_code)]

use crate::artifact::image::Image;
use crate::stop::symbolize;
use crate::stop::walk::{StackFrame, caller, outwards};
use crate::store::activations::chain;
use crate::store::contents::StoreCore;
use crate::trap::{Frame, LocalValue, Trap};
use crate::vm::activation::{Activation, FaultRecord};
use precast_artifact::address_map::AddressMap;
use precast_artifact::container;
use precast_artifact::debug::inlined::{self, Inlined};
use precast_artifact::debug::locals::{self, Local};
use precast_artifact::index::{CodeOffset, FuncIndex, ModuleIndex, WasmOffset};
use precast_artifact::module::Module;
use precast_artifact::trap::TrapCode;
use std::collections::HashMap;
use std::ops::Range;
use std::ptr::with_exposed_provenance;

/// Frames that a trap keeps.
const MOST_FRAMES: usize = 100;

/// A trap with the frames of every running activation of the store. `fault` is
/// what the signal handler noted, if the trap came from it; otherwise the guest
/// stands in a builtin.
pub(crate) fn trap(core: &StoreCore, code: TrapCode, fault: Option<FaultRecord>) -> Trap {
    let mut collector = Collector::new(core, code);
    let mut fault = fault;
    for activation in chain(&core.block) {
        collector.walk(activation, fault.take());
    }
    collector.trap
}

/// The frames of every running activation of the store, whose guest stands in a
/// builtin, and how many more there are.
pub(crate) fn running(core: &StoreCore) -> (Vec<Frame>, usize) {
    let Trap { frames, omitted, .. } = trap(core, TrapCode::Interrupt, None);
    (frames, omitted)
}

/// The frames of a suspended activation, the innermost first.
pub(crate) fn suspended(core: &StoreCore, activation: &Activation) -> Vec<Frame> {
    let mut collector = Collector::new(core, TrapCode::Interrupt);
    collector.walk(activation, None);
    collector.trap.frames
}

struct Collector<'t> {
    core: &'t StoreCore,
    trap: Trap,
    /// The accessible part of the guest's stack that is walked.
    stack: Range<usize>,
    /// Return addresses beyond the kept frames, and how many functions stand
    /// there: in deep recursion a few addresses come again and again.
    known: HashMap<usize, usize>,
}

impl<'t> Collector<'t> {
    fn new(core: &'t StoreCore, code: TrapCode) -> Self {
        Self { core, trap: Trap::new(code), stack: 0..0, known: HashMap::new() }
    }

    /// Adds the functions in progress of an activation, outwards from where the
    /// fault was, or from the builtin in which the guest stands.
    fn walk(&mut self, activation: &Activation, fault: Option<FaultRecord>) {
        self.stack = activation.stack.clone();
        let stack = &activation.stack;
        let start = match fault {
            Some(fault) => {
                // A function that overflows the stack has no frame yet.
                let overflow = self.trap.code == TrapCode::StackOverflow;
                let framed = fault.unframed_return.is_none() && !overflow;
                self.add(fault.pc, false, framed.then_some(fault.fp));
                fault.unframed_return.map_or_else(
                    || caller(fault.fp, stack, activation.entry_fp),
                    |pc| Some(StackFrame { pc, fp: fault.fp }),
                )
            }
            None => caller(activation.guest_fp, stack, activation.entry_fp),
        };
        for position in outwards(start, stack, activation.entry_fp) {
            self.add(position.pc, true, Some(position.fp));
        }
    }

    /// Adds the functions at `pc`, which is a return address or the trapping
    /// instruction itself, and its frame pointer if it has a frame: more than
    /// one where bodies were inlined. Stubs are left out.
    fn add(&mut self, pc: usize, returns: bool, fp: Option<usize>) {
        let left = MOST_FRAMES - self.trap.frames.len();
        if left > 0 {
            let Some(found) = locate(self.core, pc, returns) else { return };
            let mut frames = frames(self.core, &found, &self.stack, fp);
            self.trap.omitted += frames.len().saturating_sub(left);
            frames.truncate(left);
            self.trap.frames.extend(frames);
            return;
        }
        let count = self.known.entry(pc).or_insert_with(|| {
            locate(self.core, pc, returns).map_or(0, |found| 1 + found.inlined().len())
        });
        self.trap.omitted += *count;
    }
}

/// A code address, found.
struct Location<'s> {
    image: &'s Image,
    index: ModuleIndex,
    module: &'s Module,
    /// Offset in the module's text: of a trap, or of a call's last byte.
    offset: CodeOffset,
    /// Start of the function, and its index.
    start: CodeOffset,
    function: FuncIndex,
}

/// Finds an address of a function in progress of a store, whose guests are
/// stopped and keep their images.
fn locate(_store: &StoreCore, pc: usize, returns: bool) -> Option<Location<'_>> {
    // Calls are known by their last byte; the next may be another function's.
    let inside = pc.checked_sub(usize::from(returns))?;
    // SAFETY: a stopped guest of the store, which is borrowed meanwhile.
    let image: &Image = unsafe { Image::at(inside) }?;
    let (_, offset) = image.locate(inside)?;
    // Modules share the text: the code is that of the last function before it.
    let modules = ModuleIndex::enumerate(&image.description().modules);
    let functions = modules.filter_map(|(index, module)| {
        let functions: AddressMap<'_, FuncIndex> =
            AddressMap::new(".precast.functions", image.bytes(module.function_table)).ok()?;
        let entry = functions.at_or_before(offset)?;
        Some(Location { image, index, module, offset, start: entry.code, function: entry.value })
    });
    let found = functions.max_by_key(|location| location.start)?;
    let modules = image.description().modules.iter();
    let mut stubs = modules.flat_map(|module| module.entry_stubs.iter().chain(&module.host_stubs));
    let in_stub = stubs.any(|stub| found.start < stub.code && stub.code <= offset);
    (!in_stub).then_some(found)
}

impl Location<'_> {
    /// The bodies that were inlined around the address, the innermost first.
    fn inlined(&self) -> Vec<Inlined> {
        let section = self.image.inlined();
        inlined::around(section, self.image.text_number(self.module), self.start, self.offset)
    }

    /// The name of a function of the module that has code of its own.
    fn name_of(&self, function: FuncIndex) -> Option<String> {
        let bytes = self.image.bytes(self.module.function_table);
        let functions: AddressMap<'_, FuncIndex> =
            AddressMap::new(".precast.functions", bytes).ok()?;
        let code = functions.iter().find(|entry| entry.value == function)?.code;
        let address = self.module.text.offset + u64::from(code.get());
        self.image.names_at(address).into_iter().next()
    }
}

/// The functions at an address, the innermost first: each stands where the one
/// before it was called, and the last has the frame.
fn frames(
    core: &StoreCore,
    found: &Location<'_>,
    stack: &Range<usize>,
    fp: Option<usize>,
) -> Vec<Frame> {
    let outermost = frame(core, found, stack, fp);
    let inlined = found.inlined();
    let names = container::section(found.image.file_bytes(), inlined::NAMES);
    let mut offset = outermost.offset;
    let mut frames: Vec<Frame> = Vec::with_capacity(inlined.len() + 1);
    for body in inlined {
        let name = match names {
            Some(names) => inlined::name_of(names, found.index, body.function),
            // In a program, linked without them.
            None => found.name_of(body.function),
        };
        let (function, same_code) = (body.function, Vec::new());
        let (source, locals) = (Vec::new(), Vec::new());
        let Frame { ref module, instance, .. } = outermost;
        let module = module.clone();
        frames.push(Frame { module, function, name, same_code, offset, source, instance, locals });
        offset = Some(body.call);
    }
    frames.push(Frame { offset, ..outermost });
    frames
}

fn frame(core: &StoreCore, found: &Location<'_>, stack: &Range<usize>, fp: Option<usize>) -> Frame {
    let Location { image, module, .. } = *found;
    let sites: Option<AddressMap<'_, WasmOffset>> =
        AddressMap::new(".precast.sites", image.bytes(module.site_table)).ok();
    let address = module.text.offset + u64::from(found.start.get());
    let module_name = image.module_name(module);
    // Symbols of a component's functions begin with what their module is called.
    let label = module_name.as_ref().map(|label| format!("{label}/"));
    let plain = |name: String| match label.as_ref().and_then(|label| name.strip_prefix(label)) {
        Some(plain) => plain.to_owned(),
        None => name,
    };
    let mut names = image.names_at(address).into_iter().map(plain);
    Frame {
        module: module_name,
        function: found.function,
        name: names.next(),
        same_code: names.collect(),
        offset: sites.and_then(|sites| Some(sites.exactly(found.offset)?.value)),
        source: symbolize::source_lines(image.file_bytes(), found.offset),
        instance: core.instance_of(image, module),
        locals: locals(image, found.start, stack, fp),
    }
}

/// The locals in a frame of the function whose code starts at an offset.
fn locals(
    image: &Image,
    start: CodeOffset,
    stack: &Range<usize>,
    fp: Option<usize>,
) -> Vec<LocalValue> {
    let Some(section) = container::section(image.file_bytes(), locals::NAME) else {
        return Vec::new();
    };
    let value = |local: Local| {
        let read = fp.and_then(|fp| read(fp.checked_add_signed(local.place as isize)?, stack));
        match (local.ty, read) {
            (0x7f | 0x7d, Some(bits)) => LocalValue { ty: local.ty, bits: bits & 0xffff_ffff },
            (0x7e | 0x7c, Some(bits)) => LocalValue { ty: local.ty, bits },
            _ => LocalValue { ty: locals::UNKNOWN, bits: 0 },
        }
    };
    locals::at(section, start).into_iter().map(value).collect()
}

/// Eight bytes of the guest's stack, the first of which are a local's.
fn read(address: usize, stack: &Range<usize>) -> Option<u64> {
    let end = address.checked_add(size_of::<u64>())?;
    let inside = stack.start <= address && end <= stack.end;
    // SAFETY: bytes inside the accessible stack, whose guest is stopped.
    inside.then(|| unsafe { with_exposed_provenance::<u64>(address).read_unaligned() })
}
