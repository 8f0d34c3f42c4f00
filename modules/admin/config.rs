//! Configuration section `admin`.

use argon2::password_hash::phc::PasswordHash;
use hornero::ConfigSection;
use serde::{Deserialize, Serialize};

/// Who may look at the server from inside, and do what.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdminConfig {
    /// Whether the namespace `/admin` lets anybody in. Default false.
    pub enabled: bool,
    /// Name to log in with. Default `admin`.
    pub username: String,
    /// Argon2 hash of the password, as `hornero hash-password` prints it. Default none; needed
    /// where it is enabled.
    pub password_hash: String,
    /// Whether operators only look, and neither emit nor move or disconnect sockets. Default true.
    pub read_only: bool,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            username: "admin".to_owned(),
            password_hash: String::new(),
            read_only: true,
        }
    }
}

impl ConfigSection for AdminConfig {
    const KEY: &'static str = "admin";
    const SECRETS: &'static [&'static str] = &["passwordHash"];

    fn problems(&self) -> Vec<(&'static str, String)> {
        if self.enabled && PasswordHash::new(&self.password_hash).is_err() {
            let text = "must be a hash as `hornero hash-password` prints it";
            return vec![("passwordHash", text.to_owned())];
        }
        Vec::new()
    }
}
