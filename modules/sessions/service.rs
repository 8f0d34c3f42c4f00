//! The rules of sessions.

use std::sync::Arc;

use auth::{Caller, UserType};
use chrono::{SubsecRound, Utc};
use delivery::{Access, AccessError, ConversationId, Right};
use serde_json::{Map, Value};

use crate::{
    error::SessionError,
    repository::SessionRepository,
    session::{Session, SessionStatus},
};

/// Begins and finds sessions.
pub struct SessionService {
    sessions: Arc<dyn SessionRepository>,
    access: Arc<Access>,
}

impl SessionService {
    pub(crate) fn new(sessions: Arc<dyn SessionRepository>, access: Arc<Access>) -> Self {
        Self { sessions, access }
    }

    /// Begins a session of the caller.
    ///
    /// # Errors
    ///
    /// [`SessionError::OneForGuests`] for a guest with an open session.
    pub async fn create(
        &self,
        caller: &Caller,
        title: &str,
        metadata: Map<String, Value>,
    ) -> Result<Session, SessionError> {
        let now = Utc::now().trunc_subsecs(3);
        let session = Session {
            id: ConversationId::generate(),
            user_id: caller.user_id.clone(),
            title: title.trim().to_owned(),
            status: SessionStatus::Active,
            metadata,
            created_at: now,
            updated_at: now,
            last_activity_at: now,
        };
        if caller.user_type != UserType::Guest {
            self.sessions.insert(&session).await?;
        } else if !self.sessions.insert_only(&session).await? {
            return Err(SessionError::OneForGuests);
        }
        Ok(session)
    }

    /// The session with this id, for those who may read it.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] if there is none, or it is another's.
    pub async fn get(&self, caller: &Caller, id: ConversationId) -> Result<Session, SessionError> {
        let session = self.find(id).await?.ok_or(AccessError::Denied)?;
        self.access.require(caller, id, Right::Read).await?;
        Ok(session)
    }

    /// The session with this id, whoever asks.
    pub(crate) async fn find(&self, id: ConversationId) -> Result<Option<Session>, SessionError> {
        Ok(self.sessions.find(id).await?)
    }

    /// At most `limit` sessions of the caller, newest first, from the one after `after`.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn list_mine(
        &self,
        caller: &Caller,
        status: Option<SessionStatus>,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Session>, SessionError> {
        Ok(self.sessions.list(&caller.user_id, status, after, limit).await?)
    }
}
