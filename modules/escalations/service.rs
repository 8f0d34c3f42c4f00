//! The rules of escalations.

use std::sync::Arc;

use auth::Caller;
use chrono::{SubsecRound, Utc};
use delivery::{
    Access, AccessError, ConversationId, ConversationKind, Right, SocketIoDoor, Subscriptions,
};
use hornero::SocketRef;
use tokio::sync::Mutex;

use crate::{
    announcement::{EscalationCreated, EscalationStepped},
    error::EscalationError,
    escalation::{Escalation, EscalationId, EscalationStatus, Step, Why},
    repository::EscalationRepository,
    watchers::Watchers,
};

/// Escalations of one conversation that may wait to be resolved.
const MOST_WAITING: u64 = 10;

/// Makes escalations, and lets supervisors claim and resolve them.
pub struct EscalationService {
    escalations: Arc<dyn EscalationRepository>,
    access: Arc<Access>,
    subscriptions: Arc<Subscriptions>,
    teller: Arc<Teller>,
}

/// Tells those who have joined a conversation, and the supervisors.
struct Teller {
    door: Arc<SocketIoDoor>,
    watchers: Arc<Watchers>,
    /// Held from the commit to the end of the telling, so that numbers are told in their order.
    order: Mutex<()>,
}

impl EscalationService {
    pub(crate) fn new(
        escalations: Arc<dyn EscalationRepository>,
        access: Arc<Access>,
        subscriptions: Arc<Subscriptions>,
        door: Arc<SocketIoDoor>,
        watchers: Arc<Watchers>,
    ) -> Self {
        let teller = Arc::new(Teller { door, watchers, order: Mutex::default() });
        Self { escalations, access, subscriptions, teller }
    }

    /// Asks for a supervisor in a conversation that the caller may read, and tells those who have
    /// joined it, but for `socket`, and every supervisor.
    ///
    /// # Errors
    ///
    /// [`EscalationError::Auth`] for guests, [`EscalationError::Access`],
    /// [`EscalationError::TooMany`] with ten that are not resolved. Then nothing is stored.
    pub(crate) async fn create(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        why: Why,
        socket: Option<SocketRef>,
    ) -> Result<Escalation, EscalationError> {
        self.access.require(caller, conversation, Right::Read).await?;
        caller.require_account()?;
        let mut escalation = Escalation {
            id: EscalationId::generate(),
            number: 0,
            conversation,
            kind: self.access.kind(conversation).await?,
            created_by: caller.user_id.clone(),
            reason: why.reason,
            priority: why.priority,
            status: EscalationStatus::Open,
            claimed: None,
            resolved: None,
            created_at: Utc::now().trunc_subsecs(3),
        };
        let (escalations, teller) = (Arc::clone(&self.escalations), Arc::clone(&self.teller));
        // A task of its own: a request that is given up must not keep a stored escalation from
        // the supervisors.
        let made = tokio::spawn(async move {
            let _order = teller.order.lock().await;
            if !escalations.insert(&mut escalation, MOST_WAITING).await? {
                return Err(EscalationError::TooMany);
            }
            teller.tell_created(&escalation, socket.as_ref()).await;
            Ok(escalation)
        });
        made.await.map_err(|error| EscalationError::Lost(error.to_string()))?
    }

    /// Refuses unless the conversation is of `kind`: a room is no session.
    pub(crate) async fn require_kind(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
    ) -> Result<(), EscalationError> {
        if self.access.kind(conversation).await? == kind {
            return Ok(());
        }
        Err(AccessError::Denied.into())
    }

    /// At most `limit` escalations, newest first, from the one after the number `after`.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub(crate) async fn list(
        &self,
        status: Option<EscalationStatus>,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<Escalation>, EscalationError> {
        Ok(self.escalations.list(status, after, limit).await?)
    }

    /// Gives an escalation to the caller, who may speak in its conversation from now on. One who
    /// has it already keeps it.
    ///
    /// # Errors
    ///
    /// [`EscalationError::NotFound`], [`EscalationError::ClaimedByAnother`],
    /// [`EscalationError::Resolved`]. Nothing has changed then.
    pub async fn claim(
        &self,
        caller: &Caller,
        id: EscalationId,
    ) -> Result<Escalation, EscalationError> {
        self.step(caller, id, Step::Claim).await
    }

    /// Ends an escalation that was claimed, by whoever: the rights that came of the claim end.
    /// One that is resolved stays as it is.
    ///
    /// # Errors
    ///
    /// [`EscalationError::NotFound`], [`EscalationError::NotClaimed`]. Nothing has changed then.
    pub async fn resolve(
        &self,
        caller: &Caller,
        id: EscalationId,
    ) -> Result<Escalation, EscalationError> {
        self.step(caller, id, Step::Resolve).await
    }

    /// Whether a supervisor has taken the conversation over: an escalation of it is claimed, and
    /// not resolved.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn is_claimed(&self, conversation: ConversationId) -> Result<bool, EscalationError> {
        Ok(self.escalations.is_claimed(conversation).await?)
    }

    async fn step(
        &self,
        caller: &Caller,
        id: EscalationId,
        step: Step,
    ) -> Result<Escalation, EscalationError> {
        let found = self.escalations.find(id).await?.ok_or(EscalationError::NotFound)?;
        match self.access.require(caller, found.conversation, Right::Read).await {
            Err(AccessError::Denied) => return Err(EscalationError::NotFound),
            granted => granted?,
        };
        let (escalations, teller) = (Arc::clone(&self.escalations), Arc::clone(&self.teller));
        let (subscriptions, by) = (Arc::clone(&self.subscriptions), caller.user_id.clone());
        let stepped = tokio::spawn(async move {
            let now = Utc::now().trunc_subsecs(3);
            let (escalation, changed) = escalations.step(id, step, &by, now).await?;
            if changed {
                teller.tell_stepped(step, &escalation).await;
            }
            // Also when nothing has changed: whoever did that before may not have come so far.
            if let (Step::Resolve, Some((claimer, _))) = (step, &escalation.claimed) {
                subscriptions.reconsider(escalation.conversation, claimer).await;
            }
            Ok(escalation)
        });
        stepped.await.map_err(|error| EscalationError::Lost(error.to_string()))?
    }
}

impl Teller {
    /// Each socket once, whether it has joined the conversation, is a supervisor's, or both.
    async fn tell_created(&self, escalation: &Escalation, except: Option<&SocketRef>) {
        let created = EscalationCreated::from(escalation);
        self.door.tell_some(escalation.conversation, &created, None, except).await;
        let heard = |it: &SocketRef| {
            self.door.has_joined(it, escalation.conversation)
                || except.is_some_and(|caller| caller.id == it.id && caller.ns() == it.ns())
        };
        self.watchers.tell_created(&created, escalation.number, heard);
    }

    async fn tell_stepped(&self, step: Step, escalation: &Escalation) {
        let stepped = EscalationStepped::new(step, escalation);
        self.door.tell_some(escalation.conversation, &stepped, None, None).await;
        let heard = |it: &SocketRef| self.door.has_joined(it, escalation.conversation);
        self.watchers.tell(&stepped, heard);
    }
}
