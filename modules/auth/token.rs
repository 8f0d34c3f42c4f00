//! Access tokens: JSON Web Tokens, HS256.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use hornero::{Config, ServerConfig};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    AuthConfig, AuthError, Caller,
    failures::Failures,
    login::LoginId,
    secret,
    standing::Standing,
    user::{Role, User, UserType},
};

/// Time by which clocks may differ, in seconds.
const LEEWAY: u64 = 5;

/// Longest life of a token that is accepted, in seconds.
const MAX_LIFE: i64 = 60 * 60;

/// Issues access tokens, and tells whose a token is.
pub struct TokenService {
    standing: Arc<Standing>,
    failures: Arc<Failures>,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    issuer: String,
    audience: String,
    life: Duration,
    secure_cookies: bool,
}

/// Content of an access token.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    iss: String,
    aud: String,
    scope: String,
    jti: Option<Uuid>,
    sid: Option<LoginId>,
    typ: Option<String>,
    user_type: Option<UserType>,
    role: Option<Role>,
}

impl TokenService {
    /// Takes the configured key, or in development a generated one.
    ///
    /// # Errors
    ///
    /// If production has no key, if the generated one cannot be kept, or if the
    /// cryptography does not work here.
    pub(crate) fn open(
        config: Arc<AuthConfig>,
        server: Arc<ServerConfig>,
        all: Arc<Config>,
        standing: Arc<Standing>,
        failures: Arc<Failures>,
    ) -> Result<Self, AuthError> {
        let mut config = AuthConfig::clone(&config);
        if config.jwt.secret.is_empty() {
            if all.profile() == "production" {
                return Err(AuthError::NoSecret);
            }
            let failed = |source| AuthError::Secret { folder: server.data_dir.clone(), source };
            config.jwt.secret = secret::generated(&server.data_dir).map_err(failed)?;
        }
        config.cookies.secure.get_or_insert(all.profile() == "production");
        let service = Self::new(&config, standing, failures);
        service.test()?;
        Ok(service)
    }

    /// Signs with the configured key.
    pub(crate) fn new(
        config: &AuthConfig,
        standing: Arc<Standing>,
        failures: Arc<Failures>,
    ) -> Self {
        let jwt = &config.jwt;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&jwt.issuer]);
        validation.set_audience(&[&jwt.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = LEEWAY;
        Self {
            standing,
            failures,
            signing: EncodingKey::from_secret(jwt.secret.as_bytes()),
            verifying: DecodingKey::from_secret(jwt.secret.as_bytes()),
            validation,
            issuer: jwt.issuer.clone(),
            audience: jwt.audience.clone(),
            life: jwt.life(),
            secure_cookies: config.cookies.secure.unwrap_or_default(),
        }
    }

    /// Life of the tokens that are issued.
    pub fn life(&self) -> Duration {
        self.life
    }

    /// Whether the cookies that carry tokens travel over HTTPS only.
    pub(crate) fn secure_cookies(&self) -> bool {
        self.secure_cookies
    }

    /// Issues an access token for `user`, who has come in by `login`.
    ///
    /// # Errors
    ///
    /// [`AuthError::Signing`] if the cryptography fails.
    pub fn issue(&self, user: &User, login: Option<LoginId>) -> Result<String, AuthError> {
        let now = Utc::now().timestamp();
        let claims = Claims {
            sub: user.id.to_string(),
            exp: now + self.life.as_secs().cast_signed(),
            iat: now,
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            scope: user.scope.clone(),
            jti: Some(Uuid::now_v7()),
            sid: login,
            typ: Some("access".to_owned()),
            user_type: Some(user.user_type),
            role: Some(user.role),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| AuthError::Signing(error.to_string()))
    }

    /// Counts a refusal that a client is told of.
    pub(crate) fn count(&self, error: &AuthError) {
        self.failures.count(error);
    }

    /// Tells who holds `token`.
    ///
    /// # Errors
    ///
    /// [`AuthError::Expired`] for one that was valid, [`AuthError::Ended`] for one whose login or
    /// user is, [`AuthError::BadToken`] for any other.
    pub fn verify(&self, token: &str) -> Result<Caller, AuthError> {
        let decoded = decode::<Claims>(token, &self.verifying, &self.validation);
        let claims = decoded
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => AuthError::Expired,
                _ => AuthError::BadToken,
            })?
            .claims;
        let access = claims.typ.as_deref().is_none_or(|it| it == "access");
        let short = (0..=MAX_LIFE).contains(&(claims.exp - claims.iat));
        let subject = (1..=128).contains(&claims.sub.len())
            && claims.sub.bytes().all(|it| it.is_ascii_graphic());
        if !(access && short && subject) {
            return Err(AuthError::BadToken);
        }
        self.standing.current(Caller {
            user_id: claims.sub.into(),
            user_type: claims.user_type.unwrap_or(UserType::Employee),
            role: claims.role.unwrap_or(Role::User),
            scope: claims.scope.into(),
            login: claims.sid,
            issued_at: claims.iat,
            expires_at: claims.exp,
        })
    }

    /// Signs and verifies once. The library panics at its first use when it was built
    /// without exactly one cryptography provider: better now than at the first login.
    fn test(&self) -> Result<(), AuthError> {
        let claims = serde_json::json!({ "test": true });
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| AuthError::Signing(error.to_string()))?;
        match self.verify(&token) {
            Err(AuthError::BadToken) => Ok(()),
            _ => Err(AuthError::Signing("a token without claims was accepted".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::user::{NewUser, Scope};

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn service() -> TokenService {
        let mut config = AuthConfig::default();
        config.jwt.secret = SECRET.to_owned();
        let failures = Arc::new(Failures::new(Arc::default()));
        TokenService::new(&config, Arc::default(), failures)
    }

    fn claims() -> Value {
        let now = Utc::now().timestamp();
        json!({
            "sub": "ada", "iat": now, "exp": now + 60, "iss": "dialog-gateway",
            "aud": "personal-assistant", "scope": "chat",
        })
    }

    fn sign(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes()))
            .unwrap()
    }

    fn with(key: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[key] = value;
        claims
    }

    #[test]
    fn issued_token_tells_its_user() {
        let user = NewUser {
            email: None,
            display_name: "Ada".to_owned(),
            password_hash: None,
            user_type: UserType::Guest,
            role: Role::User,
            scope: "chat".to_owned(),
        };
        let user = user.into_user(Utc::now());

        let caller = service().verify(&service().issue(&user, None).unwrap()).unwrap();

        assert_eq!(caller.user_id, user.id);
        assert_eq!((caller.user_type, caller.role), (UserType::Guest, Role::User));
        assert!(caller.has_scope(Scope::Chat) && !caller.has_scope(Scope::Docs));
    }

    #[test]
    fn token_without_optional_claims_is_an_employee() {
        let caller = service().verify(&sign(Algorithm::HS256, &claims(), SECRET)).unwrap();
        assert_eq!((caller.user_type, caller.role), (UserType::Employee, Role::User));
    }

    #[test]
    fn forged_and_foreign_tokens_are_refused() {
        let now = Utc::now().timestamp();
        let mut missing = claims();
        missing.as_object_mut().unwrap().remove("scope");
        for (why, token) in [
            ("other key", sign(Algorithm::HS256, &claims(), "x".repeat(32).as_str())),
            ("other algorithm", sign(Algorithm::HS512, &claims(), SECRET)),
            ("other issuer", sign(Algorithm::HS256, &with("iss", json!("evil")), SECRET)),
            ("other audience", sign(Algorithm::HS256, &with("aud", json!("evil")), SECRET)),
            ("refresh token", sign(Algorithm::HS256, &with("typ", json!("refresh")), SECRET)),
            ("too long a life", sign(Algorithm::HS256, &with("exp", json!(now + 7200)), SECRET)),
            ("odd subject", sign(Algorithm::HS256, &with("sub", json!("a b")), SECRET)),
            ("missing scope", sign(Algorithm::HS256, &missing, SECRET)),
            ("unsigned", "eyJhbGciOiJub25lIn0.e30.".to_owned()),
            ("garbage", "garbage".to_owned()),
        ] {
            assert!(matches!(service().verify(&token), Err(AuthError::BadToken)), "{why}");
        }
    }

    #[test]
    fn expired_token_is_told_apart() {
        let now = Utc::now().timestamp();
        let mut old = with("exp", json!(now - 6));
        old["iat"] = json!(now - 60);
        let token = sign(Algorithm::HS256, &old, SECRET);
        assert!(matches!(service().verify(&token), Err(AuthError::Expired)));
    }
}
