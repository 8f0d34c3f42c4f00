//! The server that is driven, and how to come in.

use std::{error::Error, time::SystemTime};

use clap::{Args, ValueEnum};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::process::Process;

/// A result whose error is a sentence for people.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Life of a token, in seconds.
const TOKEN_LIFE: u64 = 3_000;

/// Which server it is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Target {
    /// Port on this machine
    #[arg(long)]
    pub(crate) port: u16,
    /// Process whose CPU time and memory count
    #[arg(long)]
    pid: u32,
    /// How people and rooms come to be
    #[arg(long, value_enum)]
    dialect: Dialect,
    /// HS256 key of the tokens
    #[arg(long, env = "JWT_SECRET")]
    secret: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dialect {
    /// People and rooms are made by REST.
    Hornero,
    /// Whoever has a token comes in, and any UUID is a room.
    Peer,
}

impl Target {
    pub(crate) fn process(&self) -> Process {
        Process(self.pid)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Tokens of so many new people.
    pub(crate) fn people(&self, count: usize) -> Result<Vec<String>> {
        match self.dialect {
            Dialect::Peer => (0..count).map(|_| self.mint(&Uuid::new_v4().to_string())).collect(),
            Dialect::Hornero => {
                let agent = ureq::agent();
                let guest = || self.sign_in(&agent, "/auth/guest", &json!({}));
                (0..count).map(|_| guest()).collect()
            }
        }
    }

    /// So many new rooms, and the token of somebody who may write in them.
    pub(crate) fn rooms(&self, count: usize) -> Result<(Vec<String>, String)> {
        if self.dialect == Dialect::Peer {
            let rooms = (0..count).map(|_| Uuid::new_v4().to_string());
            return Ok((rooms.collect(), self.mint(&Uuid::new_v4().to_string())?));
        }
        let agent = ureq::agent();
        let owner = json!({
            "email": format!("{}@example.org", Uuid::new_v4()),
            "password": Uuid::new_v4().to_string(),
            "displayName": "Owner",
        });
        let token = self.sign_in(&agent, "/auth/register", &owner)?;
        let room = |number| {
            let made = self.post(&agent, "/rooms", Some(&token), &json!({ "name": number }))?;
            text(&made, "/id")
        };
        let rooms = (0..count).map(|it| room(format!("Room {it}"))).collect::<Result<_>>()?;
        Ok((rooms, token))
    }

    fn sign_in(&self, agent: &ureq::Agent, path: &str, body: &Value) -> Result<String> {
        text(&self.post(agent, path, None, body)?, "/accessToken")
    }

    /// Sends JSON and reads the JSON that comes back.
    pub(crate) fn post(
        &self,
        agent: &ureq::Agent,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Value> {
        let mut request = agent.post(self.url(path));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let answer = request.send_json(body).map_err(|error| format!("POST {path}: {error}"))?;
        Ok(answer.into_body().read_json()?)
    }

    fn mint(&self, user: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let claims = json!({
            "sub": user,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "iss": "dialog-gateway",
            "aud": "personal-assistant",
            "scope": "chat tasks email docs",
        });
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        Ok(jsonwebtoken::encode(&Header::default(), &claims, &key)?)
    }
}

fn text(json: &Value, pointer: &str) -> Result<String> {
    let found = json.pointer(pointer).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("no {pointer} in {json}"))?.to_owned())
}
