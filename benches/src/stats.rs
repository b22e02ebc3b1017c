//! Samples, and how they are shown.

use std::fmt;
use std::time::Duration;

/// Values of one quantity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    values: Vec<f64>,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    #[default]
    Seconds,
    Bytes,
}

impl Samples {
    pub(crate) fn bytes(value: u64) -> Self {
        Self { values: vec![value as f64], unit: Unit::Bytes }
    }

    pub(crate) fn push_time(&mut self, time: Duration) {
        self.values.push(time.as_secs_f64());
    }

    pub(crate) fn push_bytes(&mut self, bytes: u64) {
        self.values.push(bytes as f64);
        self.unit = Unit::Bytes;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// In the order that they were taken in.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The middle value, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let half = sorted.len() / 2;
        match sorted.len() % 2 {
            1 => sorted[half],
            _ => (sorted[half - 1] + sorted[half]) / 2.0,
        }
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Median, and the range when there is one, in a readable unit.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = self.sorted();
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        let (scale, name) = match (self.unit, self.median()) {
            (Unit::Bytes, median) if median < 1e6 => (1.0 / 1024.0, "KiB"),
            (Unit::Bytes, _) => (1.0 / (1 << 20) as f64, "MiB"),
            (Unit::Seconds, median) if median < 1e-6 => (1e9, "ns"),
            (Unit::Seconds, median) if median < 1e-3 => (1e6, "µs"),
            (Unit::Seconds, median) if median < 1.0 => (1e3, "ms"),
            (Unit::Seconds, _) => (1.0, "s"),
        };
        write!(f, "{} {name}", three(self.median() * scale))?;
        if low != high {
            write!(f, " ({}–{})", three(low * scale), three(high * scale))?;
        }
        Ok(())
    }
}

/// Three significant digits, and all that stand before the point.
fn three(value: f64) -> String {
    let decimals = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_people_read() {
        let mut samples = Samples::default();
        samples.push_time(Duration::from_micros(3104));
        assert_eq!(samples.to_string(), "3.10 ms");
        samples.push_time(Duration::from_micros(12_000));
        samples.push_time(Duration::from_micros(2000));
        assert_eq!(samples.to_string(), "3.10 ms (2.00–12.0)");
        assert_eq!(Samples::bytes(190 << 20).to_string(), "190 MiB");
    }
}
