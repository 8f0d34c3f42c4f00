//! Where a request comes from that a proxy has passed on.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::{ConnectInfo, Request},
    http::HeaderMap,
};
use ipnet::IpNet;
use tower::{Layer, Service};

use crate::listener::Peer;

/// Most proxies that a request may have come through.
const MAX_PROXIES: usize = 32;

/// The address that our proxies say a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarded(pub(crate) IpAddr);

/// A network, or one address, as it is configured.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().map(IpNet::from).ok())
}

/// Notes where requests come from that our proxies have passed on: [`Forwarded`].
#[derive(Clone)]
pub(super) struct ProxyLayer(Arc<[IpNet]>);

impl ProxyLayer {
    /// None where there are no proxies: then anybody may write the header, and nobody reads it.
    pub(super) fn of(proxies: &[String]) -> Option<Self> {
        let proxies: Arc<[_]> = proxies.iter().filter_map(|it| network(it)).collect();
        (!proxies.is_empty()).then_some(Self(proxies))
    }
}

impl<S> Layer<S> for ProxyLayer {
    type Service = BehindProxies<S>;

    fn layer(&self, inner: S) -> BehindProxies<S> {
        BehindProxies { inner, proxies: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
pub(super) struct BehindProxies<S> {
    inner: S,
    proxies: Arc<[IpNet]>,
}

impl<S: Service<Request>> Service<Request> for BehindProxies<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> S::Future {
        if let Some(peer) = request.extensions().get::<ConnectInfo<Peer>>() {
            let peer = peer.0.address.ip();
            let from = origin(peer, request.headers(), &self.proxies);
            request.extensions_mut().insert(Forwarded(from));
        }
        self.inner.call(request)
    }
}

/// The first address from the right that is no proxy of ours. Each proxy adds on the right whom it
/// was asked by, so what is left of that address, the client may have made up.
fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |it: &IpAddr| proxies.iter().any(|net| net.contains(it));
    let mut from = peer.to_canonical();
    let lines = headers.get_all("x-forwarded-for").into_iter().rev();
    let mut told = lines.flat_map(|it| it.as_bytes().rsplit(|it| *it == b','));
    for _ in 0..MAX_PROXIES {
        if !is_proxy(&from) {
            break;
        }
        // Behind what is no address, the proxy that has told it is all that is known.
        let Some(address) = told.next().and_then(address) else { break };
        from = address;
    }
    from
}

/// An address, perhaps with a port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|it: SocketAddr| it.ip()));
    address.ok().map(|it: IpAddr| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn from(peer: &str, lines: &[&[u8]]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"].map(|it| network(it).unwrap());
        let lines = lines.iter().map(|it| HeaderValue::from_bytes(it).unwrap());
        let headers = lines.map(|it| (axum::http::HeaderName::from_static("x-forwarded-for"), it));
        origin(peer.parse().unwrap(), &headers.collect(), &proxies).to_string()
    }

    #[test]
    fn only_proxies_are_believed_and_what_they_have_added_themselves() {
        assert_eq!(from("203.0.113.9", &[b"198.51.100.1"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &[b"198.51.100.1"]), "198.51.100.1");
        assert_eq!(from("::ffff:10.0.0.1", &[b"::ffff:198.51.100.1"]), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &[b"6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &[b"6.6.6.6", b"198.51.100.1,fd00::2"]), "198.51.100.1");
        assert_eq!(from("192.0.2.7", &[b"198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(from("192.0.2.8", &[b"198.51.100.1"]), "192.0.2.8");
        assert_eq!(from("fd00::1", &[b"[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(from("fd00::1", &[b"[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(from("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_ends_what_is_known() {
        for garbage in [&b"unknown"[..], b"", b",", b"1.2.3.4.5", b"\xff\xfe", b"1.2.3.4;5"] {
            assert_eq!(from("10.0.0.1", &[garbage]), "10.0.0.1", "{garbage:?}");
            let line = [b"6.6.6.6,", garbage, b", 10.0.0.2"].concat();
            assert_eq!(from("10.0.0.1", &[&line]), "10.0.0.2", "{garbage:?}");
        }
        let endless = "10.0.0.2,".repeat(10_000) + "10.0.0.3";
        assert_eq!(from("10.0.0.1", &[endless.as_bytes()]), "10.0.0.2");
    }
}
