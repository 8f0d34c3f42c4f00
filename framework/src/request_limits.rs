//! How many requests somebody may send: those over the limit are refused before any route.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State},
    http::{Extensions, HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    connection::is_socket_io,
    error::ClientError,
    http::Forwarded,
    listener::Peer,
    rate_limit::{Allowance, RateLimit},
    settings::RateLimitConfig,
};

/// Headers that say what is left of a limit.
pub(crate) const HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

/// Paths that operators' programs ask.
const OPERATORS: [&str; 2] = ["/health", "/metrics"];

/// Period of all limits but `rateLimit.maxRequests`, which has its own.
const MINUTE: Duration = Duration::from_secs(60);

/// Tells who sends a request, so that requests are counted by user and not by address.
pub trait Identify: Send + Sync + 'static {
    /// The user; none if the request does not prove who it is. What was found out may be left in
    /// the request's extensions for its extractors.
    fn user_of(&self, request: &mut Parts) -> Option<String>;
}

/// The limits of requests, and who they are counted for.
pub(crate) struct RequestLimits {
    requests: RateLimit,
    handshakes: RateLimit,
    /// Handshakes over the limit that are refused in Socket.IO's words.
    told: RateLimit,
    identity: Option<Arc<dyn Identify>>,
    /// Paths of the documented routes. Files are not among them.
    paths: BTreeSet<String>,
}

impl RequestLimits {
    pub(crate) fn new(
        config: &RateLimitConfig,
        identity: Option<Arc<dyn Identify>>,
        paths: BTreeSet<String>,
    ) -> Self {
        let window = Duration::from_millis(config.window_ms);
        Self {
            requests: RateLimit::new(config.max_requests, window),
            handshakes: RateLimit::new(config.handshakes, MINUTE),
            told: RateLimit::new(config.handshakes, MINUTE),
            identity,
            paths,
        }
    }

    /// Whether the request goes to a REST route, or to none at all. What operators' programs ask
    /// again and again is not counted.
    fn counts(&self, parts: &Parts) -> bool {
        if OPERATORS.iter().any(|it| parts.uri.path().starts_with(it)) {
            return false;
        }
        let path = parts.extensions.get::<MatchedPath>();
        path.is_none_or(|it| self.paths.contains(it.as_str()))
    }
}

/// Left in the request of a handshake that comes too soon: its sockets are refused with this.
#[derive(Debug, Clone)]
pub(crate) struct TooSoon(pub(crate) ClientError);

/// Counts a request, and refuses those that are too many.
pub(crate) async fn limit_requests(
    State(limits): State<Arc<RequestLimits>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let address = ClientAddress::of(&parts);
    if is_socket_io(parts.uri.path()) {
        let query = parts.uri.query().unwrap_or_default();
        // What follows a handshake has the session's id.
        let begins = !query.split('&').any(|it| it.starts_with("sid="));
        if begins && let Err(refused) = limits.handshakes.take(address) {
            let refusal = ClientError::from(refused);
            // As many again may open a connection to be told. For more than that, it would cost
            // what the limit is to save.
            if limits.told.take(address).is_err() {
                return refusal.into_response();
            }
            parts.extensions.insert(TooSoon(refusal));
        }
        return next.run(Request::from_parts(parts, body)).await;
    }
    if limits.requests.is_off() || !limits.counts(&parts) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let user = limits.identity.as_ref().and_then(|it| it.user_of(&mut parts));
    let taken = match user {
        Some(user) => limits.requests.take(user),
        None => limits.requests.take(address),
    };
    let (allowance, mut response) = match taken {
        Ok(allowance) => (allowance, next.run(Request::from_parts(parts, body)).await),
        Err(refused) => (Some(refused.allowance), ClientError::from(refused).into_response()),
    };
    if let Some(allowance) = allowance {
        tell(allowance, &mut response);
    }
    response
}

fn tell(Allowance { limit, remaining, full_in }: Allowance, response: &mut Response) {
    let seconds = full_in.as_secs_f64().ceil() as u64;
    let values = [limit.into(), remaining.into(), seconds];
    for (name, value) in HEADERS.into_iter().zip(values) {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
}

/// Where a request comes from, as far as limits go: an IPv4 address, or the network of an IPv6
/// one, since whoever has one of its addresses has all. None where there is no connection.
///
/// Behind a proxy of `server.trustedProxies` it is the address that the proxy tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// Where a request comes from, such as the one that opened a socket's connection:
    /// `ClientAddress::of(socket.req_parts())`.
    pub fn of(parts: &Parts) -> Self {
        Self(client_address(&parts.extensions).map(network))
    }
}

/// The whole address that a request comes from.
pub(crate) fn client_address(of_request: &Extensions) -> Option<IpAddr> {
    let forwarded = of_request.get::<Forwarded>().map(|it| it.0);
    let peer = || Some(of_request.get::<ConnectInfo<Peer>>()?.0.address.ip().to_canonical());
    forwarded.or_else(peer)
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_many_addresses_is_one() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8::1"), address("2001:db8::2:3"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }
}
