//! Ports for servers that are killed and come back.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process;

/// Ports that no system gives to outgoing connections by itself.
///
/// Whoever tries to reach a server that is down, on a port that the system may give away, is in
/// the end given that very port: the connection is then to itself, and keeps the server out.
const RANGE: std::ops::Range<u32> = 20_000..30_000;

/// A port on which nobody listens; another one for each process that asks at the same time.
pub(crate) fn free() -> io::Result<u16> {
    let count = RANGE.end - RANGE.start;
    let first = process::id().wrapping_mul(97) % count;
    let ports = (0..count).map(|it| RANGE.start + (first + it) % count);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let free = ports.filter_map(|it| u16::try_from(it).ok()).find(is_free);
    free.ok_or_else(|| io::Error::other("no free port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_free() {
        let port = free().expect("a port");
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free");
        assert_ne!(free().expect("a port"), port);
    }
}
