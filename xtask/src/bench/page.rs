//! The page in docs: what was measured, how, and where.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use super::bring_in::There;
use super::contestants::CONTESTANTS;
use super::figures::{median, shown, whole};
use super::growth::Chart;
use super::machine;
use super::plot::{self, Bars};
use super::rounds::Results;
use super::scenarios::{SCENARIOS, Scenario, Unit};
use super::tables;
use crate::process;

/// What follows this line on the page is written by people, and stays.
const BY_HAND: &str = "<!-- What follows is written by hand; the bench command keeps it. -->";

const INTRODUCTION: &str = "\
The figure is the server's **CPU time per unit of work**, in microseconds, read from `/proc` while \
one generator drives the servers in turn, the server on one core and the generator on another; the \
medians of the rounds stand here, and half the distance between the extremes as the spread. \
Machines are shared, so read the **ratios**: an absolute time means little, a rate or a latency \
even less.

The peers speak the same contract, in `benches/peers`: *NestJS* with socket.io as its \
documentation shows it, plain *socket.io*, *bare socketioxide* on axum, and a *floor*: one thread, \
no token check, no JSON, no storage, one write per client and turn of the event loop. Whoever \
stores a message does so in SQLite before the ack, and waits for the disk (WAL, \
`synchronous = FULL`). Ours always does. The Node servers get 5 s to warm up, and their key as a \
`KeyObject`. Every delivery carries its sender's number and ours the server's: *lost*, *doubled* \
and *inverted* are counted per receiver, in every run.";

/// Everything that goes onto the page.
pub(crate) struct Content<'a> {
    pub(crate) there: &'a There,
    pub(crate) results: &'a Results,
    pub(crate) growth: &'a [Chart],
}

impl Content<'_> {
    /// The page, without what is written by hand.
    pub(crate) fn markdown(&self, options: &Options) -> String {
        let mut parts = vec!["# Benchmarks".to_owned(), INTRODUCTION.to_owned(), self.how(options)];
        if !self.results.rows.is_empty() {
            parts.push("## All at a glance".to_owned());
            parts.push(tables::summary(self.results));
            parts.push("![Ratios to the base](benchmarks/ratios.svg)".to_owned());
            parts.push(self.startup());
            parts.push("## Scenario by scenario".to_owned());
            let details = |it| tables::details(self.results, it, options.quick);
            parts.extend(SCENARIOS.iter().filter_map(details));
        }
        if !self.growth.is_empty() {
            parts.push("## Growth".to_owned());
            parts.extend(self.growth.iter().map(growth));
        }
        parts.join("\n\n")
    }

    fn how(&self, options: &Options) -> String {
        let mut command = "cargo xtask bench".to_owned();
        let flags = [
            ("--quick", options.quick),
            ("--peers", options.peers),
            ("--growth", options.growth),
            ("--deep", options.deep),
        ];
        for (flag, _) in flags.iter().filter(|(_, is_set)| *is_set) {
            command += &format!(" {flag}");
        }
        if let Some(rounds) = options.rounds {
            command += &format!(" --rounds {rounds}");
        }
        if let Some(name) = &options.scenario {
            command += &format!(" --scenario {name}");
        }
        let versions: Vec<_> =
            self.there.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let date = process::answer("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default();
        let machine = machine::description();
        let kind = if options.quick { "short rounds" } else { "rounds" };
        let rounds = format!("{kind}: {}", options.rounds());
        let mut text = format!(
            "Measured by `{command}` ({rounds}) on {date}, on {machine}. Versions: {}.",
            versions.join(", ")
        );
        for note in &self.there.notes {
            text += &format!(" {note}");
        }
        text
    }

    /// From start to first connection, and how large the programs are.
    fn startup(&self) -> String {
        let mut text = "| server | start to first connection, ms |\n|---|---:|\n".to_owned();
        for contestant in &CONTESTANTS {
            let of_it = self.results.rows.iter().filter(|it| it.contestant.name == contestant.name);
            if let Some(time) = median(of_it.flat_map(|it| it.startups.iter().copied())) {
                text += &format!("| {} | {} |\n", contestant.label, shown(time));
            }
        }
        text
    }

    fn ratios(&self) -> String {
        let groups: Vec<Bars> = SCENARIOS.iter().filter_map(|it| self.bars(it)).collect();
        plot::bars(
            &groups,
            "Cost as a ratio to bare socketioxide; where messages are stored, in groups (less is better)",
        )
    }

    fn bars(&self, scenario: &Scenario) -> Option<Bars> {
        if scenario.unit == Unit::Faults {
            return None;
        }
        let base = self.results.row(scenario.name, scenario.base)?.figure()?;
        let rows = self.results.rows.iter().filter(|it| it.scenario == scenario.name);
        let bars = rows.filter_map(|it| {
            let label = it.contestant.label.trim_matches('*').to_owned();
            Some((label, it.figure()? / base))
        });
        Some(Bars { title: scenario.title.to_owned(), bars: bars.collect() })
    }
}

fn growth(chart: &Chart) -> String {
    let mut text = format!("![{}](benchmarks/{}.svg)\n\n", chart.title, chart.name);
    let mut sizes: Vec<u64> =
        chart.curves.iter().flat_map(|it| it.points.iter().map(|it| it.0)).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let heading: Vec<_> = sizes.iter().map(|it| whole(*it)).collect();
    text += &format!("| {} | {} |\n", chart.of, heading.join(" | "));
    text += &format!("|---|{}\n", "---:|".repeat(sizes.len()));
    for curve in &chart.curves {
        let cells: Vec<_> = sizes
            .iter()
            .map(|size| {
                let point = curve.points.iter().find(|it| it.0 == *size);
                point.map_or("–".to_owned(), |it| shown(it.1))
            })
            .collect();
        text += &format!("| {} | {} |\n", curve.label, cells.join(" | "));
    }
    for problem in chart.curves.iter().flat_map(|it| &it.problems) {
        text += &format!("\n{problem}\n");
    }
    text
}

/// Writes the page and its plots, and keeps what was written by hand. Tells where the page is.
pub(crate) fn write(folder: &Path, text: &str, content: &Content<'_>) -> io::Result<PathBuf> {
    let plots = folder.join("benchmarks");
    fs::create_dir_all(&plots)?;
    let page = folder.join("benchmarks.md");
    let before = fs::read_to_string(&page).unwrap_or_default();
    let by_hand = before.split_once(BY_HAND).map_or("\n", |(_, it)| it);
    fs::write(&page, format!("{}\n\n{BY_HAND}{by_hand}", text.trim_end()))?;
    if !content.results.rows.is_empty() {
        fs::write(plots.join("ratios.svg"), content.ratios())?;
    }
    for chart in content.growth {
        fs::write(plots.join(format!("{}.svg", chart.name)), plot::lines(chart))?;
    }
    Ok(page)
}
