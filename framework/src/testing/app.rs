//! A server for one test.

use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    panic::Location,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{Handshake, Request, TestSocket, owned, soon};
use crate::{app::App, build::StartError};

/// Tests send faster than people, and more that is wrong.
const UNLIMITED: [(&str, &str); 6] = [
    ("HORNERO__RATE_LIMIT__MAX_REQUESTS", "0"),
    ("HORNERO__RATE_LIMIT__CREDENTIALS", "0"),
    ("HORNERO__RATE_LIMIT__HANDSHAKES", "0"),
    ("HORNERO__RATE_LIMIT__EVENTS", "0"),
    ("HORNERO__RATE_LIMIT__SIGNALS", "0"),
    ("HORNERO__RATE_LIMIT__PROTOCOL_ERRORS", "0"),
];

/// A server on a free port of this machine, with a data folder of its own. Both are gone when
/// it is stopped or dropped.
///
/// The folder is `server.dataDir` of the configuration, so whatever a module keeps in files is
/// there. An SQLite database is one of them, and not in memory: a database in memory belongs
/// to one connection, so that several would need a shared cache, which locks by other rules
/// than a file, and none would be left after a [restart](Self::restart).
pub struct TestApp {
    address: SocketAddr,
    /// What the server was built of, for the next one.
    app: App,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl TestApp {
    /// Starts `app` as it is configured; by nothing but defaults, unless it was given a
    /// configuration. Only the limits of rate are off, since tests send faster than people:
    /// [`Self::start_with`] turns them on.
    ///
    /// # Panics
    ///
    /// If it does not start, with all mistakes in its modules or configuration.
    #[track_caller]
    pub fn start(app: App) -> impl Future<Output = Self> {
        Self::start_with(app, &[])
    }

    /// Starts `app` under environment variables, such as `HORNERO__SERVER__DOCS`, that win over
    /// its configuration.
    ///
    /// # Panics
    ///
    /// As [`Self::start`].
    #[track_caller]
    pub fn start_with(app: App, variables: &[(&str, &str)]) -> impl Future<Output = Self> {
        let place = Location::caller();
        async move {
            match Self::try_start(app, variables).await {
                Ok(started) => started,
                Err(error) => panic!("{error}\n\nThe app was started at {place}"),
            }
        }
    }

    /// Like [`Self::start_with`], for tests of an app that does not start.
    ///
    /// # Errors
    ///
    /// Why it does not start. Nothing serves then, and the data folder is gone.
    pub async fn try_start(app: App, variables: &[(&str, &str)]) -> Result<Self, StartError> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let data = data_dir(&folder).display().to_string();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
        let variables = [data].into_iter().chain(owned(&UNLIMITED)).chain(owned(variables));
        Self::serve(app.with_variables(variables), folder).await
    }

    async fn serve(app: App, folder: TempDir) -> Result<Self, StartError> {
        let server = app.again().build().await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there are free ports");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(listener, async {
            // A test that drops its app wants it to stop, too.
            stopped.await.ok();
        }));
        Ok(Self { address, app, folder, stop, serving })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of what the server keeps. The server makes it when it needs it.
    pub fn data_dir(&self) -> PathBuf {
        data_dir(&self.folder)
    }

    /// A GET request, which is sent when it is awaited.
    #[track_caller]
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// A POST request, which is sent when it is awaited.
    #[track_caller]
    pub fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// A PUT request, which is sent when it is awaited.
    #[track_caller]
    pub fn put(&self, path: &str) -> Request {
        self.request("PUT", path)
    }

    /// A PATCH request, which is sent when it is awaited.
    #[track_caller]
    pub fn patch(&self, path: &str) -> Request {
        self.request("PATCH", path)
    }

    /// A DELETE request, which is sent when it is awaited.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Request {
        self.request("DELETE", path)
    }

    /// A request with any method, which is sent when it is awaited.
    #[track_caller]
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// Connects to a namespace over a WebSocket, with no token or anything else.
    ///
    /// # Panics
    ///
    /// If the socket is refused.
    #[track_caller]
    pub fn connect(&self, namespace: &str) -> impl Future<Output = TestSocket> + use<> {
        let place = Location::caller();
        let handshake = self.handshake(namespace);
        async move {
            match handshake.connect().await {
                Ok(socket) => socket,
                Err(refused) => panic!("refused, at {place}: {refused:?}"),
            }
        }
    }

    /// What a socket shows to be let into a namespace, and whether it is.
    pub fn handshake(&self, namespace: &str) -> Handshake {
        Handshake::new(self.address, namespace)
    }

    /// Gives the stop signal at once; the future resolves when the server has stopped.
    ///
    /// # Panics
    ///
    /// If the server failed, or takes longer to stop than [`PATIENCE`](super::PATIENCE).
    #[track_caller]
    pub fn signal_stop(self) -> impl Future<Output = ()> + Send + 'static {
        let ended = stop(self.stop, self.serving);
        async move {
            ended.await;
            drop(self.folder);
        }
    }

    /// Stops the server as its stop signal does, and waits until it has stopped.
    ///
    /// # Panics
    ///
    /// As [`Self::signal_stop`].
    #[track_caller]
    pub fn stop(self) -> impl Future<Output = ()> + Send + 'static {
        self.signal_stop()
    }

    /// Stops the server, and starts another one of the same app on the same data folder.
    ///
    /// It has another address. Of the server before it has what lies in the folder, and the
    /// values that were given as overrides.
    ///
    /// # Panics
    ///
    /// As [`Self::signal_stop`], or if the other one does not start.
    #[track_caller]
    pub fn restart(self) -> impl Future<Output = Self> {
        let place = Location::caller();
        let ended = stop(self.stop, self.serving);
        async move {
            ended.await;
            match Self::serve(self.app, self.folder).await {
                Ok(restarted) => restarted,
                Err(error) => panic!("{error}\n\nThe app was started again at {place}"),
            }
        }
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp").field("address", &self.address).finish_non_exhaustive()
    }
}

fn data_dir(folder: &TempDir) -> PathBuf {
    Path::new(folder.path()).join("data")
}

/// Gives the stop signal, before the future is polled.
#[track_caller]
fn stop(
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
) -> impl Future<Output = ()> + Send + 'static {
    // An error means that the server has ended already, and `serving` says how.
    stop.send(()).ok();
    let ended = soon(serving);
    async move {
        let served = ended.await.expect("the server should not panic");
        served.expect("the server should serve until it is stopped");
    }
}
