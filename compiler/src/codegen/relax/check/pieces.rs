//! What a function's code is made of, in order.

use crate::function::CompiledFunction;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction};
use std::ops::Range;

/// What a function's code is made of.
#[derive(Debug)]
pub(super) enum Decoded {
    Instruction(Instruction),
    Table(Range<u32>),
    Constants(Range<u32>),
}

impl Decoded {
    pub(super) fn place(&self) -> Range<u32> {
        match self {
            Self::Instruction(instruction) => instruction.ip() as u32..instruction.next_ip() as u32,
            Self::Table(place) | Self::Constants(place) => place.clone(),
        }
    }
}

/// Takes the code of a function apart.
pub(super) fn pieces(function: &CompiledFunction) -> Vec<Decoded> {
    let mut all = Vec::new();
    let mut at = 0;
    for data in &function.data {
        let data = data.start.get()..data.end.get();
        instructions(&function.code, at..data.start, &mut all);
        // A table follows the fourth instruction from the one that takes its address.
        let address = all.len().checked_sub(4).map(|index| &all[index]);
        let named = |piece: &Decoded| match piece {
            Decoded::Instruction(i) => {
                i.code() == Code::Lea_r64_m && i.ip_rel_memory_address() == u64::from(data.start)
            }
            _ => false,
        };
        at = data.end;
        all.push(match address.is_some_and(named) {
            true => Decoded::Table(data),
            false => Decoded::Constants(data),
        });
    }
    instructions(&function.code, at..function.code.len() as u32, &mut all);
    all
}

fn instructions(code: &[u8], part: Range<u32>, all: &mut Vec<Decoded>) {
    let bytes = &code[part.start as usize..part.end as usize];
    let decoder = Decoder::with_ip(64, bytes, part.start.into(), DecoderOptions::NONE);
    for instruction in decoder {
        assert!(!instruction.is_invalid(), "an instruction at {}", instruction.ip());
        all.push(Decoded::Instruction(instruction));
    }
}
