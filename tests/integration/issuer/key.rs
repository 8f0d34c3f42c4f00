//! Keys of an issuer, made for one test.

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};

/// A key that signs, and what the issuer tells of it.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    signing: EncodingKey,
    /// The public key in PEM.
    pub(crate) pem: String,
}

impl Key {
    pub(crate) fn new(id: &str, algorithm: Algorithm) -> Self {
        let random = SystemRandom::new();
        let (signing, public) = match algorithm {
            Algorithm::RS256 => {
                let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
                let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
                let public = pair.public_key().as_der().unwrap().as_ref().to_vec();
                // Below the envelope of PKCS #8, which is 26 bytes for this size.
                (EncodingKey::from_rsa_der(&der.as_ref()[26..]), public)
            }
            Algorithm::ES256 => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let der = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
                let pair = EcdsaKeyPair::from_pkcs8(signing, der.as_ref()).unwrap();
                let public = pair.public_key().as_der().unwrap().as_ref().to_vec();
                (EncodingKey::from_ec_der(der.as_ref()), public)
            }
            _ => {
                let der = Ed25519KeyPair::generate_pkcs8v1(&random).unwrap();
                let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
                let public = pair.public_key().as_der().unwrap().as_ref().to_vec();
                (EncodingKey::from_ed_der(der.as_ref()), public)
            }
        };
        let text = STANDARD.encode(public);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
        Self { id: id.to_owned(), algorithm, signing, pem }
    }

    /// The key as the issuer publishes it.
    pub(crate) fn published(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.signing, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token that names the key.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(claims, |_| {})
    }

    /// A token with another header.
    pub(crate) fn sign_with(&self, claims: &Value, change: impl FnOnce(&mut Header)) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        change(&mut header);
        encode(&header, claims, &self.signing).unwrap()
    }
}

/// What an issuer says of a user.
pub(crate) fn claims(user: &str) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = now.as_secs();
    json!({
        "sub": user, "iat": now, "exp": now + 600, "iss": "https://login.example.org",
        "aud": ["account", "chat-api"], "scope": "openid chat", "typ": "Bearer",
        "sid": "f3", "jti": "not-a-uuid", "role": ["staff"], "name": "Ada Lovelace",
    })
}
