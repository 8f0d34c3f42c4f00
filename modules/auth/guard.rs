//! Guards: extractors that ask for more of a caller than a token.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use hornero::{ClientError, FromEvent, Incoming, Signature};

use crate::{AuthError, Authenticates, Caller};

/// A [`Caller`] who is what `R` asks for.
///
/// An extractor at both doors: a handler that takes one is called for nobody else, and its event
/// says so in the documents. A route says it in its `security`.
///
/// ```text
/// async fn close_poll(
///     State(this): State<Arc<PollController>>,
///     caller: Require<Admin>,
/// ) -> Result<StatusCode, ClientError>
/// ```
///
/// It stands for a rule that holds whatever the call is about. What depends on a thing, such as
/// the owner of a room, is for the service to decide.
pub struct Require<R> {
    caller: Caller,
    requirement: PhantomData<fn() -> R>,
}

/// What a guard asks for. A feature may have requirements of its own.
pub trait Requirement: 'static {
    /// Its name in the documents of events, such as `admin`.
    const NAME: &'static str;

    /// Looks at a caller whose token is valid.
    ///
    /// # Errors
    ///
    /// Why the caller is refused. The handler is not called then.
    fn check(caller: &Caller) -> Result<(), AuthError>;
}

/// Somebody with an account: no guests.
pub enum Account {}

impl Requirement for Account {
    const NAME: &'static str = "account";

    fn check(caller: &Caller) -> Result<(), AuthError> {
        caller.require_account()
    }
}

/// Somebody of the role [`Role::Admin`](crate::Role::Admin), or a program: [`UserType::Service`](crate::UserType::Service).
pub enum Admin {}

impl Requirement for Admin {
    const NAME: &'static str = "admin";

    fn check(caller: &Caller) -> Result<(), AuthError> {
        if caller.administers() { Ok(()) } else { Err(AuthError::Only("admins")) }
    }
}

/// Somebody of the type [`UserType::Supervisor`](crate::UserType::Supervisor), or who is an [`Admin`].
pub enum Supervisor {}

impl Requirement for Supervisor {
    const NAME: &'static str = "supervisor";

    fn check(caller: &Caller) -> Result<(), AuthError> {
        if caller.sees_everything() { Ok(()) } else { Err(AuthError::Only("supervisors")) }
    }
}

impl<R: Requirement> Require<R> {
    fn of(caller: Caller) -> Result<Self, ClientError> {
        R::check(&caller)?;
        Ok(Self { caller, requirement: PhantomData })
    }
}

impl<R> Deref for Require<R> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<C: Authenticates, R: Requirement> FromRequestParts<Arc<C>> for Require<R> {
    type Rejection = ClientError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<C>) -> Result<Self, ClientError> {
        Self::of(Caller::from_request_parts(parts, state).await?)
    }
}

impl<G: Authenticates, R: Requirement> FromEvent<G> for Require<R> {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        Self::of(Caller::from_event(incoming)?)
    }

    fn describe(signature: &mut Signature) {
        <Caller as FromEvent<G>>::describe(signature);
        signature.access.push(R::NAME);
    }
}
