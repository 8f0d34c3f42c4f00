//! Access tokens: JSON Web Tokens, ours or another issuer's.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use hornero::{BoxError, Config, ServerConfig, Stopping};
use jsonwebtoken::{Algorithm, Header, Validation, encode};
use uuid::Uuid;

use crate::{
    AuthConfig, AuthError, Caller,
    claims::{Issuer, NewClaims, SERVICE},
    dto::scopes,
    failures::Failures,
    keys::Keys,
    login::LoginId,
    newcomers::Newcomers,
    secret,
    service_key::{ServiceKeys, is_name, is_service_key, service_id},
    standing::Standing,
    user::{Role, Status, User, UserType},
    verified::Verified,
};

/// Time by which clocks may differ, in seconds.
pub(crate) const LEEWAY: u64 = 5;

/// Issues access tokens, and tells whose a token is.
pub struct TokenService {
    standing: Arc<Standing>,
    failures: Arc<Failures>,
    newcomers: Arc<Newcomers>,
    keys: Keys,
    verified: Verified,
    service_keys: ServiceKeys,
    rules: Validation,
    believes: Issuer,
    issuer: String,
    audience: String,
    life: Duration,
    secure_cookies: bool,
}

impl TokenService {
    /// Takes the configured keys, or in development a generated one.
    ///
    /// # Errors
    ///
    /// If production has no key, if the generated one cannot be kept, if the public one is none,
    /// or if the cryptography does not work here.
    pub(crate) fn open(
        config: Arc<AuthConfig>,
        server: Arc<ServerConfig>,
        all: Arc<Config>,
        standing: Arc<Standing>,
        failures: Arc<Failures>,
        newcomers: Arc<Newcomers>,
    ) -> Result<Self, AuthError> {
        let mut config = AuthConfig::clone(&config);
        if config.jwt.secret.is_empty() && !config.jwt.is_external() {
            if all.profile() == "production" {
                return Err(AuthError::NoSecret);
            }
            let failed = |source| AuthError::Secret { folder: server.data_dir.clone(), source };
            config.jwt.secret = secret::generated(&server.data_dir).map_err(failed)?;
        }
        config.cookies.secure.get_or_insert(all.profile() == "production");
        let service = Self::new(&config, standing, failures, newcomers)?;
        service.test()?;
        Ok(service)
    }

    /// Checks, and for HS256 signs, with the configured key.
    pub(crate) fn new(
        config: &AuthConfig,
        standing: Arc<Standing>,
        failures: Arc<Failures>,
        newcomers: Arc<Newcomers>,
    ) -> Result<Self, AuthError> {
        let jwt = &config.jwt;
        let algorithm = jwt.algorithm().unwrap_or(Algorithm::HS256);
        let (keys, believes) = match algorithm {
            Algorithm::HS256 => (Keys::of_secret(&jwt.secret), Issuer::Us),
            _ if jwt.trust_role => (Keys::of_issuer(jwt, algorithm)?, Issuer::Trusted),
            _ => (Keys::of_issuer(jwt, algorithm)?, Issuer::Other),
        };
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&jwt.issuer]);
        rules.set_audience(&[&jwt.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.leeway = LEEWAY;
        rules.validate_nbf = true;
        Ok(Self {
            standing,
            failures,
            newcomers,
            keys,
            verified: Verified::default(),
            service_keys: ServiceKeys::parse(&config.service_keys).unwrap_or_default(),
            rules,
            believes,
            issuer: jwt.issuer.clone(),
            audience: jwt.audience.clone(),
            life: jwt.life(),
            secure_cookies: config.cookies.secure.unwrap_or_default(),
        })
    }

    /// Fetches the issuer's keys, if it publishes them. The server starts without them, too.
    pub(crate) async fn begin(self: Arc<Self>) -> Result<(), BoxError> {
        if let Keys::Published(jwks) = &self.keys {
            // A failure was told, and is tried again.
            jwks.fetch().await.ok();
        }
        Ok(())
    }

    /// Keeps the issuer's keys current, if it publishes them.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        if let Keys::Published(jwks) = &self.keys {
            jwks.keep_current(&stopping).await;
        }
        Ok(())
    }

    /// Whether there is a key to check tokens with: another issuer's may not have been had yet.
    pub fn has_keys(&self) -> bool {
        match &self.keys {
            Keys::Published(jwks) => !jwks.keys(None).is_empty(),
            Keys::Secret { .. } | Keys::Public(_) => true,
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

    /// Refuses what ends with a token of ours where tokens are another's to issue.
    ///
    /// # Errors
    ///
    /// [`AuthError::IssuedElsewhere`].
    pub(crate) fn require_issuing(&self) -> Result<(), AuthError> {
        match self.keys {
            Keys::Secret { .. } => Ok(()),
            Keys::Public(_) | Keys::Published(_) => Err(AuthError::IssuedElsewhere),
        }
    }

    /// Issues an access token for `user`, who has come in by `login`.
    ///
    /// # Errors
    ///
    /// [`AuthError::IssuedElsewhere`], or [`AuthError::Signing`] if the cryptography fails.
    pub fn issue(&self, user: &User, login: Option<LoginId>) -> Result<String, AuthError> {
        let User { id, scope, user_type, role, .. } = user;
        self.sign(id.as_str(), scope, *user_type, *role, login)
    }

    /// Issues an access token for a program. It does what admins may do, as far as its scope goes.
    ///
    /// # Errors
    ///
    /// [`AuthError::BadServiceName`], [`AuthError::BadScope`], or as [`Self::issue`].
    pub fn issue_to_service(&self, name: &str, scope: &str) -> Result<String, AuthError> {
        if !is_name(name) {
            return Err(AuthError::BadServiceName);
        }
        scopes(scope).map_err(|_| AuthError::BadScope)?;
        self.sign(&service_id(name), scope, UserType::Service, Role::User, None)
    }

    fn sign(
        &self,
        subject: &str,
        scope: &str,
        user_type: UserType,
        role: Role,
        login: Option<LoginId>,
    ) -> Result<String, AuthError> {
        let Keys::Secret { signing, .. } = &self.keys else {
            return Err(AuthError::IssuedElsewhere);
        };
        let now = Utc::now().timestamp();
        let claims = NewClaims {
            sub: subject,
            exp: now + self.life.as_secs().cast_signed(),
            iat: now,
            iss: &self.issuer,
            aud: &self.audience,
            scope,
            jti: Uuid::now_v7(),
            sid: login,
            typ: "access",
            user_type,
            role,
        };
        encode(&Header::new(Algorithm::HS256), &claims, signing)
            .map_err(|error| AuthError::Signing(error.to_string()))
    }

    /// Counts a refusal that a client is told of.
    pub(crate) fn count(&self, error: &AuthError) {
        self.failures.count(error);
    }

    /// Tells who holds `token`, or whose service key it is. Somebody new of another issuer becomes
    /// a user.
    ///
    /// # Errors
    ///
    /// [`AuthError::Expired`] for one that was valid, [`AuthError::Ended`] for one whose login or
    /// user is, [`AuthError::NoKeys`] where nobody can tell at the moment, a failure of storage,
    /// and [`AuthError::BadToken`] or [`AuthError::UnknownKey`] for any other.
    pub async fn verify(&self, token: &str) -> Result<Caller, AuthError> {
        let (caller, name) = match (self.read(token), &self.keys) {
            (Err(AuthError::UnknownKey), Keys::Published(jwks)) => {
                jwks.fetch().await?;
                self.read(token)?
            }
            (read, _) => read?,
        };
        if caller.login.is_some() {
            return self.standing.current(caller);
        }
        let user = self.newcomers.find(&caller, &name).await?;
        self.as_known(caller, &user)
    }

    /// Tells who holds `token` if that is known without asking anybody. Why one is refused is for
    /// [`Self::verify`] to tell, and to count.
    pub(crate) fn verify_now(&self, token: &str) -> Option<Caller> {
        let (caller, _) = self.read(token).ok()?;
        if caller.login.is_some() {
            return self.standing.current(caller).ok();
        }
        let user = self.newcomers.known(&caller.user_id)?;
        self.as_known(caller, &user).ok()
    }

    /// What a token says about its holder, and their name.
    fn read(&self, token: &str) -> Result<(Caller, String), AuthError> {
        if is_service_key(token) {
            let caller = self.service_keys.find(token)?;
            let name = caller.user_id.as_str().trim_start_matches(SERVICE).to_owned();
            return Ok((caller, name));
        }
        // Asked for before the token is read: keys that are fetched meanwhile count.
        let keys = self.keys.state();
        let read = || self.keys.open(token, &self.rules)?.read(self.believes);
        self.verified.find(token, keys, read)
    }

    /// A caller without a login, as their user is here.
    fn as_known(&self, mut caller: Caller, user: &User) -> Result<Caller, AuthError> {
        if user.status == Status::Disabled && !self.standing.knows(&user.id) {
            return Err(AuthError::Ended);
        }
        if caller.follows_user {
            caller.role = user.role;
            if caller.user_type != UserType::Guest {
                caller.user_type = user.user_type;
            }
        }
        self.standing.current(caller)
    }

    /// Reads a token once. The library panics at its first use when it was built without exactly
    /// one cryptography provider: better now than at the first login.
    fn test(&self) -> Result<(), AuthError> {
        let keys = Keys::of_secret(&Uuid::new_v4().to_string());
        let Keys::Secret { signing, .. } = &keys else { return Ok(()) };
        let claims = serde_json::json!({ "test": true });
        let token = encode(&Header::new(Algorithm::HS256), &claims, signing)
            .map_err(|error| AuthError::Signing(error.to_string()))?;
        let rules = Validation::new(Algorithm::HS256);
        match (keys.open(&token, &rules), self.read(&token)) {
            (Err(AuthError::BadToken), Err(_)) => Ok(()),
            _ => Err(AuthError::Signing("a token without claims was accepted".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        tests::MemoryRepository,
        user::{NewUser, Scope},
    };

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn service() -> TokenService {
        let mut config = AuthConfig::default();
        config.jwt.secret = SECRET.to_owned();
        let failures = Arc::new(Failures::new(Arc::default()));
        let newcomers = Arc::new(Newcomers::new(Arc::new(MemoryRepository::default())));
        TokenService::new(&config, Arc::default(), failures, newcomers).unwrap()
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

    #[tokio::test]
    async fn issued_token_tells_its_user() {
        let user = NewUser {
            email: None,
            display_name: "Ada".to_owned(),
            password_hash: None,
            user_type: UserType::Guest,
            role: Role::User,
            scope: "chat".to_owned(),
        };
        let user = user.into_user(Utc::now());

        let caller = service().verify(&service().issue(&user, None).unwrap()).await.unwrap();

        assert_eq!(caller.user_id, user.id);
        assert_eq!((caller.user_type, caller.role), (UserType::Guest, Role::User));
        assert!(caller.has_scope(Scope::Chat) && !caller.has_scope(Scope::Docs));
    }

    #[tokio::test]
    async fn token_without_optional_claims_is_an_employee() {
        let caller = service().verify(&sign(Algorithm::HS256, &claims(), SECRET)).await.unwrap();
        assert_eq!((caller.user_type, caller.role), (UserType::Employee, Role::User));
    }

    #[tokio::test]
    async fn forged_and_foreign_tokens_are_refused() {
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
            ("not yet valid", sign(Algorithm::HS256, &with("nbf", json!(now + 60)), SECRET)),
            ("odd role", sign(Algorithm::HS256, &with("role", json!("root")), SECRET)),
            ("odd login", sign(Algorithm::HS256, &with("sid", json!("x")), SECRET)),
            ("odd subject", sign(Algorithm::HS256, &with("sub", json!("a b")), SECRET)),
            ("missing scope", sign(Algorithm::HS256, &missing, SECRET)),
            ("unsigned", "eyJhbGciOiJub25lIn0.e30.".to_owned()),
            ("garbage", "garbage".to_owned()),
        ] {
            assert!(matches!(service().verify(&token).await, Err(AuthError::BadToken)), "{why}");
        }
    }

    #[tokio::test]
    async fn token_that_was_verified_before_ends_all_the_same() {
        let now = Utc::now().timestamp();
        let mut ending = with("exp", json!(now - 4));
        ending["iat"] = json!(now - 60);
        let (service, token) = (service(), sign(Algorithm::HS256, &ending, SECRET));
        let first = service.verify(&token).await.unwrap();
        assert_eq!(service.verify(&token).await.unwrap(), first);

        // Five seconds after its end, as one that was never seen.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert!(matches!(service.verify(&token).await, Err(AuthError::Expired)));
        assert!(matches!(service.verify(&token).await, Err(AuthError::Expired)));
    }

    #[tokio::test]
    async fn expired_token_is_told_apart() {
        let now = Utc::now().timestamp();
        let mut old = with("exp", json!(now - 6));
        old["iat"] = json!(now - 60);
        let token = sign(Algorithm::HS256, &old, SECRET);
        assert!(matches!(service().verify(&token).await, Err(AuthError::Expired)));
    }
}
