//! A robot: a mind, and how to deal with it when it is not well.

use std::time::Duration;

use auth::UserId;
use chat::Formatting;
use hornero::{Counter, Metrics};
use tokio::time::{sleep, timeout};

use crate::{
    breaker::Breaker,
    config::RobotConfig,
    error::RobotError,
    mind::{End, Failure, Mind, Parts, Question},
};

/// Pause before the first time that a robot is asked again; then twice as long, and so on.
const PAUSE: Duration = Duration::from_millis(250);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A robot of the configuration.
pub(crate) struct Robot {
    pub(crate) name: String,
    pub(crate) formatting: Formatting,
    /// Whether it is another program, which may be down.
    pub(crate) is_remote: bool,
    mind: Box<dyn Mind>,
    timeout: Duration,
    retries: u32,
    breaker: Breaker,
    runs: Counter,
    failures: [Counter; Failure::ALL.len()],
}

impl Robot {
    pub(crate) fn new(
        name: &str,
        mind: Box<dyn Mind>,
        config: &RobotConfig,
        metrics: &Metrics,
    ) -> Self {
        let help = "Answers that robots have begun";
        let label = ("robot", name.to_owned());
        let runs = metrics.counter_of("gateway_robot_runs_total", help, [label.clone()]);
        let failures = Failure::ALL.map(|failure| {
            let help = "Answers of robots that have failed";
            let reason = ("reason", failure.name().to_owned());
            metrics.counter_of("gateway_robot_failures_total", help, [label.clone(), reason])
        });
        Self {
            name: name.to_owned(),
            formatting: match config.formatting.as_str() {
                "markdown" => Formatting::Markdown,
                _ => Formatting::Plain,
            },
            is_remote: config.url != crate::config::ECHO,
            mind,
            timeout: config.timeout(),
            retries: config.retries,
            breaker: Breaker::default(),
            runs,
            failures,
        }
    }

    /// The robot as the sender of its messages.
    pub(crate) fn sender(name: &str) -> UserId {
        format!("robot:{name}").into()
    }

    /// Lets one run begin.
    ///
    /// # Errors
    ///
    /// [`RobotError::Down`] for a robot that has failed again and again.
    pub(crate) fn admit(&self) -> Result<(), RobotError> {
        self.breaker.admit().map_err(RobotError::Down)
    }

    /// Time for which it is let alone, if it is.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        self.breaker.open_for()
    }

    /// Counts the end of a run.
    pub(crate) fn count(&self, failure: Option<Failure>) {
        self.runs.increment(1);
        let all = Failure::ALL.into_iter().zip(&self.failures);
        for (_, counter) in all.filter(|it| Some(it.0) == failure) {
            counter.increment(1);
        }
    }

    /// Answers a question. Asks again while the mind is not well and has said nothing yet.
    ///
    /// # Errors
    ///
    /// [`Failure`]. What has come until then has come.
    pub(crate) async fn answer(
        &self,
        question: &Question,
        mut parts: Parts,
    ) -> Result<End, Failure> {
        let mut attempt = 0;
        loop {
            let answer = timeout(self.timeout, self.mind.answer(question, &mut parts)).await;
            let answer = match answer.unwrap_or(Err(Failure::Late)) {
                Ok(_) if !parts.any() => Err(Failure::Empty),
                answer => answer,
            };
            let Err(failure) = answer else {
                self.breaker.succeeded();
                return answer;
            };
            if !failure.is_its_own() {
                // It is there, and says no.
                self.breaker.succeeded();
                return answer;
            }
            self.breaker.failed();
            let is_open = self.breaker.open_for().is_some();
            if parts.any() || attempt >= self.retries || is_open {
                return answer;
            }
            sleep(pause(attempt)).await;
            attempt += 1;
        }
    }
}

/// Time before the next attempt: between half of it and all of it, so that not all who have
/// failed together come again together.
fn pause(attempt: u32) -> Duration {
    let longest = PAUSE.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_PAUSE);
    longest.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        for attempt in 0..40 {
            let longest = Duration::from_millis(250 << attempt.min(10)).min(LONGEST_PAUSE);
            for _ in 0..20 {
                let pause = pause(attempt);
                assert!(pause >= longest / 2 && pause <= longest, "{attempt}: {pause:?}");
            }
        }
        assert!((0..20).any(|_| pause(3) != pause(3)));
    }
}
