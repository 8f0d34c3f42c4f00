//! The keys that tokens are checked with.

use std::{fs, path::Path};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, TokenData, Validation, decode, decode_header,
};

use crate::{AuthError, claims::Claims, jwks::Jwks, jwt_config::JwtConfig};

/// Keys that are tried for one token, which need not name one.
const MAX_TRIED: usize = 8;

/// Where the keys come from.
pub(crate) enum Keys {
    /// One that signs as well.
    Secret { signing: EncodingKey, verifying: DecodingKey },
    /// One that was configured.
    Public(DecodingKey),
    /// Those that the issuer publishes.
    Published(Jwks),
}

impl Keys {
    /// A key that signs as well.
    pub(crate) fn of_secret(secret: &str) -> Self {
        Self::Secret {
            signing: EncodingKey::from_secret(secret.as_bytes()),
            verifying: DecodingKey::from_secret(secret.as_bytes()),
        }
    }

    /// The other issuer's keys, as configured. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// [`AuthError::PublicKey`], or [`AuthError::HttpClient`].
    pub(crate) fn of_issuer(config: &JwtConfig, algorithm: Algorithm) -> Result<Self, AuthError> {
        if config.jwks_url.is_empty() {
            return Ok(Self::Public(public_key(&config.public_key, algorithm)?));
        }
        let jwks = Jwks::new(&config.jwks_url, algorithm, config.jwks_life());
        jwks.map(Self::Published).map_err(AuthError::HttpClient)
    }

    /// A number that changes when the keys may have.
    pub(crate) fn state(&self) -> u64 {
        match self {
            Self::Secret { .. } | Self::Public(_) => 0,
            Self::Published(jwks) => jwks.fetched(),
        }
    }

    /// The content of a token whose signature is right.
    ///
    /// # Errors
    ///
    /// [`AuthError::UnknownKey`] if it may be one of another key, else those of a bad token.
    pub(crate) fn open(&self, token: &str, rules: &Validation) -> Result<Claims, AuthError> {
        let data = match self {
            Self::Secret { verifying: key, .. } | Self::Public(key) => read(token, key, rules)?,
            Self::Published(jwks) => {
                let header = decode_header(token).map_err(|_| AuthError::BadToken)?;
                if !rules.algorithms.contains(&header.alg) {
                    return Err(AuthError::BadToken);
                }
                let mut opened = Err(AuthError::UnknownKey);
                for key in jwks.keys(header.kid.as_deref()).iter().take(MAX_TRIED) {
                    opened = read(token, key, rules);
                    if !matches!(opened, Err(AuthError::BadToken)) {
                        break;
                    }
                }
                opened?
            }
        };
        // Extensions that must be understood are none that we understand.
        if data.header.crit.is_some() {
            return Err(AuthError::BadToken);
        }
        Ok(data.claims)
    }
}

fn read(
    token: &str,
    key: &DecodingKey,
    rules: &Validation,
) -> Result<TokenData<Claims>, AuthError> {
    decode(token, key, rules).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::ExpiredSignature => AuthError::Expired,
        _ => AuthError::BadToken,
    })
}

/// The key that stands in the configuration, or in the file that it names.
fn public_key(configured: &str, algorithm: Algorithm) -> Result<DecodingKey, AuthError> {
    let wrong = |text: String| AuthError::PublicKey(text);
    let pem = if configured.trim_start().starts_with("-----BEGIN") {
        configured.replace("\\n", "\n")
    } else {
        let path = Path::new(configured);
        fs::read_to_string(path)
            .map_err(|error| wrong(format!("{} cannot be read: {error}", path.display())))?
    };
    if pem.contains("PRIVATE KEY") {
        return Err(wrong("is a private key; give the public one".to_owned()));
    }
    let key = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem.as_bytes()),
        _ => DecodingKey::from_ed_pem(pem.as_bytes()),
    };
    key.map_err(|_| wrong(format!("is no public key for {algorithm:?} in PEM")))
}
