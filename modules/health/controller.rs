//! REST routes for operators' programs. None needs a token.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use hornero::{ClientError, Controller, ErrorKind, Metrics, Routes, routes};

use crate::{
    HealthConfig,
    dto::{HealthCheck, Probe},
    service::HealthService,
};

/// Serves `/health` and `/metrics`.
pub(crate) struct HealthController {
    health: Arc<HealthService>,
    metrics: Arc<Metrics>,
    config: Arc<HealthConfig>,
}

impl HealthController {
    pub(crate) fn new(
        health: Arc<HealthService>,
        metrics: Arc<Metrics>,
        config: Arc<HealthConfig>,
    ) -> Self {
        Self { health, metrics, config }
    }
}

impl Controller for HealthController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .routes(routes!(health))
            .routes(routes!(live))
            .routes(routes!(ready))
            .routes(routes!(metrics))
    }
}

/// Tells how the server is, and what it needs.
#[utoipa::path(
    get,
    path = "/health",
    responses(
        (status = 200, description = "It works, perhaps slowly", body = HealthCheck),
        (status = 503, description = "It can do nothing: `status` is `unhealthy`", body = HealthCheck),
    ),
    security(()),
)]
async fn health(State(this): State<Arc<HealthController>>) -> (StatusCode, Json<HealthCheck>) {
    let report = this.health.report().await;
    let status =
        if report.is_unhealthy() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(HealthCheck::from(&report)))
}

/// Tells that the process is there: for those who start another one where it is not.
#[utoipa::path(
    get,
    path = "/health/live",
    responses((status = 200, description = "It is", body = Probe)),
    security(()),
)]
async fn live(State(_this): State<Arc<HealthController>>) -> Json<Probe> {
    Json(Probe { status: "up" })
}

/// Tells whether clients should be sent here: not while the database is away or the server stops.
#[utoipa::path(
    get,
    path = "/health/ready",
    responses(
        (status = 200, description = "They should", body = Probe),
        (status = 503, description = "They should not", body = Probe),
    ),
    security(()),
)]
async fn ready(State(this): State<Arc<HealthController>>) -> (StatusCode, Json<Probe>) {
    if this.health.is_ready().await {
        return (StatusCode::OK, Json(Probe { status: "up" }));
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(Probe { status: "down" }))
}

/// Tells what the server counts and measures, in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    responses(
        (status = 200, description = "All of it", body = String, content_type = "text/plain"),
        (status = 404, description = "`health.metrics` is off"),
    ),
    security(()),
)]
async fn metrics(State(this): State<Arc<HealthController>>) -> Result<Response, ClientError> {
    if !this.config.metrics {
        return Err(ClientError::new(ErrorKind::UnknownRoute, "There is no such route"));
    }
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, this.metrics.text()).into_response())
}
