//! Metrics in the host: names to numbers.
//!
//! Decides when a metric is defined (once, at the first use or at the start). Which there are is `metrics`'s.

use std::collections::BTreeMap;

use super::abi::{self, MetricKind};
use crate::metrics::{self, Metric};

/// The metrics that the host has numbered.
#[derive(Default)]
pub struct Counters {
    numbers: BTreeMap<String, u32>,
    levels: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// Defines what exists from the start.
    pub fn define(&mut self) {
        for metric in metrics::at_start() {
            if let Metric::Count(name) = metric {
                self.number(MetricKind::Counter, &name);
            }
        }
    }

    /// Carries a change out. A host that refuses metrics is no reason to refuse requests.
    pub fn record(&mut self, metric: Metric) {
        match metric {
            Metric::Count(name) => {
                if let Some(id) = self.number(MetricKind::Counter, &name) {
                    let _ = abi::increment_metric(id, 1);
                }
            }
            Metric::Gauge(name, value) => {
                if let Some(id) = self.number(MetricKind::Gauge, name) {
                    let _ = abi::record_metric(id, value);
                }
            }
            Metric::Level(name, value) => self.level(name, value),
            Metric::Observe(name, value) => {
                if let Some(id) = self.number(MetricKind::Histogram, &name) {
                    let _ = abi::record_metric(id, value);
                }
            }
        }
    }

    /// A gauge has one value for all workers: each of them adds what changed with itself.
    fn level(&mut self, name: &'static str, value: u64) {
        let Some(id) = self.number(MetricKind::Gauge, name) else { return };
        let before = self.levels.insert(name, value).unwrap_or_default();
        let change = i64::try_from(value).unwrap_or(i64::MAX).saturating_sub_unsigned(before);
        if change != 0 {
            let _ = abi::increment_metric(id, change);
        }
    }

    fn number(&mut self, kind: MetricKind, name: &str) -> Option<u32> {
        if let Some(id) = self.numbers.get(name) {
            return Some(*id);
        }
        let id = abi::define_metric(kind, name).ok()?;
        self.numbers.insert(name.into(), id);
        Some(id)
    }
}
