//! `load rest`: requests, made by wrk.

use std::{fs, path::PathBuf, process::Command};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    measure::Measurement,
    report::Report,
    tally::{Faults, Percentiles},
    target::{Result, Target},
};

/// Requests at the same time.
const IN_FLIGHT: &str = "-c32";

/// Messages that there are before the measurement.
const STORED: usize = 200;

/// What is asked.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    #[arg(long, value_enum)]
    method: Method,
    /// A room that is there, with the token of a member; else a new one with 200 messages
    #[arg(long, requires = "token")]
    room: Option<String>,
    #[arg(long)]
    token: Option<String>,
    /// Folder for the script that wrk reads
    #[arg(long)]
    scratch: PathBuf,
    #[arg(long, default_value_t = 1.5)]
    warm_up: f64,
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// 50 messages are read.
    Get,
    /// One message is sent.
    Post,
}

/// Runs wrk twice: to warm up, and measured.
pub(crate) fn run(target: &Target, options: &Options) -> Result<Report> {
    let (room, token) = match (&options.room, &options.token) {
        (Some(room), Some(token)) => (room.clone(), token.clone()),
        _ => furnished_room(target)?,
    };
    let script = options.scratch.join("wrk.lua");
    fs::write(&script, lua(options.method, &token))?;
    let url = target.url(&format!("/rooms/{room}/messages?limit=50"));
    let wrk = |seconds: f64| {
        let time = format!("-d{}s", seconds.ceil());
        let mut command = Command::new("wrk");
        command.args(["-t1", IN_FLIGHT, &time, "--latency", "-s"]).arg(&script).arg(&url);
        let output = command.output().map_err(|error| format!("wrk: {error}"))?;
        Ok::<_, Box<dyn std::error::Error>>(String::from_utf8(output.stdout)?)
    };
    wrk(options.warm_up)?;
    let measurement = Measurement::begin(target.process())?;
    let text = wrk(options.seconds)?;
    let mut report = measurement.end()?;
    let result = read(&text).ok_or_else(|| format!("wrk said: {text}"))?;
    report.requests = result.requests;
    report.answer_ms = Some(result.times);
    report.faults = Faults { refused: result.refused, ..Faults::default() };
    // Not this process makes the requests.
    report.generator_load = 0.0;
    Ok(report)
}

fn furnished_room(target: &Target) -> Result<(String, String)> {
    let (rooms, token) = target.rooms(1)?;
    let agent = ureq::agent();
    let path = format!("/rooms/{}/messages", rooms[0]);
    for number in 0..STORED {
        let message = json!({ "content": format!("{number:x<100}") });
        target.post(&agent, &path, Some(&token), &message)?;
    }
    Ok((rooms[0].clone(), token))
}

fn lua(method: Method, token: &str) -> String {
    let authorization = format!("wrk.headers['Authorization'] = 'Bearer {token}'\n");
    let body = json!({ "content": "x".repeat(100) });
    match method {
        Method::Get => authorization,
        Method::Post => format!(
            "{authorization}\
             wrk.method = 'POST'\n\
             wrk.headers['Content-Type'] = 'application/json'\n\
             wrk.body = '{body}'\n"
        ),
    }
}

/// What wrk prints at its end.
struct WrkResult {
    requests: u64,
    /// Answers other than 2xx, and broken connections.
    refused: u64,
    times: Percentiles,
}

fn read(text: &str) -> Option<WrkResult> {
    let line = |words: &str| text.lines().find(|it| it.contains(words));
    let first = |line: &str| line.split_whitespace().next()?.parse().ok();
    let percentile = |name: &str| {
        let found = text.lines().find_map(|it| it.trim().strip_prefix(name));
        milliseconds(found?.trim())
    };
    let last = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
    let bad = line("Non-2xx").and_then(last).unwrap_or(0);
    let broken: u64 = line("Socket errors")
        .map(|it| it.split([' ', ',']).filter_map(|it| it.parse::<u64>().ok()).sum())
        .unwrap_or(0);
    Some(WrkResult {
        requests: first(line(" requests in ")?)?,
        refused: bad + broken,
        times: Percentiles {
            p50: percentile("50%")?,
            p99: percentile("99%")?,
            max: line("Latency   ")
                .and_then(|it| milliseconds(it.split_whitespace().nth(3)?))
                .unwrap_or_default(),
        },
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)];
    let (number, unit) = units
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?.parse::<f64>().ok()?, size)))?;
    Some(number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
Running 4s test @ http://127.0.0.1:8080/rooms
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.22ms    1.09ms  20.51ms   89.37%
    Req/Sec     9.99k   505.77    10.75k    77.50%
  Latency Distribution
     50%  987.00us
     75%    3.41ms
     90%    4.10ms
     99%    1.20s
  39778 requests in 4.00s, 20.11MB read
  Socket errors: connect 0, read 2, write 1, timeout 0
  Non-2xx or 3xx responses: 17
Requests/sec:   9937.50
Transfer/sec:      5.02MB
";

    #[test]
    fn what_wrk_prints_is_understood() {
        let result = read(OUTPUT).unwrap();
        assert_eq!((result.requests, result.refused), (39_778, 20));
        assert_eq!((result.times.p50, result.times.p99), (0.987, 1200.0));
        assert_eq!(result.times.max, 20.51);
        assert!(read("unable to connect").is_none());
    }
}
