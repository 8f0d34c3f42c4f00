//! Configuration section `delivery`.

use hornero::ConfigSection;
use serde::{Deserialize, Serialize};

/// How events are stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryConfig {
    /// Events that may wait to be stored; more are refused with a retry hint. Default 4,096.
    pub queue: usize,
    /// Most events that are committed together. Default 64.
    pub batch: usize,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self { queue: 4_096, batch: 64 }
    }
}

impl ConfigSection for DeliveryConfig {
    const KEY: &'static str = "delivery";

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !(1..=1_000_000).contains(&self.queue) {
            problems.push(("queue", "must be 1 to 1000000".to_owned()));
        }
        if !(1..=256).contains(&self.batch) {
            problems.push(("batch", "must be 1 to 256".to_owned()));
        }
        problems
    }
}
