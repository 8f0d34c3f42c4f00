//! The answer to a REST request.

use axum::{
    body::Bytes,
    http::{HeaderMap, Response},
};
use http_body_util::BodyExt;
use hyper::body::Body;
use serde_json::Value;

/// The answer to a [`Request`](super::Request), read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers, with names in small letters.
    pub headers: HeaderMap,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
    /// The body as text, with U+FFFD in the place of what is not UTF-8.
    pub text: String,
}

impl Answer {
    /// The body as JSON, `null` if it is none.
    ///
    /// # Panics
    ///
    /// If the status is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert!(self.status == status, "{} instead of {status}: {}", self.status, self.text);
        self.body
    }

    /// Status and body of a refusal, without what differs from one to the next, so that two of
    /// them can be compared: `timestamp` and `request_id`.
    ///
    /// # Panics
    ///
    /// If the body does not have the form that the framework gives to refusals.
    #[track_caller]
    pub fn refusal(mut self) -> (u16, Value) {
        let varying = self.body.as_object_mut().and_then(|body| {
            body.remove("timestamp")?;
            body.remove("request_id")
        });
        assert!(varying.is_some(), "{} is no refusal: {}", self.status, self.text);
        (self.status, self.body)
    }

    /// The value of a header, the first one if there are several.
    ///
    /// # Panics
    ///
    /// If there is none, or none that is text.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_else(|| panic!("no `{name}` in {:?}", self.headers))
    }

    pub(super) async fn read<B>(
        response: Response<B>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>>
    where
        B: Body<Data = Bytes>,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await?.to_bytes();
        Ok(Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}
