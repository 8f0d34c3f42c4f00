//! Runs: from the question to the message that the answer becomes.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chat::{ChatError, ChatService, Message, MessageId, MessageRole, RobotMessage};
use chrono::{SubsecRound, Utc};
use delivery::{AccessError, Announcement, AppendError, EventLog, SocketIoDoor};
use futures_util::FutureExt;
use hornero::{BoxError, Stopping};
use serde_json::{Map, Value, json};
use tokio::{
    pin,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    announcement::{Answered, Failed, Part},
    config::RobotsConfig,
    draft::Draft,
    error::RobotError,
    mind::{End, Failure, Parts, Question, Turn},
    repository::RunRepository,
    robot::Robot,
    run::Run,
    seats::{Seat, Seats},
};

/// Time between two parts that are told: what comes in between is told together.
const GAP: Duration = Duration::from_millis(50);

/// Parts that a robot may be ahead. Then it waits.
const AHEAD: usize = 8;

/// Time after which it is noted how far a run is, if it has come further.
const BEAT: Duration = Duration::from_secs(1);

/// Time after which it is noted that a run's process is there, however far the run is.
const LONGEST_BEAT: Duration = Duration::from_secs(10);

/// Lets robots answer.
pub(crate) struct Runner {
    chat: Arc<ChatService>,
    log: Arc<EventLog>,
    door: Arc<SocketIoDoor>,
    runs: Arc<dyn RunRepository>,
    config: Arc<RobotsConfig>,
    stopping: Arc<Stopping>,
    pub(crate) seats: Arc<Seats>,
    /// The runs of this process.
    live: Arc<Mutex<HashSet<uuid::Uuid>>>,
}

/// Keeps a run among those of this process.
struct Live {
    id: uuid::Uuid,
    live: Arc<Mutex<HashSet<uuid::Uuid>>>,
}

impl Drop for Live {
    fn drop(&mut self) {
        lock(&self.live).remove(&self.id);
    }
}

/// Nothing can panic under the lock and leave the set half-changed.
fn lock(live: &Mutex<HashSet<uuid::Uuid>>) -> MutexGuard<'_, HashSet<uuid::Uuid>> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Runner {
    pub(crate) fn new(
        chat: Arc<ChatService>,
        log: Arc<EventLog>,
        door: Arc<SocketIoDoor>,
        runs: Arc<dyn RunRepository>,
        config: Arc<RobotsConfig>,
        stopping: Arc<Stopping>,
    ) -> Self {
        let seats = Arc::new(Seats::new(config.runs, config.runs_per_user));
        Self { chat, log, door, runs, config, stopping, seats, live: Arc::default() }
    }

    /// Waits, when the server stops, until all runs have ended.
    pub(crate) async fn drain(self: Arc<Self>) -> Result<(), BoxError> {
        self.stopping.wait().await;
        self.seats.close().await;
        Ok(())
    }

    /// Whether a run is one of this process.
    pub(crate) fn is_live(&self, id: MessageId) -> bool {
        lock(&self.live).contains(&id.0)
    }

    /// Lets a robot begin to answer a message. It is answered on a task of its own.
    ///
    /// # Errors
    ///
    /// A failure of storage; then nothing is answered.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        seat: Seat,
        robot: Arc<Robot>,
        prompt: Message,
    ) -> Result<(MessageId, JoinHandle<()>), RobotError> {
        let run = Run {
            message: MessageId::generate(),
            conversation: prompt.conversation,
            robot: robot.name.clone(),
            prompt: prompt.id,
            content: String::new(),
        };
        let live = Live { id: run.message.0, live: Arc::clone(&self.live) };
        lock(&self.live).insert(live.id);
        self.runs.insert(&run, Utc::now().trunc_subsecs(3)).await?;
        let (this, id) = (Arc::clone(self), run.message);
        let task = tokio::spawn(async move {
            let mut draft = Draft::default();
            let answer = AssertUnwindSafe(this.answer(&robot, &run, prompt, &mut draft));
            let answer = answer.catch_unwind().await.unwrap_or(Err(Failure::Lost));
            this.end(&robot, &run, draft, answer).await;
            drop((live, seat));
        });
        Ok((id, task))
    }

    /// Tells the answer part by part.
    async fn answer(
        &self,
        robot: &Robot,
        run: &Run,
        prompt: Message,
        draft: &mut Draft,
    ) -> Result<End, Failure> {
        let question = self.question(prompt).await.map_err(|error| {
            tracing::error!(%error, "Could not read what a robot is to be told: {error}");
            Failure::Lost
        })?;
        // So that nobody hears the answer before the prompt.
        self.flush().await;
        let (parts, mut heard) = Parts::channel(AHEAD);
        let answering = robot.answer(&question, parts);
        pin!(answering);
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut beat, mut noted) = (Instant::now(), Instant::now(), 0);
        let mut answer = None;
        loop {
            tokio::select! {
                biased;
                () = self.stopping.wait() => return Err(Failure::Stopped),
                part = heard.recv() => {
                    let Some(part) = part else { break };
                    let is_whole = draft.push(&part);
                    if told.elapsed() >= GAP {
                        self.tell_part(run, draft).await;
                        told = Instant::now();
                    }
                    if !is_whole {
                        return Ok(End::Cut);
                    }
                }
                outcome = &mut answering, if answer.is_none() => answer = Some(outcome),
                () = sleep_until(told + GAP), if draft.has_more() => {
                    self.tell_part(run, draft).await;
                    told = Instant::now();
                }
                _ = beats.tick() => {
                    if draft.content().len() > noted || beat.elapsed() >= LONGEST_BEAT {
                        (beat, noted) = (Instant::now(), draft.content().len());
                        self.beat(run, draft).await;
                    }
                }
            }
        }
        answer.unwrap_or(Err(Failure::Lost))
    }

    /// The prompt, and what was said before it.
    async fn question(&self, prompt: Message) -> Result<Question, ChatError> {
        let (conversation, through) = (prompt.conversation, prompt.seq);
        let newest = self.chat.newest(conversation, through, self.config.history).await?;
        let before = newest.into_iter().filter(|it| it.id != prompt.id);
        let mut left = self.config.history_length.saturating_sub(prompt.content.chars().count());
        let mut turns = vec![turn(&prompt)];
        for message in before.take(self.config.history.saturating_sub(1) as usize) {
            let length = message.content.chars().count();
            if length > left {
                break;
            }
            left -= length;
            turns.push(turn(&message));
        }
        turns.reverse();
        Ok(Question { turns })
    }

    /// Stores what has come, and tells that this was all.
    async fn end(&self, robot: &Robot, run: &Run, mut draft: Draft, answer: Result<End, Failure>) {
        self.tell_part(run, &mut draft).await;
        let failure = match answer {
            Ok(_) if draft.is_blank() => Some(Failure::Empty),
            answer => answer.err(),
        };
        robot.count(failure);
        if let Some(failure) = failure {
            tracing::warn!(robot = robot.name, reason = failure.name(), "A robot has failed");
        }
        let run = Run { content: draft.content().to_owned(), ..run.clone() };
        let formatting = robot.formatting;
        let is_whole = answer == Ok(End::Whole);
        if let Err(error) = self.store(&run, formatting, is_whole).await {
            // It is kept among the runs, and ended from there.
            tracing::error!(%error, "Could not store what a robot has said: {error}");
            self.beat(&run, &draft).await;
            return;
        }
        match failure {
            Some(failure) => self.tell_failed(&run, failure).await,
            None => {
                let (conversation, message) = (run.conversation, run.message);
                self.tell(&run, &Answered { conversation, message, content: run.content.clone() })
                    .await;
            }
        }
        self.forget(&run).await;
    }

    /// Makes a message of what has come, if anything has and the conversation is there still;
    /// returns when it is told.
    pub(crate) async fn store(
        &self,
        run: &Run,
        formatting: chat::Formatting,
        is_whole: bool,
    ) -> Result<(), ChatError> {
        if run.content.trim().is_empty() {
            return Ok(());
        }
        let words = RobotMessage {
            id: run.message,
            conversation: run.conversation,
            sender: Robot::sender(&run.robot),
            content: run.content.clone(),
            formatting,
            metadata: metadata(run, is_whole),
        };
        match self.chat.say(words).await {
            // The conversation is gone, and the run goes with it.
            Err(ChatError::Access(AccessError::Denied))
            | Err(ChatError::Append(AppendError::NoConversation)) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => {
                self.flush().await;
                Ok(())
            }
        }
    }

    /// Tells that a run has failed.
    pub(crate) async fn tell_failed(&self, run: &Run, failure: Failure) {
        let (conversation, message) = (run.conversation, run.message);
        self.tell(run, &Failed { conversation, message, error: failure.into() }).await;
    }

    /// Forgets a run that has ended.
    pub(crate) async fn forget(&self, run: &Run) {
        if let Err(error) = self.runs.remove(run.message).await {
            // It is found ended, then.
            tracing::warn!(%error, "Could not note that a run has ended: {error}");
        }
    }

    async fn tell_part(&self, run: &Run, draft: &mut Draft) {
        if let Some((index, text)) = draft.take_part() {
            let (conversation, message) = (run.conversation, run.message);
            self.tell(run, &Part { conversation, message, index, text }).await;
        }
    }

    /// Tells everybody who has joined. It waits in the queue of messages, since it must not
    /// overtake them.
    async fn tell(&self, run: &Run, what: &dyn Announcement) {
        self.door.tell_some(run.conversation, what, None, None).await;
    }

    async fn beat(&self, run: &Run, draft: &Draft) {
        let now = Utc::now().trunc_subsecs(3);
        if let Err(error) = self.runs.beat(run.message, draft.content(), now).await {
            tracing::warn!(%error, "Could not note how far a run is: {error}");
        }
    }

    async fn flush(&self) {
        // It fails only where nobody is told anything any more.
        let _ = Arc::clone(&self.log).flush().await;
    }
}

fn turn(message: &Message) -> Turn {
    let role = match message.role {
        MessageRole::User => "user",
        MessageRole::Assistant => "assistant",
        MessageRole::System => "system",
    };
    Turn { role, content: message.content.to_string() }
}

fn metadata(run: &Run, is_whole: bool) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("robotId".to_owned(), json!(run.robot));
    metadata.insert("promptId".to_owned(), json!(run.prompt));
    if !is_whole {
        metadata.insert("incomplete".to_owned(), json!(true));
    }
    metadata
}
