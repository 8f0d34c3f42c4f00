//! `load chat`: messages in rooms.

use std::{rc::Rc, time::Duration};

use clap::Args;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::{
    client::Order,
    crowd::Crowd,
    measure::Measurement,
    report::Report,
    target::{Result, Target},
    world::{Limit, World},
};

/// Time without any progress after which what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who talks how much.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Clients, spread evenly over the rooms
    #[arg(long)]
    connections: usize,
    #[arg(long, default_value_t = 1)]
    rooms: usize,
    /// Rooms in which somebody talks, if not in all
    #[arg(long)]
    active_rooms: Option<usize>,
    /// Clients of a room who talk
    #[arg(long, default_value_t = 1)]
    senders: usize,
    /// Closed loop: sends of one sender that wait for their ack
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Instead of the loop: messages a second in every active room
    #[arg(long)]
    rate: Option<f64>,
    /// With a rate: messages a second in the first room
    #[arg(long)]
    hot_rate: Option<f64>,
    /// Instead of the loop: each sender sends so many at once, and waits
    #[arg(long)]
    burst: Option<usize>,
    /// How often
    #[arg(long, default_value_t = 10)]
    bursts: usize,
    /// Instead of the time: so many deliveries
    #[arg(long)]
    deliveries: Option<u64>,
    /// Time before the measured one
    #[arg(long, default_value_t = 1.5)]
    warm_up: f64,
    /// Measured time
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
}

/// Connects, joins, talks and measures.
pub(crate) async fn run(target: &Target, options: &Options) -> Result<Report> {
    let (rooms, _) = target.rooms(options.rooms)?;
    let tokens = target.people(options.connections)?;
    let world = Rc::new(World::new(target.port, rooms));
    let crowd = Crowd::connect(&world, &tokens, |it| vec![it % options.rooms]).await?;
    let joining = Measurement::begin(target.process())?;
    crowd.join(1).await?;
    let joining = joining.end()?;
    let chat = Chat { options, world: &world, crowd: &crowd };

    if options.warm_up > 0.0 {
        chat.talk(Duration::from_secs_f64(options.warm_up), None).await;
    }
    world.tally.borrow_mut().forget_times();
    let before = chat.counts();
    let measurement = Measurement::begin(target.process())?;
    chat.talk(Duration::from_secs_f64(options.seconds), options.deliveries).await;
    let mut report = measurement.end()?;

    let after = chat.counts();
    report.connections = options.connections;
    report.sends = after.0 - before.0;
    report.deliveries = after.1 - before.1;
    report.joins = options.connections as u64;
    report.join_cpu_us = Some(joining.server_cpu_us / options.connections as f64);
    {
        let mut tally = world.tally.borrow_mut();
        report.delivery_ms = tally.delivery.percentiles();
        report.answer_ms = tally.ack.percentiles();
        report.faults = tally.faults();
        report.samples = std::mem::take(&mut tally.samples);
    }
    crowd.leave().await;
    Ok(report)
}

struct Chat<'a> {
    options: &'a Options,
    world: &'a World,
    crowd: &'a Crowd,
}

impl Chat<'_> {
    /// Sends and deliveries so far.
    fn counts(&self) -> (u64, u64) {
        let tally = self.world.tally.borrow();
        (tally.sent, tally.delivered)
    }

    fn active_rooms(&self) -> usize {
        self.options.active_rooms.unwrap_or(self.options.rooms).min(self.options.rooms)
    }

    /// The senders of a room. Clients are dealt out to the rooms like cards.
    fn senders(&self, room: usize) -> impl Iterator<Item = usize> {
        let Options { connections, rooms, senders, .. } = *self.options;
        (room..connections).step_by(rooms).take(senders)
    }

    fn all_senders(&self) -> impl Iterator<Item = usize> {
        (0..self.active_rooms()).flat_map(|it| self.senders(it))
    }

    /// Talks for a time, or until so many deliveries, and waits until everything has arrived.
    async fn talk(&self, time: Duration, deliveries: Option<u64>) {
        let end = Instant::now() + time;
        if let Some(messages) = self.options.burst {
            self.burst(messages).await;
        } else if let Some(rate) = self.options.rate {
            self.keep_rate(rate, end).await;
        } else if let Some(deliveries) = deliveries {
            let members = (self.options.connections / self.options.rooms) as u64;
            let sends = self.counts().0 + deliveries / members;
            self.keep_in_flight(Limit::Sends(sends));
            self.crowd.settle(sends, PATIENCE).await;
        } else {
            self.keep_in_flight(Limit::Until(end.into_std()));
            sleep_until(end).await;
        }
        self.crowd.settle(0, PATIENCE).await;
    }

    fn keep_in_flight(&self, limit: Limit) {
        self.world.set_limit(limit);
        for client in self.all_senders() {
            self.crowd.tell(client, Order::Loop(self.options.in_flight));
        }
    }

    async fn burst(&self, messages: usize) {
        for _ in 0..self.options.bursts {
            let mut sends = self.counts().0;
            for client in self.all_senders() {
                self.crowd.tell(client, Order::Burst(messages));
                sends += messages as u64;
            }
            self.crowd.settle(sends, PATIENCE).await;
        }
    }

    async fn keep_rate(&self, rate: f64, end: Instant) {
        let start = Instant::now();
        let mut rooms: Vec<Pace> = (0..self.active_rooms()).map(|it| self.pace(it, rate)).collect();
        let mut clock = interval(Duration::from_millis(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while Instant::now() < end {
            clock.tick().await;
            let now = Instant::now().min(end);
            for room in &mut rooms {
                while let Some((sender, due)) = room.next(start, now) {
                    self.crowd.tell(sender, Order::Send(0, due.into_std()));
                }
            }
        }
    }

    fn pace(&self, room: usize, rate: f64) -> Pace {
        let rate = self.options.hot_rate.filter(|_| room == 0).unwrap_or(rate);
        // Rooms begin one after the other, not all with the same tick.
        let phase = room as f64 / self.active_rooms() as f64;
        Pace { senders: self.senders(room).collect(), rate, phase, done: 0 }
    }
}

/// The messages of a room, evenly in time and over its senders.
struct Pace {
    senders: Vec<usize>,
    rate: f64,
    phase: f64,
    done: u64,
}

impl Pace {
    /// The next message that is due by `now`.
    fn next(&mut self, start: Instant, now: Instant) -> Option<(usize, Instant)> {
        let after = (self.done as f64 + self.phase) / self.rate;
        let due = start + Duration::from_secs_f64(after);
        if due >= now {
            return None;
        }
        let sender = self.senders[self.done as usize % self.senders.len()];
        self.done += 1;
        Some((sender, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_by_its_senders_in_turn() {
        let start = Instant::now();
        let mut pace = Pace { senders: vec![7, 9], rate: 100.0, phase: 0.0, done: 0 };
        let now = start + Duration::from_millis(31);
        let sent: Vec<_> = std::iter::from_fn(|| pace.next(start, now)).collect();
        let senders: Vec<_> = sent.iter().map(|(sender, _)| *sender).collect();
        assert_eq!(senders, [7, 9, 7, 9]);
        assert_eq!(sent[3].1 - start, Duration::from_millis(30));
        assert_eq!(pace.next(start, now), None);
    }
}
