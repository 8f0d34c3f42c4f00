//! A built server: serving, and stopping in order.
//!
//! ```text
//! listen .. stop signal -> close sockets -> requests and tasks end -> on_shutdown
//! ```

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    gateway::Sockets,
    listener::{PatientListener, Peer},
    metrics::Metrics,
    module::RunHook,
    provider::Instance,
    settings::ServerConfig,
    stopping::Stopping,
};

/// A built server, ready to be served or to be called by tests.
pub struct Server {
    pub(crate) router: Router,
    pub(crate) sockets: Sockets,
    pub(crate) settings: ServerConfig,
    pub(crate) stopping: Arc<Stopping>,
    pub(crate) metrics: Arc<Metrics>,
    /// Background tasks with their arguments.
    pub(crate) tasks: Vec<(RunHook, Vec<Instance>)>,
    /// Hooks with their arguments, in the order in which they are to be run.
    pub(crate) on_shutdown: Vec<(RunHook, Vec<Instance>)>,
}

impl Server {
    /// All routes with all layers, Socket.IO included.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The section `server` of the configuration.
    pub fn settings(&self) -> &ServerConfig {
        &self.settings
    }

    /// Serves until `stop` resolves; then closes the sockets, lets open requests and
    /// events end within the shutdown timeout, and runs the `on_shutdown` hooks.
    ///
    /// # Errors
    ///
    /// The failure of the listener. A failing hook is logged, and the next one is run.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let listener =
            PatientListener::new(listener, self.settings.write_timeout(), self.settings.patience());
        let stopping = Arc::clone(&self.stopping);
        let graceful = async move {
            stop.await;
            tracing::info!("Stopping: no new connections, closing sockets");
            stopping.say();
        };
        let mut tasks = start(self.tasks);
        tasks.spawn(tidy(self.metrics, Arc::clone(&self.stopping)));
        let service = self.router.into_make_service_with_connect_info::<Peer>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(graceful);
        let closing = async {
            self.stopping.wait().await;
            self.sockets.close().await;
            self.stopping.released().await;
            while tasks.join_next().await.is_some() {}
        };
        let timeout = self.settings.shutdown_timeout();
        let too_long = async {
            self.stopping.wait().await;
            tokio::time::sleep(timeout).await;
        };
        let result = tokio::select! {
            (result, ()) = async { tokio::join!(serving.into_future(), closing) } => result,
            () = too_long => {
                let limit = timeout.as_millis();
                tracing::warn!("Some requests, events or tasks did not end within {limit} ms");
                Ok(())
            }
        };
        for (hook, arguments) in self.on_shutdown {
            if let Err(error) = hook(&arguments).await {
                tracing::error!(%error, "A shutdown hook failed: {error}");
            }
        }
        result
    }
}

/// Starts the modules' background tasks.
fn start(tasks: Vec<(RunHook, Vec<Instance>)>) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for (task, arguments) in tasks {
        running.spawn(async move {
            if let Err(error) = task(&arguments).await {
                tracing::error!(%error, "A background task failed: {error}");
            }
        });
    }
    running
}

/// Makes room for new measurements, again and again.
async fn tidy(metrics: Arc<Metrics>, stopping: Arc<Stopping>) {
    loop {
        tokio::select! {
            () = stopping.wait() => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => metrics.tidy(),
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}
