//! Socket.IO events.

use std::{error::Error, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::json;
use socketioxide::extract::{AckSender, Extension, SocketRef, TryData};
use uuid::Uuid;
use validator::Validate;

use crate::{
    App,
    auth::User,
    message::{Message, MessageView, SendMessage},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinRoom {
    room_id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendToRoom {
    room_id: Uuid,
    #[serde(flatten)]
    message: SendMessage,
}

#[derive(Serialize)]
struct Answer<T> {
    status: &'static str,
    data: T,
}

/// Listens to a socket that has come in.
pub(crate) async fn connected(app: Arc<App>, socket: SocketRef) {
    socket.on("chat:room:join", join);
    socket.on(
        "chat:message:send",
        move |socket: SocketRef,
              event: TryData<SendToRoom>,
              user: Extension<User>,
              ack: AckSender| { send(Arc::clone(&app), socket, event, user, ack) },
    );
}

async fn join(socket: SocketRef, TryData(event): TryData<JoinRoom>, ack: AckSender) {
    let Ok(event) = event else { return refuse(ack, "CLIENT_ERROR") };
    socket.join(event.room_id.to_string());
    let data = json!({ "roomId": event.room_id });
    let _ = ack.send(&Answer { status: "ok", data });
}

async fn send(
    app: Arc<App>,
    socket: SocketRef,
    TryData(event): TryData<SendToRoom>,
    Extension(user): Extension<User>,
    ack: AckSender,
) {
    let Ok(SendToRoom { room_id, message }) = event else { return refuse(ack, "CLIENT_ERROR") };
    if message.validate().is_err() {
        return refuse(ack, "CLIENT_ERROR");
    }
    let name = room_id.to_string();
    if !socket.rooms().iter().any(|it| *it == name) {
        return refuse(ack, "ROOM_ACCESS_DENIED");
    }
    match app.accept(message.into_message(room_id, &user.0)).await {
        Ok(message) => {
            let data = MessageView::from(&message);
            let _ = ack.send(&Answer { status: "ok", data });
        }
        Err(error) => {
            eprintln!("{error}");
            refuse(ack, "SERVER_ERROR");
        }
    }
}

fn refuse(ack: AckSender, code: &str) {
    let _ = ack.send(&json!({ "status": "error", "error": { "code": code } }));
}

impl App {
    /// Stores a message, and announces it unless it was stored before.
    pub(crate) async fn accept(
        &self,
        message: Message,
    ) -> Result<Message, Box<dyn Error + Send + Sync>> {
        let (message, repeated) = match &self.store {
            Some(store) => store.add(message).await?,
            None => (message, false),
        };
        let chat = self.io.get().and_then(|it| it.of("/chat"));
        if let Some(chat) = chat.filter(|_| !repeated) {
            let view = MessageView::from(&message).versioned();
            let room = chat.within(message.room_id.to_string());
            if let Err(error) = room.emit("chat:message:received", &view).await {
                eprintln!("{error}");
            }
        }
        Ok(message)
    }
}
