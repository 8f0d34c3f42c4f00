//! The secret by which a client shows who it was.

use std::{fmt, hint::black_box};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Length of a pid, in bytes, of which nobody can guess 240 bits.
const LENGTH: usize = 32;

/// How much of it only finds whom to compare the rest with.
const KEY: usize = 8;

/// Socket.IO's private session id. Whoever shows it takes a socket's place, so it is told to its
/// client alone.
#[derive(Clone)]
pub(crate) struct Pid([u8; LENGTH]);

impl Pid {
    /// A new one, which nobody can guess.
    pub(super) fn random() -> Self {
        let (key, secret) = (Uuid::new_v4(), Uuid::new_v4());
        let mut bytes = [0; LENGTH];
        bytes[..16].copy_from_slice(key.as_bytes());
        bytes[16..].copy_from_slice(secret.as_bytes());
        Self(bytes)
    }

    /// Reads what a client has shown; `None` for what cannot be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // What is longer is not even decoded.
        let text = Some(text).filter(|it| it.len() == LENGTH.div_ceil(3) * 4 - 1)?;
        BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// As the client is told it: 43 characters.
    pub(crate) fn reveal(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The part by which it is looked up, which says nothing about the rest.
    pub(super) fn key(&self) -> u64 {
        self.0.first_chunk::<KEY>().map_or(0, |it| u64::from_ne_bytes(*it))
    }

    /// Whether both are the same. How long that takes does not tell where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(&other.0).map(|(ours, theirs)| ours ^ theirs);
        differences.fold(0, |all, it| black_box(all | it)) == 0
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_is_itself_and_no_other() {
        let pid = Pid::random();
        let shown = Pid::parse(&pid.reveal()).unwrap();
        assert!(shown.is(&pid));
        assert_eq!(shown.key(), pid.key());
        assert!(!shown.is(&Pid::random()));
        for place in 0..LENGTH {
            let mut other = pid.clone();
            other.0[place] ^= 1;
            assert!(!other.is(&pid), "{place}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        let pid = Pid::random().reveal();
        for odd in ["", "x", &pid[1..], &format!("{pid}A"), &pid.replace(&pid[..1], "/")] {
            assert!(Pid::parse(odd).is_none(), "{odd}");
        }
        assert_eq!(format!("{:?}", Pid::random()), "Pid");
    }
}
