//! Requests: people and places come to be, and what is told by REST is read.

use std::{error::Error, time::Duration};

use serde_json::{Value, json};
use ureq::Agent;
use uuid::Uuid;

use crate::{
    diary,
    world::{Conversation, World},
};

/// A result whose error is a sentence for people.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Messages of one page.
const PAGE: usize = 100;

/// An agent whose answers have a status, whatever it is.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder();
    config.timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

/// Sends JSON by POST or PUT; returns the status and the JSON that comes back.
pub(crate) fn send(
    agent: &Agent,
    (method, url): (&str, &str),
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<(u16, Value)> {
    let mut request = if method == "PUT" { agent.put(url) } else { agent.post(url) };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send_json(body)?;
    Ok((answer.status().as_u16(), answer.into_body().read_json()?))
}

/// Sends DELETE; returns the status.
pub(crate) fn delete(agent: &Agent, url: &str, token: &str) -> Result<u16> {
    let request = agent.delete(url).header("Authorization", format!("Bearer {token}"));
    Ok(request.call()?.status().as_u16())
}

/// The token of a new guest.
pub(crate) fn guest(world: &World, agent: &Agent) -> Result<String> {
    enter(world, agent, "/auth/guest", &json!({}))
}

/// The token of somebody who may make rooms.
pub(crate) fn owner(world: &World, agent: &Agent) -> Result<String> {
    let body = json!({
        "email": format!("{}@example.org", Uuid::new_v4()),
        "password": Uuid::new_v4().to_string(),
        "displayName": "Owner",
    });
    enter(world, agent, "/auth/register", &body)
}

fn enter(world: &World, agent: &Agent, path: &str, body: &Value) -> Result<String> {
    let (_, answer) = send(agent, ("POST", &world.url(path)), &[], body)?;
    let token = answer["accessToken"].as_str().ok_or_else(|| format!("{path}: {answer}"))?;
    Ok(token.to_owned())
}

/// Makes a room, or a session of whose token it is.
pub(crate) fn conversation(
    world: &World,
    agent: &Agent,
    token: &str,
    is_session: bool,
) -> Result<Conversation> {
    let (path, body) =
        if is_session { ("/sessions", json!({})) } else { ("/rooms", json!({ "name": "Room" })) };
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", authorization.as_str())];
    let (_, answer) = send(agent, ("POST", &world.url(path)), &headers, &body)?;
    let id = diary::uuid(&answer["id"]).ok_or_else(|| format!("{path}: {answer}"))?;
    Ok(Conversation { id, is_session })
}

/// Id and seq of all messages of a conversation, page by page.
pub(crate) fn history(
    world: &World,
    agent: &Agent,
    token: &str,
    of: &Conversation,
) -> Result<Vec<(Uuid, i64)>> {
    let mut told = Vec::new();
    loop {
        let after = told.last().map_or(0, |it: &(Uuid, i64)| it.1);
        let url = world.url(&format!("{}?after={after}&limit={PAGE}", of.messages()));
        let request = agent.get(url).header("Authorization", format!("Bearer {token}"));
        let page: Value = request.call()?.into_body().read_json()?;
        let items = page["items"].as_array().ok_or_else(|| format!("no page: {page}"))?;
        for item in items {
            let row = diary::uuid(&item["id"]).zip(item["seq"].as_i64());
            told.push(row.ok_or_else(|| format!("no message: {item}"))?);
        }
        if page["hasMore"] != true {
            return Ok(told);
        }
    }
}
