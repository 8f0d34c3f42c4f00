//! Tables in Markdown.

use super::figures::{shown, spread};
use super::rounds::{Results, Row};
use super::scenarios::{SCENARIOS, Scenario, Unit};

/// Groups of contestants that share a column of the summary: heading, and the names in it.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("NestJS", &["nest", "nest-typeorm", "nest-sql"]),
    ("socket.io", &["socketio"]),
    ("bare socketioxide", &["bare", "bare-row", "bare-group", "bare-threads"]),
    ("floor", &["floor"]),
    ("**Hornero**", &["ours"]),
];

/// Every scenario in one line.
pub(crate) fn summary(results: &Results) -> String {
    let headings: Vec<_> = COLUMNS.iter().map(|(heading, _)| *heading).collect();
    let mut text = format!(
        "| work | unit | {} | ours against the base | to reach |\n|---|---|{}---:|---|\n",
        headings.join(" | "),
        "---:|".repeat(COLUMNS.len())
    );
    for scenario in SCENARIOS {
        if results.row(scenario.name, "ours").is_none() {
            continue;
        }
        let cells: Vec<_> =
            COLUMNS.iter().map(|(_, names)| cell(results, scenario, names)).collect();
        text += &format!(
            "| {} | {} | {} | {} | {} |\n",
            scenario.title,
            unit(scenario.unit),
            cells.join(" | "),
            against_base(results, scenario),
            scenario.target
        );
    }
    text
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Delivery => "µs / delivery",
        Unit::Send => "µs / send",
        Unit::Request => "µs / request",
        Unit::Connection => "µs / connection",
        Unit::KibPerConnection => "KiB / connection",
        Unit::Faults => "faults",
    }
}

/// What the contestants of a column have reached, each with its variant where there are several.
fn cell(results: &Results, scenario: &Scenario, names: &[&str]) -> String {
    let rows: Vec<_> = names.iter().filter_map(|it| results.row(scenario.name, it)).collect();
    let figures = rows.iter().map(|row| {
        let variant = row.contestant.label.split_once(", ").map(|(_, it)| it);
        let variant = variant.filter(|_| rows.len() > 1).map(|it| format!(" {it}"));
        format!("{}{}", figure(row), variant.unwrap_or_default())
    });
    let text = figures.collect::<Vec<_>>().join("; ");
    if text.is_empty() { "–".to_owned() } else { text }
}

fn figure(row: &Row) -> String {
    if row.runs.is_empty() {
        return "failed".to_owned();
    }
    match (row.unit, row.figure()) {
        (Unit::Faults, _) => {
            let words = row.faults().words();
            if words.is_empty() { "0".to_owned() } else { words }
        }
        (_, Some(figure)) => shown(figure),
        (_, None) => "–".to_owned(),
    }
}

fn against_base(results: &Results, scenario: &Scenario) -> String {
    let of = |name| results.row(scenario.name, name).and_then(Row::figure);
    match (of("ours"), of(scenario.base)) {
        (Some(ours), Some(base)) if base > 0.0 => {
            format!("{:.2} × {}", ours / base, scenario.base)
        }
        _ => "–".to_owned(),
    }
}

/// One scenario in all its figures; `is_quick` where its rounds were short.
pub(crate) fn details(results: &Results, scenario: &Scenario, is_quick: bool) -> Option<String> {
    results.row(scenario.name, "ours")?;
    let base = results.row(scenario.name, scenario.base).and_then(Row::figure);
    let mut text = format!("### {}\n\n`{}`", scenario.title, scenario.load.join(" "));
    if let Some(load) = scenario.quick_load.filter(|_| is_quick) {
        text += &format!(", in this short round `{}`", load.join(" "));
    }
    if !scenario.note.is_empty() {
        text += &format!(". {}", scenario.note);
    }
    text += &format!(
        "\n\n| server | {} | spread | ratio to {} | a second | p50 ms | p99 ms | server load | \
         generator load | faults |\n|---|{}---|\n",
        scenario.unit.label(),
        scenario.base,
        "---:|".repeat(8)
    );
    for row in results.rows.iter().filter(|it| it.scenario == scenario.name) {
        text += &line(row, base);
    }
    for row in results.rows.iter().filter(|it| it.scenario == scenario.name) {
        for problem in &row.problems {
            text += &format!("\n{}: {problem}\n", row.contestant.label);
        }
    }
    Some(text)
}

fn line(row: &Row, base: Option<f64>) -> String {
    let or_dash = |it: Option<String>| it.unwrap_or_else(|| "–".to_owned());
    let figures = row.figures();
    let ratio = row.figure().zip(base).map(|(figure, base)| format!("{:.2}", figure / base));
    let percent = |it: Option<f64>| or_dash(it.map(|it| format!("{:.0} %", it * 100.0)));
    let times = |of: fn(&super::report::Percentiles) -> f64| {
        let answers = row.median(|it| it.delivery_ms.or(it.answer_ms).as_ref().map(of));
        or_dash(answers.map(shown))
    };
    let faults = row.faults().words();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        row.contestant.label,
        or_dash(row.figure().map(shown)),
        spread(&figures),
        or_dash(ratio),
        or_dash(row.median(|it| Some(row.unit.rate(it))).map(shown)),
        times(|it| it.p50),
        times(|it| it.p99),
        percent(row.median(|it| Some(it.server_load))),
        percent(row.median(|it| (it.generator_load > 0.0).then_some(it.generator_load))),
        if faults.is_empty() { "none" } else { &faults },
    )
}
