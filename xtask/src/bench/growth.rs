//! Growth: whether a unit of work costs the same when there is more of everything.

use std::fs;

use serde::Deserialize;

use super::contestants::Contestant;
use super::report::Report;
use super::rounds::{Plan, bar};
use super::scenarios::{Cores, Timing};
use super::server::{Server, load_offline};
use crate::stage::Problem;

/// What can grow.
pub(crate) const NAMES: [&str; 3] = ["growth-room", "growth-connections", "growth-stored"];

/// A plot: some curves over what grows.
pub(crate) struct Chart {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What grows.
    pub(crate) of: &'static str,
    pub(crate) curves: Vec<Curve>,
}

/// One figure, over what grows.
pub(crate) struct Curve {
    pub(crate) label: String,
    pub(crate) points: Vec<(u64, f64)>,
    /// Points that could not be had.
    pub(crate) problems: Vec<String>,
}

impl Curve {
    fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), points: Vec::new(), problems: Vec::new() }
    }

    fn add(&mut self, size: u64, figure: Result<Option<f64>, Problem>) {
        match figure {
            Ok(figure) => self.points.extend(figure.map(|it| (size, it))),
            Err(problem) => self.problems.push(format!("{} at {size}: {problem}", self.label)),
        }
    }
}

/// Measures what is wanted.
pub(crate) fn run(plan: &Plan<'_>, is_wanted: impl Fn(&str) -> bool, is_deep: bool) -> Vec<Chart> {
    let mut charts = Vec::new();
    if is_wanted(NAMES[0]) {
        charts.push(room(plan));
    }
    if is_wanted(NAMES[1]) {
        charts.push(connections(plan));
    }
    if is_wanted(NAMES[2]) {
        charts.push(stored(plan, is_deep));
    }
    charts
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn per(report: &Report, count: u64) -> Option<f64> {
    (count > 0).then(|| report.server_cpu_us / count as f64)
}

/// One message reaches all members of ever larger rooms.
fn room(plan: &Plan<'_>) -> Chart {
    let sizes: &[u64] = if plan.is_quick { &[10, 100, 1_000] } else { &[10, 100, 1_000, 10_000] };
    let names = ["ours", "bare", "floor"];
    let bar = bar(sizes.len() * names.len());
    let mut curves = Vec::new();
    for contestant in names.iter().filter_map(|it| Contestant::named(it)) {
        let name = contestant.label.trim_matches('*');
        let mut deliveries = Curve::new(format!("{name}: a delivery"));
        let mut joins = Curve::new(format!("{name}: a join"));
        for &size in sizes {
            bar.set_message(format!("{} in a room of {size}", contestant.name));
            let mut arguments = words(&format!("chat --connections {size} --in-flight 16"));
            arguments.extend(plan.times(Timing::Timed, contestant));
            match plan.measure(contestant, Cores::Apart, &arguments) {
                Ok((report, _)) => {
                    deliveries.add(size, Ok(per(&report, report.deliveries)));
                    joins.add(size, Ok(report.join_cpu_us));
                }
                Err(problem) => deliveries.add(size, Err(problem)),
            }
            bar.inc(1);
        }
        curves.extend([deliveries, joins]);
    }
    bar.finish_and_clear();
    let title = "Room size: µs of server CPU for one delivery and for one join";
    Chart { name: NAMES[0], title, of: "members of the room", curves }
}

/// 50 rooms of 2 talk while ever more others are connected and silent.
fn connections(plan: &Plan<'_>) -> Chart {
    let sizes: &[u64] = if plan.is_quick { &[100, 1_000] } else { &[100, 1_000, 10_000] };
    let names = ["ours", "bare", "floor"];
    let bar = bar(sizes.len() * names.len());
    let mut curves = Vec::new();
    for contestant in names.iter().filter_map(|it| Contestant::named(it)) {
        let name = contestant.label.trim_matches('*');
        let mut sends = Curve::new(format!("{name}: a send"));
        for &size in sizes {
            bar.set_message(format!("{} with {size} connections", contestant.name));
            let rooms = size / 2;
            let talk = format!("chat --connections {size} --rooms {rooms} --active-rooms 50");
            let mut arguments = words(&talk);
            arguments.extend(plan.times(Timing::Timed, contestant));
            let measured = plan.measure(contestant, Cores::Apart, &arguments);
            sends.add(size, measured.map(|(report, _)| per(&report, report.sends)));
            bar.inc(1);
        }
        curves.push(sends);
    }
    bar.finish_and_clear();
    let title = "Connections: µs of server CPU for one send in 50 rooms of 2";
    Chart { name: NAMES[1], title, of: "connections", curves }
}

#[derive(Deserialize)]
struct Room {
    room: String,
    token: String,
}

/// Rooms of ours hold ever more messages.
fn stored(plan: &Plan<'_>, is_deep: bool) -> Chart {
    let names = ["GET 50 messages", "a join", "POST a message"];
    let mut curves: Vec<_> = names.into_iter().map(Curve::new).collect();
    if plan.there.has_wrk
        && let Err(problem) = fill_and_ask(plan, is_deep, &mut curves)
    {
        curves[0].problems.push(problem.to_string());
    }
    let title = "Stored messages: µs of server CPU for one request and one join";
    Chart { name: NAMES[2], title, of: "messages in the room", curves }
}

fn fill_and_ask(plan: &Plan<'_>, is_deep: bool, curves: &mut [Curve]) -> Result<(), Problem> {
    let mut sizes = vec![1_000, 10_000, 100_000, 1_000_000];
    sizes.extend(is_deep.then_some(10_000_000));
    let bar = bar(sizes.len() * curves.len());
    let Some(ours) = Contestant::named("ours") else { return Ok(()) };
    let folder = plan.scratch().join("stored");
    let _ = fs::remove_dir_all(&folder);
    let start = || Server::start(plan.workspace, ours, &folder, Cores::Apart);
    let database = folder.join("hornero.db").display().to_string();
    for size in sizes {
        bar.set_message(format!("putting {size} messages into a room"));
        // A room of its own for every size, so that each has as many members.
        let Room { room, token } = start()?.load(&words("room"))?;
        let seed = ["seed", "--database", &database, "--room", &room, "--messages"];
        let mut seed: Vec<String> = seed.iter().map(|it| (*it).to_owned()).collect();
        seed.push(size.to_string());
        load_offline(plan.workspace, &seed)?;
        let server = start()?;
        for (curve, work) in curves.iter_mut().zip(["get", "join", "post"]) {
            bar.set_message(format!("{} with {size} messages", curve.label));
            let report: Result<Report, _> = server.load(&of_stored(plan, work, &room, &token));
            let figure = |it: Report| per(&it, if work == "join" { it.joins } else { it.requests });
            curve.add(size, report.map(figure));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

fn of_stored(plan: &Plan<'_>, work: &str, room: &str, token: &str) -> Vec<String> {
    if work == "join" {
        return words(&format!("join --room {room}"));
    }
    let seconds = if plan.is_quick { 1 } else { 2 };
    let scratch = plan.scratch().display().to_string();
    let mut arguments = words(&format!(
        "rest --method {work} --room {room} --token {token} --warm-up 1 --seconds {seconds}"
    ));
    arguments.extend(["--scratch".to_owned(), scratch]);
    arguments
}
