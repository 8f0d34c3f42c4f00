//! REST routes of authentication.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse},
    routing::{get, post},
};
use hornero::{ClientError, Controller, Json, Valid};

use crate::{
    AuthError, Authenticates, Caller, TokenService, cookie,
    dto::{EnterAsGuest, LogIn, Register, SignedInView, UserView},
    service::{AuthService, SignedIn},
};

/// Serves `/auth`.
pub(crate) struct AuthController {
    auth: Arc<AuthService>,
    tokens: Arc<TokenService>,
}

impl AuthController {
    pub(crate) fn new(auth: Arc<AuthService>, tokens: Arc<TokenService>) -> Self {
        Self { auth, tokens }
    }

    /// The answer that signs in: the token in the body for programs, in a cookie for pages.
    fn signed_in(&self, signed_in: SignedIn) -> impl IntoResponse + use<> {
        let secure = self.tokens.secure_cookies();
        let cookie = cookie::keeping(&signed_in.access_token, signed_in.life, secure);
        let headers = AppendHeaders([(SET_COOKIE, cookie)]);
        (headers, axum::Json(SignedInView::from(signed_in)))
    }
}

impl Authenticates for AuthController {
    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for AuthController {
    fn routes() -> Router<Arc<Self>> {
        Router::new()
            .route("/auth/register", post(register))
            .route("/auth/login", post(log_in))
            .route("/auth/guest", post(enter_as_guest))
            .route("/auth/me", get(me))
    }
}

/// Makes an account and signs in.
async fn register(
    State(this): State<Arc<AuthController>>,
    Valid(Json(body)): Valid<Json<Register>>,
) -> Result<impl IntoResponse, ClientError> {
    let signed_in = this.auth.register(body).await?;
    Ok((StatusCode::CREATED, this.signed_in(signed_in)))
}

/// Signs in with e-mail address and password.
async fn log_in(
    State(this): State<Arc<AuthController>>,
    Valid(Json(body)): Valid<Json<LogIn>>,
) -> Result<impl IntoResponse, ClientError> {
    let signed_in = this.auth.log_in(&body.email, &body.password).await?;
    Ok(this.signed_in(signed_in))
}

/// Signs in without an account.
async fn enter_as_guest(
    State(this): State<Arc<AuthController>>,
    Valid(Json(body)): Valid<Json<EnterAsGuest>>,
) -> Result<impl IntoResponse, ClientError> {
    let signed_in = this.auth.enter_as_guest(body.display_name).await?;
    Ok((StatusCode::CREATED, this.signed_in(signed_in)))
}

/// Tells who the caller is.
async fn me(
    State(this): State<Arc<AuthController>>,
    caller: Caller,
) -> Result<axum::Json<UserView>, ClientError> {
    match this.auth.user(&caller.user_id).await? {
        Some(user) => Ok(axum::Json(user.into())),
        // The token outlived its user.
        None => Err(AuthError::BadToken.into()),
    }
}
