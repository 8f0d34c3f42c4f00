//! What is counted and measured, in Prometheus' text format.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use metrics::{Counter, Gauge, Histogram};
use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper bounds of the buckets of times, in seconds. The last one has no bound.
const BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What the process counts and measures. A provider in every module.
///
/// A module asks for what it counts once, when it is built, and keeps it: counting is then an
/// atomic addition. The same name with other labels is another series of the same metric.
///
/// ```
/// use std::sync::Arc;
/// use hornero::{Counter, Metrics};
///
/// struct PollService { votes: Counter }
///
/// impl PollService {
///     fn new(metrics: Arc<Metrics>) -> Self {
///         Self { votes: metrics.counter("polls_votes_total", "Votes", &[("kind", "open")]) }
///     }
/// }
///
/// let metrics = Arc::new(Metrics::default());
/// PollService::new(Arc::clone(&metrics)).votes.increment(2);
/// assert!(metrics.text().contains("polls_votes_total{kind=\"open\"} 2"));
/// ```
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    samples: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

/// A label's name and value. A value must be one of few: no id, and nothing a client sends.
pub type MetricLabel = (&'static str, &'static str);

impl Default for Metrics {
    fn default() -> Self {
        let builder = PrometheusBuilder::new();
        // It refuses an empty list only.
        let builder = builder.set_buckets(&BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        Self { handle: recorder.handle(), recorder, samples: Mutex::default() }
    }
}

impl Metrics {
    /// Something that is counted. Its name ends with `_total`.
    pub fn counter(&self, name: &'static str, help: &'static str, of: &[MetricLabel]) -> Counter {
        self.recorder.describe_counter(KeyName::from(name), None, help.into());
        self.recorder.register_counter(&key(name, of), &METADATA)
    }

    /// As [`Self::counter`], with values that are not known when the program is written, such as
    /// names of the configuration.
    pub fn counter_of<V: Into<std::borrow::Cow<'static, str>>>(
        &self,
        name: &'static str,
        help: &'static str,
        of: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Counter {
        self.recorder.describe_counter(KeyName::from(name), None, help.into());
        let labels = of.into_iter().map(|(name, value)| Label::new(name, value.into()));
        let key = Key::from_parts(name, labels.collect::<Vec<_>>());
        self.recorder.register_counter(&key, &METADATA)
    }

    /// Something that goes up and down.
    pub fn gauge(&self, name: &'static str, help: &'static str, of: &[MetricLabel]) -> Gauge {
        self.recorder.describe_gauge(KeyName::from(name), None, help.into());
        self.recorder.register_gauge(&key(name, of), &METADATA)
    }

    /// Times, in seconds, of which it is told how many were within a bound. Its name ends with
    /// `_seconds`.
    pub fn times<V: Into<std::borrow::Cow<'static, str>>>(
        &self,
        name: &'static str,
        help: &'static str,
        of: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Histogram {
        self.recorder.describe_histogram(KeyName::from(name), None, help.into());
        let labels = of.into_iter().map(|(name, value)| Label::new(name, value.into()));
        let key = Key::from_parts(name, labels.collect::<Vec<_>>());
        self.recorder.register_histogram(&key, &METADATA)
    }

    /// The refusals that clients were told of by this code, at whichever door.
    pub(crate) fn refusals(&self, code: &'static str) -> Counter {
        let help = "Refusals that clients were told of";
        self.counter("gateway_errors_total", help, &[("code", code)])
    }

    /// Calls `sample` each time before the metrics are told: for what is known anyway, and need
    /// not be counted twice. It must be quick.
    pub fn sample(&self, sample: impl Fn() + Send + Sync + 'static) {
        self.samples().push(Box::new(sample));
    }

    /// All of them, in Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> String {
        for sample in self.samples().iter() {
            sample();
        }
        self.handle.render()
    }

    /// Makes room for new measurements where nobody asks for the old ones.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }

    /// A sample that panics leaves the list as it was.
    fn samples(&self) -> MutexGuard<'_, Vec<Box<dyn Fn() + Send + Sync>>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const METADATA: Metadata<'static> = Metadata::new("hornero", Level::INFO, None);

fn key(name: &'static str, labels: &[MetricLabel]) -> Key {
    let labels = labels.iter().map(|(name, value)| Label::from_static_parts(name, value));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}
