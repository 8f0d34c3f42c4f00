//! The request that opens a session, which is kept for as long as the session lives.

use axum::{
    body::Bytes,
    extract::OriginalUri,
    http::{HeaderValue, Request, Uri},
};

/// Copies the request's address and headers. They are slices of what was read from the
/// connection, so that any of them would keep all of that buffer: 8 KiB for each session.
pub(super) fn detach<B>(request: &mut Request<B>) {
    // axum's copy of the address, which no router has changed on the way here.
    request.extensions_mut().remove::<OriginalUri>();

    let address = request.uri().to_string();
    let length: usize = request.headers().values().map(HeaderValue::len).sum();
    let mut copy = Vec::with_capacity(address.len() + length);
    copy.extend_from_slice(address.as_bytes());
    for value in request.headers().values() {
        copy.extend_from_slice(value.as_bytes());
    }
    let (copy, mut begin) = (Bytes::from(copy), address.len());
    // What was valid is valid again; if it were not, the slice would do.
    if let Ok(address) = Uri::from_maybe_shared(copy.slice(..begin)) {
        *request.uri_mut() = address;
    }
    for value in request.headers_mut().values_mut() {
        let end = begin + value.len();
        if let Ok(mut copied) = HeaderValue::from_maybe_shared(copy.slice(begin..end)) {
            copied.set_sensitive(value.is_sensitive());
            *value = copied;
        }
        begin = end;
    }
    // What was read had room for more than what is left.
    let headers = request.headers().clone();
    *request.headers_mut() = headers;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_stays_as_it_was_and_lets_go_of_the_buffer() {
        let buffer = Bytes::from(b"/socket.io/?EIO=4&token=tADAa; b=c".to_vec());
        let slice = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
        let mut secret = slice(28..34);
        secret.set_sensitive(true);
        let request = || {
            let address = Uri::from_maybe_shared(buffer.slice(..25)).unwrap();
            let request = Request::get(address.clone()).extension(OriginalUri(address));
            let request = request.header("x-name", slice(25..28)).header("x-name", slice(0..7));
            request.header("cookie", secret.clone()).header("x-none", "").body(()).unwrap()
        };
        let (mut kept, before) = (request(), request());

        detach(&mut kept);

        assert_eq!((kept.uri(), kept.headers()), (before.uri(), before.headers()));
        assert!(
            kept.headers()["cookie"].is_sensitive() && !kept.headers()["x-name"].is_sensitive()
        );
        drop((before, secret));
        assert!(buffer.is_unique(), "a part of the request is a slice of what was read");
    }
}
