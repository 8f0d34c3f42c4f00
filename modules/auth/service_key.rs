//! Keys by which programs come in: long, random, and known here by their hash only.

use std::{fmt::Write, hint::black_box};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use sha2::{Digest, Sha256};

use crate::{
    AuthError, Caller,
    claims::SERVICE,
    user::{Role, Scope, UserType},
};

/// What a service key begins with.
const PREFIX: &str = "hsk_";

/// Longest name of a service, in characters.
const MAX_NAME: usize = 64;

/// The last second of the year 9999: a key ends when it is taken out of the configuration.
const NEVER: i64 = 253_402_300_799;

/// A new key for a service.
#[derive(Debug)]
pub struct NewServiceKey {
    /// What the service sends as `Authorization: Bearer`. It is kept nowhere.
    pub key: String,
    /// What is to stand in `auth.serviceKeys`.
    pub entry: String,
}

impl NewServiceKey {
    /// Makes a key of 256 random bits.
    ///
    /// # Errors
    ///
    /// [`AuthError::BadServiceName`].
    pub fn generate(name: &str) -> Result<Self, AuthError> {
        if !is_name(name) {
            return Err(AuthError::BadServiceName);
        }
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let hash = hash(&key).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Ok(Self { entry: format!("{name}:{hash}"), key })
    }
}

/// The keys that were configured.
#[derive(Default)]
pub(crate) struct ServiceKeys(Vec<ServiceKey>);

/// An entry of `auth.serviceKeys`: name, hash, and perhaps scope, separated by colons.
struct ServiceKey {
    name: String,
    hash: [u8; 32],
    scope: String,
}

impl ServiceKeys {
    /// Reads the entries. None if one of them is not as it must be.
    pub(crate) fn parse(entries: &[String]) -> Option<Self> {
        entries.iter().map(|it| ServiceKey::parse(it)).collect::<Option<_>>().map(Self)
    }

    /// Whose key it is. All of them are looked at, and each whole: how long it takes tells nothing.
    ///
    /// # Errors
    ///
    /// [`AuthError::BadToken`].
    pub(crate) fn find(&self, key: &str) -> Result<Caller, AuthError> {
        let hash = hash(key);
        let mut found = None;
        for entry in &self.0 {
            if is_same(&entry.hash, &hash) {
                found = Some(entry);
            }
        }
        found.map(ServiceKey::caller).ok_or(AuthError::BadToken)
    }
}

impl ServiceKey {
    fn parse(entry: &str) -> Option<Self> {
        let mut parts = entry.splitn(3, ':');
        let (name, hex) = (parts.next()?, parts.next()?);
        let all = || Scope::ALL.map(Scope::as_str).join(" ");
        let scope = parts.next().map_or_else(all, str::to_owned);
        let known = scope.split(' ').all(|it| Scope::parse(it).is_some());
        if !is_name(name) || !known || hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self { name: name.to_owned(), hash, scope })
    }

    fn caller(&self) -> Caller {
        Caller {
            user_id: service_id(&self.name).into(),
            user_type: UserType::Service,
            role: Role::User,
            scope: self.scope.as_str().into(),
            login: None,
            follows_user: false,
            issued_at: Utc::now().timestamp(),
            expires_at: NEVER,
        }
    }
}

/// Whether this is a service key and no token.
pub(crate) fn is_service_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Id of the user that a service is.
pub(crate) fn service_id(name: &str) -> String {
    format!("{SERVICE}{name}")
}

/// Whether a service may have this name.
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits)
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Compares in the same time whatever differs.
fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let different = one.iter().zip(other).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    different == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_found_by_its_hash_and_by_nothing_else() {
        let new = NewServiceKey::generate("billing").unwrap();
        let other = NewServiceKey::generate("crm.eu-1").unwrap();
        let entries = [other.entry.clone(), format!("{}:chat docs", new.entry)];
        let keys = ServiceKeys::parse(&entries).unwrap();

        let caller = keys.find(&new.key).unwrap();

        assert_eq!(caller.user_id.as_str(), "service:billing");
        assert!(caller.has_scope(Scope::Docs) && !caller.has_scope(Scope::Tasks));
        assert!(caller.administers());
        assert!(keys.find(&other.key).unwrap().has_scope(Scope::Tasks));
        assert!(!new.entry.contains(&new.key[PREFIX.len()..]));
        let near = format!("{}x", &new.key[..new.key.len() - 1]);
        for wrong in [near.as_str(), "hsk_", "", &new.entry, &entries[0]] {
            assert!(matches!(keys.find(wrong), Err(AuthError::BadToken)), "{wrong}");
        }
    }

    #[test]
    fn entry_that_is_none_is_a_mistake() {
        let hash = "0".repeat(64);
        for wrong in [
            String::new(),
            "billing".to_owned(),
            format!("billing:{hash}0"),
            format!("billing:{}g", &hash[1..]),
            format!("billing:{}", "é".repeat(32)),
            format!("two words:{hash}"),
            format!(":{hash}"),
            format!("billing:{hash}:all"),
            format!("billing:{hash}:"),
        ] {
            assert!(ServiceKeys::parse(std::slice::from_ref(&wrong)).is_none(), "{wrong}");
        }
        assert!(NewServiceKey::generate("two words").is_err());
    }
}
