//! Looks at what the server needs to do its work.

use std::{
    fmt::Display,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use auth::{TokenService, UserService};
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use delivery::EventLog;
use files::{Scanner, Storage};
use hornero::Stopping;
use robots::{Condition, Robots};
use tokio::{sync::Mutex, time::timeout};

/// How long a report is told again: whoever asks more often asks nobody else.
const FRESH: Duration = Duration::from_secs(1);

/// Time after which what does not answer is down.
const DOWN: Duration = Duration::from_secs(2);

/// Time after which an answer is slow.
const SLOW: Duration = Duration::from_millis(500);

/// How long what files need is not tried again once it was well: a bucket of S3 asks money for it.
const KEPT: TimeDelta = TimeDelta::seconds(10);

/// Age after which what is known of revoked logins is old: it is looked up twice a second.
const OLD: Duration = Duration::from_secs(5);

/// How something that the server needs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    Slow,
    Down,
}

/// What was found out about one of them.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) state: State,
    pub(crate) took: Duration,
    pub(crate) at: DateTime<Utc>,
    /// For people. Nothing of the system's own words: anybody may read it.
    pub(crate) message: Option<&'static str>,
}

/// How what files need is.
#[derive(Debug, Clone)]
pub(crate) struct FileFindings {
    pub(crate) storage: Finding,
    /// None where there is to be no scanner.
    pub(crate) scanner: Option<Finding>,
}

impl FileFindings {
    fn all(&self) -> impl Iterator<Item = &Finding> {
        std::iter::once(&self.storage).chain(&self.scanner)
    }

    /// Whether all was well a moment ago.
    fn are_good(&self) -> bool {
        self.all().all(|it| it.state == State::Up && Utc::now() - it.at < KEPT)
    }
}

/// How the server is.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) database: Finding,
    pub(crate) auth: Finding,
    pub(crate) chat: Finding,
    pub(crate) files: FileFindings,
    /// Those that are other programs, by their names.
    pub(crate) robots: Vec<(String, Finding)>,
    pub(crate) connections: usize,
}

impl Report {
    /// Whether the server can do nothing.
    pub(crate) fn is_unhealthy(&self) -> bool {
        self.database.state == State::Down || self.chat.state == State::Down
    }

    /// Whether everything is as it should be.
    pub(crate) fn is_healthy(&self) -> bool {
        let robots = self.robots.iter().map(|it| &it.1);
        let ours = [&self.database, &self.auth, &self.chat].into_iter();
        let mut all = ours.chain(self.files.all()).chain(robots);
        all.all(|it| it.state == State::Up)
    }
}

/// Tells how the server is.
pub(crate) struct HealthService {
    db: Arc<Database>,
    users: Arc<UserService>,
    tokens: Arc<TokenService>,
    log: Arc<EventLog>,
    robots: Arc<Robots>,
    storage: Arc<Storage>,
    scanner: Arc<Scanner>,
    stopping: Arc<Stopping>,
    last: Mutex<Option<(Instant, Report)>>,
}

impl HealthService {
    #[expect(clippy::too_many_arguments, reason = "a constructor's arguments are its wiring")]
    pub(crate) fn new(
        db: Arc<Database>,
        users: Arc<UserService>,
        tokens: Arc<TokenService>,
        log: Arc<EventLog>,
        robots: Arc<Robots>,
        storage: Arc<Storage>,
        scanner: Arc<Scanner>,
        stopping: Arc<Stopping>,
    ) -> Self {
        Self { db, users, tokens, log, robots, storage, scanner, stopping, last: Mutex::default() }
    }

    /// How the server is, or was within the last second.
    pub(crate) async fn report(&self) -> Report {
        // Those who ask at once wait for one answer.
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            let _ = at;
            return report.clone();
        }
        let known = last.as_ref().map(|(_, report)| &report.files).filter(|it| it.are_good());
        let (database, files) = tokio::join!(self.database(), async {
            match known {
                Some(known) => known.clone(),
                None => self.files().await,
            }
        });
        let report = Report {
            database,
            files,
            auth: self.auth(),
            chat: self.chat(),
            robots: self.robots.conditions().into_iter().map(robot).collect(),
            connections: self.users.connections(),
        };
        *last = Some((Instant::now(), report.clone()));
        report
    }

    /// Whether clients should come here: not while the server stops.
    pub(crate) async fn is_ready(&self) -> bool {
        !self.stopping.has_begun() && !self.report().await.is_unhealthy()
    }

    async fn database(&self) -> Finding {
        asked("The database", self.db.ping(), "cannot be reached").await
    }

    async fn files(&self) -> FileFindings {
        let storage = self.storage.try_out();
        let storage = asked("The storage of files", storage, "does not keep what it is given");
        let scanner = async {
            let scanner = self.scanner.is_on().then(|| self.scanner.ping())?;
            Some(asked("The scanner of files", scanner, "cannot be reached").await)
        };
        let (storage, scanner) = tokio::join!(storage, scanner);
        FileFindings { storage, scanner }
    }

    fn auth(&self) -> Finding {
        let is_old = self.users.standing_age() > OLD;
        let (state, message) = if !self.tokens.has_keys() {
            (State::Down, Some("has no keys of the issuer to check tokens with"))
        } else if is_old {
            (State::Slow, Some("does not know which logins were revoked of late"))
        } else {
            (State::Up, None)
        };
        Finding { state, took: Duration::ZERO, at: Utc::now(), message }
    }

    fn chat(&self) -> Finding {
        let (state, message) = match self.log.load() {
            None => (State::Down, Some("stores nothing any more")),
            Some(load) if load > 0.5 => (State::Slow, Some("much waits to be stored")),
            Some(_) => (State::Up, None),
        };
        Finding { state, took: Duration::ZERO, at: Utc::now(), message }
    }
}

/// Asks something that another program answers, or a disk. `failure` is what people are told, and
/// the reason is for the log.
async fn asked<E: Display>(
    name: &str,
    question: impl Future<Output = Result<(), E>>,
    failure: &'static str,
) -> Finding {
    let begun = Instant::now();
    let answered = timeout(DOWN, question).await;
    let took = begun.elapsed();
    let (state, message) = match answered {
        Ok(Ok(())) if took < SLOW => (State::Up, None),
        Ok(Ok(())) => (State::Slow, Some("answers late")),
        Ok(Err(error)) => {
            tracing::warn!(%error, "{name} {failure}: {error}");
            (State::Down, Some(failure))
        }
        Err(_) => (State::Down, Some("does not answer")),
    };
    Finding { state, took, at: Utc::now(), message }
}

/// How a robot is, as those found it who have asked it last: nobody asks it for this.
fn robot(condition: Condition) -> (String, Finding) {
    let message = condition.is_down.then_some("has failed again and again");
    let state = if condition.is_down { State::Down } else { State::Up };
    (condition.name, Finding { state, took: Duration::ZERO, at: Utc::now(), message })
}
