//! From a root module to a running server.
//!
//! ```text
//! App::of::<AppModule>()  -> check -> build -> on_init -> Server
//! Server::serve           -> listen .. stop signal -> close sockets -> drain -> on_shutdown
//! ```

use std::{
    any::TypeId, collections::HashMap, future::Future, net::SocketAddr, panic::Location, pin::Pin,
    sync::Arc, time::Duration,
};

use axum::{Router, serve::ListenerExt};
use socketioxide::{SocketIo, adapter::LocalAdapter, layer::SocketIoLayer};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    config::{Config, ConfigProblems, ConfigSection, ConfigValue, Section},
    contract::GatewayContract,
    gateway::Sockets,
    graph::{Graph, ModuleInfo, Override, Source},
    http,
    logging::LoggingConfig,
    mistake::Mistakes,
    module::{Doors, Hook, Module, RunHook},
    provider::{BoxError, Inject, Instance, Key, instance_of},
    settings::{ServerConfig, WebsocketConfig},
};

/// An app that is not yet built: a root module, configuration and overrides.
pub struct App {
    graph: Graph,
    config: Config,
}

impl App {
    /// The app whose root module is `M`, on the defaults of the configuration.
    pub fn of<M: Module>() -> Self {
        let mut app = Self { graph: Graph::of::<M>(), config: Config::default() };
        // Every module sees these; the real values are put in when the app is built.
        for key in [Key::of::<Config>(), Key::of::<ServerConfig>(), Key::of::<SocketIo>()] {
            app.graph.globals.insert(key, Arc::new(()));
        }
        app
    }

    /// Sets the configuration.
    #[must_use]
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Puts `value` in the place of the one provider of `T`. Its constructor is not
    /// called, and what only that needs is not built.
    #[must_use]
    #[track_caller]
    pub fn override_with<T: ?Sized + Send + Sync + 'static>(self, value: Arc<T>) -> Self {
        self.replace(None, value, Location::caller())
    }

    /// Like [`Self::override_with`], where several modules provide a `T` of their own.
    #[must_use]
    #[track_caller]
    pub fn override_in<M: Module, T: ?Sized + Send + Sync + 'static>(self, value: Arc<T>) -> Self {
        self.replace(Some(TypeId::of::<M>()), value, Location::caller())
    }

    fn replace<T: ?Sized + Send + Sync + 'static>(
        mut self,
        module: Option<TypeId>,
        value: Arc<T>,
        place: &'static Location<'static>,
    ) -> Self {
        let instance = instance_of(value);
        self.graph.overrides.push(Override { key: Key::of::<T>(), module, instance, place });
        self
    }

    /// Finds every mistake in the wiring of the modules. Runs no constructor.
    ///
    /// # Errors
    ///
    /// All mistakes at once, each with its place and what to do about it.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mistakes = self.graph.check();
        if mistakes.is_empty() { Ok(()) } else { Err(Mistakes(mistakes)) }
    }

    /// Finds every mistake in the configuration. Runs no constructor.
    ///
    /// # Errors
    ///
    /// All mistakes at once, in all sections and layers.
    pub fn check_config(&self) -> Result<(), ConfigProblems> {
        let sections = self.sections();
        let keys: Vec<_> = sections.iter().map(|it| it.key).collect();
        let mut problems = self.config.unknown_sections(&keys);
        for section in &sections {
            problems.extend((section.check)(&self.config).err().into_iter().flat_map(|it| it.0));
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigProblems(problems)) }
    }

    /// Every value of the configuration that is in force, secrets masked.
    ///
    /// # Errors
    ///
    /// As [`Self::check_config`].
    pub fn config_values(&self) -> Result<Vec<ConfigValue>, ConfigProblems> {
        self.check_config()?;
        let mut values = Vec::new();
        for section in self.sections() {
            values.extend((section.values)(&self.config)?);
        }
        Ok(values)
    }

    /// The framework's sections and those of the modules, each once.
    fn sections(&self) -> Vec<Section> {
        let mut sections = vec![
            Section::of::<ServerConfig>(),
            Section::of::<WebsocketConfig>(),
            Section::of::<LoggingConfig>(),
        ];
        for section in self.graph.modules.iter().flat_map(|it| &it.def.sections) {
            if sections.iter().all(|it| it.key != section.key) {
                sections.push(*section);
            }
        }
        sections
    }

    /// The modules, those that are imported before those that import them.
    pub fn modules(&self) -> Vec<ModuleInfo> {
        self.graph.modules.iter().map(|it| self.graph.info(&it.def)).collect()
    }

    /// What goes in and out of each gateway, those of imported modules first.
    pub fn gateways(&self) -> impl Iterator<Item = &GatewayContract> {
        self.graph.modules.iter().flat_map(|it| &it.def.gateways)
    }

    /// Kind of place the app runs in: `development` unless configured, or `production`.
    pub fn profile(&self) -> &str {
        self.config.profile()
    }

    /// Reads a section of the configuration.
    ///
    /// # Errors
    ///
    /// Every mistake in that section.
    pub fn section<T: ConfigSection>(&self) -> Result<T, ConfigProblems> {
        self.config.section()
    }

    /// Builds what controllers, gateways and hooks need, and runs the `on_init` hooks.
    ///
    /// # Errors
    ///
    /// A mistake in configuration or wiring, found before anything was built, or the
    /// failure of a constructor or hook.
    pub async fn build(self) -> Result<Server, StartError> {
        let (mut builder, settings, socket_layer, io) = self.prepare()?;
        let mut doors = Doors::default();
        let mut on_init = Vec::new();
        let mut on_shutdown = Vec::new();
        let graph = Arc::clone(&builder.graph);
        for (module, node) in graph.modules.iter().enumerate() {
            let def = &node.def;
            for mount in &def.mounts {
                let instance = builder.get(module, mount.key).await?;
                (mount.mount)(&instance, &mut doors);
            }
            for hook in &def.on_init {
                on_init.push((hook, builder.arguments(module, &hook.dependencies).await?));
            }
            for hook in &def.on_shutdown {
                let arguments = builder.arguments(module, &hook.dependencies).await?;
                on_shutdown.push((Arc::clone(&hook.run), arguments));
            }
        }
        for (hook, arguments) in on_init {
            run(hook, &arguments).await?;
        }
        // Only now: no client may come in before the hooks have ended.
        let sockets = doors.sockets.open(io);
        let router = http::layered(doors.routes, socket_layer, &settings);
        on_shutdown.reverse();
        Ok(Server { router, sockets, settings, on_shutdown })
    }

    /// Builds one provider of the root module, and only what it needs: for command
    /// line tools that share services with the server. No hook is run.
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    pub async fn resolve<T: ?Sized + Send + Sync + 'static>(self) -> Result<Arc<T>, StartError> {
        let (mut builder, ..) = self.prepare()?;
        let root = builder.graph.root();
        let instance = builder.get(root, Key::of::<T>()).await?;
        Ok(<Arc<T> as Inject>::from_instance(&instance))
    }

    fn prepare(
        mut self,
    ) -> Result<(Builder, ServerConfig, SocketIoLayer<LocalAdapter>, SocketIo), StartError> {
        self.check_config()?;
        self.check()?;
        let settings: ServerConfig = self.config.section()?;
        let (layer, io) = socket_io(&self.config.section()?);
        let globals = [
            (Key::of::<Config>(), instance_of(Arc::new(self.config))),
            (Key::of::<ServerConfig>(), instance_of(Arc::new(settings.clone()))),
            (Key::of::<SocketIo>(), instance_of(Arc::new(io.clone()))),
        ];
        self.graph.globals.extend(globals);
        let builder = Builder { graph: Arc::new(self.graph), built: HashMap::new() };
        Ok((builder, settings, layer, io))
    }
}

fn socket_io(config: &WebsocketConfig) -> (SocketIoLayer<LocalAdapter>, SocketIo) {
    SocketIo::builder()
        .ping_interval(Duration::from_millis(config.ping_interval_ms))
        .ping_timeout(Duration::from_millis(config.ping_timeout_ms))
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        .max_payload(config.max_http_buffer_size as u64)
        .ws_max_message_size(config.max_http_buffer_size)
        .ws_max_frame_size(config.max_http_buffer_size)
        .max_buffer_size(config.send_queue_size)
        .build_layer()
}

/// Builds instances, each once for its module.
struct Builder {
    graph: Arc<Graph>,
    built: HashMap<(usize, usize), Instance>,
}

impl Builder {
    /// What `module` means by `key`.
    async fn get(&mut self, module: usize, key: Key) -> Result<Instance, StartError> {
        match self.graph.source(module, key) {
            Some(Source::Global(key)) => Ok(Arc::clone(&self.graph.globals[&key])),
            Some(Source::Provider { module, provider }) => self.build(module, provider).await,
            None => {
                Err(StartError::Unknown { wanted: key, module: self.graph.name(module).to_owned() })
            }
        }
    }

    /// Boxed, since a provider's dependencies are built the same way.
    fn build(
        &mut self,
        module: usize,
        provider: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Instance, StartError>> + Send + '_>> {
        Box::pin(async move {
            if let Some(built) = self.built.get(&(module, provider)) {
                return Ok(Arc::clone(built));
            }
            let graph = Arc::clone(&self.graph);
            let it = graph.provider(module, provider);
            let instance = match graph.replacement(module, it.key) {
                Some(replacement) => Arc::clone(&replacement.instance),
                None => {
                    let arguments = self.arguments(module, &it.dependencies).await?;
                    it.build(&arguments).await.map_err(|source| StartError::Constructor {
                        built: it.key,
                        module: graph.name(module).to_owned(),
                        place: it.place,
                        source,
                    })?
                }
            };
            self.built.insert((module, provider), Arc::clone(&instance));
            Ok(instance)
        })
    }

    async fn arguments(
        &mut self,
        module: usize,
        dependencies: &[Key],
    ) -> Result<Vec<Instance>, StartError> {
        let mut arguments = Vec::with_capacity(dependencies.len());
        for key in dependencies {
            arguments.push(self.get(module, *key).await?);
        }
        Ok(arguments)
    }
}

async fn run(hook: &Hook, arguments: &[Instance]) -> Result<(), StartError> {
    let failed = |source| StartError::Hook { place: hook.place, source };
    (hook.run)(arguments).await.map_err(failed)
}

/// Reason the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigProblems),

    /// The modules have mistakes.
    #[error("the modules do not fit together:\n\n{0}")]
    Wiring(#[from] Mistakes),

    /// A constructor failed.
    #[error("{source}\n  --> while building `{built}` of `{module}` ({place})")]
    Constructor {
        /// What was to be built.
        built: Key,
        /// Module that provides it.
        module: String,
        /// Where the module does.
        place: &'static Location<'static>,
        /// The constructor's own account.
        source: BoxError,
    },

    /// An `on_init` hook failed.
    #[error("{source}\n  --> in the on_init hook at {place}")]
    Hook {
        /// Where the hook is registered.
        place: &'static Location<'static>,
        /// The hook's own account.
        source: BoxError,
    },

    /// [`App::resolve`] was asked for something that the root module does not have.
    #[error("`{module}` has no `{wanted}`: provide it there, or import a module that exports it")]
    Unknown {
        /// What was asked for.
        wanted: Key,
        /// The root module.
        module: String,
    },
}

/// A built server, ready to be served or to be called by tests.
pub struct Server {
    router: Router,
    sockets: Sockets,
    settings: ServerConfig,
    /// Hooks with their arguments, in the order in which they are to be run.
    on_shutdown: Vec<(RunHook, Vec<Instance>)>,
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
        // A chat message is smaller than what Nagle's algorithm would wait for.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "Could not set TCP_NODELAY: {error}");
            }
        });
        let (stopping, stopped) = watch::channel(());
        let graceful = async move {
            stop.await;
            tracing::info!("Stopping: no new connections, closing sockets");
            drop(stopping);
        };
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(graceful);
        // `changed` resolves with an error once the sender is dropped.
        let closing = async {
            stopped.clone().changed().await.ok();
            self.sockets.close().await;
        };
        let timeout = self.settings.shutdown_timeout();
        let too_long = async {
            stopped.clone().changed().await.ok();
            tokio::time::sleep(timeout).await;
        };
        let result = tokio::select! {
            (result, ()) = async { tokio::join!(serving.into_future(), closing) } => result,
            () = too_long => {
                let limit = timeout.as_millis();
                tracing::warn!("Some requests or events did not end within {limit} ms");
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

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}
