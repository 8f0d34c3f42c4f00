//! A JSON Web Key Set, and those of its keys that tokens may be signed with.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations,
        PublicKeyUse,
    },
};
use serde::Deserialize;
use serde_json::Value;

/// Most keys that are looked at.
const MAX_KEYS: usize = 100;

/// Shortest RSA modulus that is safe, in bytes.
const MIN_MODULUS: usize = 256;

/// Keys for one algorithm, by their ids.
#[derive(Default)]
pub(super) struct KeySet {
    by_id: HashMap<String, Arc<[DecodingKey]>>,
    all: Arc<[DecodingKey]>,
}

impl KeySet {
    /// The keys for `algorithm`. Others may stand beside them: of other algorithms, for
    /// encryption, of kinds that nobody knows yet. None if it is no key set at all.
    pub(super) fn parse(text: &[u8], algorithm: Algorithm) -> Option<Self> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<Value>,
        }
        let published: Published = serde_json::from_slice(text).ok()?;
        let (mut all, mut by_id) = (Vec::new(), HashMap::<_, Vec<_>>::new());
        for jwk in published.keys.into_iter().take(MAX_KEYS) {
            let Ok(jwk) = serde_json::from_value::<Jwk>(jwk) else { continue };
            if !signs(&jwk.common, algorithm) || !fits(&jwk.algorithm, algorithm) {
                continue;
            }
            let Ok(key) = DecodingKey::from_jwk(&jwk) else { continue };
            if let Some(id) = jwk.common.key_id {
                by_id.entry(id).or_default().push(key.clone());
            }
            all.push(key);
        }
        let by_id = by_id.into_iter().map(|(id, keys)| (id, keys.into())).collect();
        Some(Self { by_id, all: all.into() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The keys with this id; without one, all.
    pub(super) fn find(&self, id: Option<&str>) -> Arc<[DecodingKey]> {
        match id {
            None => Arc::clone(&self.all),
            Some(id) => self.by_id.get(id).cloned().unwrap_or_default(),
        }
    }
}

/// Whether a key is for signatures of this algorithm, as far as it says what it is for.
fn signs(key: &CommonParameters, algorithm: Algorithm) -> bool {
    let name = match algorithm {
        Algorithm::RS256 => KeyAlgorithm::RS256,
        Algorithm::ES256 => KeyAlgorithm::ES256,
        _ => KeyAlgorithm::EdDSA,
    };
    key.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
        && key.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify))
        && key.key_algorithm.is_none_or(|it| it == name)
}

/// Whether a key is of the algorithm's kind.
fn fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    match (algorithm, key) {
        (Algorithm::RS256, AlgorithmParameters::RSA(key)) => {
            URL_SAFE_NO_PAD.decode(&key.n).is_ok_and(|it| it.len() >= MIN_MODULUS)
        }
        (Algorithm::ES256, AlgorithmParameters::EllipticCurve(key)) => {
            key.curve == EllipticCurve::P256
        }
        (Algorithm::EdDSA, AlgorithmParameters::OctetKeyPair(key)) => {
            key.curve == EllipticCurve::Ed25519
        }
        _ => false,
    }
}
