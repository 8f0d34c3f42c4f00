//! Socket.IO events of robots.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::NAMESPACES;
use hornero::{ClientError, Data, Events, Gateway, Later, Valid};

use crate::{
    announcement::{AssistantDelta, AssistantFailed, RobotAnswered, RobotDelta, RobotFailed},
    dto::{InteractWithRobot, RobotAsked},
    service::RobotService,
};

/// Handles `chat:robot:interact`.
pub(crate) struct RobotGateway {
    tokens: Arc<TokenService>,
    robots: Arc<RobotService>,
}

impl RobotGateway {
    pub(crate) fn new(tokens: Arc<TokenService>, robots: Arc<RobotService>) -> Self {
        Self { tokens, robots }
    }
}

impl Authenticates for RobotGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for RobotGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("chat:robot:interact", Self::interact)
            .emits::<RobotDelta<'_>>()
            .emits::<RobotAnswered<'_>>()
            .emits::<RobotFailed>()
            .emits::<AssistantDelta<'_>>()
            .emits::<AssistantFailed>();
    }
}

impl RobotGateway {
    /// Asks a robot. The ack comes when the prompt is stored; everybody who has joined hears the
    /// answer.
    async fn interact(
        self: Arc<Self>,
        caller: Caller,
        Valid(Data(event)): Valid<Data<InteractWithRobot>>,
    ) -> Result<Later<RobotAsked>, ClientError> {
        let (room, robot) = (event.room_id, event.robot_id.as_deref());
        let asking = self.robots.ask(&caller, room, event.prompt, robot).await?;
        Ok(Later::new(async { Ok(asking.begun().await?) }))
    }
}
