//! The wire forms of health, field by field. In snake case, as programs know them.

use std::collections::BTreeMap;

use hornero::timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::{Finding, Report, State};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthCheck {
    status: HealthStatus,
    #[schema(format = DateTime)]
    timestamp: String,
    checks: Checks,
    /// The server's version.
    version: &'static str,
}

/// How the server is as a whole.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum HealthStatus {
    /// All is up.
    Healthy,
    /// Something is slow, or files or robots are down.
    Degraded,
    /// The server can do nothing.
    Unhealthy,
}

#[derive(Debug, Serialize, ToSchema)]
struct Checks {
    database: ServiceHealth,
    auth_service: ServiceHealth,
    chat_service: ServiceHealth,
    /// The folder or the bucket that keeps files.
    file_storage: ServiceHealth,
    /// Whoever looks for viruses in files, if anybody is to.
    #[serde(skip_serializing_if = "Option::is_none")]
    virus_scanner: Option<ServiceHealth>,
    /// Each robot that is another program: `robot:<name>`.
    #[serde(flatten)]
    robots: BTreeMap<String, ServiceHealth>,
    /// Sockets that are connected.
    websocket_connections: usize,
}

/// How something is that the server needs.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceHealth {
    status: ServiceStatus,
    /// 0 for what is in the same process.
    response_time_ms: u64,
    #[schema(format = DateTime)]
    last_check: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ServiceStatus {
    Up,
    Down,
    Slow,
}

impl From<&Finding> for ServiceHealth {
    fn from(it: &Finding) -> Self {
        Self {
            status: match it.state {
                State::Up => ServiceStatus::Up,
                State::Slow => ServiceStatus::Slow,
                State::Down => ServiceStatus::Down,
            },
            response_time_ms: it.took.as_millis().try_into().unwrap_or(u64::MAX),
            last_check: timestamp(it.at),
            error_message: it.message,
        }
    }
}

fn robot_health((name, finding): &(String, Finding)) -> (String, ServiceHealth) {
    (format!("robot:{name}"), finding.into())
}

impl From<&Report> for HealthCheck {
    fn from(it: &Report) -> Self {
        let status = match it {
            it if it.is_unhealthy() => HealthStatus::Unhealthy,
            it if it.is_healthy() => HealthStatus::Healthy,
            _ => HealthStatus::Degraded,
        };
        Self {
            status,
            timestamp: timestamp(chrono::Utc::now()),
            checks: Checks {
                database: (&it.database).into(),
                auth_service: (&it.auth).into(),
                chat_service: (&it.chat).into(),
                file_storage: (&it.files.storage).into(),
                virus_scanner: it.files.scanner.as_ref().map(ServiceHealth::from),
                robots: it.robots.iter().map(robot_health).collect(),
                websocket_connections: it.connections,
            },
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Whether the process is there, or clients should come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Probe {
    /// `up` or `down`.
    pub(crate) status: &'static str,
}
