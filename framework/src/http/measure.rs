//! How long each route takes, and which refusals it gives.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use tower::{Layer, Service};

use super::is_socket_io;
use crate::{
    error::{ClientError, ErrorKind},
    metrics::{Counter, Histogram, Metrics},
};

/// The series of all routes, made when the server is built: a request makes none.
pub(crate) struct Measures {
    routes: HashMap<String, Histogram>,
    /// Paths of none of them.
    others: Histogram,
    refusals: HashMap<&'static str, Counter>,
}

impl Measures {
    /// Measures of the routes with these paths, e.g. `/rooms/{roomId}`.
    pub(crate) fn new<'p>(metrics: &Metrics, paths: impl Iterator<Item = &'p String>) -> Self {
        let times = |path: String| {
            let help = "Time from a request's head to the head of its answer";
            metrics.times("gateway_response_time_seconds", help, [("path", path)])
        };
        let refusal = |kind: ErrorKind| {
            let code = kind.rest_code();
            (code, metrics.refusals(code))
        };
        Self {
            routes: paths.map(|it| (it.clone(), times(it.clone()))).collect(),
            others: times("other".to_owned()),
            refusals: ErrorKind::ALL.into_iter().map(refusal).collect(),
        }
    }

    fn of(&self, request: &Request) -> Histogram {
        let path = request.extensions().get::<MatchedPath>();
        path.and_then(|it| self.routes.get(it.as_str())).unwrap_or(&self.others).clone()
    }

    fn count(&self, response: &Response) {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return;
        }
        // A library's own refusal gets its shape further out.
        let error = response.extensions().get::<ClientError>();
        let kind = error.map_or_else(|| ErrorKind::of_status(status), ClientError::kind);
        if let Some(counter) = self.refusals.get(kind.rest_code()) {
            counter.increment(1);
        }
    }
}

/// Wraps a service in a [`Measured`].
#[derive(Clone)]
pub(super) struct MeasureLayer(pub(super) Arc<Measures>);

impl<S> Layer<S> for MeasureLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured { inner, measures: Arc::clone(&self.0) }
    }
}

/// Measures every request but those of Socket.IO, which wait for events. What is refused is counted
/// of all of them.
#[derive(Clone)]
pub(super) struct Measured<S> {
    inner: S,
    measures: Arc<Measures>,
}

impl<S> Service<Request> for Measured<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let measures = Arc::clone(&self.measures);
        if is_socket_io(&request) {
            let answer = self.inner.call(request);
            return Box::pin(async move {
                let response = answer.await?;
                // What is no refusal of ours is how Engine.IO's transports find each other.
                if response.extensions().get::<ClientError>().is_some() {
                    measures.count(&response);
                }
                Ok(response)
            });
        }
        let (begun, time) = (Instant::now(), self.measures.of(&request));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            time.record(begun.elapsed().as_secs_f64());
            measures.count(&response);
            Ok(response)
        })
    }
}
