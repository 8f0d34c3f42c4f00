//! `load connect`: what a connection costs, and what it weighs.

use std::{rc::Rc, time::Duration};

use clap::Args;
use tokio::time::{Instant, sleep};

use crate::{
    crowd::Crowd,
    measure::Measurement,
    report::Report,
    target::{Result, Target},
    world::World,
};

/// Connections of one round of the warm-up.
const WARM_UP_CROWD: usize = 100;

/// Members of a room.
const ROOM_SIZE: usize = 20;

/// Time in which an idle server comes to rest.
const REST: Duration = Duration::from_secs(2);

/// How many connect.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    #[arg(long)]
    connections: usize,
    /// Join rooms of 20, too, and weigh the server before and after.
    ///
    /// There is no warm-up then: what it leaves behind would lighten the connections.
    #[arg(long)]
    idle: bool,
    /// Time in which people come and go before the measured ones come
    #[arg(long, default_value_t = 1.5)]
    warm_up: f64,
}

/// Connects and measures.
pub(crate) async fn run(target: &Target, options: &Options) -> Result<Report> {
    if options.idle { idle(target, options).await } else { busy(target, options).await }
}

async fn busy(target: &Target, options: &Options) -> Result<Report> {
    let tokens = target.people(options.connections)?;
    let world = Rc::new(World::new(target.port, Vec::new()));
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < options.warm_up {
        let few = &tokens[..WARM_UP_CROWD.min(tokens.len())];
        Crowd::connect(&world, few, |_| Vec::new()).await?.leave().await;
    }
    let measurement = Measurement::begin(target.process())?;
    let crowd = Crowd::connect(&world, &tokens, |_| Vec::new()).await?;
    let report = measurement.end()?;
    crowd.leave().await;
    Ok(finished(report, &world, options))
}

async fn idle(target: &Target, options: &Options) -> Result<Report> {
    let (rooms, _) = target.rooms(options.connections.div_ceil(ROOM_SIZE))?;
    let tokens = target.people(options.connections)?;
    let count = rooms.len();
    let world = Rc::new(World::new(target.port, rooms));
    sleep(REST).await;
    let before = target.process().memory()?;
    let measurement = Measurement::begin(target.process())?;
    let crowd = Crowd::connect(&world, &tokens, |it| vec![it % count]).await?;
    crowd.join(1).await?;
    sleep(REST).await;
    let after = target.process().memory()?;
    let mut report = measurement.end()?;
    report.kib_per_connection = Some((after - before) / options.connections as f64);
    crowd.leave().await;
    Ok(finished(report, &world, options))
}

fn finished(mut report: Report, world: &World, options: &Options) -> Report {
    let mut tally = world.tally.borrow_mut();
    report.connections = options.connections;
    report.joins = tally.joined;
    report.answer_ms = tally.join.percentiles();
    report.faults = tally.faults();
    report.samples = std::mem::take(&mut tally.samples);
    report
}
