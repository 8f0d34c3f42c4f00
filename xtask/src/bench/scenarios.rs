//! The rows of the table: what is done, by whom, and what counts.

use super::report::Report;

/// A kind of work.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// Who takes part, by name.
    pub(crate) contestants: &'static [&'static str],
    /// To whose figure the others are related.
    pub(crate) base: &'static str,
    /// What our server has to reach, in the words of the design.
    pub(crate) target: &'static str,
    /// Subcommand and arguments of the generator.
    pub(crate) load: &'static [&'static str],
    /// Instead of these, in a quick run.
    pub(crate) quick_load: Option<&'static [&'static str]>,
    pub(crate) timing: Timing,
    pub(crate) cores: Cores,
    pub(crate) note: &'static str,
}

/// What one figure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Delivery,
    Send,
    Request,
    Connection,
    /// Memory, not time.
    KibPerConnection,
    /// What goes wrong counts, not what a delivery costs.
    Faults,
}

/// How long a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// A warm-up and a measured time.
    Timed,
    /// A warm-up, then as long as it takes.
    WarmUp,
    /// As long as it takes, in a single round.
    Once,
    /// As long as it takes, without warm-up.
    Cold,
}

/// Where server and generator run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    /// Each on its own.
    Apart,
    /// Both on the same two.
    Shared,
}

impl Unit {
    /// The figure of a run.
    pub(crate) fn of(self, report: &Report) -> Option<f64> {
        let per = |count: u64| (count > 0).then(|| report.server_cpu_us / count as f64);
        match self {
            Self::Delivery | Self::Faults => per(report.deliveries),
            Self::Send => per(report.sends),
            Self::Request => per(report.requests),
            Self::Connection => per(report.connections),
            Self::KibPerConnection => report.kib_per_connection,
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Delivery | Self::Faults => "µs of server CPU per delivery",
            Self::Send => "µs of server CPU per send",
            Self::Request => "µs of server CPU per request",
            Self::Connection => "µs of server CPU per connection",
            Self::KibPerConnection => "KiB per connection",
        }
    }

    /// Units of work that were done in a second.
    pub(crate) fn rate(self, report: &Report) -> f64 {
        let count = match self {
            Self::Delivery | Self::Faults => report.deliveries,
            Self::Send => report.sends,
            Self::Request => report.requests,
            Self::Connection | Self::KibPerConnection => report.connections,
        };
        count as f64 / report.seconds
    }
}

const UNSTORED: &[&str] = &["ours", "bare", "floor", "nest", "socketio"];
const STORED: &[&str] = &["ours", "bare-row", "bare-group", "nest-typeorm", "nest-sql"];

const DEFAULT: Scenario = Scenario {
    name: "",
    title: "",
    unit: Unit::Delivery,
    contestants: UNSTORED,
    base: "bare",
    target: "",
    load: &[],
    quick_load: None,
    timing: Timing::Timed,
    cores: Cores::Apart,
    note: "",
};

/// Every row. Ours stores every message before it is acknowledged, also where the others do not.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "fan-out-1",
        title: "Fan-out to 100 members, 1 message in flight",
        target: "≤ 1.05 × bare; aim ≤ 1.1 × floor",
        load: &["chat", "--connections", "100"],
        note: "Ours stores every message; the others do not.",
        ..DEFAULT
    },
    Scenario {
        name: "fan-out-16",
        title: "Fan-out to 100 members, 16 messages in flight",
        target: "≤ 1.05 × bare; aim ≤ 1.5 × floor",
        load: &["chat", "--connections", "100", "--senders", "4", "--in-flight", "4"],
        note: "Ours stores every message; the others do not.",
        ..DEFAULT
    },
    Scenario {
        name: "small-rooms",
        title: "500 rooms of 2: a send with its ack and 2 deliveries",
        unit: Unit::Send,
        target: "≤ 1.1 × bare; aim ≤ 1.5 × floor",
        load: &["chat", "--connections", "1000", "--rooms", "500"],
        note: "Ours stores every message; the others do not.",
        ..DEFAULT
    },
    Scenario {
        name: "stored",
        title: "100 rooms of 2, stored before the ack",
        unit: Unit::Send,
        contestants: &["ours", "bare-row", "bare-group", "floor", "nest-typeorm", "nest-sql"],
        base: "bare-group",
        target: "≤ 42 µs; aim ≤ 28 µs",
        load: &["chat", "--connections", "200", "--rooms", "100"],
        note: "The floor stores nothing.",
        ..DEFAULT
    },
    Scenario {
        name: "offered",
        title: "50 rooms of 20 with 100 messages a second each: 100,000 deliveries a second offered",
        contestants: &["ours", "bare", "bare-group", "floor", "nest-typeorm", "nest", "socketio"],
        target: "not saturated, p99 < 50 ms; aim p99 < 10 ms",
        load: &[
            "chat",
            "--connections",
            "1000",
            "--rooms",
            "50",
            "--senders",
            "20",
            "--rate",
            "100",
        ],
        note: "A server that falls behind works its backlog off, and that time counts: the rate is \
               what it really did.",
        ..DEFAULT
    },
    Scenario {
        name: "seeds",
        title: "1,000 connections in 50 rooms of 20; 100 messages a second in one, 2 in each other",
        contestants: &["ours", "bare-group", "nest-typeorm"],
        base: "bare-group",
        target: "p99 < 100 ms, aim < 10 ms; lost 0, inversions 0",
        load: &[
            "chat",
            "--connections",
            "1000",
            "--rooms",
            "50",
            "--senders",
            "20",
            "--rate",
            "2",
            "--hot-rate",
            "100",
        ],
        ..DEFAULT
    },
    Scenario {
        name: "post",
        title: "POST a message, stored",
        unit: Unit::Request,
        contestants: STORED,
        base: "bare-group",
        target: "≤ 27 µs; aim ≤ 20 µs",
        load: &["rest", "--method", "post"],
        note: "The peers check the token, but not whether its holder is a member.",
        ..DEFAULT
    },
    Scenario {
        name: "get",
        title: "GET 50 messages",
        unit: Unit::Request,
        contestants: STORED,
        base: "bare-group",
        target: "≤ 200 µs; aim ≤ 40 µs",
        load: &["rest", "--method", "get"],
        note: "The peers check the token, but not whether its holder is a member.",
        ..DEFAULT
    },
    Scenario {
        name: "idle",
        title: "Idle connections, each in a room of 20",
        unit: Unit::KibPerConnection,
        target: "≤ 22 KiB; aim ≤ 12 KiB",
        load: &["connect", "--idle", "--connections", "5000"],
        timing: Timing::Cold,
        ..DEFAULT
    },
    Scenario {
        name: "connect",
        title: "Connect with a JWT",
        unit: Unit::Connection,
        target: "≤ 90 µs; aim ≤ 60 µs",
        load: &["connect", "--connections", "2000"],
        quick_load: Some(&["connect", "--connections", "1000"]),
        timing: Timing::WarmUp,
        note: "The floor does not look at the token.",
        ..DEFAULT
    },
    Scenario {
        name: "order",
        title: "Order: 1,200,000 deliveries to 100 members, on 2 threads",
        unit: Unit::Faults,
        contestants: &["ours", "bare-threads", "floor", "nest", "socketio"],
        base: "bare-threads",
        target: "0 inverted, 0 lost",
        load: &[
            "chat",
            "--connections",
            "100",
            "--senders",
            "4",
            "--in-flight",
            "4",
            "--warm-up",
            "0",
            "--deliveries",
            "1200000",
        ],
        quick_load: Some(&[
            "chat",
            "--connections",
            "100",
            "--senders",
            "4",
            "--in-flight",
            "4",
            "--warm-up",
            "0",
            "--deliveries",
            "300000",
        ]),
        timing: Timing::Once,
        cores: Cores::Shared,
        ..DEFAULT
    },
    Scenario {
        name: "burst",
        title: "Loss: 4 senders with bursts of 256 messages to 100 members",
        unit: Unit::Faults,
        contestants: &["ours", "bare-threads", "floor", "nest", "socketio"],
        base: "bare-threads",
        target: "0 lost, 0 unacked",
        load: &[
            "chat",
            "--connections",
            "100",
            "--senders",
            "4",
            "--burst",
            "256",
            "--bursts",
            "5",
            "--warm-up",
            "0",
        ],
        quick_load: Some(&[
            "chat",
            "--connections",
            "100",
            "--senders",
            "4",
            "--burst",
            "256",
            "--bursts",
            "2",
            "--warm-up",
            "0",
        ]),
        timing: Timing::Once,
        cores: Cores::Shared,
        ..DEFAULT
    },
];

#[cfg(test)]
mod tests {
    use super::super::contestants::Contestant;
    use super::*;

    #[test]
    fn scenarios_name_only_contestants_that_there_are() {
        for scenario in SCENARIOS {
            for name in scenario.contestants {
                assert!(Contestant::named(name).is_some(), "{name} of {}", scenario.name);
            }
            assert!(scenario.contestants.contains(&scenario.base), "{}", scenario.name);
            assert!(scenario.contestants.contains(&"ours"), "{}", scenario.name);
        }
    }

    #[test]
    fn a_figure_needs_some_work() {
        let report = Report { server_cpu_us: 500.0, sends: 10, ..Report::default() };
        assert_eq!(Unit::Send.of(&report), Some(50.0));
        assert_eq!(Unit::Delivery.of(&report), None);
    }
}
