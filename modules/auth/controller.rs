//! REST routes of authentication.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse},
};
use hornero::{ClientError, Controller, Json, Routes, Valid, routes};
use utoipa::openapi::{
    ComponentsBuilder, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

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
        let headers = AppendHeaders([(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())]);
        (headers, axum::Json(SignedInView::from(signed_in)))
    }
}

impl Authenticates for AuthController {
    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for AuthController {
    fn routes() -> Routes<Self> {
        let schemes = ComponentsBuilder::new()
            .security_scheme("bearer", bearer_scheme())
            .security_scheme("cookie", cookie_scheme());
        Routes::with_openapi(OpenApiBuilder::new().components(Some(schemes.build())).build())
            .routes(routes!(register))
            .routes(routes!(log_in))
            .routes(routes!(enter_as_guest))
            .routes(routes!(me))
    }
}

fn bearer_scheme() -> SecurityScheme {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let text = "The `accessToken` of the answer to registering, logging in or entering as a guest.";
    SecurityScheme::Http(bearer.description(Some(text)).build())
}

fn cookie_scheme() -> SecurityScheme {
    let text = "For pages of this server: browsers get it with the answer that has the token. A \
                bearer token goes before it. With `auth.cookies.secure` its name is \
                `__Host-access_token`.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(cookie::name(false), text)))
}

/// Makes an account and signs in.
#[utoipa::path(
    post,
    path = "/auth/register",
    request_body = Register,
    responses(
        (
            status = 201,
            description = "The user, and a token",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The token, for pages of this server")),
        ),
        (status = 403, description = "Registration is closed"),
        (status = 409, description = "There is an account with this e-mail address"),
    ),
    security(()),
)]
async fn register(
    State(this): State<Arc<AuthController>>,
    Valid(Json(body)): Valid<Json<Register>>,
) -> Result<impl IntoResponse, ClientError> {
    let signed_in = this.auth.register(body).await?;
    Ok((StatusCode::CREATED, this.signed_in(signed_in)))
}

/// Signs in with e-mail address and password.
#[utoipa::path(
    post,
    path = "/auth/login",
    request_body = LogIn,
    responses(
        (
            status = 200,
            description = "The user, and a token",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The token, for pages of this server")),
        ),
        (status = 401, description = "E-mail address or password are wrong"),
    ),
    security(()),
)]
async fn log_in(
    State(this): State<Arc<AuthController>>,
    Valid(Json(body)): Valid<Json<LogIn>>,
) -> Result<impl IntoResponse, ClientError> {
    let signed_in = this.auth.log_in(&body.email, &body.password).await?;
    Ok(this.signed_in(signed_in))
}

/// Signs in without an account.
#[utoipa::path(
    post,
    path = "/auth/guest",
    request_body = EnterAsGuest,
    responses(
        (
            status = 201,
            description = "The user, and a token",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The token, for pages of this server")),
        ),
    ),
    security(()),
)]
async fn enter_as_guest(
    State(this): State<Arc<AuthController>>,
    Valid(Json(body)): Valid<Json<EnterAsGuest>>,
) -> Result<impl IntoResponse, ClientError> {
    let signed_in = this.auth.enter_as_guest(body.display_name).await?;
    Ok((StatusCode::CREATED, this.signed_in(signed_in)))
}

/// Tells who the caller is.
#[utoipa::path(
    get,
    path = "/auth/me",
    responses((status = 200, description = "The user", body = UserView)),
    security(("bearer" = []), ("cookie" = [])),
)]
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
