//! Products of 128 bits, which compilers leave to a function (compiler-rt's
//! `__multi3`): it adds four products of 32-bit halves. Machines have one
//! instruction for the high half of a product of 64 bits.
//!
//! A body is known by proof, never by name. It has to be one block that writes
//! two 64-bit values at an address, and these have to be the low and the high
//! half of `a * b` for all arguments, modulo 2^128. What each local holds is
//! followed as a polynomial over the arguments:
//!
//! * A value that cannot have wrapped, by its largest value, is *exact*. Of an
//!   exact value `t` the high half `h = t >> 32` becomes a new unknown, and the
//!   low half is `t - 2^32 h`. Any other value is exact modulo 2^64 only, and
//!   has no halves.
//! * If for two low halves `x` and `y` the polynomial `2^64 high + 2^32 x + y`
//!   is `a * b` in full, then `2^32 x + y`, which is below 2^64, can only be the
//!   low half of the product, and `high` the high one, modulo 2^64.
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
        if ty != wasmparser::ValType::I64 || count > 50 {
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
    low_halves: Vec<Polynomial>,
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
        all.resize(locals, Operand::Wide(zero));
        Self {
            locals: all,
            stack: Vec::new(),
            unknowns: 4,
            halved: Vec::new(),
            low_halves: Vec::new(),
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
            _ => {
                let (right, left) = (self.wide()?, self.wide()?);
                let value = match op {
                    Operator::I64Add => sum(&left, &right),
                    Operator::I64Mul => product(&left, &right)?,
                    Operator::I64Or => disjoint(&left, &right)?,
                    Operator::I64And => match (constant(&left), constant(&right)) {
                        (_, Some(LOW_HALF)) => self.halves(&left)?.0,
                        (Some(LOW_HALF), _) => self.halves(&right)?.0,
                        _ => return None,
                    },
                    Operator::I64ShrU if constant(&right) == Some(32) => self.halves(&left)?.1,
                    Operator::I64Shl => {
                        let by = constant(&right).filter(|by| *by < 64)?;
                        let power = Polynomial::constant(1 << by);
                        let shift = by as u32;
                        product(&left, &Value { is: power, largest: Some(1 << by), shift })?
                    }
                    _ => return None,
                };
                self.push(value);
            }
        }
        Some(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Operand::Wide(value));
    }

    fn wide(&mut self) -> Option<Value> {
        match self.stack.pop()? {
            Operand::Wide(value) => Some(value),
            Operand::Address => None,
        }
    }

    /// The low and the high half of an exact value; the same ones each time.
    fn halves(&mut self, value: &Value) -> Option<(Value, Value)> {
        let largest = value.largest?;
        let known = self.halved.iter().find(|(of, _)| *of == value.is);
        let high = match known {
            Some((_, high)) => high.clone(),
            None if largest < 1 << 32 => {
                Value { is: Polynomial::default(), largest: Some(0), shift: 0 }
            }
            None => {
                let is = Polynomial::unknown(u8::try_from(self.unknowns).ok()?);
                self.unknowns += 1;
                Value { is, largest: Some(largest >> 32), shift: 0 }
            }
        };
        if self.unknowns > MOST_UNKNOWNS {
            return None;
        }
        let is = value.is.subtract(&high.is.scaled(HALF));
        if known.is_none() {
            self.halved.push((value.is.clone(), high.clone()));
            self.low_halves.push(is.clone());
        }
        let low = Value { is, largest: Some(largest.min(LOW_HALF)), shift: value.shift.min(32) };
        Some((low, high))
    }

    fn prove(&self, stores: &[Stored; 2]) -> Option<Product> {
        let offset = |store: &Stored| store.1.offset;
        let base = offset(&stores[0]).min(offset(&stores[1]));
        let apart = offset(&stores[0]).max(offset(&stores[1])) - base;
        let memory = |store: &Stored| store.1.target == wasmparser::MemArgTarget::Memory(0);
        if base != 0 || apart != 8 || !stores.iter().all(memory) {
            return None;
        }
        let low = &stores.iter().find(|store| offset(store) == 0)?.2.is;
        let high = &stores.iter().find(|store| offset(store) == 8)?.2.is;
        let [a, a_high, b, b_high] = [0, 1, 2, 3].map(Polynomial::unknown);
        let a = a.add(&a_high.scaled(1 << 64));
        let b = b.add(&b_high.scaled(1 << 64));
        let all = a.times(&b)?;
        let rest = all.subtract(&high.scaled(1 << 64));
        let is_low_half = |low_half: &Polynomial| {
            let sum = |x: &Polynomial, y: &Polynomial| x.scaled(HALF).add(y);
            let others = self.low_halves.iter();
            others.map(|x| sum(x, low_half)).any(|sum| rest.subtract(&sum).is_zero())
        };
        let proved =
            low.subtract(&all).is_zero_in_64_bits() && self.low_halves.iter().any(is_low_half);
        let store = |(at, memarg, _): &Stored| ProductStore {
            at: *at,
            memarg: *memarg,
            high: memarg.offset == 8,
        };
        proved.then(|| Product { stores: [store(&stores[0]), store(&stores[1])] })
    }
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
