//! The [`Module`] trait: a feature's table of contents.

use std::{any::TypeId, future::Future, future::ready, panic::Location, sync::Arc};

use axum::Router;

use crate::{
    config::{Config, ConfigProblems, ConfigSection, Section},
    contract::{ControllerContract, GatewayContract, SocketContract},
    controller::Controller,
    gateway::{Events, Gateway, NamespaceTable},
    provider::{
        Bindable, BoxError, BoxFuture, Constructor, Inject, Instance, Key, Place, Provider,
        instance_of, short_name,
    },
    request_limits::Identify,
    socket::{self, Socket},
    stopping::Stopping,
};

/// A feature of the server, e.g. rooms or chat.
///
/// ```
/// use std::sync::Arc;
/// use hornero::{App, Module, ModuleDef};
///
/// struct Greeting(&'static str);
/// struct Greeter { greeting: Arc<Greeting> }
///
/// impl Greeter {
///     fn new(greeting: Arc<Greeting>) -> Self {
///         Self { greeting }
///     }
/// }
///
/// struct GreetModule;
///
/// impl Module for GreetModule {
///     fn define(m: &mut ModuleDef) {
///         m.value(Greeting("hello"))
///             .provide(Greeter::new) // its argument types are its dependencies
///             .export::<Greeter>();
///     }
/// }
///
/// App::of::<GreetModule>().check().unwrap();
/// ```
pub trait Module: 'static {
    /// Lists what the module imports, builds, serves and shares.
    ///
    /// Runs whenever the module graph is read, so it must do nothing but list.
    fn define(m: &mut ModuleDef);
}

/// The list a module fills in [`Module::define`].
pub struct ModuleDef {
    pub(crate) name: String,
    pub(crate) imports: Vec<Import>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) exports: Vec<(Key, Place)>,
    pub(crate) sections: Vec<Section>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) controllers: Vec<ControllerContract>,
    pub(crate) gateways: Vec<GatewayContract>,
    pub(crate) sockets: Vec<SocketContract>,
    pub(crate) tasks: Vec<Hook>,
    pub(crate) on_init: Vec<Hook>,
    pub(crate) on_shutdown: Vec<Hook>,
}

/// Another module whose exports this one may use.
pub(crate) struct Import {
    pub(crate) module: TypeId,
    pub(crate) read: fn() -> ModuleDef,
    pub(crate) place: Place,
}

/// A controller or gateway, which is built and then mounted.
pub(crate) struct Mount {
    pub(crate) key: Key,
    pub(crate) mount: fn(&Instance, &mut Doors),
}

/// The two doors that controllers and gateways are mounted on.
#[derive(Default)]
pub(crate) struct Doors {
    pub(crate) routes: Router,
    pub(crate) sockets: NamespaceTable,
    pub(crate) stopping: Arc<Stopping>,
    pub(crate) identity: Option<Arc<dyn Identify>>,
}

/// A lifecycle hook: a function with injected arguments.
pub(crate) struct Hook {
    pub(crate) dependencies: Vec<Key>,
    pub(crate) place: Place,
    pub(crate) run: RunHook,
}

pub(crate) type RunHook = Arc<dyn Fn(&[Instance]) -> BoxFuture<Result<(), BoxError>> + Send + Sync>;

impl ModuleDef {
    /// Reads the definition of `M`.
    pub(crate) fn of<M: Module>() -> Self {
        let mut def = Self {
            name: short_name(std::any::type_name::<M>()),
            imports: Vec::new(),
            providers: Vec::new(),
            exports: Vec::new(),
            sections: Vec::new(),
            mounts: Vec::new(),
            controllers: Vec::new(),
            gateways: Vec::new(),
            sockets: Vec::new(),
            tasks: Vec::new(),
            on_init: Vec::new(),
            on_shutdown: Vec::new(),
        };
        M::define(&mut def);
        def
    }

    /// Lets this module's constructors use the exports of `M`.
    #[track_caller]
    pub fn import<M: Module>(&mut self) -> &mut Self {
        let place = Location::caller();
        self.imports.push(Import { module: TypeId::of::<M>(), read: Self::of::<M>, place });
        self
    }

    /// Provides what `constructor` returns: `fn(Arc<A>, ..) -> T`.
    #[track_caller]
    pub fn provide<Args, T, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args, Output = T>,
        T: Send + Sync + 'static,
    {
        let finish = |built: T| ready(Ok(instance_of(Arc::new(built))));
        self.push(Provider::new(Key::of::<T>(), Location::caller(), constructor, finish))
    }

    /// Provides what a fallible `constructor` returns: `fn(Arc<A>, ..) -> Result<T, E>`.
    ///
    /// Its failure stops the start of the server.
    #[track_caller]
    pub fn try_provide<Args, T, E, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args, Output = Result<T, E>>,
        T: Send + Sync + 'static,
        E: Into<BoxError> + 'static,
    {
        let finish = |built: Result<T, E>| {
            ready(built.map(|it| instance_of(Arc::new(it))).map_err(Into::into))
        };
        self.push(Provider::new(Key::of::<T>(), Location::caller(), constructor, finish))
    }

    /// Provides what an async `constructor` returns: `async fn(Arc<A>, ..) -> Result<T, E>`.
    ///
    /// Its failure stops the start of the server.
    #[track_caller]
    pub fn provide_async<Args, T, E, Fut, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args, Output = Fut>,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + Sync + 'static,
        E: Into<BoxError> + 'static,
    {
        let finish = |building: Fut| async {
            building.await.map(|it| instance_of(Arc::new(it))).map_err(Into::into)
        };
        self.push(Provider::new(Key::of::<T>(), Location::caller(), constructor, finish))
    }

    /// Binds a trait to an implementation: `fn(Arc<A>, ..) -> Arc<dyn Trait>`, or a `Result` of it.
    #[track_caller]
    pub fn bind<Args, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args>,
        C::Output: Bindable,
    {
        self.push(Provider::bound(constructor, Location::caller()))
    }

    /// Provides `value` itself.
    #[track_caller]
    pub fn value<T: Send + Sync + 'static>(&mut self, value: T) -> &mut Self {
        self.push(Provider::value(Arc::new(value), Location::caller()))
    }

    /// Provides the configuration section `T`, read from the layers of [`Config`](crate::Config).
    /// Several modules may do so.
    #[track_caller]
    pub fn config<T: ConfigSection>(&mut self) -> &mut Self {
        self.sections.push(Section::of::<T>(Some(Location::caller())));
        let read: fn(Arc<Config>) -> Result<T, ConfigProblems> = |config| config.section::<T>();
        self.try_provide(read)
    }

    /// Builds a controller and mounts its routes.
    #[track_caller]
    pub fn controller<Args, T, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args, Output = T>,
        T: Controller,
    {
        let mount = |instance: &Instance, doors: &mut Doors| {
            let controller = <Arc<T> as Inject>::from_instance(instance);
            let routes = std::mem::take(&mut doors.routes);
            let (served, _) = T::routes().split_for_parts();
            doors.routes = routes.merge(served.with_state(controller));
        };
        self.mounts.push(Mount { key: Key::of::<T>(), mount });
        self.controllers.push(ControllerContract::of::<T>(&self.name, Location::caller()));
        self.provide(constructor)
    }

    /// Lets the module's provider `T` tell who sends a REST request, for limits of rate that are
    /// counted by user. Without one they are counted by address.
    pub fn identify<T: Identify>(&mut self) -> &mut Self {
        let mount = |instance: &Instance, doors: &mut Doors| {
            doors.identity = Some(<Arc<T> as Inject>::from_instance(instance));
        };
        self.mounts.push(Mount { key: Key::of::<T>(), mount });
        self
    }

    /// Builds a gateway and attaches its events to its namespaces.
    #[track_caller]
    pub fn gateway<Args, T, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args, Output = T>,
        T: Gateway,
    {
        let mount = |instance: &Instance, doors: &mut Doors| {
            doors.sockets.attach(<Arc<T> as Inject>::from_instance(instance));
        };
        self.mounts.push(Mount { key: Key::of::<T>(), mount });
        let (handled, emitted) = Events::<T>::read().documented();
        self.gateways.push(GatewayContract {
            gateway: Key::of::<T>(),
            namespaces: T::NAMESPACES,
            access: T::ACCESS,
            documented: T::DOCUMENTED,
            error_event: T::ERROR_EVENT,
            handled,
            emitted,
            place: Location::caller(),
        });
        self.provide(constructor)
    }

    /// Builds a plain-WebSocket protocol and serves it at its path.
    #[track_caller]
    pub fn socket<Args, T, C>(&mut self, constructor: C) -> &mut Self
    where
        C: Constructor<Args, Output = T>,
        T: Socket,
    {
        let mount = |instance: &Instance, doors: &mut Doors| {
            let socket = <Arc<T> as Inject>::from_instance(instance);
            let routes = std::mem::take(&mut doors.routes);
            doors.routes = routes.merge(socket::route(socket, Arc::clone(&doors.stopping)));
        };
        self.mounts.push(Mount { key: Key::of::<T>(), mount });
        self.sockets.push(SocketContract {
            socket: Key::of::<T>(),
            path: T::PATH,
            module: self.name.clone(),
            place: Location::caller(),
        });
        self.provide(constructor)
    }

    /// Lets the modules that import this one use `T`.
    #[track_caller]
    pub fn export<T: ?Sized + 'static>(&mut self) -> &mut Self {
        self.exports.push((Key::of::<T>(), Location::caller()));
        self
    }

    /// Runs `hook` after everything is built and before the first client is let in.
    ///
    /// Hooks of imported modules run first. A failure stops the start of the server.
    #[track_caller]
    pub fn on_init<Args, Fut, C>(&mut self, hook: C) -> &mut Self
    where
        C: Constructor<Args, Output = Fut>,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.on_init.push(Hook::new(hook, Location::caller()));
        self
    }

    /// Runs `hook` after the last client was answered, in the reverse order of [`Self::on_init`].
    #[track_caller]
    pub fn on_shutdown<Args, Fut, C>(&mut self, hook: C) -> &mut Self
    where
        C: Constructor<Args, Output = Fut>,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.on_shutdown.push(Hook::new(hook, Location::caller()));
        self
    }

    /// Runs `task` in the background, from the end of [`Self::on_init`] on.
    ///
    /// It is the module's own: let it take an `Arc<Stopping>` and end when that says so. The
    /// server waits for it, within the shutdown timeout, before the `on_shutdown` hooks. A
    /// failure is logged, and the server goes on without the task.
    #[track_caller]
    pub fn task<Args, Fut, C>(&mut self, task: C) -> &mut Self
    where
        C: Constructor<Args, Output = Fut>,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.tasks.push(Hook::new(task, Location::caller()));
        self
    }

    fn push(&mut self, provider: Provider) -> &mut Self {
        self.providers.push(provider);
        self
    }
}

impl Hook {
    fn new<Args, Fut, C>(hook: C, place: Place) -> Self
    where
        C: Constructor<Args, Output = Fut>,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self {
            dependencies: C::dependencies(),
            place,
            run: Arc::new(move |arguments| Box::pin(hook.construct(arguments))),
        }
    }
}
