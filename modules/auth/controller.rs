//! REST routes of authentication.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse},
};
use hornero::{ClientAddress, ClientError, Controller, Json, Routes, Site, Valid, routes};
use utoipa::openapi::{
    ComponentsBuilder, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::{
    Admin, AuthError, Authenticates, Caller, Require, TokenService, User, UserId, UserService,
    caller::require_our_page,
    cookie::TokenCookie,
    credential_limits::CredentialLimits,
    dto::{EnterAsGuest, LogIn, PatchUser, Refresh, Register, SignedInView, UserView},
    service::{AuthService, SignedIn},
};

/// Serves `/auth`.
pub(crate) struct AuthController {
    auth: Arc<AuthService>,
    users: Arc<UserService>,
    tokens: Arc<TokenService>,
    limits: Arc<CredentialLimits>,
}

impl AuthController {
    pub(crate) fn new(
        auth: Arc<AuthService>,
        users: Arc<UserService>,
        tokens: Arc<TokenService>,
        limits: Arc<CredentialLimits>,
    ) -> Self {
        Self { auth, users, tokens, limits }
    }

    /// The answer that signs in: the tokens in the body for programs, in cookies for pages.
    fn signed_in(&self, signed_in: SignedIn) -> impl IntoResponse + use<> {
        let secure = self.tokens.secure_cookies();
        let SignedIn { access_token, life, refresh_token, refresh_life, .. } = &signed_in;
        let access = TokenCookie::Access.keeping(access_token, *life, secure);
        let refresh = TokenCookie::Refresh.keeping(&refresh_token.to_text(), *refresh_life, secure);
        let no_store = (CACHE_CONTROL, "no-store".to_owned());
        let headers = AppendHeaders([(SET_COOKIE, access), (SET_COOKIE, refresh), no_store]);
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
            .routes(routes!(refresh))
            .routes(routes!(log_out))
            .routes(routes!(me))
            .routes(routes!(patch_user))
    }
}

fn bearer_scheme() -> SecurityScheme {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let text = "The `accessToken` of the answer to registering, logging in or entering as a guest; \
                a token of the configured issuer; or a service key.";
    SecurityScheme::Http(bearer.description(Some(text)).build())
}

fn cookie_scheme() -> SecurityScheme {
    let text = "For pages of this server: browsers get it with the answer that has the token. A \
                bearer token goes before it. With `auth.cookies.secure` its name is \
                `__Host-access_token`.";
    let name = TokenCookie::Access.name(false);
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, text)))
}

/// Makes an account and signs in.
#[utoipa::path(
    post,
    path = "/auth/register",
    request_body = Register,
    responses(
        (
            status = 201,
            description = "The user, and tokens",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The tokens, for pages of this server")),
        ),
        (status = 403, description = "Registration is closed, or tokens are issued elsewhere"),
        (status = 409, description = "There is an account with this e-mail address"),
    ),
    security(()),
)]
async fn register(
    State(this): State<Arc<AuthController>>,
    from: ClientAddress,
    Valid(Json(body)): Valid<Json<Register>>,
) -> Result<impl IntoResponse, ClientError> {
    this.limits.attempt(from)?;
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
            description = "The user, and tokens",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The tokens, for pages of this server")),
        ),
        (status = 401, description = "E-mail address or password are wrong"),
        (status = 403, description = "Tokens are issued elsewhere"),
    ),
    security(()),
)]
async fn log_in(
    State(this): State<Arc<AuthController>>,
    from: ClientAddress,
    Valid(Json(body)): Valid<Json<LogIn>>,
) -> Result<impl IntoResponse, ClientError> {
    this.limits.attempt_login(from, &body.email)?;
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
            description = "The user, and tokens",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The tokens, for pages of this server")),
        ),
        (status = 403, description = "Tokens are issued elsewhere"),
    ),
    security(()),
)]
async fn enter_as_guest(
    State(this): State<Arc<AuthController>>,
    from: ClientAddress,
    Valid(Json(body)): Valid<Json<EnterAsGuest>>,
) -> Result<impl IntoResponse, ClientError> {
    this.limits.attempt(from)?;
    let signed_in = this.auth.enter_as_guest(body.display_name).await?;
    Ok((StatusCode::CREATED, this.signed_in(signed_in)))
}

/// Exchanges the refresh token for new tokens, once.
///
/// A token that is used again is taken for stolen: its login ends, with all tokens that came of
/// it. Only once, within 10 seconds, the same answer is given again to a client that missed it.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    request_body = Refresh,
    responses(
        (
            status = 200,
            description = "The user, and tokens",
            body = SignedInView,
            headers(("Set-Cookie" = String, description = "The tokens, for pages of this server")),
        ),
        (status = 401, description = "The refresh token is missing, unknown, used or too old"),
        (
            status = 403,
            description = "The cookie came along with a request of a foreign page, or tokens are \
                           issued elsewhere",
        ),
    ),
    security(()),
)]
async fn refresh(
    State(this): State<Arc<AuthController>>,
    site: Option<Extension<Site>>,
    headers: HeaderMap,
    Valid(Json(body)): Valid<Json<Refresh>>,
) -> Result<impl IntoResponse, ClientError> {
    let token = match body.refresh_token {
        Some(token) => token,
        None => {
            let secure = this.tokens.secure_cookies();
            let token = TokenCookie::Refresh.read(&headers, secure).ok_or(AuthError::NoToken)?;
            require_our_page(site.map(|it| it.0))?;
            token
        }
    };
    let signed_in = this.auth.refresh(&token).await?;
    Ok(this.signed_in(signed_in))
}

/// Ends the login that the token comes of: its tokens are refused, and its sockets closed.
#[utoipa::path(
    post,
    path = "/auth/logout",
    responses(
        (
            status = 204,
            description = "The login has ended",
            headers(("Set-Cookie" = String, description = "No tokens, for pages of this server")),
        ),
    ),
    security(("bearer" = []), ("cookie" = [])),
)]
async fn log_out(
    State(this): State<Arc<AuthController>>,
    caller: Caller,
) -> Result<impl IntoResponse, ClientError> {
    this.auth.log_out(&caller).await?;
    let secure = this.tokens.secure_cookies();
    let forget = |it: TokenCookie| (SET_COOKIE, it.forgetting(secure));
    let cookies = [forget(TokenCookie::Access), forget(TokenCookie::Refresh)];
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies)))
}

/// Changes what a user is and may do. It counts at once, also for tokens from before.
#[utoipa::path(
    patch,
    path = "/auth/users/{userId}",
    params(("userId" = UserId, Path, description = "The user")),
    request_body = PatchUser,
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 403, description = "The caller is no admin"),
        (status = 404, description = "No such user"),
    ),
    security(("bearer" = []), ("cookie" = [])),
)]
async fn patch_user(
    State(this): State<Arc<AuthController>>,
    _admin: Require<Admin>,
    Path(user_id): Path<UserId>,
    Valid(Json(body)): Valid<Json<PatchUser>>,
) -> Result<axum::Json<UserView>, ClientError> {
    let user = this.users.change(&user_id, body.into()).await?;
    Ok(axum::Json(user.into()))
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
        // Another issuer's token may say more than is kept of its user.
        Some(user) if !caller.has_login() => {
            let (role, user_type) = (caller.role, caller.user_type);
            Ok(axum::Json(UserView::from(User { role, user_type, ..user })))
        }
        Some(user) => Ok(axum::Json(user.into())),
        // The token outlived its user.
        None => Err(AuthError::BadToken.into()),
    }
}
