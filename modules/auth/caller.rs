//! The caller of a route or event: who they are, and where their token is looked for.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, Method, Uri, header::AUTHORIZATION, request::Parts},
};
use chrono::Utc;
use hornero::{ClientError, FromEvent, Identify, Incoming, Signature, Site};
use serde::Deserialize;

use crate::{
    AuthError, Authenticates, TokenService,
    cookie::TokenCookie,
    login::LoginId,
    user::{Role, Scope, UserId, UserType},
};

/// Who is asking, as their token tells.
///
/// An extractor at both doors: a handler that takes one has a signed-in caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// Kind of user.
    pub user_type: UserType,
    /// What the user may administer.
    pub role: Role,
    /// What the token is good for, separated by spaces.
    pub(crate) scope: Arc<str>,
    /// The login that the token comes of; none for tokens of others.
    pub(crate) login: Option<LoginId>,
    /// Whether rights are what admins have made of the user here, whatever the token says.
    pub(crate) follows_user: bool,
    /// When the token was issued, in seconds since 1970.
    pub(crate) issued_at: i64,
    /// When the token ends, in seconds since 1970.
    pub expires_at: i64,
}

impl Caller {
    /// Whether the token is good for `scope`.
    pub fn has_scope(&self, scope: Scope) -> bool {
        self.scope.split(' ').any(|it| it == scope.as_str())
    }

    /// The caller, unless the token has ended since it was verified.
    fn still_valid(self) -> Result<Self, AuthError> {
        if Utc::now().timestamp() >= self.expires_at { Err(AuthError::Expired) } else { Ok(self) }
    }

    /// The caller, unless the token is not good for what is asked for.
    fn in_scope(self, scope: Option<Scope>) -> Result<Self, ClientError> {
        match scope {
            Some(scope) if !self.has_scope(scope) => Err(AuthError::Scope(scope).into()),
            _ => Ok(self),
        }
    }

    /// Whether the token comes of a login here.
    pub(crate) fn has_login(&self) -> bool {
        self.login.is_some()
    }

    /// Whether the caller may read whatever there is.
    pub fn sees_everything(&self) -> bool {
        self.administers() || self.user_type == UserType::Supervisor
    }

    /// Whether the caller may do whatever there is.
    pub fn administers(&self) -> bool {
        self.role == Role::Admin || self.user_type == UserType::Service
    }

    /// Refuses guests.
    ///
    /// # Errors
    ///
    /// [`AuthError::Guest`].
    pub fn require_account(&self) -> Result<(), AuthError> {
        if self.user_type == UserType::Guest { Err(AuthError::Guest) } else { Ok(()) }
    }
}

/// REST: the bearer token, else the cookie.
impl<C: Authenticates> FromRequestParts<Arc<C>> for Caller {
    type Rejection = ClientError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<C>) -> Result<Self, ClientError> {
        // Whoever has counted the request may know who it is.
        let known = parts.extensions.get::<Self>().cloned();
        let tokens = state.tokens();
        let caller = match known {
            Some(caller) => Ok(caller),
            None => match presented(parts, tokens) {
                Ok(token) => tokens.verify(&token).await,
                Err(error) => Err(error),
            },
        };
        let caller = caller.inspect_err(|it| tokens.count(it))?;
        caller.in_scope(C::SCOPE)
    }
}

/// The token that a request shows.
fn presented(parts: &Parts, tokens: &TokenService) -> Result<String, AuthError> {
    if let Some(token) = bearer(&parts.headers) {
        return Ok(token);
    }
    let token = TokenCookie::Access.read(&parts.headers, tokens.secure_cookies());
    let token = token.ok_or(AuthError::NoToken)?;
    if !is_safe(&parts.method) {
        require_our_page(parts.extensions.get::<Site>().copied())?;
    }
    Ok(token)
}

/// Whoever is not known at once is counted by address: nobody is to wait before being counted.
impl Identify for TokenService {
    fn user_of(&self, request: &mut Parts) -> Option<String> {
        let caller = self.verify_now(&presented(request, self).ok()?)?;
        let user = caller.user_id.to_string();
        request.extensions.insert(caller);
        Some(user)
    }
}

/// Refuses what a cookie was sent along with, unless a page of ours has asked for it: a foreign
/// page can make a browser send the cookie.
pub(crate) fn require_our_page(site: Option<Site>) -> Result<(), AuthError> {
    if site == Some(Site::Trusted) { Ok(()) } else { Err(AuthError::ForeignCookie) }
}

/// Whether a method changes nothing.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Socket.IO: whoever the gateway of this module let in.
impl<G: Authenticates> FromEvent<G> for Caller {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        let caller = incoming.socket.extensions.get::<Self>();
        caller.ok_or(AuthError::NoToken)?.still_valid()?.in_scope(G::SCOPE)
    }

    fn describe(signature: &mut Signature) {
        signature.access.push(G::SCOPE.map_or("user", Scope::as_str));
    }
}

/// The token in `Authorization: Bearer ..`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The token in `?token=..`, which is where a client puts it that can set no header.
pub(crate) fn in_query(uri: &Uri) -> Option<String> {
    #[derive(Deserialize)]
    struct InQuery {
        token: Option<String>,
    }
    Query::<InQuery>::try_from_uri(uri).ok()?.0.token
}
