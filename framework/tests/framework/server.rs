//! A server on a free port of this machine.

use std::net::SocketAddr;

use hornero::{App, Config};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::soon;

/// A server that runs until it is stopped or dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// Builds and serves `app`.
pub(crate) async fn serve(app: App) -> Running {
    let server = app.build().await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(server.serve(listener, async {
        stopped.await.ok();
    }));
    Running { address, stop, serving }
}

impl Running {
    /// Gives the stop signal; the returned task ends when the server has stopped.
    pub(crate) fn signal_stop(self) -> JoinHandle<std::io::Result<()>> {
        self.stop.send(()).unwrap();
        self.serving
    }

    /// Stops the server, and waits until it has.
    pub(crate) async fn stop(self) {
        soon(self.signal_stop()).await.unwrap().unwrap();
    }
}

/// A configuration in which a client may send as many events as it likes.
pub(crate) fn unlimited() -> Config {
    environment(&[("HORNERO__RATE_LIMIT__EVENTS", "0"), ("HORNERO__RATE_LIMIT__SIGNALS", "0")])
}

/// A configuration with nothing but these environment variables.
pub(crate) fn environment(variables: &[(&str, &str)]) -> Config {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load("/nowhere".as_ref(), variables).unwrap()
}
