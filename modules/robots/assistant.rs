//! The robot that answers in sessions, unasked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth::{UserService, UserType};
use chat::{Message, MessageId, MessageListener, MessageRole, MessageType};
use delivery::{ConversationId, ConversationKind, SocketIoDoor};
use escalations::EscalationService;
use hornero::{BoxError, Stopping};
use sessions::SessionService;
use tokio::sync::mpsc;

use crate::{
    announcement::Failed,
    config::SessionsConfig,
    error::{OpenError, RobotError},
    robot::Robot,
    robots::Robots,
    runner::Runner,
};

/// Messages that may wait to be looked at. Those that are more are not answered.
const QUEUE: usize = 1_024;

/// Answers what the owners of sessions say there.
pub(crate) struct Assistant {
    robot: Option<Arc<Robot>>,
    runner: Arc<Runner>,
    sessions: Arc<SessionService>,
    escalations: Arc<EscalationService>,
    users: Arc<UserService>,
    door: Arc<SocketIoDoor>,
    queue: mpsc::Sender<Message>,
    /// Until it is run.
    waiting: Mutex<Option<mpsc::Receiver<Message>>>,
    /// The sessions that are being answered, and the newest message that came meanwhile.
    answering: Mutex<HashMap<ConversationId, Option<Message>>>,
}

impl Assistant {
    /// # Errors
    ///
    /// [`OpenError::NoSuchAssistant`].
    pub(crate) fn open(
        config: Arc<SessionsConfig>,
        robots: Arc<Robots>,
        runner: Arc<Runner>,
        sessions: Arc<SessionService>,
        escalations: Arc<EscalationService>,
        users: Arc<UserService>,
        door: Arc<SocketIoDoor>,
    ) -> Result<Self, OpenError> {
        let robot = match config.assistant.as_str() {
            "" => None,
            name => Some(robots.find(Some(name)).map_err(|_| OpenError::NoSuchAssistant)?),
        };
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (waiting, answering) = (Mutex::new(Some(waiting)), Mutex::default());
        Ok(Self { robot, runner, sessions, escalations, users, door, queue, waiting, answering })
    }

    /// Whether there is a robot to answer.
    pub(crate) fn is_on(&self) -> bool {
        self.robot.is_some()
    }

    /// Answers until the server stops.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(robot), Some(mut waiting)) = (self.robot.clone(), waiting) else {
            return Ok(());
        };
        loop {
            let message = tokio::select! {
                () = stopping.wait() => return Ok(()),
                message = waiting.recv() => message,
            };
            let Some(message) = message else { return Ok(()) };
            match self.is_to_answer(&message).await {
                Ok(true) => self.begin(&robot, message),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "A message is not answered: {error}"),
            }
        }
    }

    /// Whether the owner of the session has said it, and is no guest.
    async fn is_to_answer(&self, message: &Message) -> Result<bool, BoxError> {
        if self.sessions.owner(message.conversation).await?.as_ref() != Some(&message.sender) {
            return Ok(false);
        }
        Ok(self.users.user_type(&message.sender).await? != Some(UserType::Guest))
    }

    /// Answers a message, unless one of the session is being answered: then it is answered next,
    /// and together with those that came in between.
    fn begin(self: &Arc<Self>, robot: &Arc<Robot>, message: Message) {
        let session = message.conversation;
        let mut answering = self.answering();
        if let Some(next) = answering.get_mut(&session) {
            *next = Some(message);
            return;
        }
        answering.insert(session, None);
        drop(answering);
        let (this, robot) = (Arc::clone(self), Arc::clone(robot));
        tokio::spawn(async move {
            let mut message = Some(message);
            while let Some(prompt) = message {
                if !this.is_left_to_people(session).await
                    && let Err(error) = this.answer(&robot, prompt).await
                {
                    this.tell_refused(session, error).await;
                }
                message = this.next(session);
            }
        });
    }

    /// Whether a supervisor has taken the session over. It is asked when a message has its turn: one
    /// that was claimed while another was being answered is not answered any more.
    async fn is_left_to_people(&self, session: ConversationId) -> bool {
        let claimed = self.escalations.is_claimed(session).await;
        claimed.unwrap_or_else(|error| {
            // Better silent than to talk over somebody.
            tracing::error!(%error, "A message is not answered: {error}");
            true
        })
    }

    /// Returns when the answer is there, or has failed.
    async fn answer(&self, robot: &Arc<Robot>, prompt: Message) -> Result<(), RobotError> {
        let seat = self.runner.seats.take(&prompt.sender)?;
        robot.admit()?;
        let (_, run) = self.runner.begin(seat, Arc::clone(robot), prompt).await?;
        run.await.map_err(|error| RobotError::Lost(error.to_string()))
    }

    /// What is to be answered next in a session; if nothing, it is not being answered any more.
    fn next(&self, session: ConversationId) -> Option<Message> {
        let mut answering = self.answering();
        let next = answering.get_mut(&session)?.take();
        if next.is_none() {
            answering.remove(&session);
        }
        next
    }

    async fn tell_refused(&self, conversation: ConversationId, error: RobotError) {
        tracing::warn!(%error, "A message is not answered: {error}");
        let message = MessageId::generate();
        let failed = Failed { conversation, message, error: error.into() };
        self.door.tell_some(conversation, &failed, None, None).await;
    }

    /// Nothing can panic under the lock and leave the table half-changed.
    fn answering(&self) -> MutexGuard<'_, HashMap<ConversationId, Option<Message>>> {
        self.answering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MessageListener for Assistant {
    fn stored(&self, message: &Message) {
        let is_said = message.kind == ConversationKind::Session
            && message.role == MessageRole::User
            && message.r#type == MessageType::Chat;
        if is_said && self.queue.try_send(message.clone()).is_err() {
            tracing::warn!("A message is not answered: too many wait");
        }
    }
}
