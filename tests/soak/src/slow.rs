//! One client that never reads among many: the others must not notice, and the server must not
//! keep what it cannot send.

use std::{
    fs, io,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    rest::{self, Result},
    socket::{Packet, Socket},
    world::{Conversation, World},
};

/// Messages a second, and bytes of each: what the system keeps for a connection is full soon.
const RATE: u64 = 50;
const BYTES: usize = 4_000;

/// Time for which the others are watched alone, and afterwards with one that never reads.
const ALONE: Duration = Duration::from_secs(10);

/// Longest time until the one that never reads is put out.
const PATIENCE: Duration = Duration::from_secs(100);

/// Time for the last message to arrive.
const FAREWELL: Duration = Duration::from_secs(10);

/// More than that is not noise: the machine has other work, too.
const NOISE: Duration = Duration::from_millis(25);

/// What the server may keep for one that never reads, in MiB: twice its queue.
const KEPT_MIB: f64 = 64.0;

/// Which server, and how many listen.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Port of the server on this machine
    #[arg(long)]
    port: u16,
    /// Its process, whose memory counts
    #[arg(long)]
    pid: u32,
    /// Members of the room, of whom one never reads
    #[arg(long)]
    clients: usize,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct SlowReport {
    messages: u64,
    delivered: u64,
    /// 99th percentile of the time from sending to hearing, in ms.
    p99_alone_ms: f64,
    p99_beside_ms: f64,
    /// Seconds until the one that never reads was put out.
    put_out_after_s: Option<f64>,
    memory_before_mib: f64,
    memory_most_mib: f64,
    /// What must not be.
    faults: Vec<String>,
}

/// Somebody has heard a message: who, its number, and how long it has taken.
struct Hearing {
    who: usize,
    seq: i64,
    at: Instant,
    took: Duration,
}

/// What the listeners tell.
enum Told {
    Heard(Hearing),
    /// A user has no socket any more.
    Left(String),
}

/// Runs it, and tells whether nothing is wrong.
pub(crate) async fn run(options: &Options) -> Result<bool> {
    let world = Arc::new(World::new(options.port, 0, 0));
    let (setup, readers) = (Arc::clone(&world), options.clients - 1);
    let (room, sleeper, tokens) = spawn_blocking(move || people(&setup, readers)).await??;

    let begin = Instant::now();
    let (tell, mut told) = unbounded_channel();
    let mut listeners = JoinSet::new();
    for (who, token) in tokens.iter().enumerate() {
        let socket = join(&world, token, room).await?;
        listeners.spawn(listen(socket, who, begin, tell.clone()));
    }
    let mut sender = join(&world, &tokens[0], room).await?;
    let memory_before_mib = memory(options.pid)?;
    let (mut sleeping, mut slept_at) = (None, None);
    let (mut hearings, mut left_at) = (Vec::new(), None);
    let (mut messages, mut memory_most_mib) = (0, memory_before_mib);
    let mut clock = interval(Duration::from_millis(1_000 / RATE));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // As long again as alone, after the sleeper is out, too: then it has cost nothing for good.
    let is_over = |left_at: &Option<Instant>, slept_at: &Option<Instant>| match (left_at, slept_at)
    {
        (Some(left), _) => left.elapsed() > ALONE / 2,
        (None, Some(slept)) => slept.elapsed() > PATIENCE,
        (None, None) => false,
    };
    while !is_over(&left_at, &slept_at) {
        tokio::select! {
            _ = clock.tick() => {
                if sleeping.is_none() && begin.elapsed() > ALONE {
                    let auth = json!({ "token": sleeper.0 });
                    let socket = Socket::connect_narrow(world.port, "/chat,", &auth).await?;
                    sleeping = Some(join_by(socket, room).await?);
                    slept_at = Some(Instant::now());
                }
                send(&mut sender, room, begin).await?;
                messages += 1;
                if messages % RATE == 0 {
                    memory_most_mib = memory(options.pid)?.max(memory_most_mib);
                }
            }
            packet = sender.next() => drop(packet?),
            Some(it) = told.recv() => match it {
                Told::Heard(hearing) => hearings.push(hearing),
                Told::Left(user) if user == sleeper.1 => {
                    left_at.get_or_insert_with(Instant::now);
                }
                Told::Left(_) => {}
            },
        }
    }
    let deadline = Instant::now() + FAREWELL;
    while hearings.len() as u64 != messages * readers as u64 && Instant::now() < deadline {
        while let Ok(it) = told.try_recv() {
            hearings.extend(if let Told::Heard(hearing) = it { Some(hearing) } else { None });
        }
        sleep(Duration::from_millis(20)).await;
    }
    drop(sleeping);

    let slept = slept_at.unwrap_or(begin);
    let report = SlowReport {
        messages,
        delivered: hearings.len() as u64,
        p99_alone_ms: p99(hearings.iter().filter(|it| it.at < slept)),
        p99_beside_ms: p99(hearings.iter().filter(|it| it.at >= slept)),
        put_out_after_s: left_at.map(|it| (it - slept).as_secs_f64()),
        memory_before_mib,
        memory_most_mib,
        faults: Vec::new(),
    };
    let report = SlowReport { faults: report.faults(&hearings, readers), ..report };
    println!("{}", serde_json::to_string(&report)?);
    Ok(report.faults.is_empty())
}

impl SlowReport {
    fn faults(&self, hearings: &[Hearing], readers: usize) -> Vec<String> {
        let mut faults = Vec::new();
        let mut heads = vec![0; readers];
        for hearing in hearings {
            let head: &mut i64 = &mut heads[hearing.who];
            if hearing.seq != *head + 1 {
                let (who, seq) = (hearing.who, hearing.seq);
                faults.push(format!("client {who} heard message {seq} after {head}"));
            }
            *head = hearing.seq;
        }
        for (who, head) in heads.iter().enumerate().filter(|it| *it.1 != self.messages as i64) {
            faults.push(format!("client {who} heard {head} of {} messages", self.messages));
        }
        let most = self.p99_alone_ms * 2.0 + NOISE.as_secs_f64() * 1e3;
        if self.p99_beside_ms > most {
            faults.push(format!("p99 is {} ms beside the slow one", self.p99_beside_ms));
        }
        if self.put_out_after_s.is_none() {
            faults.push("the client that never reads was not put out".to_owned());
        }
        if self.memory_most_mib > self.memory_before_mib + KEPT_MIB {
            faults.push(format!("the server took {:.0} MiB", self.memory_most_mib));
        }
        faults
    }
}

/// The room, the token and id of the one that never reads, and the tokens of the others.
fn people(world: &World, readers: usize) -> Result<(Conversation, (String, String), Vec<String>)> {
    let agent = rest::agent();
    let owner = rest::owner(world, &agent)?;
    let room = rest::conversation(world, &agent, &owner, false)?;
    let sleeper = rest::guest(world, &agent)?;
    let url = world.url("/auth/me");
    let me = agent.get(&url).header("Authorization", format!("Bearer {sleeper}")).call()?;
    let me: Value = me.into_body().read_json()?;
    let id = me["id"].as_str().ok_or_else(|| format!("no user: {me}"))?.to_owned();
    let tokens = (0..readers).map(|_| rest::guest(world, &agent)).collect::<Result<_>>()?;
    Ok((room, (sleeper, id), tokens))
}

/// Connects, and joins the room. Later packets are left to whoever reads them.
async fn join(world: &World, token: &str, room: Conversation) -> io::Result<Socket> {
    let socket = Socket::connect(world.port, "/chat,", &json!({ "token": token })).await?;
    join_by(socket, room).await
}

async fn join_by(mut socket: Socket, room: Conversation) -> io::Result<Socket> {
    let id = socket.emit("chat:room:join", &json!({ "roomId": room.id })).await?;
    loop {
        match socket.next().await? {
            Packet::Ack(it, answer) if it == id && answer["status"] == "ok" => return Ok(socket),
            Packet::Ack(_, answer) => return Err(io::Error::other(format!("refused: {answer}"))),
            Packet::Event(..) => {}
        }
    }
}

async fn send(socket: &mut Socket, room: Conversation, begin: Instant) -> io::Result<()> {
    let content = "x".repeat(BYTES);
    let sent = begin.elapsed().as_micros().to_string();
    let message = json!({ "roomId": room.id, "content": content, "clientMessageId": sent });
    socket.emit("chat:message:send", &message).await.map(drop)
}

/// Tells what is heard, as long as the connection is open.
async fn listen(mut socket: Socket, who: usize, begin: Instant, tell: UnboundedSender<Told>) {
    while let Ok(packet) = socket.next().await {
        let at = Instant::now();
        let Packet::Event(event, data) = packet else { continue };
        let told = match event.as_str() {
            "chat:message:received" => {
                let sent = data["clientMessageId"].as_str().and_then(|it| it.parse().ok());
                let sent = Duration::from_micros(sent.unwrap_or_default());
                let took = (at - begin).saturating_sub(sent);
                Told::Heard(Hearing { who, seq: data["seq"].as_i64().unwrap_or(0), at, took })
            }
            "chat:system:notification" if data["type"] == "user_left" => {
                Told::Left(data["userId"].as_str().unwrap_or_default().to_owned())
            }
            _ => continue,
        };
        if tell.send(told).is_err() {
            return;
        }
    }
}

/// In milliseconds; 0 of none.
fn p99<'a>(hearings: impl Iterator<Item = &'a Hearing>) -> f64 {
    let mut times: Vec<_> = hearings.map(|it| it.took).collect();
    times.sort_unstable();
    times.get(times.len() * 99 / 100).map_or(0.0, |it| it.as_secs_f64() * 1e3)
}

/// Memory of a process that is resident, in MiB.
fn memory(pid: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib: Option<f64> = line.and_then(|it| it.trim().split(' ').next()?.parse().ok());
    kib.map(|it| it / 1024.0).ok_or_else(|| io::Error::other("/proc says nothing of the memory"))
}
