//! From a root module to a running server.
//!
//! ```text
//! App::of::<AppModule>()  -> check -> build -> on_init -> Server
//! Server::serve           -> listen .. stop signal -> close sockets -> drain -> on_shutdown
//! ```

use std::{any::TypeId, collections::BTreeSet, panic::Location, sync::Arc, time::Duration};

use socketioxide::{ParserConfig, adapter::LocalAdapter, layer::SocketIoLayer};

use crate::{
    build::{Builder, StartError, run},
    config::{Config, ConfigProblems, ConfigSection, ConfigValue, Section, same_sections},
    connection::{Connections, Traffic},
    contract::{
        About, ControllerContract, Documents, GatewayContract, SocketContract, clashes, paths,
        references,
    },
    gateway::{Limits, Refusals},
    graph::{Graph, ModuleInfo, Override},
    http::{self, Measures},
    logging::LoggingConfig,
    metrics::Metrics,
    mistake::Mistakes,
    module::{Doors, Module},
    provider::{Bindable, Constructor, Inject, Key, Provider, instance_of},
    recovery::{self, Recoveries},
    request_limits::RequestLimits,
    server::Server,
    settings::{Parser, RateLimitConfig, ServerConfig, WebsocketConfig},
    socket_io::SocketIo,
    stopping::Stopping,
};

/// An app that is not yet built: a root module, configuration and overrides.
pub struct App {
    graph: Graph,
    config: Config,
    about: About,
    #[cfg(feature = "testing")]
    read: fn() -> Self,
}

impl App {
    /// The app whose root module is `M`, on the defaults of the configuration.
    pub fn of<M: Module>() -> Self {
        let graph = Graph::of::<M>();
        let about = About {
            title: graph.name(graph.root()).trim_end_matches("Module").to_owned(),
            version: "0.0.0".to_owned(),
        };
        let mut app = Self {
            graph,
            config: Config::default(),
            about,
            #[cfg(feature = "testing")]
            read: Self::of::<M>,
        };
        // Every module sees these; the real values are put in when the app is built.
        let globals = [
            Key::of::<Config>(),
            Key::of::<ServerConfig>(),
            Key::of::<SocketIo>(),
            Key::of::<Stopping>(),
            Key::of::<Traffic>(),
            Key::of::<Metrics>(),
            Key::of::<Recoveries>(),
        ];
        for key in globals {
            app.graph.globals.insert(key, Arc::new(()));
        }
        app
    }

    /// Sets what the app's documents call it: `titled("Polls", env!("CARGO_PKG_VERSION"))`.
    #[must_use]
    pub fn titled(mut self, title: &str, version: &str) -> Self {
        self.about = About { title: title.to_owned(), version: version.to_owned() };
        self
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
        self.replace(None, Provider::value(value, Location::caller()))
    }

    /// Like [`Self::override_with`], where several modules provide a `T` of their own.
    #[must_use]
    #[track_caller]
    pub fn override_in<M: Module, T: ?Sized + Send + Sync + 'static>(self, value: Arc<T>) -> Self {
        self.replace(Some(TypeId::of::<M>()), Provider::value(value, Location::caller()))
    }

    /// Puts `constructor` in the place of the one provider of what it returns: an `Arc<T>`, an
    /// `Arc<dyn Trait>`, or a `Result` of either.
    ///
    /// Its arguments are found where those of the other one would be: in the provider's module.
    /// What only the other one needs is not built.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hornero::{App, Module, ModuleDef};
    /// struct Limit(u32);
    /// struct Quota { limit: Arc<Limit>, used: u32 }
    ///
    /// # struct QuotaModule;
    /// # impl Module for QuotaModule {
    /// #     fn define(m: &mut ModuleDef) {
    /// m.value(Limit(3)).provide(|limit| Quota { limit, used: 0 }).export::<Quota>();
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() {
    /// let used_up = |limit: Arc<Limit>| Arc::new(Quota { used: limit.0, limit });
    /// let app = App::of::<QuotaModule>().override_by(used_up);
    /// assert_eq!(app.resolve::<Quota>().await.unwrap().used, 3);
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn override_by<Args, C>(self, constructor: C) -> Self
    where
        C: Constructor<Args>,
        C::Output: Bindable,
    {
        self.replace(None, Provider::bound(constructor, Location::caller()))
    }

    /// Like [`Self::override_by`], where several modules provide what it returns.
    #[must_use]
    #[track_caller]
    pub fn override_by_in<M: Module, Args, C>(self, constructor: C) -> Self
    where
        C: Constructor<Args>,
        C::Output: Bindable,
    {
        self.replace(Some(TypeId::of::<M>()), Provider::bound(constructor, Location::caller()))
    }

    fn replace(mut self, module: Option<TypeId>, provider: Provider) -> Self {
        // The last one counts, so that a test can change what its helper has set.
        let same = |it: &Override| it.provider.key == provider.key && it.module == module;
        self.graph.overrides.retain(|it| !same(it));
        self.graph.overrides.push(Override { provider: Arc::new(provider), module });
        self
    }

    /// Finds every mistake in the wiring of the modules. Runs no constructor.
    ///
    /// # Errors
    ///
    /// All mistakes at once, each with its place and what to do about it.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mut mistakes = self.graph.check();
        mistakes.append(&mut paths::find(self.controllers(), self.sockets()));
        mistakes.append(&mut clashes::find(self.controllers(), self.gateways()));
        mistakes.append(&mut references::find(self.controllers(), self.gateways()));
        mistakes.append(&mut same_sections(&self.all_sections()));
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
        let mut sections: Vec<Section> = Vec::new();
        for section in self.all_sections() {
            if sections.iter().all(|it| it.key != section.key) {
                sections.push(section);
            }
        }
        sections
    }

    /// The framework's sections and those of the modules, as often as they are listed.
    fn all_sections(&self) -> Vec<Section> {
        let ours = [
            Section::of::<ServerConfig>(None),
            Section::of::<WebsocketConfig>(None),
            Section::of::<RateLimitConfig>(None),
            Section::of::<LoggingConfig>(None),
        ];
        let theirs = self.graph.modules.iter().flat_map(|it| &it.def.sections);
        ours.into_iter().chain(theirs.copied()).collect()
    }

    /// The modules, those that are imported before those that import them.
    pub fn modules(&self) -> Vec<ModuleInfo> {
        self.graph.modules.iter().map(|it| self.graph.info(&it.def)).collect()
    }

    /// The documented routes of each controller, those of imported modules first.
    pub fn controllers(&self) -> impl Iterator<Item = &ControllerContract> + Clone {
        self.graph.modules.iter().flat_map(|it| &it.def.controllers)
    }

    /// What clients can use, as documents: OpenAPI, AsyncAPI, TypeScript.
    ///
    /// The server serves the same ones, unless `server.docs` is off.
    pub fn documents(&self) -> Documents {
        Documents::of(&self.about, self.controllers(), self.gateways())
    }

    /// What goes in and out of each gateway, those of imported modules first.
    pub fn gateways(&self) -> impl Iterator<Item = &GatewayContract> {
        self.graph.modules.iter().flat_map(|it| &it.def.gateways)
    }

    /// The plain-WebSocket protocols, those of imported modules first.
    pub fn sockets(&self) -> impl Iterator<Item = &SocketContract> {
        self.graph.modules.iter().flat_map(|it| &it.def.sockets)
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
        let (documents, about) = (self.documents(), self.about.clone());
        let routes = self.controllers().flat_map(|it| &it.routes);
        let paths: BTreeSet<_> = routes.map(|it| it.path.clone()).collect();
        let prepared = self.prepare()?;
        let Prepared { mut builder, settings, rates, limits, connections, io, .. } = prepared;
        let (stopping, metrics) = (prepared.stopping, prepared.metrics);
        let (recovery, recoveries) = (prepared.recovery, prepared.recoveries);
        let mut doors = Doors { stopping: Arc::clone(&stopping), ..Doors::default() };
        if settings.docs {
            doors.routes = documents.routes(&about);
        }
        let mut on_init = Vec::new();
        let mut tasks = Vec::new();
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
            for task in &def.tasks {
                let arguments = builder.arguments(module, &task.dependencies).await?;
                tasks.push((Arc::clone(&task.run), arguments));
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
        let sockets =
            doors.sockets.open(io, limits, recovery, &recoveries, Refusals::new(&metrics));
        let measures = Measures::new(&metrics, paths.iter());
        let rates = RequestLimits::new(&rates, doors.identity, paths);
        let router = http::layered(doors.routes, connections, &settings, rates, measures);
        on_shutdown.reverse();
        Ok(Server { router, sockets, settings, stopping, metrics, tasks, on_shutdown })
    }

    /// Builds one provider of the root module, and only what it needs: for command
    /// line tools that share services with the server. No hook is run.
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    pub async fn resolve<T: ?Sized + Send + Sync + 'static>(self) -> Result<Arc<T>, StartError> {
        let Prepared { mut builder, .. } = self.prepare()?;
        let root = builder.graph.root();
        let instance = builder.get(root, Key::of::<T>()).await?;
        Ok(<Arc<T> as Inject>::from_instance(&instance))
    }

    /// The same app from the beginning: its modules are read anew, so that nothing in it has
    /// been used by a server before but the values that were given as overrides.
    #[cfg(feature = "testing")]
    pub(crate) fn again(&self) -> Self {
        let mut app = (self.read)();
        app.graph.overrides.clone_from(&self.graph.overrides);
        app.config = self.config.clone();
        app.about = self.about.clone();
        app
    }

    /// Sets environment variables on top of the configuration.
    #[cfg(feature = "testing")]
    pub(crate) fn with_variables(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.config = self.config.with_variables(variables);
        self
    }

    fn prepare(mut self) -> Result<Prepared, StartError> {
        self.check_config()?;
        self.check()?;
        let settings: ServerConfig = self.config.section()?;
        let rates: RateLimitConfig = self.config.section()?;
        let limits = Limits::of(&rates);
        let websocket: WebsocketConfig = self.config.section()?;
        let (layer, io) = socket_io(&websocket);
        let io = SocketIo::new(io, websocket.parser);
        let (stopping, traffic) = (Arc::<Stopping>::default(), Arc::<Traffic>::default());
        let metrics = Arc::<Metrics>::default();
        traffic.told_by(&metrics);
        let recoveries = Arc::<Recoveries>::default();
        recoveries.told_by(&metrics);
        let connections =
            Connections::new(&layer, Arc::clone(&traffic), Arc::clone(&stopping), &websocket);
        let globals = [
            (Key::of::<Config>(), instance_of(Arc::new(self.config))),
            (Key::of::<ServerConfig>(), instance_of(Arc::new(settings.clone()))),
            (Key::of::<SocketIo>(), instance_of(Arc::new(io.clone()))),
            (Key::of::<Stopping>(), instance_of(Arc::clone(&stopping))),
            (Key::of::<Traffic>(), instance_of(Arc::clone(&traffic))),
            (Key::of::<Metrics>(), instance_of(Arc::clone(&metrics))),
            (Key::of::<Recoveries>(), instance_of(Arc::clone(&recoveries))),
        ];
        self.graph.globals.extend(globals);
        let builder = Builder::new(self.graph);
        let recovery = recovery::Limits::of(&websocket);
        Ok(Prepared {
            builder,
            settings,
            rates,
            limits,
            connections,
            io,
            recovery,
            recoveries,
            stopping,
            metrics,
        })
    }
}

/// An app without mistakes, and the framework's own parts of it.
struct Prepared {
    builder: Builder,
    settings: ServerConfig,
    rates: RateLimitConfig,
    limits: Limits,
    connections: Connections,
    io: SocketIo,
    /// None if recovery is off.
    recovery: Option<recovery::Limits>,
    recoveries: Arc<Recoveries>,
    stopping: Arc<Stopping>,
    metrics: Arc<Metrics>,
}

/// Binary parts that one event may have.
pub(crate) const MAX_ATTACHMENTS: usize = 10;

/// Bytes that are read from a WebSocket at once. What is longer takes more reads; but each
/// connection keeps so many, and most of them are silent most of the time.
const READ_BUFFER: usize = 1_024;

fn socket_io(config: &WebsocketConfig) -> (SocketIoLayer<LocalAdapter>, socketioxide::SocketIo) {
    let builder = socketioxide::SocketIo::builder()
        .ping_interval(Duration::from_millis(config.ping_interval_ms))
        .ping_timeout(Duration::from_millis(config.ping_timeout_ms))
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        .upgrade_timeout(Duration::from_millis(config.connect_timeout_ms))
        .max_payload(config.max_http_buffer_size as u64)
        .ws_max_message_size(config.max_http_buffer_size)
        .ws_max_frame_size(config.max_http_buffer_size)
        .ws_read_buffer_size(READ_BUFFER)
        .max_buffer_size(config.send_queue_size);
    match config.parser {
        Parser::Default => builder.with_parser(
            ParserConfig::common()
                .max_incoming_binary_buf_size(config.max_http_buffer_size)
                .max_incoming_binaries(MAX_ATTACHMENTS),
        ),
        Parser::Msgpack => builder.with_parser(ParserConfig::msgpack()),
    }
    .build_layer()
}
