//! Refresh tokens: random, and known to the database by their hash only.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// Time in which a client that has missed the answer may ask again.
const RETRY_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// What a client exchanges for the next access token, once.
#[derive(Clone, PartialEq)]
pub(crate) struct RefreshToken([u8; 32]);

impl RefreshToken {
    /// A new one, 256 random bits.
    pub(crate) fn generate() -> Self {
        Self(rand::random())
    }

    /// The token that reads so.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The token as clients get it.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it. No salt: it has nothing that could be guessed.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0))
    }

    /// The next token, so that only who has this one can read it: a client that asks again is
    /// to get the same answer, and the database is not to hold a token that works.
    pub(crate) fn seal(&self, next: &Self) -> String {
        Self(self.mask(&next.0)).to_text()
    }

    /// What [`Self::seal`] has sealed.
    pub(crate) fn unseal(&self, sealed: &str) -> Option<Self> {
        Some(Self(self.mask(&Self::parse(sealed)?.0)))
    }

    /// A pad that is used once: a token has one successor.
    fn mask(&self, bytes: &[u8; 32]) -> [u8; 32] {
        let pad = Sha256::new().chain_update(b"successor").chain_update(self.0).finalize();
        std::array::from_fn(|at| bytes[at] ^ pad[at])
    }
}

/// Not the token itself: what can be printed ends up in a log.
impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

/// Whether somebody who presents a used token may be its owner, who has missed the answer: soon,
/// and before the answer's token was used. Else it has been stolen, from whichever of the two.
pub(crate) fn is_retry(used_at: DateTime<Utc>, successor_used: bool, now: DateTime<Utc>) -> bool {
    !successor_used && now - used_at <= RETRY_WITHIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_read_as_it_was_written_and_shown_to_nobody() {
        let token = RefreshToken::generate();
        assert_eq!(RefreshToken::parse(&token.to_text()), Some(token.clone()));
        assert_ne!(token.hash(), token.to_text());
        assert!(!format!("{token:?}").contains(&token.to_text()));
        for text in ["", "short", "not base64 at all !!", &"A".repeat(44)] {
            assert_eq!(RefreshToken::parse(text), None, "{text}");
        }
    }

    #[test]
    fn successor_is_read_with_the_token_alone() {
        let (first, second) = (RefreshToken::generate(), RefreshToken::generate());
        let sealed = first.seal(&second);
        assert_ne!(sealed, second.to_text());
        assert_eq!(first.unseal(&sealed), Some(second.clone()));
        assert_ne!(second.unseal(&sealed), Some(second));
    }

    #[test]
    fn retry_comes_soon_and_before_its_answer_was_used() {
        let now = Utc::now();
        let ago = |seconds| now - TimeDelta::seconds(seconds);
        assert!(is_retry(ago(0), false, now) && is_retry(ago(10), false, now));
        assert!(!is_retry(ago(11), false, now));
        assert!(!is_retry(ago(0), true, now));
    }
}
