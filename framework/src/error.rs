//! The errors that clients see, whichever door they came in by.

use std::{borrow::Cow, time::Duration};

use axum::{
    Json,
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};
use uuid::Uuid;
use validator::{ValidationErrors, ValidationErrorsKind};

/// Version of the wire contract that server events carry.
pub const CONTRACT_VERSION: &str = "1.0";

/// Why a request or an event is refused: the rows of the contract's error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A field, body, payload or event is not as documented.
    Invalid,
    /// What was sent is as documented, but not taken for what is in it, such as a file for a virus.
    Unacceptable,
    /// There is no such route.
    UnknownRoute,
    /// The route exists, but not for this method.
    MethodNotAllowed,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// No valid token was presented.
    Unauthorized,
    /// The token was valid once.
    TokenExpired,
    /// The caller lacks a scope, a role, or is a guest.
    Forbidden,
    /// The caller has no access to the conversation, or there is none: the same words for both.
    NoAccess,
    /// The conversation is known to be there, but the caller is no member of it.
    NotAMember,
    /// A thing other than a conversation does not exist.
    NotFound,
    /// The state of the thing does not allow it.
    Conflict,
    /// The caller sends too much in too short a time.
    RateLimited,
    /// The body or payload is too large.
    TooLarge,
    /// Something the server needs is down or full.
    Unavailable,
    /// The answer took too long.
    Timeout,
    /// The server failed.
    Internal,
}

impl ErrorKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 17] = [
        Self::Invalid,
        Self::Unacceptable,
        Self::UnknownRoute,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::Unauthorized,
        Self::TokenExpired,
        Self::Forbidden,
        Self::NoAccess,
        Self::NotAMember,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::TooLarge,
        Self::Unavailable,
        Self::Timeout,
        Self::Internal,
    ];

    /// HTTP status of the refusal.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Invalid | Self::Unacceptable => StatusCode::BAD_REQUEST,
            Self::UnknownRoute | Self::NoAccess | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthorized | Self::TokenExpired => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::NotAMember => StatusCode::FORBIDDEN,
            Self::Conflict => StatusCode::CONFLICT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `error_code` of a REST answer.
    pub fn rest_code(self) -> &'static str {
        match self {
            Self::Unauthorized | Self::TokenExpired => "UNAUTHORIZED",
            Self::Forbidden | Self::NotAMember => "FORBIDDEN",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable => "SERVICE_UNAVAILABLE",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL_ERROR",
            _ => "INVALID_REQUEST",
        }
    }

    /// `code` of a Socket.IO error.
    pub fn socket_code(self) -> &'static str {
        match self {
            Self::Invalid
            | Self::UnknownRoute
            | Self::MethodNotAllowed
            | Self::UnsupportedMediaType => "PROTOCOL_ERROR",
            Self::Unauthorized | Self::TokenExpired => "AUTH_FAILED",
            Self::Forbidden => "PERMISSION_DENIED",
            Self::NoAccess | Self::NotAMember => "ROOM_ACCESS_DENIED",
            Self::Unacceptable | Self::NotFound | Self::Conflict | Self::TooLarge => "CLIENT_ERROR",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable | Self::Timeout | Self::Internal => "SERVER_ERROR",
        }
    }

    /// Whether the client may go on and try again.
    pub fn recoverable(self) -> bool {
        match self {
            Self::Invalid
            | Self::UnknownRoute
            | Self::MethodNotAllowed
            | Self::UnsupportedMediaType
            | Self::TokenExpired
            | Self::RateLimited
            | Self::Unavailable
            | Self::Timeout
            | Self::Internal => true,
            Self::Unacceptable
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NoAccess
            | Self::NotAMember
            | Self::NotFound
            | Self::Conflict
            | Self::TooLarge => false,
        }
    }

    /// The kind that fits a status which some library answered with.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::UnknownRoute,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            status if status.is_server_error() => Self::Internal,
            _ => Self::Invalid,
        }
    }
}

/// An error as clients see it: over REST as a response, over Socket.IO as an ack and an event.
///
/// `message` is shown to people and must hold nothing secret and nothing the
/// client sent. Detail for the operator goes to the log, where the error is made.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientError {
    kind: ErrorKind,
    message: Cow<'static, str>,
    details: Map<String, Value>,
    retry_after: Option<Duration>,
}

impl ClientError {
    /// An error of `kind`; `message` is a sentence without a final period.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), details: Map::new(), retry_after: None }
    }

    /// The client must change what it sends.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// One field is wrong. `rule` is for programs, `message` for people: "1 to 80 characters".
    pub fn field(field: &str, rule: &str, message: &str) -> Self {
        Self::fields(vec![FieldError {
            field: field.to_owned(),
            rule: rule.to_owned(),
            message: message.to_owned(),
            allowed_values: Vec::new(),
        }])
    }

    /// Fields are wrong; the first one is repeated at the top of the details.
    pub(crate) fn fields(fields: Vec<FieldError>) -> Self {
        let Some(first) = fields.first() else { return Self::invalid("The input is not valid") };
        let message = format!("`{}`: {}", first.field, first.message);
        let error = Self::invalid(message)
            .detail("field", first.field.clone())
            .detail("rule", first.rule.clone());
        error.detail("fields", json!(fields))
    }

    /// Something is down or full; the client should try again in a second.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unavailable, message).retry_after(Duration::from_secs(1))
    }

    /// The server failed, and the client learns no more than that.
    pub fn internal() -> Self {
        Self::new(ErrorKind::Internal, "The server could not complete the request")
    }

    /// Adds an entry to `details`.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Why the client was refused.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// `code` of a Socket.IO error.
    pub fn socket_code(&self) -> &'static str {
        self.kind.socket_code()
    }

    /// Whether the client has sent what cannot be understood.
    pub(crate) fn is_protocol_error(&self) -> bool {
        self.kind.socket_code() == ErrorKind::Invalid.socket_code()
    }

    /// The error object of Socket.IO answers and events.
    pub(crate) fn socket_body<'a>(&'a self, request_id: Option<&'a str>) -> SocketErrorBody<'a> {
        let mut details = Cow::Borrowed(&self.details);
        if let Some(after) = self.retry_after {
            details.to_mut().insert("retryAfterMs".to_owned(), json!(millis(after)));
        }
        SocketErrorBody {
            code: self.socket_code(),
            message: &self.message,
            details,
            recoverable: self.kind.recoverable(),
            request_id,
            version: CONTRACT_VERSION,
        }
    }

    /// The REST answer, in the shape that all refusals have.
    pub(crate) fn respond(&self, request_id: Option<Uuid>) -> Response {
        let body = RestErrorBody {
            error: &self.message,
            error_code: self.kind.rest_code(),
            details: &self.details,
            timestamp: timestamp(Utc::now()),
            request_id,
            retry_after_ms: self.retry_after.map(millis),
        };
        let mut response = (self.kind.status(), Json(body)).into_response();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs_f64().ceil() as u64;
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Wire form of a time: RFC 3339, UTC, milliseconds.
pub fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Leaves itself in the response's extensions, so that the outermost layer can add
/// the request's id.
impl IntoResponse for ClientError {
    fn into_response(self) -> Response {
        let mut response = self.respond(None);
        response.extensions_mut().insert(self);
        response
    }
}

/// A refusal, whoever refused.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorBody)]
pub(crate) struct RestErrorBody<'a> {
    /// For people. It repeats nothing that was sent.
    error: &'a str,
    #[schema(schema_with = rest_codes)]
    error_code: &'static str,
    #[schema(value_type = ErrorDetails)]
    details: &'a Map<String, Value>,
    /// RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Also the header `X-Request-Id`, taken from the request where it is a UUID.
    #[schema(required, nullable = false)]
    request_id: Option<Uuid>,
    /// Milliseconds after which to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after_ms: Option<u64>,
}

/// Why an event was refused.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErrorObject)]
pub(crate) struct SocketErrorBody<'a> {
    #[schema(schema_with = socket_codes)]
    code: &'static str,
    /// For people. It repeats nothing that was sent.
    message: &'a str,
    #[serde(skip_serializing_if = "no_details")]
    #[schema(value_type = ErrorDetails, required = false)]
    details: Cow<'a, Map<String, Value>>,
    /// Whether the client may go on and try again.
    recoverable: bool,
    /// The `requestId` of the envelope, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<&'a str>,
    #[schema(schema_with = contract_version)]
    version: &'static str,
}

/// What is known of a refusal, for programs. Each kind of refusal may add keys of its own.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: details are a map, since refusals differ")]
struct ErrorDetails {
    /// The field at fault, as it stands on the wire: `metadata.fileId`.
    #[schema(nullable = false)]
    field: Option<String>,
    /// The rule that the field breaks: `required`, `length`.
    #[schema(nullable = false)]
    rule: Option<String>,
    /// Every field at fault; the first one is repeated above.
    #[schema(nullable = false)]
    fields: Option<Vec<FieldError>>,
    /// Why the state of things does not allow it: `session_closed`.
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Milliseconds after which to try again.
    #[schema(rename = "retryAfterMs", nullable = false)]
    retry_after_ms: Option<u64>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

fn rest_codes() -> Object {
    one_of(ErrorKind::ALL.map(ErrorKind::rest_code), "For programs.")
}

fn socket_codes() -> Object {
    one_of(ErrorKind::ALL.map(ErrorKind::socket_code), "For programs.")
}

/// The schema of the version that frames carry.
pub(crate) fn contract_version() -> Object {
    one_of([CONTRACT_VERSION], "Version of the contract.")
}

/// The schema of a text that is one of these.
fn one_of<const COUNT: usize>(mut texts: [&'static str; COUNT], description: &str) -> Object {
    texts.sort_unstable();
    let mut texts = texts.to_vec();
    texts.dedup();
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts));
    schema.description(Some(description)).build()
}

fn no_details(details: &Map<String, Value>) -> bool {
    details.is_empty()
}

/// One entry of `details.fields`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Path of the field as it stands on the wire, e.g. `metadata.fileId`.
    pub(crate) field: String,
    /// The rule that it breaks.
    pub(crate) rule: String,
    /// What it must be, for people.
    pub(crate) message: String,
    /// What it may be, where there is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) allowed_values: Vec<String>,
}

impl From<ValidationErrors> for ClientError {
    fn from(errors: ValidationErrors) -> Self {
        let mut fields = Vec::new();
        collect(&errors, "", &mut fields);
        fields.sort_by(|a, b| a.field.cmp(&b.field));
        Self::fields(fields)
    }
}

fn collect(errors: &ValidationErrors, parent: &str, fields: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let path = format!("{parent}{}", camel_case(name));
        match kind {
            ValidationErrorsKind::Field(errors) => {
                fields.extend(errors.iter().map(|error| FieldError {
                    field: path.clone(),
                    rule: error.code.to_string(),
                    message: message_of(error),
                    allowed_values: Vec::new(),
                }))
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, &format!("{path}."), fields),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{path}.{index}."), fields);
                }
            }
        }
    }
}

/// The rule's own message, or one made of its bounds. Never the value: it may be a secret.
fn message_of(error: &validator::ValidationError) -> String {
    if let Some(message) = &error.message {
        return message.to_string();
    }
    let unit = if error.code == "length" { " characters" } else { "" };
    match (error.params.get("min"), error.params.get("max")) {
        (Some(min), Some(max)) => format!("{min} to {max}{unit}"),
        (Some(min), None) => format!("at least {min}{unit}"),
        (None, Some(max)) => format!("at most {max}{unit}"),
        (None, None) if error.code == "email" => "must be an e-mail address".to_owned(),
        (None, None) => "is not valid".to_owned(),
    }
}

/// Name of a Rust field on the wire: `client_message_id` is `clientMessageId`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|it| it.to_ascii_uppercase());
        camel + &initial.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use validator::Validate;

    use super::*;

    #[derive(Validate)]
    struct Form {
        #[validate(length(min = 1, max = 80))]
        display_name: String,
        #[validate(email)]
        email: String,
    }

    #[test]
    fn every_failing_field_is_listed_and_no_value_is_echoed() {
        let form = Form { display_name: String::new(), email: "s3cret".to_owned() };

        let error = ClientError::from(form.validate().unwrap_err());

        let body = json!(error.socket_body(Some("r1")));
        assert_eq!(body["code"], "PROTOCOL_ERROR");
        assert_eq!(body["requestId"], "r1");
        assert_eq!(body["details"]["field"], "displayName");
        assert_eq!(body["details"]["fields"][0]["message"], "1 to 80 characters");
        assert_eq!(body["details"]["fields"][1]["field"], "email");
        assert!(!body.to_string().contains("s3cret"), "{body}");
    }

    #[test]
    fn retry_hint_is_given_at_both_doors() {
        let error = ClientError::unavailable("The database is down");

        let response = error.respond(None);

        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(json!(error.socket_body(None))["details"]["retryAfterMs"], 1000);
    }
}
