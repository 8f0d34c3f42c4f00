//! The poll without the framework, as somebody writes it who wants the same of it: an id for
//! every request, a trace, exact origins, panics caught, one shape of refusals, validation, acks
//! for good and for bad, and the events of a socket one after the other.

use std::{any::Any, error::Error, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, Request, State, rejection::JsonRejection},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use socketioxide::{
    SocketIo,
    adapter::LocalAdapter,
    extract::{AckSender, Data, SocketRef, TryData},
    handler::{FromMessageParts, MessageHandler, Value},
    socket::Socket,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
};
use tower_http::{
    ServiceBuilderExt,
    catch_panic::CatchPanicLayer,
    cors::CorsLayer,
    request_id::{MakeRequestUuid, RequestId},
    trace::TraceLayer,
};
use validator::Validate;

use crate::poll::{Counted, Poll, Vote};

struct Shared {
    poll: Poll,
    stop: Arc<Notify>,
}

/// A refusal.
#[derive(Debug)]
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.1, "error_code": "INVALID_REQUEST", "details": {} });
        (self.0, axum::Json(body)).into_response()
    }
}

/// A body that was validated.
struct Valid<T>(T);

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Valid<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let refused = |error: JsonRejection| Refused(error.status(), error.body_text());
        let axum::Json(body) =
            axum::Json::<T>::from_request(request, state).await.map_err(refused)?;
        body.validate().map_err(|it| Refused(StatusCode::BAD_REQUEST, it.to_string()))?;
        Ok(Self(body))
    }
}

async fn vote(State(shared): State<Arc<Shared>>, Valid(vote): Valid<Vote>) -> axum::Json<Counted> {
    axum::Json(shared.poll.vote(vote))
}

async fn stop(State(shared): State<Arc<Shared>>) {
    shared.stop.notify_one();
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Ack<T> {
    Ok { data: T },
    Error { error: serde_json::Value },
}

/// A vote that waits for those that the socket has sent before: socketioxide by itself runs the
/// events of a socket in any order.
type Waiting = (Result<Vote, String>, AckSender);

fn on_connect(socket: SocketRef, shared: Arc<Shared>) {
    let (queue, mut waiting) = mpsc::channel::<Waiting>(4_096);
    let voter = socket.clone();
    tokio::spawn(async move {
        while let Some((vote, ack)) = waiting.recv().await {
            answer(&voter, &shared, vote, ack);
        }
    });
    socket.on("vote", InOrder(queue));
}

/// Takes votes in the order of their arrival, which only a handler of this kind sees.
struct InOrder(mpsc::Sender<Waiting>);

enum ByHand {}

impl MessageHandler<LocalAdapter, ByHand> for InOrder {
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, mut value: Value, ack_id: Option<i64>) {
        let Ok(TryData(vote)) = TryData::<Vote>::from_message_parts(&socket, &mut value, &ack_id);
        let Ok(ack) = AckSender::from_message_parts(&socket, &mut value, &ack_id);
        if self.0.try_send((vote.map_err(|it| it.to_string()), ack)).is_err() {
            tracing::warn!("Too many votes of one socket are waiting");
        }
    }
}

fn answer(socket: &SocketRef, shared: &Shared, vote: Result<Vote, String>, ack: AckSender) {
    let vote = vote.and_then(|vote| {
        vote.validate().map_err(|it| it.to_string())?;
        Ok(vote)
    });
    let sent = match vote {
        Ok(vote) => ack.send(&Ack::Ok { data: shared.poll.vote(vote) }),
        Err(message) => {
            let error = json!({ "code": "PROTOCOL_ERROR", "message": message });
            socket.emit("error", &error).ok();
            ack.send(&Ack::<()>::Error { error })
        }
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "Could not answer");
    }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Refused(StatusCode::INTERNAL_SERVER_ERROR, "something broke".to_owned()).into_response()
}

pub(crate) async fn serve(
    listener: TcpListener,
    stop_signal: Arc<Notify>,
) -> Result<(), Box<dyn Error>> {
    let shared = Arc::new(Shared { poll: Poll::default(), stop: Arc::clone(&stop_signal) });
    let (sockets, io) = SocketIo::new_layer();
    let voting = Arc::clone(&shared);
    io.ns("/", async move |socket: SocketRef, _: Data<serde_json::Value>| {
        on_connect(socket, Arc::clone(&voting));
    });
    let span = |request: &Request| {
        let id = request.extensions().get::<RequestId>().map(|it| it.header_value().to_str().ok());
        let (method, path) = (request.method(), request.uri().path());
        tracing::info_span!("request", id = ?id, %method, path)
    };
    let layers = tower::ServiceBuilder::new()
        .set_request_id(HeaderName::from_static("x-request-id"), MakeRequestUuid)
        .propagate_request_id(HeaderName::from_static("x-request-id"))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(CorsLayer::new())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::max(1024 * 1024));
    let router = Router::new()
        .route("/votes", post(vote))
        .route("/stop", post(stop))
        .with_state(shared)
        .layer(sockets)
        .layer(layers);
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        stream.set_nodelay(true).ok();
    });
    let stopped = async move {
        stop_signal.notified().await;
        io.close().await;
    };
    Ok(axum::serve(listener, router).with_graceful_shutdown(stopped).await?)
}
