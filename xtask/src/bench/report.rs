//! What the generator says of one run.

use serde::Deserialize;

/// Figures of one run; see benches/load.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Report {
    pub(crate) connections: u64,
    pub(crate) sends: u64,
    pub(crate) deliveries: u64,
    pub(crate) requests: u64,
    pub(crate) joins: u64,
    pub(crate) seconds: f64,
    pub(crate) server_cpu_us: f64,
    pub(crate) generator_load: f64,
    pub(crate) server_load: f64,
    pub(crate) join_cpu_us: Option<f64>,
    pub(crate) kib_per_connection: Option<f64>,
    pub(crate) delivery_ms: Option<Percentiles>,
    pub(crate) answer_ms: Option<Percentiles>,
    pub(crate) faults: Faults,
    pub(crate) samples: Vec<String>,
}

/// Of times, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// What must not happen.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) unacked: u64,
    pub(crate) doubled: u64,
    pub(crate) inverted: u64,
    pub(crate) refused: u64,
    pub(crate) disconnected: u64,
}

impl Faults {
    /// Those of two runs together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            lost: self.lost + other.lost,
            unacked: self.unacked + other.unacked,
            doubled: self.doubled + other.doubled,
            inverted: self.inverted + other.inverted,
            refused: self.refused + other.refused,
            disconnected: self.disconnected + other.disconnected,
        }
    }

    /// `3 lost, 1 inverted`; empty when all is well.
    pub(crate) fn words(self) -> String {
        let counts = [
            (self.lost, "lost"),
            (self.unacked, "unacked"),
            (self.doubled, "doubled"),
            (self.inverted, "inverted"),
            (self.refused, "refused"),
            (self.disconnected, "disconnected"),
        ];
        let present = counts.iter().filter(|(count, _)| *count > 0);
        let words: Vec<_> = present.map(|(count, word)| format!("{count} {word}")).collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_faults_that_there_are_are_named() {
        let faults = Faults { lost: 3, ..Faults::default() };
        let other = Faults { lost: 1, inverted: 2, ..Faults::default() };
        assert_eq!(faults.plus(other).words(), "4 lost, 2 inverted");
        assert_eq!(Faults::default().words(), "");
    }
}
