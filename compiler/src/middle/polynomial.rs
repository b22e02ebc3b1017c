//! Polynomials with coefficients modulo 2^128 over numbered unknowns: what a
//! body of additions and products computes.

use std::collections::BTreeMap;

/// A sum of products. Each product lists its unknowns in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Polynomial(BTreeMap<Vec<u8>, u128>);

/// More terms than any body that is looked for has.
const MOST_TERMS: usize = 200;

impl Polynomial {
    pub(super) fn constant(value: u128) -> Self {
        Self::term(Vec::new(), value)
    }

    pub(super) fn unknown(number: u8) -> Self {
        Self::term(vec![number], 1)
    }

    fn term(product: Vec<u8>, coefficient: u128) -> Self {
        let mut terms = BTreeMap::new();
        if coefficient != 0 {
            terms.insert(product, coefficient);
        }
        Self(terms)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let mut terms = self.0.clone();
        for (product, coefficient) in &other.0 {
            let sum = terms.entry(product.clone()).or_insert(0);
            *sum = sum.wrapping_add(*coefficient);
        }
        terms.retain(|_, coefficient| *coefficient != 0);
        Self(terms)
    }

    pub(super) fn scaled(&self, by: u128) -> Self {
        let scaled = self.0.iter().map(|(product, c)| (product.clone(), c.wrapping_mul(by)));
        Self(scaled.filter(|(_, coefficient)| *coefficient != 0).collect())
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        self.add(&other.scaled(u128::MAX))
    }

    /// None if it is larger than anything that is looked for.
    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        let mut all = Self::default();
        for (one, by) in &self.0 {
            for (two, factor) in &other.0 {
                let mut product = [one.as_slice(), two].concat();
                product.sort_unstable();
                all = all.add(&Self::term(product, by.wrapping_mul(*factor)));
            }
        }
        (all.0.len() <= MOST_TERMS).then_some(all)
    }

    /// Whether it is zero modulo 2^128.
    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_distribute() {
        let [x, y] = [0, 1].map(Polynomial::unknown);
        let sum = x.add(&y.scaled(3));
        let square = sum.times(&sum).unwrap();
        let xy = x.times(&y).unwrap();
        assert_eq!(xy, y.times(&x).unwrap());
        let expected = x.times(&x).unwrap().add(&xy.scaled(6)).add(&y.times(&y).unwrap().scaled(9));
        assert!(square.subtract(&expected).is_zero());
        assert!(!square.subtract(&xy).is_zero());
    }

    #[test]
    fn coefficients_wrap() {
        let x = Polynomial::unknown(0).scaled(1 << 64);
        assert!(!x.is_zero());
        assert!(x.scaled(1 << 64).is_zero());
        assert!(Polynomial::constant(5).add(&Polynomial::constant(5u128.wrapping_neg())).is_zero());
    }
}
