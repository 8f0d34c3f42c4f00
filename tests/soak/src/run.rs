//! A run: everybody talks while the server is killed, then what there is gets compared.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use clap::Args;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};

use crate::{
    by_rest::Talker,
    checker::{self, Retries},
    client::{Client, Person, Words},
    diary::Diary,
    evidence::{Evidence, Listener},
    plan::{self, Kill},
    rest::{self, Result},
    say::{Progress, Report, Say},
    stored::Tables,
    world::{Conversation, Phase, World},
};

/// Rooms and sessions in which is talked.
const CONVERSATIONS: usize = 4;

/// Time that everything has to be acknowledged and delivered in the end, as long as it goes on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time in which something would come that should not.
const AFTERMATH: Duration = Duration::from_millis(500);

/// What is done to which server.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Port of the server on this machine
    #[arg(long)]
    port: u16,
    /// Its database, where we look ourselves
    #[arg(long)]
    database: String,
    /// Time in which is talked and killed
    #[arg(long)]
    seconds: u64,
    /// Connections at the same time
    #[arg(long)]
    clients: usize,
    /// How often the server is killed
    #[arg(long)]
    kills: u32,
    /// How often its PostgreSQL is killed
    #[arg(long, default_value_t = 0)]
    postgres_kills: u32,
    #[arg(long)]
    seed: u64,
}

/// Runs it, and tells whether nothing is wrong.
pub(crate) async fn run(options: &Options) -> Result<bool> {
    let world = Arc::new(World::new(options.port, options.seed, options.clients * 2));
    let tables = Tables::open(&options.database).await?;
    let setup = Arc::clone(&world);
    let clients = options.clients;
    let (people, readers) = spawn_blocking(move || people(&setup, clients)).await??;

    let mut everybody = JoinSet::new();
    for person in people {
        if !person.talks {
            let (token, number) = (person.token.clone(), clients + person.number);
            let talker = Talker::new(Arc::clone(&world), number, token, person.conversation);
            everybody.spawn_blocking(move || talker.run());
        }
        everybody.spawn(Client::new(Arc::clone(&world), person).run());
    }
    talk(options, &world).await?;
    world.enter(Phase::Settle);
    let mut faults = settle(&world, &tables, &readers).await?;
    world.enter(Phase::End);
    let diaries = everybody.join_all().await;

    let mut logs = tables.logs().await?;
    logs.retain(|log| readers.contains_key(&log.conversation));
    let agent = rest::agent();
    for log in &mut logs {
        let (of, token) = readers[&log.conversation].clone();
        let (world, agent) = (Arc::clone(&world), agent.clone());
        log.history = spawn_blocking(move || rest::history(&world, &agent, &token, &of)).await??;
    }
    if world.recoveries().is_empty() && options.kills > 0 {
        faults.push("nothing was acknowledged after a kill".to_owned());
    }
    let evidence = evidence(diaries, logs, faults, clients);
    report(options, &world, &evidence)
}

/// For each conversation, who may read it.
type Readers = HashMap<uuid::Uuid, (Conversation, String)>;

/// Makes the places and those who talk there.
fn people(world: &World, clients: usize) -> Result<(Vec<Person>, Readers)> {
    let agent = rest::agent();
    let owner = rest::owner(world, &agent)?;
    let mut places = Vec::new();
    for number in 0..CONVERSATIONS {
        let is_session = number == CONVERSATIONS - 1;
        places.push(rest::conversation(world, &agent, &owner, is_session)?);
    }
    let person = |number: usize| -> Result<Person> {
        let conversation = places[number % CONVERSATIONS];
        // A session has one owner, who has as many devices as there are clients.
        let token =
            if conversation.is_session { Ok(owner.clone()) } else { rest::guest(world, &agent) };
        let words = if number / CONVERSATIONS % 3 == 1 { Words::Session } else { Words::Chat };
        let talks = number / CONVERSATIONS % 3 != 2;
        Ok(Person { number, token: token?, conversation, words, talks })
    };
    let people = (0..clients).map(person).collect::<Result<Vec<_>>>()?;
    let reader = |it: &Conversation| (it.id, (*it, owner.clone()));
    Ok((people, places.iter().map(reader).collect()))
}

/// Lets everybody talk for the time, and has the server killed.
async fn talk(options: &Options, world: &World) -> Result<()> {
    let whole = Duration::from_secs(options.seconds);
    let plan = plan::kills(options.seed, whole, options.kills, options.postgres_kills);
    let mut orders = orders();
    let begin = Instant::now();
    let mut plan = plan.into_iter().peekable();
    while begin.elapsed() < whole || plan.peek().is_some() {
        if let Some(kill) = plan.next_if(|it| it.at <= begin.elapsed()) {
            have_killed(&kill, world, &mut orders).await?;
        }
        progress(world, begin, "talking")?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// The lines of standard input, until it ends.
fn orders() -> UnboundedReceiver<String> {
    let (tell, told) = unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(io::Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    told
}

async fn have_killed(
    kill: &Kill,
    world: &World,
    orders: &mut UnboundedReceiver<String>,
) -> Result<()> {
    Say::Kill { victim: kill.victim, pause_ms: kill.pause.as_millis() as u64 }.say()?;
    while let Some(line) = orders.recv().await {
        match line.as_str() {
            "killed" => world.killed(),
            "up" => return Ok(()),
            other => return Err(format!("unknown order: {other}").into()),
        }
    }
    Err("there is nobody to kill the server".into())
}

/// Waits until everything is acknowledged, and everybody has heard it.
async fn settle(world: &World, tables: &Tables, places: &Readers) -> Result<Vec<String>> {
    let begin = Instant::now();
    let mut seen = (u64::MAX, Instant::now());
    while world.pending() > 0 && seen.1.elapsed() < PATIENCE {
        if world.pending() < seen.0 {
            seen = (world.pending(), Instant::now());
        }
        progress(world, begin, "settling")?;
        sleep(Duration::from_millis(50)).await;
    }
    let mut faults = Vec::new();
    if world.pending() > 0 {
        faults.push(format!("{} messages were never acknowledged", world.pending()));
    }
    // Edits and deletions of which nobody waits for the answer.
    sleep(AFTERMATH).await;
    let heads = tables.heads().await?;
    let heads: i64 = heads.iter().filter(|it| places.contains_key(it.0)).map(|it| *it.1).sum();
    let heard = || world.delivered.load(Ordering::Relaxed);
    let mut last = (heard(), Instant::now());
    while last.1.elapsed() < AFTERMATH * 4 {
        if heard() > last.0 {
            last = (heard(), Instant::now());
        }
        progress(world, begin, "settling")?;
        sleep(Duration::from_millis(50)).await;
    }
    if heads == 0 {
        faults.push("nothing was stored at all".to_owned());
    }
    Ok(faults)
}

fn progress(world: &World, begin: Instant, phase: &'static str) -> Result<()> {
    let progress = Progress {
        seconds: begin.elapsed().as_secs_f64(),
        acknowledged: world.acknowledged.load(Ordering::Relaxed),
        delivered: world.delivered.load(Ordering::Relaxed),
        phase,
    };
    Ok(Say::Progress(progress).say()?)
}

fn evidence(
    diaries: Vec<Diary>,
    logs: Vec<crate::evidence::Log>,
    faults: Vec<String>,
    clients: usize,
) -> Evidence {
    let mut evidence = Evidence { logs, faults, ..Evidence::default() };
    for diary in diaries {
        evidence.acknowledged.extend(diary.acknowledged);
        evidence.changed.extend(diary.changed);
        evidence.faults.extend(diary.faults);
        if diary.client < clients {
            evidence.listeners.push(Listener {
                client: diary.client,
                conversation: diary.conversation.id,
                heard: diary.heard,
                gaps: diary.gaps,
            });
        }
    }
    evidence
}

fn report(options: &Options, world: &World, evidence: &Evidence) -> Result<bool> {
    let can_refuse = options.postgres_kills > 0;
    let retries = if can_refuse { Retries::Anywhere } else { Retries::InOrder };
    let verdict = checker::judge(evidence, retries);
    let is_clean = verdict.is_clean();
    let gaps = evidence.listeners.iter().flat_map(|it| &it.gaps).map(|(from, to)| to - from + 1);
    let report = Report {
        acknowledged: evidence.acknowledged.len(),
        changed: evidence.changed.len(),
        stored: evidence.logs.iter().map(|it| it.messages.len()).sum(),
        delivered: evidence.listeners.iter().map(|it| it.heard.len()).sum(),
        retried: evidence.acknowledged.iter().filter(|it| it.tries > 1).count(),
        connections: world.connected.load(Ordering::Relaxed),
        told_gaps: gaps.sum(),
        recoveries_ms: world.recoveries().iter().map(|it| it.as_millis() as u64).collect(),
        verdict,
    };
    Say::Report(report).say()?;
    Ok(is_clean)
}
