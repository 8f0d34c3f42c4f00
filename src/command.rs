//! The command line: what `hornero` can be asked to do.

use std::{error::Error, fs, path::Path, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use hornero::{App, Config, ConfigProblems, StartError};

use crate::{doctor, inspect, serve, tokens, users};

/// A real-time chat server that every Socket.IO client can use.
///
/// Settings come from config/default.json, config/{profile}.json, .env and the
/// environment; .env.example lists them all.
#[derive(Debug, Parser)]
#[command(name = "hornero", version)]
pub struct Command {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve until told to stop. This is what `hornero` alone does.
    Serve,
    /// Check modules and configuration, and start nothing.
    Check,
    /// List the Socket.IO events, and who may send them.
    Events,
    /// List the REST routes and plain-WebSocket paths, and who may use them.
    Routes,
    /// Draw the modules as a Mermaid diagram.
    Graph,
    /// Print every setting that is in force, secrets masked.
    Config,
    /// Check configuration, data, files, port, clock and secrets, and say what to change.
    Doctor,
    /// Hash a password, read from the standard input, for `admin.passwordHash`.
    HashPassword,
    /// Manage users.
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Let programs in.
    Token {
        #[command(subcommand)]
        action: TokenAction,
    },
}

#[derive(Debug, Subcommand)]
enum UserAction {
    /// List all users: id, kind, role, status, since when, e-mail address, name.
    List,
    /// Add a user, also where registration is closed.
    Add(AddUser),
    /// Make a user an admin or a supervisor, or neither again.
    Promote(PromoteUser),
    /// Shut a user out: no login, and no token from before, counts any more.
    Disable(DisableUser),
    /// Let a user in again who was shut out.
    Enable(DisableUser),
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Print an access token for a service, good for `auth.jwt.maxAge`.
    Issue(IssueToken),
    /// Make a key for a service, which is good while its hash stands in `auth.serviceKeys`.
    Key(MakeKey),
}

/// `hornero token issue`
#[derive(Debug, Args)]
pub(crate) struct IssueToken {
    /// Name of the service: letters, digits, dots, underscores and hyphens.
    #[arg(long)]
    pub(crate) service: String,
    /// What the token is to be good for.
    #[arg(long, default_value = "chat tasks email docs")]
    pub(crate) scope: String,
}

/// `hornero token key`
#[derive(Debug, Args)]
pub(crate) struct MakeKey {
    /// Name of the service: letters, digits, dots, underscores and hyphens.
    #[arg(long)]
    pub(crate) service: String,
}

/// `hornero user add`
#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// E-mail address to log in with.
    pub(crate) email: String,
    /// How others see the user.
    #[arg(long)]
    pub(crate) name: String,
    /// Read the password from the standard input, instead of making one up.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `hornero user promote`
#[derive(Debug, Args)]
pub(crate) struct PromoteUser {
    /// E-mail address or id of the user.
    pub(crate) email: String,
    /// What the user is to be.
    #[arg(long, value_enum, default_value_t = Rank::Admin)]
    pub(crate) to: Rank,
}

/// `hornero user disable` and `hornero user enable`
#[derive(Debug, Args)]
pub(crate) struct DisableUser {
    /// E-mail address or id of the user.
    pub(crate) email: String,
}

/// What a user can be made.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Rank {
    /// May do everything.
    Admin,
    /// May read every conversation.
    Supervisor,
    /// May do neither.
    User,
}

impl Command {
    /// Does what was asked, and tells how it went: 0, 1 for a failure, or 2 for a wrong
    /// configuration.
    pub async fn run(self) -> ExitCode {
        let done = match self.action.unwrap_or(Action::Serve) {
            Action::Serve => serve::run().await,
            Action::Check => check(),
            Action::Events => app().map(|it| print!("{}", inspect::events(&it))),
            Action::Routes => app().map(|it| print!("{}", inspect::routes(&it))),
            Action::Graph => app().map(|it| print!("{}", inspect::graph(&it))),
            Action::Config => print_config(),
            Action::Doctor => doctor::run().await,
            Action::HashPassword => users::hash_password(),
            Action::User { action: UserAction::List } => users::list().await,
            Action::User { action: UserAction::Add(args) } => users::add(args).await,
            Action::User { action: UserAction::Promote(args) } => users::promote(args).await,
            Action::User { action: UserAction::Disable(args) } => users::disable(args).await,
            Action::User { action: UserAction::Enable(args) } => users::enable(args).await,
            Action::Token { action: TokenAction::Issue(args) } => tokens::issue(args).await,
            Action::Token { action: TokenAction::Key(args) } => tokens::make_key(args),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // `Display`, not the `Debug` of a `main` that returns `Err`: an operator reads this.
                eprintln!("hornero: {error}");
                ExitCode::from(if is_configuration(&*error) { 2 } else { 1 })
            }
        }
    }
}

fn is_configuration(error: &(dyn Error + 'static)) -> bool {
    error.is::<ConfigProblems>()
        || matches!(error.downcast_ref::<StartError>(), Some(StartError::Config(_)))
}

/// The configured app. Reads `.env` and `config/` in the current folder.
pub(crate) fn app() -> Result<App, Box<dyn Error>> {
    // What is set later wins: the environment over .env.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let variables = dot_env()?.into_iter().chain(environment);
    let config = Config::load(Path::new("."), variables)?;
    Ok(crate::app().with_config(config))
}

/// The variables in `.env`, if there is one. Its lines may hold secrets, so an error
/// does not repeat them.
fn dot_env() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let lines = match dotenvy::from_path_iter(".env") {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return Ok(Vec::new()),
        Err(_) => return Err(".env cannot be read".into()),
    };
    let variables = lines.collect::<Result<Vec<_>, _>>();
    variables.map_err(|error| {
        let line = line_of(&error).map_or("a line".to_owned(), |it| format!("line {it}"));
        format!(".env has {line} that is not NAME=value").into()
    })
}

/// The number of the line in `.env` that is wrong.
fn line_of(error: &dotenvy::Error) -> Option<usize> {
    let dotenvy::Error::LineParse(wrong, _) = error else { return None };
    let text = fs::read_to_string(".env").ok()?;
    Some(text.lines().position(|it| it == wrong)? + 1)
}

/// `hornero config`
fn print_config() -> Result<(), Box<dyn Error>> {
    print!("{}", inspect::config(&app()?)?);
    Ok(())
}

/// `hornero check`
fn check() -> Result<(), Box<dyn Error>> {
    let app = app()?;
    let wiring = app.check();
    let config = app.check_config();
    if let Err(mistakes) = &wiring {
        eprintln!("{mistakes}\n");
    }
    config?;
    wiring.map_err(|_| "the modules do not fit together; see above")?;
    println!("All modules fit together, and the configuration is right.");
    Ok(())
}
