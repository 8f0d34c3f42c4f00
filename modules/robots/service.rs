//! The rules of asking robots.

use std::sync::Arc;

use auth::Caller;
use chat::{ChatService, Formatting, Message, MessageRole, MessageType, SendMessage};
use delivery::{Access, Appending, ConversationId, Right};
use serde_json::Map;

use crate::{
    dto::RobotAsked, error::RobotError, robot::Robot, robots::Robots, runner::Runner, seats::Seat,
};

/// Lets callers ask robots.
pub(crate) struct RobotService {
    access: Arc<Access>,
    chat: Arc<ChatService>,
    robots: Arc<Robots>,
    runner: Arc<Runner>,
}

/// A prompt on its way to being stored.
pub(crate) struct Asking {
    prompt: Appending<Message>,
    seat: Seat,
    robot: Arc<Robot>,
    runner: Arc<Runner>,
}

impl RobotService {
    pub(crate) fn new(
        access: Arc<Access>,
        chat: Arc<ChatService>,
        robots: Arc<Robots>,
        runner: Arc<Runner>,
    ) -> Self {
        Self { access, chat, robots, runner }
    }

    /// Sends a prompt as a message of the caller, which a robot then answers.
    ///
    /// # Errors
    ///
    /// [`RobotError`]; then nothing is stored.
    pub(crate) async fn ask(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        prompt: String,
        robot: Option<&str>,
    ) -> Result<Asking, RobotError> {
        self.access.require(caller, conversation, Right::Send).await?;
        caller.require_account()?;
        let robot = self.robots.find(robot)?;
        let seat = self.runner.seats.take(&caller.user_id)?;
        // Last, since it may be the one attempt that a robot is given.
        robot.admit()?;
        let message = SendMessage {
            content: prompt.into(),
            role: MessageRole::User,
            r#type: MessageType::Chat,
            formatting: Formatting::Plain,
            metadata: Map::new(),
            client_message_id: None,
        };
        let prompt = self.chat.send(caller, conversation, message).await?;
        Ok(Asking { prompt, seat, robot, runner: Arc::clone(&self.runner) })
    }
}

impl Asking {
    /// Waits until the prompt is stored and the robot begins.
    ///
    /// # Errors
    ///
    /// [`RobotError`]; then nothing is answered.
    pub(crate) async fn begun(self) -> Result<RobotAsked, RobotError> {
        // A task of its own: whoever has asked and is gone is answered, too.
        let begun = tokio::spawn(async move {
            let prompt = self.prompt.stored().await?.stored;
            let (room_id, prompt_id) = (prompt.conversation, prompt.id);
            let robot_id = self.robot.name.clone();
            let (message_id, _) = self.runner.begin(self.seat, self.robot, prompt).await?;
            Ok(RobotAsked { room_id, message_id, prompt_id, robot_id })
        });
        begun.await.map_err(|error| RobotError::Lost(error.to_string()))?
    }
}
