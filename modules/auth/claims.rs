//! The content of access tokens, ours and others'.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    AuthError, Caller,
    login::LoginId,
    user::{Role, UserType},
};

/// Longest life of a token that is accepted, in seconds.
const MAX_LIFE: i64 = 60 * 60;

/// Longest name that users have, in characters.
const MAX_NAME: usize = 80;

/// What a subject begins with that is a program and not somebody's id.
pub(crate) const SERVICE: &str = "service:";

/// Who has issued a token, as far as its claims go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// Whoever has our key. All claims are as we write them.
    Us,
    /// Another, which is believed what it says about rights.
    Trusted,
    /// Another, which is believed who somebody is, and no more.
    Other,
}

/// Content of an access token that is issued here.
#[derive(Serialize)]
pub(crate) struct NewClaims<'a> {
    pub(crate) sub: &'a str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) iss: &'a str,
    pub(crate) aud: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) jti: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<LoginId>,
    pub(crate) typ: &'static str,
    pub(crate) user_type: UserType,
    pub(crate) role: Role,
}

/// Content of a token that is presented. Issuer and audience were checked with the signature.
///
/// What others may use in another way has any form.
#[derive(Deserialize)]
pub(crate) struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    scope: String,
    sid: Option<Value>,
    typ: Option<Value>,
    user_type: Option<Value>,
    role: Option<Value>,
    name: Option<Value>,
    preferred_username: Option<Value>,
}

impl Claims {
    /// Who the token says that its holder is, and what others call them.
    ///
    /// # Errors
    ///
    /// [`AuthError::BadToken`] for what is no access token, or not as one must be.
    pub(crate) fn read(self, issuer: Issuer) -> Result<(Caller, String), AuthError> {
        let short = (0..=MAX_LIFE).contains(&self.exp.saturating_sub(self.iat));
        let subject =
            (1..=128).contains(&self.sub.len()) && self.sub.bytes().all(|it| it.is_ascii_graphic());
        // Who is to be a program here is for us to say, or for whom we believe in rights.
        let no_program = issuer != Issuer::Other || !self.sub.starts_with(SERVICE);
        if !(self.is_access(issuer) && short && subject && no_program) {
            return Err(AuthError::BadToken);
        }
        let name = self.name();
        let login = match (issuer, &self.sid) {
            (Issuer::Us, Some(sid)) => {
                let sid = Uuid::deserialize(sid).map_err(|_| AuthError::BadToken)?;
                Some(LoginId(sid))
            }
            _ => None,
        };
        let user_type = claim(&self.user_type, UserType::parse, UserType::Employee, issuer)?;
        let caller = Caller {
            user_type: match issuer {
                // Fewer rights may be asked for by everybody.
                Issuer::Other if user_type != UserType::Guest => UserType::Employee,
                _ => user_type,
            },
            role: match issuer {
                Issuer::Other => Role::User,
                _ => claim(&self.role, Role::parse, Role::User, issuer)?,
            },
            user_id: self.sub.into(),
            scope: Arc::from(self.scope),
            login,
            follows_user: issuer == Issuer::Other,
            issued_at: self.iat,
            expires_at: self.exp,
        };
        Ok((caller, name))
    }

    /// Whether it is no refresh or identity token. Some issuers call access tokens `Bearer`.
    fn is_access(&self, issuer: Issuer) -> bool {
        match &self.typ {
            None => true,
            Some(Value::String(typ)) if typ == "access" => true,
            Some(Value::String(typ)) => issuer != Issuer::Us && typ.eq_ignore_ascii_case("bearer"),
            Some(_) => false,
        }
    }

    /// What others see of the user, unless they are known here.
    fn name(&self) -> String {
        let names = [&self.name, &self.preferred_username];
        let names = names.into_iter().filter_map(|it| it.as_ref()?.as_str());
        let mut fit = names.map(str::trim).filter(|it| {
            !it.is_empty() && it.chars().count() <= MAX_NAME && !it.contains(char::is_control)
        });
        let short = || self.sub.trim_start_matches(SERVICE).chars().take(MAX_NAME).collect();
        fit.next().map_or_else(short, str::to_owned)
    }
}

/// A claim of ours is one of those we write; others may mean something else by its name.
fn claim<T>(
    value: &Option<Value>,
    parse: impl Fn(&str) -> Option<T>,
    default: T,
    issuer: Issuer,
) -> Result<T, AuthError> {
    let known = match value {
        None | Some(Value::Null) => return Ok(default),
        Some(value) => value.as_str().and_then(parse),
    };
    match known {
        Some(known) => Ok(known),
        None if issuer == Issuer::Us => Err(AuthError::BadToken),
        None => Ok(default),
    }
}
