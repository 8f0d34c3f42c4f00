//! The life of a connection, from the upgrade to the last hook.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    extract::{
        Request,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::{FutureExt, SinkExt, Stream, StreamExt, stream::SplitSink};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{Connection, Socket};
use crate::{
    error::{ClientError, ErrorKind},
    stopping::Stopping,
};

/// The server goes away.
const GOING_AWAY: u16 = 1001;
/// A frame was larger than [`Socket::MAX_FRAME`].
const TOO_LARGE: u16 = 1009;
/// The client has sent binary frames to a protocol of text.
const UNSUPPORTED: u16 = 1003;
/// The client was silent for [`Socket::IDLE`].
const SILENT: u16 = 4408;

/// The route at which clients of `socket` connect.
pub(crate) fn route<T: Socket>(socket: Arc<T>, stopping: Arc<Stopping>) -> Router {
    let connect = async move |upgrade: Result<WebSocketUpgrade, _>, request: Request| {
        let (parts, _) = request.into_parts();
        let upgrade: WebSocketUpgrade = upgrade.map_err(|_| {
            ClientError::new(ErrorKind::Invalid, "This route speaks WebSocket only")
        })?;
        let session = Arc::clone(&socket).authenticate(parts).await?;
        // One byte more than allowed, so that too large a frame is told from a broken one.
        let upgrade = upgrade.max_message_size(T::MAX_FRAME + 1).max_frame_size(T::MAX_FRAME + 1);
        Ok::<_, ClientError>(
            upgrade.on_upgrade(move |stream| serve(socket, stopping, session, stream)),
        )
    };
    Router::new().route(
        T::PATH,
        get(async move |upgrade, request: Request| -> Response {
            connect.clone()(upgrade, request).await.into_response()
        }),
    )
}

/// Serves one connection until it ends.
async fn serve<T: Socket>(
    socket: Arc<T>,
    stopping: Arc<Stopping>,
    session: T::Session,
    stream: WebSocket,
) {
    let (sink, mut frames) = stream.split();
    let (outgoing, queue) = mpsc::channel(T::QUEUE);
    let (closing, closed) = watch::channel(None);
    let closing = Arc::new(closing);
    let connection = Connection::new(session, outgoing, closing);
    let writing = tokio::spawn(write(sink, queue, closed));

    let hold = stopping.hold();
    let talk = async {
        Arc::clone(&socket).connected(connection.clone()).await;
        read(&socket, &connection, &mut frames, &stopping).await;
    };
    // A panic of the protocol ends its connection, and nothing else.
    let _ = AssertUnwindSafe(talk).catch_unwind().await;
    connection.close(1000, "");
    socket.disconnected(connection).await;
    // The writer ends by itself, or with the stream it writes to.
    let _ = writing.await;
    drop(hold);
}

/// Handles the client's frames, one after the other.
async fn read<T: Socket>(
    socket: &Arc<T>,
    connection: &Connection<T::Session>,
    frames: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin),
    stopping: &Stopping,
) {
    let mut asked = false;
    loop {
        // Half of the time is the client's, half that of the ping that asks for a sign of it.
        let next = tokio::select! {
            // What is being answered is answered; nothing more is read.
            () = stopping.wait() => return connection.close(GOING_AWAY, "the server stops"),
            next = timeout(T::IDLE / 2, frames.next()) => next,
        };
        let text = match next {
            Err(_) if asked => return connection.close(SILENT, "nothing was heard for too long"),
            Err(_) => {
                asked = true;
                connection.ping();
                continue;
            }
            Ok(Some(Ok(Message::Text(text)))) if text.len() <= T::MAX_FRAME => text,
            Ok(Some(Ok(Message::Text(_)))) => {
                return connection.close(TOO_LARGE, "the frame is too large");
            }
            Ok(Some(Ok(Message::Binary(_)))) => {
                return connection.close(UNSUPPORTED, "frames must be text");
            }
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {
                asked = false;
                continue;
            }
            Ok(Some(Ok(Message::Close(_))) | None) => return,
            // Beyond the limit of the library, or not WebSocket any more.
            Ok(Some(Err(_))) => return connection.close(TOO_LARGE, "the frame cannot be read"),
        };
        asked = false;
        let answer = answer(socket, connection, &text).await;
        if answer.is_some_and(|frame| connection.send(frame).is_err()) {
            return;
        }
    }
}

/// What a frame is answered with.
async fn answer<T: Socket>(
    socket: &Arc<T>,
    connection: &Connection<T::Session>,
    frame: &str,
) -> Option<String> {
    let call = async {
        let command = socket.decode(frame)?;
        Arc::clone(socket).handle(connection.clone(), command).await
    };
    let handled = AssertUnwindSafe(call).catch_unwind().await;
    match handled.unwrap_or_else(|_| Err(ClientError::internal())) {
        Ok(reply) => reply.map(|it| socket.encode(&it)),
        Err(error) => Some(socket.encode_error(&error)),
    }
}

/// Writes what is queued, until the connection is closed or its client is gone.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Message>,
    mut closed: watch::Receiver<Option<CloseFrame>>,
) {
    loop {
        let message = tokio::select! {
            biased;
            frame = reason(&mut closed) => return finish(&mut sink, &mut queue, frame).await,
            message = queue.recv() => message,
        };
        let Some(message) = message else { return };
        // What is queued already goes out with the same flush. One who does not read would
        // keep it for ever, so a close does not wait for it.
        let fed = tokio::select! {
            fed = feed(&mut sink, &mut queue, message) => Ok(fed),
            frame = reason(&mut closed) => Err(frame),
        };
        match fed {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(frame) => return finish(&mut sink, &mut queue, frame).await,
        }
    }
}

/// Resolves when the connection is closed from this side, with the reason.
async fn reason(closed: &mut watch::Receiver<Option<CloseFrame>>) -> Option<CloseFrame> {
    let closing = closed.wait_for(Option::is_some).await;
    closing.ok().and_then(|it| it.clone())
}

async fn feed(
    sink: &mut SplitSink<WebSocket, Message>,
    queue: &mut mpsc::Receiver<Message>,
    first: Message,
) -> Result<(), axum::Error> {
    sink.feed(first).await?;
    while let Ok(next) = queue.try_recv() {
        sink.feed(next).await?;
    }
    sink.flush().await
}

/// Says why the connection is closed. A client that reads too slowly is not waited for.
async fn finish(
    sink: &mut SplitSink<WebSocket, Message>,
    queue: &mut mpsc::Receiver<Message>,
    frame: Option<CloseFrame>,
) {
    let slow = queue.capacity() == 0;
    let goodbye = async {
        if !slow {
            while let Ok(next) = queue.try_recv() {
                sink.feed(next).await?;
            }
        }
        sink.send(Message::Close(frame)).await
    };
    // Gone already, or not reading: either way there is nobody to tell.
    let _ = timeout(std::time::Duration::from_secs(1), goodbye).await;
}
