//! `hornero doctor`: looks at everything the server needs, and says what to change.

use std::{
    error::Error,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use auth::AuthConfig;
use database::{Database, DatabaseConfig};
use files::{FilesConfig, Scanner, Storage};
use hornero::{App, ServerConfig};
use tokio::time::timeout;

use crate::{command::app, serve};

/// Seconds from 1970 to the day this version was made; no clock is right that is before it.
const RELEASED: Duration = Duration::from_secs(1_795_132_800);

/// Time that the storage of files and the scanner have to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was looked at, and how it is.
struct Finding {
    subject: &'static str,
    /// How it is, or what to do about it.
    verdict: Result<String, String>,
}

/// Checks configuration, modules, data, port, clock, secrets, and what files need.
///
/// # Errors
///
/// If something keeps the server from running well.
pub async fn run() -> Result<(), Box<dyn Error>> {
    let app = app()?;
    app.check_config()?;
    let server: ServerConfig = app.section()?;
    let auth: AuthConfig = app.section()?;
    let data: DatabaseConfig = app.section()?;
    let bytes: FilesConfig = app.section()?;
    let production = app.profile() == "production";
    let mut findings = vec![
        Finding { subject: "configuration", verdict: Ok(format!("profile {}", app.profile())) },
        Finding { subject: "modules", verdict: modules(&app) },
        Finding { subject: "data folder", verdict: data_folder(&server.data_dir) },
        Finding { subject: "port", verdict: port(&server).await },
        Finding { subject: "clock", verdict: clock() },
        Finding { subject: "secrets", verdict: secrets(&auth, production) },
        Finding { subject: "cookies", verdict: cookies(&auth, production) },
        Finding { subject: "chat page", verdict: page() },
        Finding { subject: "file storage", verdict: file_storage(&bytes).await },
        // Last, since it takes the app: it opens the database, and migrates it.
        Finding { subject: "database", verdict: database(app, &data, &server.data_dir).await },
    ];
    if !bytes.scanner.address.is_empty() {
        findings.push(Finding { subject: "virus scanner", verdict: scanner(&bytes).await });
    }
    for Finding { subject, verdict } in &findings {
        match verdict {
            Ok(text) => println!("ok     {subject}: {text}"),
            Err(text) => println!("WRONG  {subject}: {text}"),
        }
    }
    match findings.iter().filter(|it| it.verdict.is_err()).count() {
        0 => Ok(()),
        wrong => Err(format!("{wrong} of {} need attention", findings.len()).into()),
    }
}

fn modules(app: &App) -> Result<String, String> {
    app.check().map_err(|mistakes| mistakes.to_string())?;
    Ok(format!("{} fit together", app.modules().len()))
}

fn data_folder(folder: &Path) -> Result<String, String> {
    let probe = folder.join(".hornero-doctor");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&probe, "probe"));
    written.map_err(|error| {
        format!("{} cannot be written: {error}; see HORNERO__SERVER__DATA_DIR", folder.display())
    })?;
    // What cannot be removed was written all the same.
    let _ = fs::remove_file(probe);
    Ok(format!("{} can be written", folder.display()))
}

async fn port(server: &ServerConfig) -> Result<String, String> {
    let listener = serve::bind(server).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok(format!("{address} is free"))
}

fn clock() -> Result<String, String> {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(now) if now > RELEASED => Ok("later than this release".to_owned()),
        _ => Err("before this release: set it, or tokens will not be valid".to_owned()),
    }
}

fn secrets(auth: &AuthConfig, production: bool) -> Result<String, String> {
    if auth.jwt.is_external() {
        return match production && auth.jwt.fetches_in_the_clear() {
            true => Err("the issuer's keys come over http, where others may change them: use an \
                         https address in HORNERO__AUTH__JWT__JWKS_URL"
                .to_owned()),
            false => Ok("tokens are issued elsewhere".to_owned()),
        };
    }
    match (auth.jwt.secret.is_empty(), production) {
        (false, _) => Ok("the token key is configured".to_owned()),
        (true, false) => Ok("the token key is generated, for development".to_owned()),
        (true, true) => Err("production needs a token key: set JWT_SECRET".to_owned()),
    }
}

fn cookies(auth: &AuthConfig, production: bool) -> Result<String, String> {
    match (auth.cookies.secure.unwrap_or(production), production) {
        (true, _) => Ok("over HTTPS only".to_owned()),
        (false, false) => Ok("over HTTP too, for development".to_owned()),
        (false, true) => Err("set HORNERO__AUTH__COOKIES__SECURE=true".to_owned()),
    }
}

fn page() -> Result<String, String> {
    if web::has_client_bundle() {
        return Ok("has the Socket.IO client".to_owned());
    }
    Err("was built without the Socket.IO client: install Node.js with npm, and build again"
        .to_owned())
}

async fn database(app: App, config: &DatabaseConfig, folder: &Path) -> Result<String, String> {
    // Before it is opened, which would wait for a PostgreSQL that is not there.
    let found = config.examine(folder).await.map_err(|error| error.to_string())?;
    app.resolve::<Database>().await.map_err(|error| error.to_string())?;
    Ok(format!("{found} opens, and has the current schema"))
}

async fn file_storage(config: &FilesConfig) -> Result<String, String> {
    let storage = alone::<Storage>().await?;
    let (it, remedy) = match config.s3.bucket.as_str() {
        "" => ("the folder", "make it writable, or name another one in HORNERO__FILES__FOLDER"),
        _ => ("the bucket", "look at HORNERO__FILES__S3__*, and whether it can be reached"),
    };
    match timeout(PATIENCE, storage.try_out()).await {
        Ok(Ok(())) => Ok(format!("{it} keeps what it is given")),
        Ok(Err(error)) => Err(format!("{error}; {remedy}")),
        Err(_) => Err(format!("{it} does not answer; {remedy}")),
    }
}

async fn scanner(config: &FilesConfig) -> Result<String, String> {
    let scanner = alone::<Scanner>().await?;
    let address = &config.scanner.address;
    let remedy = "start clamd, or set HORNERO__FILES__SCANNER__ADDRESS";
    match timeout(PATIENCE, scanner.ping()).await {
        Ok(Ok(())) => Ok(format!("answers at {address}")),
        Ok(Err(error)) => Err(format!("{address}: {error}; {remedy}")),
        Err(_) => Err(format!("{address} does not answer; {remedy}")),
    }
}

/// Something that a module exports, without anything that it does not need.
async fn alone<T: Send + Sync + 'static>() -> Result<Arc<T>, String> {
    let app = app().map_err(|error| error.to_string())?;
    app.resolve::<T>().await.map_err(|error| error.to_string())
}
