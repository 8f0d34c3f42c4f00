//! How much goes through Socket.IO's connections.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::metrics::Metrics;

/// What Socket.IO's clients have sent and been sent since the start. A provider in every module.
///
/// Bytes are those of WebSocket frames and of polling bodies; packets are Engine.IO's, so pings
/// and binary parts are some, too.
#[derive(Debug, Default)]
pub struct Traffic {
    pub(super) received: Counter,
    pub(super) sent: Counter,
}

/// An amount of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Bytes, without heads of HTTP and whatever lies below.
    pub bytes: u64,
    /// Packets of Engine.IO.
    pub packets: u64,
}

/// In a cache line of its own: connections count at the same time.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Counter {
    bytes: AtomicU64,
    packets: AtomicU64,
}

impl Traffic {
    /// What clients have sent.
    pub fn received(&self) -> Volume {
        self.received.volume()
    }

    /// What clients have been sent.
    pub fn sent(&self) -> Volume {
        self.sent.volume()
    }
}

impl Traffic {
    /// Lets the metrics tell of it, too.
    pub(crate) fn told_by(self: &Arc<Self>, metrics: &Metrics) {
        let counter = |name, help| metrics.counter(name, help, &[("door", "socketio")]);
        let packets = "Packets that clients have sent, pings among them";
        let messages = counter("gateway_messages_in_total", packets);
        let packets = "Packets that clients have been sent, pings among them";
        let deliveries = counter("gateway_deliveries_total", packets);
        let received = counter("gateway_received_bytes_total", "Bytes that clients have sent");
        let sent = counter("gateway_sent_bytes_total", "Bytes that clients have been sent");
        let traffic = Arc::clone(self);
        metrics.sample(move || {
            messages.absolute(traffic.received().packets);
            deliveries.absolute(traffic.sent().packets);
            received.absolute(traffic.received().bytes);
            sent.absolute(traffic.sent().bytes);
        });
    }
}

impl Counter {
    pub(super) fn add(&self, bytes: usize, packets: u64) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        if packets > 0 {
            self.packets.fetch_add(packets, Relaxed);
        }
    }

    fn volume(&self) -> Volume {
        Volume { bytes: self.bytes.load(Relaxed), packets: self.packets.load(Relaxed) }
    }
}
