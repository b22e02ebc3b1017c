//! Products of 128 bits, which compilers leave to a function (compiler-rt's
//! `__multi3`): it adds four products of 32-bit halves. Machines have one
//! instruction for the high half of a product of 64 bits.
//!
//! A body is known by proof, never by name. It has to be one block that writes
//! two 64-bit values at an address, and these have to be the low and the high
//! half of `a * b` for all arguments, modulo 2^128. What each local holds is
//! followed as a polynomial over the arguments:
//!
//! * An *exact* value equals its polynomial modulo 2^128. Of an exact value `t`
//!   the high half `h = t >> 32` becomes a new unknown, and the low half is
//!   `t - 2^32 h`.
//! * A sum of exact values that may be 2^64 or more is exact with a new unknown
//!   for its carry: `x + y - 2^64 c`. The comparison of the sum with `x` or `y`
//!   is that carry.
//! * Any other value that may have wrapped equals its polynomial modulo 2^64
//!   only, and has no halves.
//! * If the low part is exact and `2^64 high + low` is `a * b` in full, then the
//!   low part, which is below 2^64, can only be the low half of the product, and
//!   the other the high one, modulo 2^64.
//!
//! Everything else is refused.
//!
//! Measured: `benches/suite/curve.c`, a curve over 2^255-19, at -O3 0.79 s without
//! and 0.41 s with it, of which inlining is a part. It costs a look at the types
//! of functions.

use super::polynomial::Polynomial;
use crate::error::Result;
use crate::parse::Body;
use precast_artifact::index::BodyOffset;
use wasmparser::{MemArg, Operator, OperatorsReader};

/// A body that is proved to be `(i32 to, i64 a, i64 a_high, i64 b, i64 b_high)`,
/// storing the 128 bits of the product at `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    /// The stores, in order.
    pub stores: [ProductStore; 2],
}

/// One of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProductStore {
    /// Where it is in the body.
    pub at: BodyOffset,
    pub memarg: MemArg,
    /// Which half it stores.
    pub high: bool,
}

/// Bodies larger than this are something else; also keeps unknowns few.
const LARGEST: u64 = 400;
/// Unknowns that halves may bring.
const MOST_UNKNOWNS: usize = 60;
const HALF: u128 = 1 << 32;
const LOW_HALF: u64 = 0xffff_ffff;

/// Proves that the body of a function is such a product. The caller has checked
/// the type of the function.
pub(crate) fn recognise(body: &Body<'_>) -> Result<Option<Product>> {
    let range = body.body.range();
    if range.end - range.start > LARGEST {
        return Ok(None);
    }
    let mut locals = 5;
    for group in body.body.get_locals_reader()? {
        let (count, ty) = group?;
        let known = matches!(ty, wasmparser::ValType::I64 | wasmparser::ValType::I32);
        if !known || count > 50 {
            return Ok(None);
        }
        locals += count as usize;
    }
    let mut prover = Prover::new(locals);
    let reader = body.body.get_operators_reader()?;
    let Some(stores) = prover.follow(reader, range.start)? else { return Ok(None) };
    Ok(prover.prove(&stores))
}

/// What is known of a value of 64 bits.
#[derive(Clone, Debug)]
struct Value {
    /// Equal to it, or only modulo 2^64 if it is not exact.
    is: Polynomial,
    /// The largest that it can be; none if it may have wrapped.
    largest: Option<u64>,
    /// A power of two that divides it, as its exponent.
    shift: u32,
}

#[derive(Clone, Debug)]
enum Operand {
    Wide(Value),
    /// A condition, as an exact value.
    Narrow(Value),
    /// The address that was passed.
    Address,
}

/// A store, and what it stores.
type Stored = (BodyOffset, MemArg, Value);

struct Prover {
    locals: Vec<Operand>,
    stack: Vec<Operand>,
    unknowns: usize,
    /// The exact values that were halved, and their high halves.
    halved: Vec<(Polynomial, Value)>,
    carries: Vec<Carry>,
}

/// Of a sum that may be 2^64 or more: what was added, what is left of it, and
/// whether it was too large.
struct Carry {
    added: [Polynomial; 2],
    left: Polynomial,
    carry: Value,
}

impl Prover {
    fn new(locals: usize) -> Self {
        let argument = |number| {
            let is = Polynomial::unknown(number);
            Operand::Wide(Value { is, largest: Some(u64::MAX), shift: 0 })
        };
        let mut all = vec![Operand::Address];
        all.extend((0..4).map(argument));
        let zero = Value { is: Polynomial::default(), largest: Some(0), shift: 0 };
        // Of a local of 32 bits nothing takes this value.
        all.resize(locals, Operand::Wide(zero));
        Self {
            locals: all,
            stack: Vec::new(),
            unknowns: 4,
            halved: Vec::new(),
            carries: Vec::new(),
        }
    }

    /// Follows the operators; none where one of them is not known.
    fn follow(
        &mut self,
        mut reader: OperatorsReader<'_>,
        start: u64,
    ) -> Result<Option<[Stored; 2]>> {
        let mut stores = Vec::new();
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            let at = BodyOffset::new((offset - start) as u32);
            let known = match op {
                Operator::I64Store { memarg } => self.store(at, memarg, &mut stores),
                Operator::End => reader.eof().then_some(()),
                _ => self.step(&op),
            };
            if known.is_none() {
                return Ok(None);
            }
        }
        Ok(stores.try_into().ok())
    }

    fn store(&mut self, at: BodyOffset, memarg: MemArg, stores: &mut Vec<Stored>) -> Option<()> {
        let value = self.wide()?;
        matches!(self.stack.pop()?, Operand::Address).then_some(())?;
        stores.push((at, memarg, value));
        Some(())
    }

    fn step(&mut self, op: &Operator<'_>) -> Option<()> {
        match *op {
            Operator::LocalGet { local_index } => {
                self.stack.push(self.locals[local_index as usize].clone());
            }
            Operator::LocalSet { local_index } => {
                self.locals[local_index as usize] = self.stack.pop()?;
            }
            Operator::LocalTee { local_index } => {
                self.locals[local_index as usize] = self.stack.last()?.clone();
            }
            Operator::I64Const { value } => {
                let value = value as u64;
                let (is, shift) = (Polynomial::constant(value.into()), value.trailing_zeros());
                self.push(Value { is, largest: Some(value), shift });
            }
            Operator::I64ExtendI32U => match self.stack.pop()? {
                Operand::Narrow(condition) => self.push(condition),
                _ => return None,
            },
            Operator::I64LtU | Operator::I64GtU => {
                let (right, left) = (self.wide()?, self.wide()?);
                let carry = match op {
                    Operator::I64LtU => self.carry(&left, &right)?,
                    _ => self.carry(&right, &left)?,
                };
                self.stack.push(Operand::Narrow(carry));
            }
            _ => {
                let (right, left) = (self.wide()?, self.wide()?);
                let value = self.binary(op, &left, &right)?;
                self.push(value);
            }
        }
        Some(())
    }

    fn binary(&mut self, op: &Operator<'_>, left: &Value, right: &Value) -> Option<Value> {
        match op {
            Operator::I64Add => self.sum(left, right),
            Operator::I64Mul => product(left, right),
            Operator::I64Or => disjoint(left, right),
            Operator::I64And => match (constant(left), constant(right)) {
                (_, Some(LOW_HALF)) => Some(self.halves(left)?.0),
                (Some(LOW_HALF), _) => Some(self.halves(right)?.0),
                _ => None,
            },
            Operator::I64ShrU if constant(right) == Some(32) => Some(self.halves(left)?.1),
            // What is shifted out is the high half.
            Operator::I64Shl if constant(right) == Some(32) => match self.halves(left) {
                Some((low, _)) => product(&low, &power(32)),
                None => product(left, &power(32)),
            },
            _ => None,
        }
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Operand::Wide(value));
    }

    fn wide(&mut self) -> Option<Value> {
        match self.stack.pop()? {
            Operand::Wide(value) => Some(value),
            Operand::Narrow(_) | Operand::Address => None,
        }
    }

    /// The low and the high half of an exact value; the same ones each time.
    fn halves(&mut self, value: &Value) -> Option<(Value, Value)> {
        let largest = value.largest?;
        let known = self.halved.iter().find(|(of, _)| *of == value.is);
        let known = known.map(|(_, high)| high.clone());
        let high = match &known {
            Some(high) => high.clone(),
            None if largest < 1 << 32 => {
                Value { is: Polynomial::default(), largest: Some(0), shift: 0 }
            }
            None => self.unknown(largest >> 32)?,
        };
        let is = value.is.subtract(&high.is.scaled(HALF));
        if known.is_none() {
            self.halved.push((value.is.clone(), high.clone()));
        }
        let low = Value { is, largest: Some(largest.min(LOW_HALF)), shift: value.shift.min(32) };
        Some((low, high))
    }

    /// A new unknown.
    fn unknown(&mut self, largest: u64) -> Option<Value> {
        let is = Polynomial::unknown(u8::try_from(self.unknowns).ok()?);
        self.unknowns += 1;
        (self.unknowns <= MOST_UNKNOWNS).then_some(Value { is, largest: Some(largest), shift: 0 })
    }

    /// A sum; of exact values that may be too large together, with its carry.
    fn sum(&mut self, left: &Value, right: &Value) -> Option<Value> {
        let whole = sum(left, right);
        if whole.largest.is_some() || left.largest.is_none() || right.largest.is_none() {
            return Some(whole);
        }
        let added = [left.is.clone(), right.is.clone()];
        let carry = self.unknown(1)?;
        let left = whole.is.subtract(&carry.is.scaled(1 << 64));
        self.carries.push(Carry { added, left: left.clone(), carry });
        Some(Value { is: left, largest: Some(u64::MAX), shift: whole.shift })
    }

    /// Whether a sum is less than what was added, which is its carry.
    fn carry(&self, sum: &Value, added: &Value) -> Option<Value> {
        sum.largest.and(added.largest)?;
        let of = |carry: &&Carry| carry.left == sum.is && carry.added.contains(&added.is);
        Some(self.carries.iter().find(of)?.carry.clone())
    }

    fn prove(&self, stores: &[Stored; 2]) -> Option<Product> {
        let offset = |store: &Stored| store.1.offset;
        let base = offset(&stores[0]).min(offset(&stores[1]));
        let apart = offset(&stores[0]).max(offset(&stores[1])) - base;
        let memory = |store: &Stored| store.1.target == wasmparser::MemArgTarget::Memory(0);
        if base != 0 || apart != 8 || !stores.iter().all(memory) {
            return None;
        }
        let low = &stores.iter().find(|store| offset(store) == 0)?.2;
        let high = &stores.iter().find(|store| offset(store) == 8)?.2.is;
        let [a, a_high, b, b_high] = [0, 1, 2, 3].map(Polynomial::unknown);
        let a = a.add(&a_high.scaled(1 << 64));
        let b = b.add(&b_high.scaled(1 << 64));
        let all = high.scaled(1 << 64).add(&low.is);
        let proved = low.largest.is_some() && a.times(&b)?.subtract(&all).is_zero();
        let store = |(at, memarg, _): &Stored| ProductStore {
            at: *at,
            memarg: *memarg,
            high: memarg.offset == 8,
        };
        proved.then(|| Product { stores: [store(&stores[0]), store(&stores[1])] })
    }
}

/// A power of two.
fn power(exponent: u32) -> Value {
    let is = 1u64 << exponent;
    Value { is: Polynomial::constant(is.into()), largest: Some(is), shift: exponent }
}

/// The value, if it is the same whatever the arguments are.
fn constant(value: &Value) -> Option<u64> {
    let largest = value.largest?;
    (value.is == Polynomial::constant(largest.into())).then_some(largest)
}

fn sum(left: &Value, right: &Value) -> Value {
    let largest = left.largest.zip(right.largest).and_then(|(a, b)| a.checked_add(b));
    Value { is: left.is.add(&right.is), largest, shift: left.shift.min(right.shift) }
}

fn product(left: &Value, right: &Value) -> Option<Value> {
    let largest = left.largest.zip(right.largest).and_then(|(a, b)| a.checked_mul(b));
    let shift = (left.shift + right.shift).min(64);
    Some(Value { is: left.is.times(&right.is)?, largest, shift })
}

/// `or` of values without a bit in common, which is their sum. A value modulo
/// 2^64 that is a multiple of a power of two stays one when it wraps.
fn disjoint(left: &Value, right: &Value) -> Option<Value> {
    let below = |value: &Value, shift: u32| {
        value.largest.is_some_and(|largest| shift >= 64 || largest < 1 << shift)
    };
    let apart = below(left, right.shift) || below(right, left.shift);
    // Without carries even a wrapped part adds up, so the sum is as exact as
    // both are.
    apart.then(|| sum(left, right))
}

#[cfg(test)]
mod tests;
