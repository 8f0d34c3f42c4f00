//! A robot behind HTTP that speaks OpenAI's chat completions.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header, redirect::Policy};

use crate::{
    completion::{self, Request, Said},
    config::RobotConfig,
    mind::{End, Failure, Mind, Parts, Question},
    sse::EventStream,
};

/// Time to reach the server, at most.
const CONNECT: Duration = Duration::from_secs(10);

/// Largest answer of a server that says all at once.
const MAX_BODY: usize = 1024 * 1024;

/// Asks a server.
pub(crate) struct HttpMind {
    client: Client,
    url: Url,
    config: RobotConfig,
}

impl HttpMind {
    /// Makes ready to ask; asks nothing yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the address, or with the certificates of the machine.
    pub(crate) fn open(config: &RobotConfig) -> Result<Self, String> {
        let url = format!("{}/chat/completions", config.url.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| format!("`url` is no address: {error}"))?;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            // The key is for this server, and for no other that it names.
            .redirect(Policy::none())
            // What the environment says of proxies is for other programs.
            .no_proxy()
            .user_agent(concat!("hornero/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("cannot ask by HTTP: {error}"))?;
        Ok(Self { client, url, config: config.clone() })
    }

    fn request(&self, question: &Question) -> Result<RequestBuilder, Failure> {
        let body = Request::new(&self.config.model, &self.config.system_prompt, question);
        let body = serde_json::to_vec(&body).map_err(|_| Failure::Lost)?;
        let request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(body);
        Ok(match self.config.api_key.as_str() {
            "" => request,
            key => request.bearer_auth(key),
        })
    }
}

#[async_trait]
impl Mind for HttpMind {
    async fn answer(&self, question: &Question, parts: &mut Parts) -> Result<End, Failure> {
        let response = self.request(question)?.send().await.map_err(|error| {
            // Not the error itself: its text has the address, in which a key may stand.
            tracing::warn!(timeout = error.is_timeout(), "A robot cannot be reached");
            Failure::Down
        })?;
        let status = response.status();
        if !status.is_success() {
            tracing::warn!(%status, "A robot answers {status}");
            return Err(match status {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Failure::Busy,
                it if it.is_client_error() || it.is_redirection() => Failure::Refused,
                _ => Failure::Down,
            });
        }
        let kind = response.headers().get(header::CONTENT_TYPE);
        let is_json = kind.is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
        if is_json { whole(response, parts).await } else { stream(response, parts).await }
    }
}

/// Reads the answer of a server that streams.
async fn stream(mut response: Response, parts: &mut Parts) -> Result<End, Failure> {
    let mut events = EventStream::default();
    let mut ended = None;
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Broken)? {
        for data in events.push(&chunk)? {
            if data.trim() == "[DONE]" {
                return Ok(ended.unwrap_or(End::Whole));
            }
            let Said { part, end } = completion::read(&data)?;
            parts.say(part).await;
            ended = ended.or(end);
        }
    }
    for data in events.end()? {
        let Said { part, end } = completion::read(&data)?;
        parts.say(part).await;
        ended = ended.or(end);
    }
    // Without a word that this was all, the connection was lost.
    ended.ok_or(Failure::Broken)
}

/// Reads the answer of a server that says all at once.
async fn whole(mut response: Response, parts: &mut Parts) -> Result<End, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(Failure::Garbled);
        }
    }
    let text = String::from_utf8(body).map_err(|_| Failure::Garbled)?;
    let Said { part, end } = completion::read(&text)?;
    parts.say(part).await;
    Ok(end.unwrap_or(End::Whole))
}
