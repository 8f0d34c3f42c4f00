//! Clients that join, leave, break off and come back in any order, while others write.
//!
//! Each of them is promised one thing: between an answer to its join and the next answer, it
//! hears every event behind its `lastSeq` once, and in order. The sequences of steps are made up
//! by proptest, which also finds the shortest one that breaks the promise; everything else is
//! real, from the socket to the disk.

use std::collections::VecDeque;

use hornero::testing::Packet;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::util::{Socket, TestApp, User, text};

const CLIENTS: usize = 3;

/// What happens next. Nobody waits for it, but for [`Step::Listen`].
#[derive(Debug, Clone)]
enum Step {
    /// Somebody says this many things.
    Say(usize),
    /// Somebody changes what was said first.
    Edit,
    /// A client joins, and is connected if it is not.
    Join(usize, Since, Words),
    Leave(usize),
    /// A client's connection breaks.
    Break(usize),
    /// A client that is not connected comes back, and names the room when it connects.
    Return(usize),
    /// A client reads until it knows of all that was said.
    Listen(usize),
}

/// What a client says that it has seen.
#[derive(Debug, Clone, Copy)]
enum Since {
    /// It does not say.
    Unsaid,
    /// Nothing.
    Nothing,
    /// What it has really seen.
    Seen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Words {
    Chat,
    Session,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..CLIENTS;
    let since =
        prop_oneof![1 => Just(Since::Unsaid), 1 => Just(Since::Nothing), 2 => Just(Since::Seen)];
    let words = any::<bool>().prop_map(|it| if it { Words::Chat } else { Words::Session });
    let step = prop_oneof![
        6 => (1..8_usize).prop_map(Step::Say),
        2 => Just(Step::Edit),
        5 => (who(), since, words).prop_map(|(who, since, words)| Step::Join(who, since, words)),
        2 => who().prop_map(Step::Leave),
        2 => who().prop_map(Step::Break),
        2 => who().prop_map(Step::Return),
        2 => who().prop_map(Step::Listen),
    ];
    vec(step, 5..40)
}

#[test]
fn each_hears_every_event_behind_its_last_seq_once_and_in_order() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (app, owner, listener) = runtime.block_on(async {
        let app = TestApp::start().await;
        let (owner, listener) = (app.register("Ada").await, app.guest("Ben").await);
        (app, owner, listener)
    });
    let config =
        Config { failure_persistence: None, max_shrink_iters: 300, ..Config::with_cases(64) };
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let mut room = Room::new(&owner, &listener).await;
            for step in steps {
                room.take(step).await;
            }
            room.end().await;
        });
        Ok(())
    });
    drop(app);
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// A room, and what the clients of a test are to hear of it.
struct Room {
    id: String,
    writer: Socket,
    /// What was said first.
    first: String,
    /// Number of the last event.
    head: i64,
    clients: Vec<Client>,
}

impl Room {
    async fn new(owner: &User, listener: &User) -> Self {
        let id = owner.room("public").await;
        let mut writer = owner.connect("/chat").await;
        let first = text(&writer.say(&id, "first").await["id"]);
        // Two of them are devices of one user.
        let users = [owner, listener, listener];
        let clients = users.into_iter().enumerate().map(|(n, user)| Client::of(user, n, &id));
        Self { clients: clients.collect(), id, writer, first, head: 1 }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Say(count) => {
                for _ in 0..count {
                    let message = json!({ "roomId": self.id, "content": "more" });
                    self.writer.emit("chat:message:send", message).await;
                }
                self.head += count as i64;
            }
            Step::Edit => {
                let edit = json!({ "messageId": self.first, "content": "changed" });
                self.writer.emit("chat:message:edit", edit).await;
                self.head += 1;
            }
            Step::Join(who, since, words) => self.clients[who].join(since, words).await,
            Step::Leave(who) => self.clients[who].leave().await,
            Step::Break(who) => self.clients[who].break_off(),
            Step::Return(who) => self.clients[who].come_back().await,
            Step::Listen(who) => self.clients[who].listen_until(self.head).await,
        }
    }

    /// Everybody who has left comes back, and all hear everything, and then one thing more: what
    /// was told twice would have come before it.
    async fn end(mut self) {
        for client in &mut self.clients {
            client.settle().await;
            if client.next.is_none() {
                client.join(Since::Seen, Words::Chat).await;
            }
            client.listen_until(self.head).await;
        }
        let last = self.writer.say(&self.id, "last").await;
        assert_eq!(last["seq"], self.head + 1);
        for client in &mut self.clients {
            client.listen_until(self.head + 1).await;
            assert_eq!(client.seen, self.head + 1);
        }
    }
}

/// A client, and what it may hear next.
struct Client {
    user: User,
    namespace: &'static str,
    room: String,
    socket: Option<Socket>,
    /// What it has asked for, and not been answered yet.
    asked: VecDeque<Asked>,
    /// The event that it must hear next, and in which words; none if it must hear nothing.
    next: Option<(i64, Words)>,
    /// The last event that it has heard.
    seen: i64,
}

#[derive(Debug)]
enum Asked {
    /// Behind which event it wants to hear what happens.
    Join(Option<i64>, Words),
    Leave,
}

impl Client {
    fn of(user: &User, number: usize, room: &str) -> Self {
        Self {
            user: user.clone(),
            namespace: ["/", "/chat"][number % 2],
            room: room.to_owned(),
            socket: None,
            asked: VecDeque::new(),
            next: None,
            seen: 0,
        }
    }

    async fn join(&mut self, since: Since, words: Words) {
        let since = match since {
            Since::Unsaid => None,
            Since::Nothing => Some(0),
            Since::Seen => Some(self.seen),
        };
        if self.socket.is_none() {
            self.socket = Some(self.user.connect(self.namespace).await);
        }
        let (event, key) = match words {
            Words::Chat => ("chat:room:join", "roomId"),
            Words::Session => ("join_session", "sessionId"),
        };
        let mut payload = json!({ key: self.room });
        if let Some(since) = since {
            payload["lastSeq"] = json!(since);
        }
        self.socket.as_mut().unwrap().emit(event, payload).await;
        self.asked.push_back(Asked::Join(since, words));
    }

    async fn leave(&mut self) {
        if let Some(socket) = &mut self.socket {
            socket.emit("chat:room:leave", json!({ "roomId": self.room })).await;
            self.asked.push_back(Asked::Leave);
        }
    }

    fn break_off(&mut self) {
        self.socket = None;
        self.asked.clear();
        self.next = None;
    }

    async fn come_back(&mut self) {
        if self.socket.is_none() {
            let room = json!({ &self.room: self.seen });
            self.socket = Some(self.user.connect_to(self.namespace, room).await);
            self.asked.push_back(Asked::Join(Some(self.seen), Words::Chat));
        }
    }

    /// Waits until everything that it has asked for is answered.
    async fn settle(&mut self) {
        while !self.asked.is_empty() {
            self.hear().await;
        }
    }

    /// Waits until it has heard the event `head`, if it is to hear any.
    async fn listen_until(&mut self, head: i64) {
        self.settle().await;
        while self.next.is_some_and(|it| it.0 <= head) {
            self.hear().await;
        }
    }

    async fn hear(&mut self) {
        match self.socket.as_mut().unwrap().next_packet().await {
            Packet::Event(_, event, data) => self.heard(&event, &data),
            other => panic!("{other:?}"),
        }
    }

    fn heard(&mut self, event: &str, data: &Value) {
        let number = |key: &str| data[key].as_i64();
        let (seq, words) = match event {
            "chat:message:received" | "chat:message:updated" => (number("eventSeq"), Words::Chat),
            "new_message" => (number("seq"), Words::Session),
            "message_updated" => (number("eventSeq"), Words::Session),
            "chat:room:joined" | "session_joined" => return self.joined(event, data),
            "chat:room:left" => {
                assert!(matches!(self.asked.pop_front(), Some(Asked::Leave)));
                self.next = None;
                return;
            }
            "chat:system:notification" => return assert_ne!(data["type"], "history_gap"),
            "user_joined" | "user_left" => return,
            other => panic!("{other} {data}"),
        };
        let seq = seq.unwrap();
        assert_eq!(self.next, Some((seq, words)), "heard {event} {seq}");
        self.next = Some((seq + 1, words));
        self.seen = self.seen.max(seq);
    }

    fn joined(&mut self, event: &str, data: &Value) {
        let Some(Asked::Join(since, words)) = self.asked.pop_front() else { panic!("{data}") };
        assert_eq!(event == "chat:room:joined", words == Words::Chat);
        let head = data["lastSeq"].as_i64().unwrap();
        let since = since.unwrap_or(head);
        assert_eq!(data["replayed"], head - since, "since {since}: {data}");
        self.next = Some((since + 1, words));
    }
}
