//! When what is killed.

use std::time::Duration;

use serde::Serialize;

use crate::dice::Dice;

/// Number of the one who throws the dice for the plan: no client has it.
const THROWER: u64 = u64::MAX;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Victim {
    /// The chat server.
    Server,
    /// The PostgreSQL server with all its processes.
    Postgres,
}

/// One kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kill {
    /// Since the beginning.
    pub(crate) at: Duration,
    pub(crate) victim: Victim,
    /// Time until it is started again.
    pub(crate) pause: Duration,
}

/// Kills, each somewhere in its share of the time.
pub(crate) fn kills(seed: u64, whole: Duration, servers: u32, postgres: u32) -> Vec<Kill> {
    let mut dice = Dice::new(seed, THROWER);
    let count = servers + postgres;
    let mut left = (servers, postgres);
    let mut kills = Vec::new();
    for number in 0..count {
        let share = whole / count;
        let at = share * number + share * dice.within(10..70) as u32 / 100;
        let is_server = dice.within(0..u64::from(left.0 + left.1)) < u64::from(left.0);
        let victim = if is_server {
            left.0 -= 1;
            Victim::Server
        } else {
            left.1 -= 1;
            Victim::Postgres
        };
        kills.push(Kill { at, victim, pause: dice.millis(0..800) });
    }
    kills
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_killed_as_wanted_in_the_time() {
        let whole = Duration::from_secs(60);
        let plan = kills(3, whole, 10, 5);
        let of = |victim| plan.iter().filter(|it| it.victim == victim).count();
        assert_eq!((of(Victim::Server), of(Victim::Postgres)), (10, 5));
        assert!(plan.windows(2).all(|it| it[0].at < it[1].at), "{plan:?}");
        assert!(plan.iter().all(|it| it.at < whole), "{plan:?}");
        assert_eq!(plan, kills(3, whole, 10, 5));
        assert!(kills(3, whole, 0, 0).is_empty());
    }
}
