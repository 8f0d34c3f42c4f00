//! What the clients say, and how people read it.

use serde::Deserialize;

/// One line of the program `soak`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    Kill { victim: Victim, pause_ms: u64 },
    Progress(Progress),
    Report(Report),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Victim {
    Server,
    Postgres,
}

#[derive(Deserialize)]
pub(crate) struct Progress {
    pub(crate) seconds: f64,
    pub(crate) acknowledged: u64,
    pub(crate) delivered: u64,
    pub(crate) phase: String,
}

/// What came of a run.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Report {
    acknowledged: u64,
    changed: u64,
    stored: u64,
    delivered: u64,
    retried: u64,
    connections: u64,
    told_gaps: u64,
    recoveries_ms: Vec<u64>,
    verdict: Verdict,
    /// How often the server was killed: counted, as the next two, by who has done it.
    #[serde(skip)]
    pub(crate) server_kills: u32,
    #[serde(skip)]
    pub(crate) postgres_kills: u32,
    /// What repeats the run.
    #[serde(skip)]
    pub(crate) seed: u64,
}

/// What is wrong, each with the ids that it is about.
#[derive(Debug, Default, Deserialize)]
struct Verdict {
    lost: Vec<String>,
    doubled: Vec<String>,
    holes: Vec<String>,
    inverted: Vec<String>,
    wrong: Vec<String>,
}

/// Offences of a kind that are named; the others are counted.
const NAMED: usize = 5;

impl Report {
    pub(crate) fn is_clean(&self) -> bool {
        self.kinds().iter().all(|(_, offences)| offences.is_empty())
    }

    fn kinds(&self) -> [(&'static str, &[String]); 5] {
        let it = &self.verdict;
        [
            ("lost", &it.lost),
            ("doubled", &it.doubled),
            ("holes", &it.holes),
            ("inverted", &it.inverted),
            ("wrong", &it.wrong),
        ]
    }

    /// Prints the counts, and the first that is wrong of each kind.
    pub(crate) fn print(&self) {
        println!(
            "acknowledged {}, edited or deleted {}, stored {}, delivered {}",
            self.acknowledged, self.changed, self.stored, self.delivered
        );
        println!(
            "kills of the server {}, of PostgreSQL {}; sent again {}, connections {}, told as a gap {}",
            self.server_kills, self.postgres_kills, self.retried, self.connections, self.told_gaps
        );
        let mut recoveries = self.recoveries_ms.clone();
        recoveries.sort_unstable();
        if let (Some(median), Some(longest)) =
            (recoveries.get(recoveries.len() / 2), recoveries.last())
        {
            println!("from a kill to the next ack: median {median} ms, longest {longest} ms");
        }
        let counts = self.kinds().map(|(kind, offences)| format!("{kind} {}", offences.len()));
        println!("{}", counts.join(", "));
        for (kind, offences) in self.kinds() {
            for offence in offences.iter().take(NAMED) {
                println!("{kind}: {offence}");
            }
        }
        if !self.is_clean() {
            println!("The seed of this run is {}", self.seed);
        }
    }
}
