//! Many clients of one world.

use std::{rc::Rc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::{JoinHandle, spawn_local},
    time::{Instant, sleep, timeout},
};

use crate::{
    client::{Client, Order},
    target::Result,
    world::World,
};

/// Handshakes at the same time.
const CONNECTING: usize = 64;

/// Joins that wait for their answer at the same time.
const JOINING: u64 = 256;

/// Longest pause of a server that still joins people.
const JOIN_PATIENCE: Duration = Duration::from_secs(60);

/// Time that clients have to say good-bye.
const FAREWELL: Duration = Duration::from_secs(5);

/// Connected clients, in the order of their tokens.
pub(crate) struct Crowd {
    world: Rc<World>,
    clients: Vec<Member>,
}

struct Member {
    orders: UnboundedSender<Order>,
    task: JoinHandle<()>,
}

impl Crowd {
    /// Connects one client for every token. `rooms` says which rooms the client of a number has.
    pub(crate) async fn connect(
        world: &Rc<World>,
        tokens: &[String],
        rooms: impl Fn(usize) -> Vec<usize>,
    ) -> Result<Self> {
        let connecting = tokens.iter().enumerate().map(|(index, token)| {
            let (world, rooms) = (Rc::clone(world), rooms(index));
            async move { Client::connect(world, index, token, rooms).await }
        });
        let mut connected = stream::iter(connecting).buffered(CONNECTING);
        let mut clients = Vec::with_capacity(tokens.len());
        while let Some(client) = connected.next().await {
            let client =
                client.map_err(|error| format!("connection {}: {error}", clients.len()))?;
            let (orders, inbox) = unbounded_channel();
            clients.push(Member { orders, task: spawn_local(client.run(inbox)) });
        }
        Ok(Self { world: Rc::clone(world), clients })
    }

    /// Gives an order to the client of a number.
    pub(crate) fn tell(&self, client: usize, order: Order) {
        // One that is gone was counted when it went.
        let _ = self.clients[client].orders.send(order);
    }

    /// Lets every client join its rooms, of which it has `rooms_each`.
    pub(crate) async fn join(&self, rooms_each: usize) -> Result<()> {
        let joined = || self.world.tally.borrow().joined;
        let before = joined();
        let mut asked = before;
        for client in 0..self.clients.len() {
            self.tell(client, Order::Join);
            asked += rooms_each as u64;
            self.wait_for(|| joined() + JOINING > asked).await?;
        }
        self.wait_for(|| joined() >= asked).await
    }

    /// Waits as long as people are still joining.
    async fn wait_for(&self, is_reached: impl Fn() -> bool) -> Result<()> {
        let joined = || self.world.tally.borrow().joined;
        let mut seen = (joined(), Instant::now());
        while !is_reached() {
            if joined() > seen.0 {
                seen = (joined(), Instant::now());
            }
            if seen.1.elapsed() > JOIN_PATIENCE || self.world.tally.borrow().refused > 0 {
                let samples = self.world.tally.borrow().samples.join("; ");
                return Err(format!("only {} could join: {samples}", joined()).into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Waits until so many are sent, and all are answered and delivered, or nothing comes any more.
    pub(crate) async fn settle(&self, sends: u64, patience: Duration) {
        let progress = || {
            let tally = self.world.tally.borrow();
            let is_done = tally.sent >= sends && tally.is_settled();
            (is_done, tally.sent + tally.acked + tally.refused + tally.delivered)
        };
        let (mut is_done, mut seen) = progress();
        let mut since = Instant::now();
        while !is_done && since.elapsed() < patience {
            sleep(Duration::from_millis(1)).await;
            let (done_now, seen_now) = progress();
            if seen_now > seen {
                (seen, since) = (seen_now, Instant::now());
            }
            is_done = done_now;
        }
    }

    /// Ends all connections.
    pub(crate) async fn leave(self) {
        let (orders, tasks): (Vec<_>, Vec<_>) =
            self.clients.into_iter().map(|it| (it.orders, it.task)).unzip();
        drop(orders);
        let ended = async {
            for task in tasks {
                let _ = task.await;
            }
        };
        let _ = timeout(FAREWELL, ended).await;
    }
}
