//! REST routes of escalations.

use std::sync::Arc;

use auth::{Authenticates, Caller, Require, Scope, Supervisor, TokenService};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use hornero::{ClientError, Controller, Json, Page, Query, Routes, Valid, routes};

use crate::{
    dto::{CreateEscalation, EscalationView, ListEscalations},
    escalation::EscalationId,
    service::EscalationService,
};

/// Serves `/escalations`.
pub(crate) struct EscalationController {
    escalations: Arc<EscalationService>,
    tokens: Arc<TokenService>,
}

impl EscalationController {
    pub(crate) fn new(escalations: Arc<EscalationService>, tokens: Arc<TokenService>) -> Self {
        Self { escalations, tokens }
    }
}

impl Authenticates for EscalationController {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for EscalationController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .routes(routes!(create_escalation, list_escalations))
            .routes(routes!(claim_escalation))
            .routes(routes!(resolve_escalation))
    }
}

/// Asks for a supervisor in a room or session.
#[utoipa::path(
    post,
    path = "/escalations",
    request_body = CreateEscalation,
    responses(
        (status = 201, description = "The escalation", body = EscalationView),
        (status = 403, description = "Guests do not escalate, nor who is no member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room or session, or one of others"),
        (status = 409, description = "Ten of the conversation wait already: `too_many_escalations`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn create_escalation(
    State(this): State<Arc<EscalationController>>,
    caller: Caller,
    Valid(Json(body)): Valid<Json<CreateEscalation>>,
) -> Result<(StatusCode, axum::Json<EscalationView>), ClientError> {
    let (conversation, kind) = body.conversation()?;
    this.escalations.require_kind(conversation, kind).await?;
    let escalation = this.escalations.create(&caller, conversation, body.why(), None).await?;
    Ok((StatusCode::CREATED, axum::Json(EscalationView::from(&escalation))))
}

/// Lists escalations, newest first. For supervisors, services and admins.
#[utoipa::path(
    get,
    path = "/escalations",
    params(ListEscalations),
    responses(
        (status = 200, description = "A page of the list", body = Page<EscalationView>),
        (status = 403, description = "Not a supervisor; or the token lacks the scope `chat`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn list_escalations(
    State(this): State<Arc<EscalationController>>,
    _: Require<Supervisor>,
    Valid(Query(query)): Valid<Query<ListEscalations>>,
) -> Result<axum::Json<Page<EscalationView>>, ClientError> {
    let found = this.escalations.list(query.status, query.after()?, query.wanted()).await?;
    Ok(axum::Json(query.page(found)))
}

/// Takes an escalation. A supervisor may join its conversation from then on, and speak there.
#[utoipa::path(
    post,
    path = "/escalations/{id}/claim",
    params(("id" = EscalationId, Path, description = "The escalation")),
    responses(
        (status = 200, description = "The escalation, which is the caller's", body = EscalationView),
        (status = 403, description = "Not a supervisor; or the token lacks the scope `chat`"),
        (status = 404, description = "No such escalation"),
        (status = 409, description = "`already_claimed` by another, or `resolved`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn claim_escalation(
    State(this): State<Arc<EscalationController>>,
    caller: Require<Supervisor>,
    Path(id): Path<EscalationId>,
) -> Result<axum::Json<EscalationView>, ClientError> {
    Ok(axum::Json(EscalationView::from(&this.escalations.claim(&caller, id).await?)))
}

/// Says that an escalation is done. The rights of whoever has claimed it end.
#[utoipa::path(
    post,
    path = "/escalations/{id}/resolve",
    params(("id" = EscalationId, Path, description = "The escalation")),
    responses(
        (status = 200, description = "The escalation, which is resolved", body = EscalationView),
        (status = 403, description = "Not a supervisor; or the token lacks the scope `chat`"),
        (status = 404, description = "No such escalation"),
        (status = 409, description = "Nobody has claimed it: `not_claimed`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn resolve_escalation(
    State(this): State<Arc<EscalationController>>,
    caller: Require<Supervisor>,
    Path(id): Path<EscalationId>,
) -> Result<axum::Json<EscalationView>, ClientError> {
    Ok(axum::Json(EscalationView::from(&this.escalations.resolve(&caller, id).await?)))
}
