//! Every request has an id, and every refusal the contract's shape, whoever refused.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::to_bytes,
    extract::Request,
    http::{
        HeaderMap, HeaderValue,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::Response,
};
use tower::{Layer, Service};
use uuid::Uuid;

use super::{REQUEST_ID, is_socket_io};
use crate::{
    error::{ClientError, ErrorKind},
    parse,
};

/// Longest text of a library's own error answer that is passed on, in bytes.
const MAX_FOREIGN_TEXT: usize = 1_024;

/// Identifies a request in logs and answers.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// Wraps a service in a [`Shaped`].
#[derive(Clone)]
pub(super) struct ShapeLayer;

impl<S> Layer<S> for ShapeLayer {
    type Service = Shaped<S>;

    fn layer(&self, inner: S) -> Shaped<S> {
        Shaped(inner)
    }
}

/// Gives requests their ids and refusals their shape.
#[derive(Clone)]
pub(super) struct Shaped<S>(S);

impl<S> Service<Request> for Shaped<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let given = request.headers().get(REQUEST_ID).and_then(|it| it.to_str().ok());
        let id = given.and_then(|it| it.parse().ok()).unwrap_or_else(Uuid::new_v4);
        request.extensions_mut().insert(RequestId(id));
        // Socket.IO clients expect the errors of their own protocol.
        let is_shaped = !is_socket_io(&request);
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let mut response = match response.extensions().get::<ClientError>() {
                Some(error) => merged(error.respond(Some(id)), response.headers().clone()),
                None if is_shaped && is_foreign_refusal(&response) => shape(response, id).await,
                None => response,
            };
            let mut text = Uuid::encode_buffer();
            let text = id.hyphenated().encode_lower(&mut text);
            if let Ok(value) = HeaderValue::from_str(text) {
                response.headers_mut().insert(REQUEST_ID, value);
            }
            Ok(response)
        })
    }
}

/// The error's answer with the headers that handlers and layers gave to the first one.
fn merged(mut answer: Response, mut headers: HeaderMap) -> Response {
    // These speak of the first one's body.
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    for (name, value) in answer.headers() {
        headers.insert(name, value.clone());
    }
    *answer.headers_mut() = headers;
    answer
}

fn is_foreign_refusal(response: &Response) -> bool {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(CONTENT_TYPE);
    refused && kind.is_none_or(|it| !it.as_bytes().starts_with(b"application/json"))
}

/// Gives the refusal of an axum extractor or a tower layer our shape.
async fn shape(response: Response, id: Uuid) -> Response {
    let (parts, body) = response.into_parts();
    let kind = ErrorKind::of_status(parts.status);
    let text = to_bytes(body, MAX_FOREIGN_TEXT).await.ok();
    let text = text.and_then(|it| String::from_utf8(it.into()).ok()).unwrap_or_default();
    if parts.status.is_server_error() {
        // Clients are told nothing of it, so its cause would be lost.
        tracing::error!(%id, "A route or layer answered {}: {text}", parts.status);
    }
    let error = refused_path(&text).unwrap_or_else(|| {
        let text = match kind {
            ErrorKind::Invalid => text.split(':').next().unwrap_or_default().trim(),
            _ => "",
        };
        let text = if text.is_empty() { "The request was refused" } else { text };
        ClientError::new(kind, text.to_owned())
    });
    merged(error.respond(Some(id)), parts.headers)
}

/// The part of a path that axum could not read, from its words, in which what was sent stands, too:
/// "Cannot parse `page` with value `x` to a `u32`". Not all of them name the part.
fn refused_path(text: &str) -> Option<ClientError> {
    let text = text.strip_prefix("Invalid URL: Cannot parse ")?;
    let wanted = text.strip_suffix('`').and_then(|it| it.rsplit_once("` to a `"));
    let message = match wanted {
        Some((_, wanted)) => format!("expected {wanted}"),
        None if text.contains("UUID parsing failed") => "UUID parsing failed".to_owned(),
        None => String::new(),
    };
    let named = text.strip_prefix('`').and_then(|it| it.split_once("` with value `"));
    let field = named.map_or("path", |it| it.0);
    Some(ClientError::fields(vec![parse::field_error(field, &message)]))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use axum::{body::Body, http::StatusCode};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn why_a_route_failed_by_itself_is_logged_and_told_to_nobody() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let mut failed = Response::new(Body::from("Wrong number of path arguments"));
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let id = Uuid::new_v4();

        let answer = shape(failed, id).await;

        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(answer.into_body(), 1_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("path arguments"), "{body:?}");
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("Wrong number of path arguments"), "{log}");
        assert!(log.contains(&id.to_string()), "{log}");
    }
}
