//! `hornero serve`

use std::{error::Error, io};

use auth::{AuthConfig, JwtConfig};
use database::DatabaseConfig;
use hornero::{ServerConfig, logging};
use tokio::{net::TcpListener, signal};

use crate::command::app;

/// Starts the server, and serves until told to stop.
///
/// # Errors
///
/// Whatever keeps the server from starting, in a sentence for operators.
pub async fn run() -> Result<(), Box<dyn Error>> {
    let app = app()?;
    app.check_config()?;
    logging::init(&app.section()?);
    // Before the database is opened: a second server on the same files would find out late.
    let settings: ServerConfig = app.section()?;
    let database = app.section::<DatabaseConfig>()?.place(&settings.data_dir)?;
    let tokens = app.section::<AuthConfig>()?.jwt;
    app.check()?;
    let listener = bind(&settings).await?;
    let server = app.build().await?;
    greet(&format!("http://{}", listener.local_addr()?), &database, &settings, &tokens);
    server.serve(listener, stop_signal()).await?;
    Ok(())
}

/// Takes the configured address.
///
/// # Errors
///
/// Why it cannot be had, and what to do.
pub(crate) async fn bind(settings: &ServerConfig) -> Result<TcpListener, String> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let address = format!("{host}:{port}");
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "{address} is in use by another program; stop it, or choose another port with \
             HORNERO__SERVER__PORT"
        ),
        io::ErrorKind::PermissionDenied => format!(
            "may not listen on {address}; choose a port above 1023 with HORNERO__SERVER__PORT"
        ),
        _ => format!("cannot listen on {address}: {error}; see HORNERO__SERVER__HOST"),
    })
}

/// Tells a newcomer what there is, and what to do next.
fn greet(url: &str, database: &str, settings: &ServerConfig, tokens: &JwtConfig) {
    let page = if web::has_client_bundle() {
        "open it in two tabs, register in one, and chat"
    } else {
        "built without the Socket.IO client; the page says what to do"
    };
    let documents = if settings.docs {
        format!("{url}/docs   /openapi.json /asyncapi.json /socket.d.ts")
    } else {
        "closed by server.docs".to_owned()
    };
    let data = settings.data_dir.display();
    let log_in = if tokens.is_external() {
        format!("{} issues tokens; send one as", tokens.issuer)
    } else {
        "POST /auth/register or /auth/guest gives a token; send it as".to_owned()
    };
    println!(
        "\
Hornero {version} is listening.

  Chat page   {url}/   {page}
  Socket.IO   {url}/socket.io/   namespaces / and /chat
  REST        {url}/   /auth /sessions /rooms /chat /escalations
  Documents   {documents}
  Database    {database}
  Data        {data}

Log in: {log_in}
  Authorization: Bearer <token>   or as   io('{url}/chat', {{ auth: {{ token }} }})
Make an admin: hornero user promote <e-mail or id>. Stop with Ctrl-C.",
        version = env!("CARGO_PKG_VERSION"),
    );
}

/// Resolves at Ctrl-C, or when a service manager says stop.
async fn stop_signal() {
    let interrupt = async {
        if let Err(error) = signal::ctrl_c().await {
            tracing::error!(%error, "Cannot listen for Ctrl-C; kill the process to stop it");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "Cannot listen for SIGTERM: {error}");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
