//! The rules of sessions.

use std::sync::Arc;

use auth::{Caller, UserId, UserType};
use chrono::{SubsecRound, Utc};
use delivery::{Access, AccessError, ConversationId, ConversationKind, Right, Subscriptions};
use serde_json::{Map, Value};

use crate::{
    error::SessionError,
    repository::SessionRepository,
    session::{ChangeSession, Session, SessionStatus},
};

/// Begins, finds, changes and removes sessions.
pub struct SessionService {
    sessions: Arc<dyn SessionRepository>,
    access: Arc<Access>,
    subscriptions: Arc<Subscriptions>,
}

impl SessionService {
    pub(crate) fn new(
        sessions: Arc<dyn SessionRepository>,
        access: Arc<Access>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        Self { sessions, access, subscriptions }
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
            message_count: 0,
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

    /// Changes a session. One that is closed can be opened again.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] if there is none, or it is another's;
    /// [`SessionError::NothingToChange`]; [`SessionError::OneForGuests`] for a guest who would
    /// have two that are open.
    pub async fn change(
        &self,
        caller: &Caller,
        id: ConversationId,
        mut change: ChangeSession,
    ) -> Result<Session, SessionError> {
        self.require(caller, id, Right::Change).await?;
        if change.title.is_none() && change.status.is_none() && change.metadata.is_none() {
            return Err(SessionError::NothingToChange);
        }
        if caller.user_type == UserType::Guest && change.status == Some(SessionStatus::Active) {
            let open = self.sessions.list(&caller.user_id, change.status, None, 2).await?;
            if open.iter().any(|it| it.id != id) {
                return Err(SessionError::OneForGuests);
            }
        }
        change.title = change.title.map(|it| it.trim().to_owned());
        self.sessions.update(id, change, Utc::now().trunc_subsecs(3)).await?;
        Ok(self.find(id).await?.ok_or(AccessError::Denied)?)
    }

    /// Removes a session with all that was said there. Those who have joined it are told.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] if there is none, or it is another's.
    pub async fn remove(&self, caller: &Caller, id: ConversationId) -> Result<(), SessionError> {
        self.require(caller, id, Right::Clear).await?;
        if !self.sessions.remove(id).await? {
            return Err(AccessError::Denied.into());
        }
        self.subscriptions.end(id).await;
        Ok(())
    }

    async fn require(
        &self,
        caller: &Caller,
        id: ConversationId,
        right: Right,
    ) -> Result<(), SessionError> {
        if self.access.kind(id).await? != ConversationKind::Session {
            return Err(AccessError::Denied.into());
        }
        self.access.require(caller, id, right).await?;
        Ok(())
    }

    /// The session with this id, whoever asks.
    pub(crate) async fn find(&self, id: ConversationId) -> Result<Option<Session>, SessionError> {
        Ok(self.sessions.find(id).await?)
    }

    /// Whose session this is, whoever asks; `None` if there is no such session.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn owner(&self, id: ConversationId) -> Result<Option<UserId>, SessionError> {
        Ok(self.find(id).await?.map(|it| it.user_id))
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
