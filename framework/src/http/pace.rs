//! Requests whose client takes too long to send them.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    http::StatusCode,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tower::{Layer, Service};

use crate::listener::Peer;

/// Bytes of a body that have to come within the time: more than a drop, less than any line brings.
const LEAST: usize = 16 * 1024;

/// Wraps a service in a [`Paced`].
#[derive(Clone)]
pub(super) struct PaceLayer {
    /// Time for a body, or for its next 16 KiB.
    pub(super) body: Duration,
}

impl<S> Layer<S> for PaceLayer {
    type Service = Paced<S>;

    fn layer(&self, inner: S) -> Paced<S> {
        Paced { inner, body: self.body }
    }
}

/// Tells the connection of a request when it begins and ends, and gives bodies up that stay away.
#[derive(Clone)]
pub(super) struct Paced<S> {
    inner: S,
    body: Duration,
}

impl<S> Service<Request> for Paced<S>
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
        // None where there is no connection, in tests that call the router.
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        let closer = peer.map(|it| Arc::clone(&it.0.closer));
        if let Some(closer) = &closer {
            closer.pace.request_begins();
        }
        let limit = self.body;
        let request = request.map(|body| match body.is_end_stream() {
            true => body,
            false => Body::new(PacedBody::new(body, limit)),
        });
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            if let Some(closer) = closer {
                let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                closer.pace.request_ends(upgraded);
            }
            Ok(response)
        })
    }
}

/// A body of which each part comes in time.
struct PacedBody {
    body: Body,
    limit: Duration,
    /// Set when something was waited for first.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Bytes since the alarm was set.
    came: usize,
}

/// A body did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
struct TooSlow;

impl PacedBody {
    fn new(body: Body, limit: Duration) -> Self {
        Self { body, limit, alarm: None, came: 0 }
    }

    /// Gives the client its time again, if enough has come in it.
    fn note(&mut self, length: usize) {
        self.came = self.came.saturating_add(length);
        if self.came >= LEAST
            && let Some(alarm) = &mut self.alarm
        {
            alarm.as_mut().reset(Instant::now() + self.limit);
            self.came = 0;
        }
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(frame) = frame {
            let data = frame.as_ref().and_then(|it| it.as_ref().ok()?.data_ref());
            self.note(data.map_or(0, Bytes::len));
            return Poll::Ready(frame);
        }
        let limit = self.limit;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(limit)));
        if alarm.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        tracing::debug!("A body comes too slowly");
        Poll::Ready(Some(Err(axum::Error::new(TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
