//! The key that tokens are signed with.

use std::{fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// File in the data folder that keeps the generated key.
const FILE: &str = "jwt-secret";

/// Reads the key that development uses, or makes one.
///
/// It is kept, so that tokens survive a restart.
///
/// # Errors
///
/// If the file can be neither read nor written.
pub(crate) fn generated(data_dir: &Path) -> io::Result<String> {
    let path = data_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(secret) if secret.len() >= 32 => return Ok(secret),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = STANDARD_NO_PAD.encode(rand::random::<[u8; 48]>());
    fs::create_dir_all(data_dir)?;
    write_private(&path, &secret)?;
    tracing::info!("Generated a key to sign tokens with, for development: {}", path.display());
    Ok(secret)
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}
