//! Who may do what in a session.

use std::sync::Arc;

use async_trait::async_trait;
use auth::Caller;
use database::StorageError;
use delivery::{AccessError, AccessPolicy, Claims, ConversationId, Joined, Participant, Right};
use hornero::Frame;

use crate::{dto::SessionJoined, repository::SessionRepository, session::SessionStatus};

/// The rules of sessions: a session is its owner's, and for a while the supervisor's who has
/// claimed it.
pub(crate) struct SessionPolicy {
    sessions: Arc<dyn SessionRepository>,
    claims: Arc<Claims>,
}

impl SessionPolicy {
    pub(crate) fn new(sessions: Arc<dyn SessionRepository>, claims: Arc<Claims>) -> Self {
        Self { sessions, claims }
    }
}

#[async_trait]
impl AccessPolicy for SessionPolicy {
    async fn require(
        &self,
        caller: &Caller,
        id: ConversationId,
        right: Right,
    ) -> Result<&'static str, AccessError> {
        let session = self.sessions.find(id).await?.ok_or(AccessError::Denied)?;
        let role = match right {
            _ if session.user_id == caller.user_id => "owner",
            _ if caller.administers() => "admin",
            Right::Read if caller.sees_everything() => "supervisor",
            Right::Join | Right::Send | Right::Edit | Right::Moderate
                if self.claims.has(caller, id).await? =>
            {
                "moderator"
            }
            _ => return Err(AccessError::Denied),
        };
        if matches!(right, Right::Send | Right::Edit) && session.status == SessionStatus::Closed {
            return Err(AccessError::Closed);
        }
        Ok(role)
    }

    async fn participants(
        &self,
        session: ConversationId,
        _limit: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError> {
        let session = self.sessions.find(session).await?;
        let owner = session.map(|it| Participant { user_id: it.user_id, role: "owner" });
        let participants: Vec<_> = owner.into_iter().collect();
        let count = participants.len() as u64;
        Ok((participants, count))
    }

    async fn joined(
        &self,
        id: ConversationId,
        joined: Joined,
    ) -> Result<Option<Frame>, StorageError> {
        let session = self.sessions.find(id).await?;
        Ok(Frame::of(&SessionJoined::new(id, session, joined)))
    }
}
