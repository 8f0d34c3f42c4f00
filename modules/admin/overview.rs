//! The sockets of all namespaces, looked at again and again, and told to operators who are there.

use std::{
    collections::{HashMap, HashSet},
    hash::RandomState,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use hornero::{
    BoxError, ClientAddress, PublicId, SocketIo, SocketRef, Stopping, Traffic, Volume, timestamp,
};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::{
    gateway::{NAMESPACE, transport},
    view::{Aggregated, NamespaceStats, ServerStats, SocketView, client_id},
};

/// Time between two looks, which the UI expects.
const PERIOD: Duration = Duration::from_secs(2);

/// Knows what was told last, and tells what is new.
pub(crate) struct Overview {
    io: Arc<SocketIo>,
    traffic: Arc<Traffic>,
    /// Makes the names of connections.
    clients: RandomState,
    server: String,
    begun: Instant,
    told: Mutex<Told>,
}

/// What operators know.
#[derive(Default)]
struct Told {
    sockets: HashMap<PublicId, Seen>,
    /// The connections, by the names that they have here.
    clients: HashSet<String>,
    received: Volume,
    sent: Volume,
}

struct Seen {
    view: SocketView,
    address: ClientAddress,
    since: DateTime<Utc>,
}

impl Overview {
    pub(crate) fn new(io: Arc<SocketIo>, traffic: Arc<Traffic>) -> Self {
        Self {
            io,
            traffic,
            clients: RandomState::new(),
            server: Uuid::new_v4().to_string(),
            begun: Instant::now(),
            told: Mutex::default(),
        }
    }

    /// Looks again and again, while an operator is there.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                _ = ticks.tick() => {}
            }
            if self.has_operators() {
                self.tell_news().await;
            } else {
                // Who comes next is told what happens from then on.
                let (received, sent) = (self.traffic.received(), self.traffic.sent());
                *self.told.lock().await = Told { received, sent, ..Told::default() };
            }
        }
    }

    /// Tells everything to an operator who has just come.
    pub(crate) async fn introduce(&self, operator: &SocketRef) {
        // Those who are there already must not miss what is noted as told.
        self.tell_news().await;
        let told = self.told.lock().await;
        let views: Vec<_> = told.sockets.values().map(|it| &it.view).collect();
        let sent = operator.emit("all_sockets", &views);
        if let Err(error) = sent {
            tracing::debug!(%error, "An operator was not told: {error}");
        }
    }

    fn has_operators(&self) -> bool {
        self.io.of(NAMESPACE).is_some_and(|it| !it.sockets().is_empty())
    }

    /// Tells operators how the server is, and what has changed since they were told last.
    async fn tell_news(&self) {
        let (mut told, now) = (self.told.lock().await, Utc::now());
        let date = timestamp(now);
        let sockets: Vec<_> = self.io.nsps().into_iter().flat_map(|it| it.sockets()).collect();
        let mut gone: HashSet<_> = told.sockets.keys().cloned().collect();
        for socket in &sockets {
            let id = PublicId::of(socket);
            gone.remove(&id);
            let Some(seen) = told.sockets.get_mut(&id) else {
                let address = ClientAddress::of(socket.req_parts());
                let view = SocketView::of(socket, &self.clients, address, now);
                self.tell("socket_connected", &(&view, &date)).await;
                told.sockets.insert(id, Seen { view, address, since: now });
                continue;
            };
            let view = SocketView::of(socket, &self.clients, seen.address, seen.since);
            self.tell_changes(&seen.view, &view, &date).await;
            seen.view = view;
        }
        for id in gone {
            if let Some(Seen { view, .. }) = told.sockets.remove(&id) {
                let left = (&view.nsp, &view.id, "disconnect", &date);
                self.tell("socket_disconnected", &left).await;
            }
        }
        let stats = self.stats(&sockets, &mut told, now);
        self.tell("server_stats", &(&stats,)).await;
    }

    async fn tell_changes(&self, before: &SocketView, after: &SocketView, date: &str) {
        if before.transport != after.transport {
            let change = Change { id: &after.id, nsp: &after.nsp, transport: after.transport };
            self.tell("socket_updated", &(&change,)).await;
        }
        for room in after.rooms.iter().filter(|it| !before.rooms.contains(it)) {
            self.tell("room_joined", &(&after.nsp, room, &after.id, date)).await;
        }
        for room in before.rooms.iter().filter(|it| !after.rooms.contains(it)) {
            self.tell("room_left", &(&after.nsp, room, &after.id, date)).await;
        }
    }

    async fn tell(&self, event: &str, arguments: &impl Serialize) {
        let Some(operators) = self.io.of(NAMESPACE) else { return };
        if let Err(error) = operators.emit(event, arguments).await {
            // One that does not read is told when it comes back.
            tracing::debug!(%error, "An operator was not told: {error}");
        }
    }

    fn stats(&self, sockets: &[SocketRef], told: &mut Told, now: DateTime<Utc>) -> ServerStats {
        let clients: HashMap<_, _> =
            sockets.iter().map(|it| (client_id(it, &self.clients), transport(it))).collect();
        let mut namespaces: Vec<_> = self
            .io
            .nsps()
            .into_iter()
            .map(|it| NamespaceStats {
                name: it.ns_path().to_owned(),
                sockets_count: it.sockets().len(),
            })
            .collect();
        namespaces.sort_by(|a, b| a.name.cmp(&b.name));
        let (received, sent) = (self.traffic.received(), self.traffic.sent());
        let names: HashSet<_> = clients.keys().cloned().collect();
        let since = [
            ("rawConnection", names.difference(&told.clients).count() as u64),
            ("rawDisconnection", told.clients.difference(&names).count() as u64),
            ("packetsIn", received.packets - told.received.packets),
            ("bytesIn", received.bytes - told.received.bytes),
            ("packetsOut", sent.packets - told.sent.packets),
            ("bytesOut", sent.bytes - told.sent.bytes),
        ];
        (told.received, told.sent, told.clients) = (received, sent, names);
        let timestamp = now.timestamp_millis();
        let aggregated = since.into_iter().filter(|(_, count)| *count > 0);
        ServerStats {
            server_id: self.server.clone(),
            // Whoever comes in by HTTP has no business with the machine's name.
            hostname: "hornero".to_owned(),
            pid: std::process::id(),
            uptime: self.begun.elapsed().as_secs_f64(),
            clients_count: clients.len(),
            polling_clients_count: clients.values().filter(|it| **it == "polling").count(),
            aggregated_events: aggregated
                .map(|(kind, count)| Aggregated { timestamp, kind, count })
                .collect(),
            namespaces,
        }
    }
}

/// What `socket_updated` says.
#[derive(Serialize)]
struct Change<'a> {
    id: &'a PublicId,
    nsp: &'a str,
    transport: &'static str,
}
