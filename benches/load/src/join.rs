//! `load join`: what it costs to join a room in which much has been said.

use std::{rc::Rc, time::Duration};

use clap::Args;
use tokio::time::sleep;

use crate::{
    client::Order,
    crowd::Crowd,
    measure::Measurement,
    report::Report,
    tally::Times,
    target::{Result, Target},
    world::World,
};

/// Time in which a server has noticed that somebody left.
const LEAVING: Duration = Duration::from_millis(500);

/// Who joins where.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The room
    #[arg(long)]
    room: String,
    /// People who join it one after the other, and leave
    #[arg(long, default_value_t = 200)]
    joins: usize,
}

/// Joins and leaves, once to become members and once to be measured.
pub(crate) async fn run(target: &Target, options: &Options) -> Result<Report> {
    let tokens = target.people(options.joins)?;
    let world = Rc::new(World::new(target.port, vec![options.room.clone()]));
    let crowd = Crowd::connect(&world, &tokens, |_| vec![0]).await?;
    come_and_go(&world, &crowd, options.joins).await;
    world.tally.borrow_mut().join = Times::new();

    let measurement = Measurement::begin(target.process())?;
    come_and_go(&world, &crowd, options.joins).await;
    let mut report = measurement.end()?;
    {
        let mut tally = world.tally.borrow_mut();
        report.connections = options.joins;
        report.joins = options.joins as u64;
        report.answer_ms = tally.join.percentiles();
        report.faults = tally.faults();
        report.samples = std::mem::take(&mut tally.samples);
    }
    crowd.leave().await;
    Ok(report)
}

async fn come_and_go(world: &World, crowd: &Crowd, joins: usize) {
    let answered = || {
        let tally = world.tally.borrow();
        tally.joined + tally.refused
    };
    for client in 0..joins {
        let wanted = answered() + 1;
        crowd.tell(client, Order::Join);
        while answered() < wanted {
            tokio::task::yield_now().await;
            if world.tally.borrow().disconnected > 0 {
                return;
            }
        }
        crowd.tell(client, Order::Leave);
    }
    sleep(LEAVING).await;
}
