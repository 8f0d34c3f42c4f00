//! Whose page sends a request, and which pages may connect.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{
        HeaderMap,
        header::{HOST, ORIGIN},
    },
    response::{IntoResponse, Response},
};
use futures_util::future::Either;
use tower::{Layer, Service};

use super::is_socket_io;
use crate::error::{ClientError, ErrorKind};

/// Where a request's page comes from, as far as its headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// A page of this server, or of an origin in `server.cors.origins`.
    Trusted,
    /// A page of any other origin. A cookie does not make such a request do anything.
    Foreign,
    /// No browser says so: a native client, or a request that browsers send without an origin.
    Unknown,
}

/// Refuses WebSocket upgrades and Socket.IO requests of foreign pages, and notes the
/// [`Site`] of all others for those who read cookies.
///
/// Browsers send cookies along with a foreign page's WebSocket and let it read the
/// answers: CORS does not cover it.
#[derive(Clone)]
pub(super) struct OriginLayer(pub(super) Arc<Vec<String>>);

impl<S> Layer<S> for OriginLayer {
    type Service = OriginCheck<S>;

    fn layer(&self, inner: S) -> OriginCheck<S> {
        OriginCheck { inner, origins: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
pub(super) struct OriginCheck<S> {
    inner: S,
    origins: Arc<Vec<String>>,
}

impl<S> Service<Request> for OriginCheck<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let site = site_of(request.headers(), &self.origins);
        let upgrade = request.headers().contains_key("upgrade");
        if site == Site::Foreign && (upgrade || is_socket_io(&request)) {
            let text = "Pages of this origin may not connect; see server.cors.origins";
            let refusal = ClientError::new(ErrorKind::Forbidden, text);
            return Either::Left(ready(Ok(refusal.into_response())));
        }
        request.extensions_mut().insert(site);
        Either::Right(self.inner.call(request))
    }
}

fn site_of(headers: &HeaderMap, origins: &[String]) -> Site {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    if let Some(origin) = headers.get(ORIGIN) {
        let Ok(origin) = origin.to_str() else { return Site::Foreign };
        let host = origin.split_once("://").map(|(_, host)| host);
        let same = host.is_some() && host == text(HOST.as_str());
        let listed = origins.iter().any(|it| it.eq_ignore_ascii_case(origin));
        return if same || listed { Site::Trusted } else { Site::Foreign };
    }
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => Site::Trusted,
        Some(_) => Site::Foreign,
        None => Site::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn site(headers: &[(&'static str, &'static str)]) -> Site {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        site_of(&headers.collect(), &["https://app.example".to_owned()])
    }

    #[test]
    fn only_exact_origins_are_trusted() {
        let host = ("host", "chat.example:8080");
        for (origin, expected) in [
            ("http://chat.example:8080", Site::Trusted),
            ("https://app.example", Site::Trusted),
            ("http://chat.example", Site::Foreign),
            ("http://chat.example:8081", Site::Foreign),
            ("https://app.example.evil", Site::Foreign),
            ("https://evil-app.example", Site::Foreign),
            ("null", Site::Foreign),
        ] {
            assert_eq!(site(&[host, ("origin", origin)]), expected, "{origin}");
        }
    }

    #[test]
    fn without_origin_the_browser_may_still_tell() {
        assert_eq!(site(&[("sec-fetch-site", "same-origin")]), Site::Trusted);
        assert_eq!(site(&[("sec-fetch-site", "cross-site")]), Site::Foreign);
        assert_eq!(site(&[("sec-fetch-site", "same-site")]), Site::Foreign);
        assert_eq!(site(&[]), Site::Unknown);
    }
}
