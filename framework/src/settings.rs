//! The configuration sections of the framework itself.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{config::ConfigSection, http::network, listener::Patience};

/// Section `server`: where the server listens, and for whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServerConfig {
    /// Address to listen on. Default 127.0.0.1: this machine only.
    pub host: String,
    /// Port to listen on; 0 takes any free one. Default 8080.
    pub port: u16,
    /// Folder for what the server keeps: database file, secrets. Default `./data`.
    pub data_dir: PathBuf,
    /// Largest body of a request, in bytes. Default 1,048,576.
    pub max_body_size: usize,
    /// Time that open requests have to end when the server stops, in milliseconds. Default 30,000.
    pub shutdown_timeout_ms: u64,
    /// Time after which a connection is given up whose client reads nothing of what is
    /// written to it, in milliseconds. Default 20,000.
    pub write_timeout_ms: u64,
    /// Time for the head of a request, from its first byte, in milliseconds. Default 10,000. It is
    /// also the time for the first head of a connection.
    pub head_timeout_ms: u64,
    /// Time for the body of a request, or for its next 16 KiB, in milliseconds. Default 30,000.
    pub body_timeout_ms: u64,
    /// Time after which a connection is closed on which no further request comes, and nothing is
    /// written of an answer that has begun, in milliseconds. Default 75,000.
    pub idle_timeout_ms: u64,
    /// Whether `/docs`, `/openapi.json`, `/asyncapi.json` and `/socket.d.ts` are served. Default true.
    pub docs: bool,
    /// Proxies that are believed where requests come from, by `X-Forwarded-For`: addresses and
    /// networks such as `10.0.0.0/8`. Default none: the header is not read.
    pub trusted_proxies: Vec<String>,
    /// Other origins whose pages may use the server.
    pub cors: CorsConfig,
}

/// Keys `server.cors.*`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CorsConfig {
    /// Exact origins, e.g. `https://chat.example.org`. Default none: same-origin pages only.
    pub origins: Vec<String>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            data_dir: PathBuf::from("./data"),
            max_body_size: 1024 * 1024,
            shutdown_timeout_ms: 30_000,
            write_timeout_ms: 20_000,
            head_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            idle_timeout_ms: 75_000,
            docs: true,
            trusted_proxies: Vec::new(),
            cors: CorsConfig::default(),
        }
    }
}

impl ServerConfig {
    /// See [`Self::shutdown_timeout_ms`].
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }

    /// See [`Self::write_timeout_ms`].
    pub fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }

    /// See [`Self::body_timeout_ms`].
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// How long connections are kept for what their clients send.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            head: Duration::from_millis(self.head_timeout_ms),
            idle: Duration::from_millis(self.idle_timeout_ms),
        }
    }
}

impl ConfigSection for ServerConfig {
    const KEY: &'static str = "server";
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("WS_SERVER_PORT", "port"), ("ALLOWED_ORIGINS", "cors.origins")];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.cors.origins.iter().any(|it| !is_origin(it)) {
            let text = "must be exact origins like https://chat.example.org, without `*` or a path";
            problems.push(("cors.origins", text.to_owned()));
        }
        if self.trusted_proxies.iter().any(|it| network(it).is_none()) {
            let text = "must be addresses or networks like 10.0.0.0/8";
            problems.push(("trustedProxies", text.to_owned()));
        }
        if self.host.is_empty() {
            problems.push(("host", "must be an address like 127.0.0.1".to_owned()));
        }
        let times = [
            ("writeTimeoutMs", self.write_timeout_ms),
            ("headTimeoutMs", self.head_timeout_ms),
            ("bodyTimeoutMs", self.body_timeout_ms),
            ("idleTimeoutMs", self.idle_timeout_ms),
        ];
        let zero = times.into_iter().filter(|(_, time)| *time == 0);
        problems.extend(zero.map(|(key, _)| (key, "must be at least 1".to_owned())));
        problems
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '*', '?', '#'])
}

/// Section `rateLimit`: how often one may do what, 0 for as often as one likes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimitConfig {
    /// REST requests of a user, else of an address, in `windowMs`. Default 100.
    pub max_requests: u32,
    /// Period of `maxRequests`, in milliseconds. Default 60,000.
    pub window_ms: u64,
    /// Attempts a minute of an address to register, to enter as a guest or to log in, and of an
    /// account to log in. Default 10.
    pub credentials: u32,
    /// Socket.IO handshakes a minute of an address. Default 60.
    pub handshakes: u32,
    /// Events a second of a Socket.IO connection, but for signals. Default 10.
    pub events: u32,
    /// Events at once after a pause. Default 20.
    pub events_burst: u32,
    /// Signals a second of a connection, such as typing notices. Default 10.
    pub signals: u32,
    /// Signals at once after a pause. Default 20.
    pub signals_burst: u32,
    /// Protocol errors of a connection in 10 minutes at which its socket is disconnected.
    /// Default 5.
    pub protocol_errors: u32,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            max_requests: 100,
            window_ms: 60_000,
            credentials: 10,
            handshakes: 60,
            events: 10,
            events_burst: 20,
            signals: 10,
            signals_burst: 20,
            protocol_errors: 5,
        }
    }
}

impl ConfigSection for RateLimitConfig {
    const KEY: &'static str = "rateLimit";

    fn problems(&self) -> Vec<(&'static str, String)> {
        let limits = [
            ("eventsBurst", self.events, self.events_burst),
            ("signalsBurst", self.signals, self.signals_burst),
        ];
        let never = limits.into_iter().filter(|(_, rate, burst)| *rate > 0 && *burst == 0);
        let never = never.map(|(key, ..)| key);
        let no_time = Some("windowMs").filter(|_| self.max_requests > 0 && self.window_ms == 0);
        never.chain(no_time).map(|key| (key, "must be at least 1".to_owned())).collect()
    }
}

/// Section `websocket`: limits of a live connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebsocketConfig {
    /// Time between two pings, in milliseconds. Default 25,000.
    pub ping_interval_ms: u64,
    /// Time a client has to answer a ping, in milliseconds. Default 20,000.
    pub ping_timeout_ms: u64,
    /// Time a client has to connect to a namespace, in milliseconds. Default 10,000.
    pub connect_timeout_ms: u64,
    /// Largest packet of a client, on polling and WebSocket alike, in bytes. Default 1,000,000.
    pub max_http_buffer_size: usize,
    /// How packets are written, for all clients of the server. Default `default`.
    pub parser: Parser,
    /// Packets that may wait for a client that reads slowly. Default 8,192.
    pub send_queue_size: usize,
    /// Whether a module that has the official client's files serves them, as
    /// `/socket.io/socket.io.js` and the like. Default true.
    pub serve_client: bool,
    /// How clients are recovered that lose their connection.
    pub recovery: RecoveryConfig,
}

/// Key `websocket.parser`: how packets of Socket.IO are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parser {
    /// As clients write them that are not told otherwise: text, and binary parts after it.
    #[default]
    Default,
    /// As clients write them whose option `parser` is `socket.io-msgpack-parser`: MessagePack.
    /// Others are refused, and so are clients of Socket.IO 2.
    Msgpack,
}

/// Keys `websocket.recovery.*`: what is kept for clients that lose their connection and come back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecoveryConfig {
    /// Time after which a client that lost its connection comes back as a new one, in
    /// milliseconds. Default 0: it always does, and no event has one more argument.
    pub max_disconnection_ms: u64,
    /// Events that are kept in a namespace. Default 50,000.
    pub max_events: usize,
    /// What these may take in memory, in bytes, about. Default 33,554,432.
    pub max_bytes: usize,
    /// Sockets of a namespace that may be away. Default 10,000: then the one is forgotten that
    /// has been away for the longest time.
    pub max_sessions: usize,
}

impl Default for RecoveryConfig {
    fn default() -> Self {
        Self {
            max_disconnection_ms: 0,
            max_events: 50_000,
            max_bytes: 32 * 1024 * 1024,
            max_sessions: 10_000,
        }
    }
}

impl Default for WebsocketConfig {
    fn default() -> Self {
        Self {
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            connect_timeout_ms: 10_000,
            max_http_buffer_size: 1_000_000,
            parser: Parser::Default,
            send_queue_size: 8_192,
            serve_client: true,
            recovery: RecoveryConfig::default(),
        }
    }
}

impl ConfigSection for WebsocketConfig {
    const KEY: &'static str = "websocket";

    fn problems(&self) -> Vec<(&'static str, String)> {
        let counts = [
            ("pingIntervalMs", self.ping_interval_ms),
            ("pingTimeoutMs", self.ping_timeout_ms),
            ("connectTimeoutMs", self.connect_timeout_ms),
            ("maxHttpBufferSize", self.max_http_buffer_size as u64),
            ("sendQueueSize", self.send_queue_size as u64),
            ("recovery.maxEvents", self.recovery.max_events as u64),
            ("recovery.maxBytes", self.recovery.max_bytes as u64),
            ("recovery.maxSessions", self.recovery.max_sessions as u64),
        ];
        let zero = counts.into_iter().filter(|(_, count)| *count == 0);
        zero.map(|(key, _)| (key, "must be at least 1".to_owned())).collect()
    }
}
