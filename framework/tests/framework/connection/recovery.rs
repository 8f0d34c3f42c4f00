//! A client whose connection is lost comes back as who it was, and has missed nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hornero::{
    App, Broadcast, ClientError, Data, DisconnectReason, EmitEvent, ErrorKind, Event, EventAccess,
    Events, Frame, Gateway, Handshake, Module, ModuleDef, Owner, Recoverable, Recoveries, SocketIo,
    SocketRef,
    testing::{Packet, Refused, TestApp, TestSocket, soon},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

mod bounds;
mod hooks;
mod order;

#[derive(Serialize, Deserialize, ToSchema, Clone)]
struct Said {
    text: String,
}

impl Event for Said {
    const NAME: &'static str = "said";
}

#[derive(Deserialize, ToSchema)]
struct Say {
    channel: Option<String>,
    except: Option<String>,
    text: String,
}

/// Lets sockets enter channels, and speaks to these.
struct Club {
    io: Arc<SocketIo>,
    recoveries: Arc<Recoveries>,
    /// What sockets that are away have left behind.
    candles: Arc<AtomicUsize>,
}

struct Candle(Arc<AtomicUsize>);

impl Drop for Candle {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Club {
    fn new(io: Arc<SocketIo>, recoveries: Arc<Recoveries>) -> Self {
        Self { io, recoveries, candles: Arc::default() }
    }
}

impl Gateway for Club {
    const NAMESPACES: &'static [&'static str] = &["/club"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("enter", Self::enter)
            .on("exit", Self::exit)
            .on("say", Self::say)
            .on("whisper", Self::whisper)
            .on("recite", Self::recite)
            .on("begin", Self::begin)
            .on("counts", Self::counts)
            .emits::<Said>();
    }

    async fn authenticate(self: Arc<Self>, guest: Handshake) -> Result<(), ClientError> {
        if guest.auth["banned"] == true {
            return Err(ClientError::new(ErrorKind::Unauthorized, "Not any more"));
        }
        if let Some(name) = guest.auth["name"].as_str() {
            guest.socket.extensions.insert(Owner::new(name));
        }
        Ok(())
    }

    async fn recovered(
        self: Arc<Self>,
        _: SocketRef,
        channels: Vec<String>,
    ) -> Result<Vec<String>, ClientError> {
        if channels.iter().any(|it| it == "trap") {
            return Err(ClientError::internal());
        }
        Ok(channels.into_iter().filter(|it| it != "closed").collect())
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, _: DisconnectReason) {
        self.candles.fetch_add(1, Relaxed);
        socket.leave_behind(Candle(Arc::clone(&self.candles)));
    }
}

impl Club {
    async fn enter(
        self: Arc<Self>,
        socket: SocketRef,
        Data(channel): Data<String>,
    ) -> Result<bool, ClientError> {
        socket.hear(channel);
        Ok(socket.has_recovered())
    }

    async fn exit(self: Arc<Self>, socket: SocketRef, Data(channel): Data<String>) {
        socket.leave(channel);
    }

    async fn say(self: Arc<Self>, Data(say): Data<Say>) -> Result<(), ClientError> {
        let mut to = Broadcast::new(&self.io, "/club");
        if let Some(channel) = say.channel {
            to = to.to(channel);
        }
        if let Some(except) = say.except {
            to = to.except(except);
        }
        to.emit(&Frame::of(&Said { text: say.text }).unwrap()).await;
        Ok(())
    }

    /// Says something to the caller alone.
    async fn whisper(
        self: Arc<Self>,
        socket: SocketRef,
        Data(text): Data<String>,
    ) -> Result<(), ClientError> {
        socket.emit_event(&Said { text });
        Ok(())
    }

    /// Says something to the caller alone that the club knows by heart.
    async fn recite(
        self: Arc<Self>,
        socket: SocketRef,
        Data(text): Data<String>,
    ) -> Result<(), ClientError> {
        socket.emit_frame(&Frame::of(&Said { text }).unwrap()).unwrap();
        Ok(())
    }

    /// Begins what never ends.
    async fn begin(self: Arc<Self>, socket: SocketRef) -> Result<(), ClientError> {
        std::mem::forget(socket.unfinished());
        Ok(())
    }

    async fn counts(self: Arc<Self>) -> Result<Value, ClientError> {
        let it = &self.recoveries;
        Ok(json!({
            "recovered": it.recovered(), "tooOld": it.too_old(), "refused": it.refused(),
            "candles": self.candles.load(Relaxed),
        }))
    }
}

struct ClubModule;

impl Module for ClubModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(Club::new);
    }
}

async fn club(variables: &[(&str, &str)]) -> TestApp {
    let on = ("HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS", "120000");
    let variables = [&[on], variables].concat();
    TestApp::start_with(App::of::<ClubModule>(), &variables).await
}

async fn enter(app: &TestApp, auth: Value, channels: &[&str]) -> TestSocket {
    let mut socket = app.handshake("/club").auth(auth).connect().await.unwrap();
    for channel in channels {
        socket.call("enter", channel).await;
    }
    socket
}

/// A client that comes back and remembers this.
async fn back(app: &TestApp, memory: &Value) -> TestSocket {
    enter(app, memory.clone(), &[]).await
}

async fn say(socket: &mut TestSocket, channel: &str, text: &str) {
    socket.call("say", json!({ "channel": channel, "text": text })).await;
}

async fn hears(socket: &mut TestSocket, texts: &[&str]) {
    for text in texts {
        assert_eq!(socket.event("said").await["text"], *text);
    }
}

/// Whether a client is who it was, by what it had remembered.
fn is_who_it_was(socket: &TestSocket, memory: &Value) -> bool {
    assert!(memory["pid"].is_string(), "{memory}");
    socket.recovery()["pid"] == memory["pid"]
}

#[tokio::test]
async fn client_comes_back_as_who_it_was_and_has_missed_nothing() {
    let app = club(&[]).await;
    let mut ada = enter(&app, json!({}), &["kitchen"]).await;
    let mut ben = enter(&app, json!({}), &["kitchen", "garden"]).await;
    say(&mut ada, "kitchen", "1").await;
    hears(&mut ben, &["1"]).await;
    ben.emit("exit", "garden").await;
    ben.call("counts", ()).await;

    let (id, memory) = (ben.id().to_owned(), ben.recovery());
    ben.close().await;
    for (channel, text) in [("kitchen", "2"), ("garden", "x"), ("attic", "y"), ("kitchen", "3")] {
        say(&mut ada, channel, text).await;
    }
    ada.call("say", json!({ "text": "4" })).await;
    ada.call("say", json!({ "channel": "kitchen", "except": id, "text": "z" })).await;

    let mut ben = back(&app, &memory).await;
    assert!(is_who_it_was(&ben, &memory));
    assert_eq!(ben.id(), id);
    say(&mut ada, "kitchen", "5").await;
    hears(&mut ben, &["2", "3", "4", "5"]).await;
    assert_eq!(ben.call("enter", "attic").await, true);
    assert_eq!(ben.take_heard(), []);
    let counts = ada.call("counts", ()).await;
    assert_eq!((&counts["recovered"], &counts["tooOld"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn client_comes_back_that_has_heard_nothing_yet() {
    let app = club(&[]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    ada.call("say", json!({ "text": "too early" })).await;
    let ben = enter(&app, json!({}), &[]).await;
    let memory = ben.recovery();
    assert_eq!(memory.as_object().unwrap().len(), 1);
    ben.close().await;
    ada.call("say", json!({ "text": "1" })).await;

    // The client may still have an offset that another server has told it.
    for offset in [Value::Null, json!("99999999999.0000")] {
        let memory = json!({ "pid": memory["pid"], "offset": offset });
        let mut ben = back(&app, &memory).await;
        assert!(is_who_it_was(&ben, &memory), "{offset}");
        hears(&mut ben, &["1"]).await;
        ben.call("counts", ()).await;
        assert_eq!(ben.take_heard(), []);
        ben.close().await;
    }
}

#[tokio::test]
async fn connection_that_is_half_open_is_taken_over() {
    let app = club(&[]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    let mut old = enter(&app, json!({}), &["kitchen"]).await;
    let memory = old.recovery();
    // It has gone into the old connection, where nobody reads it.
    say(&mut ada, "kitchen", "1").await;

    let mut new = back(&app, &memory).await;
    assert!(is_who_it_was(&new, &memory));
    old.closed().await;
    say(&mut ada, "kitchen", "2").await;
    hears(&mut new, &["1", "2"]).await;
    // The old one is gone for good, and the new one not with it.
    let counts = soon(async {
        loop {
            let counts = ada.call("counts", ()).await;
            if counts["candles"] == 0 {
                return counts;
            }
        }
    });
    assert_eq!(counts.await["recovered"], 1);
    say(&mut ada, "kitchen", "3").await;
    hears(&mut new, &["3"]).await;
    let memory = new.recovery();
    new.close().await;
    assert!(is_who_it_was(&back(&app, &memory).await, &memory));
}

#[tokio::test]
async fn only_the_same_and_only_whom_is_let_in_comes_back() {
    let app = club(&[]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    let with = |memory: &Value, more: Value| {
        let mut auth = memory.clone();
        auth.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        auth
    };
    let mut ben = enter(&app, json!({ "name": "ben" }), &["kitchen"]).await;
    ben.call("whisper", "hello").await;
    let memory = ben.recovery();
    ben.close().await;
    say(&mut ada, "kitchen", "1").await;

    let banned = with(&memory, json!({ "name": "ben", "banned": true }));
    let refused = app.handshake("/club").auth(banned).connect().await.unwrap_err();
    assert!(matches!(refused, Refused::Connect(error) if error["data"]["code"] == "AUTH_FAILED"));
    // Nothing is lost by that.
    let ben = with(&memory, json!({ "name": "ben" }));
    let mut ben = back(&app, &ben).await;
    assert!(is_who_it_was(&ben, &memory));
    hears(&mut ben, &["1"]).await;
    let memory = ben.recovery();
    ben.close().await;

    let mut eve = back(&app, &with(&memory, json!({ "name": "eve" }))).await;
    assert!(!is_who_it_was(&eve, &memory));
    say(&mut ada, "kitchen", "2").await;
    eve.call("whisper", "mine").await;
    hears(&mut eve, &["mine"]).await;
    // And now it is gone.
    let ben = back(&app, &with(&memory, json!({ "name": "ben" }))).await;
    assert!(!is_who_it_was(&ben, &memory));
    let counts = ada.call("counts", ()).await;
    assert_eq!((&counts["recovered"], &counts["refused"]), (&json!(1), &json!(2)));
    assert_eq!(counts["tooOld"], 1);
}

#[tokio::test]
async fn who_has_left_or_was_sent_away_does_not_come_back() {
    let app = club(&[]).await;
    let mut ben = enter(&app, json!({}), &["kitchen"]).await;
    ben.call("whisper", "hello").await;
    let memory = ben.recovery();
    ben.disconnect().await;
    let ben = back(&app, &memory).await;
    assert!(!is_who_it_was(&ben, &memory));

    for odd in [json!({ "pid": 7 }), json!({ "pid": "x", "offset": [] }), json!({ "pid": null })] {
        let mut socket = enter(&app, odd, &[]).await;
        assert_eq!(socket.call("enter", "kitchen").await, false);
    }
}

#[tokio::test]
async fn server_that_is_not_told_to_recovers_nobody() {
    let app = TestApp::start(App::of::<ClubModule>()).await;
    let mut ben = enter(&app, json!({}), &[]).await;
    ben.call("whisper", "hello").await;
    hears(&mut ben, &["hello"]).await;
    assert_eq!(ben.recovery(), Value::Null);
    ben.call("say", json!({ "text": "all" })).await;
    hears(&mut ben, &["all"]).await;
}

#[tokio::test]
async fn namespaces_of_one_connection_come_back_each_for_itself() {
    let app = club(&[]).await;
    let ben = enter(&app, json!({}), &[]).await;
    let memory = ben.recovery();
    ben.close().await;
    let mut ben = app.handshake("/club").open().await.unwrap();
    assert_eq!(ben.join("/club", memory.clone()).await, Packet::Connect("/club".to_owned()));
    assert!(is_who_it_was(&ben, &memory));
    ben.leave().await;
    assert_eq!(ben.join("/club", memory.clone()).await, Packet::Connect("/club".to_owned()));
    assert!(!is_who_it_was(&ben, &memory));
}

/// Waits until the server has noticed something.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
