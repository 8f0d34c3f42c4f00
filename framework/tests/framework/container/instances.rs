//! What is built: which instances there are, who gets which, and what stops the start.

use std::{io, sync::Arc};

use hornero::{
    App, BoxError, Controller, EventAccess, Events, Gateway, Module, ModuleDef, Routes,
    ServerConfig, SocketIo, StartError,
};

use crate::journal::{Journal, JournalModule};

/// Notes that it was built.
#[derive(Debug)]
struct Cache;

impl Cache {
    fn new(journal: Arc<Journal>) -> Self {
        journal.note("Cache");
        Self
    }
}

struct Left(Arc<Cache>);
struct Right(Arc<Cache>);

/// An app with a journal of its own.
fn journaled<M: Module>() -> (App, Arc<Journal>) {
    let journal = Journal::new();
    (App::of::<M>().override_with(Arc::clone(&journal)), journal)
}

struct Front;

impl Controller for Front {
    fn routes() -> Routes<Self> {
        Routes::new()
    }
}

#[tokio::test]
async fn exported_service_may_use_what_is_private_to_its_module() {
    struct LeftModule;
    impl Module for LeftModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>();
            m.provide(Cache::new).provide(Left).export::<Left>();
        }
    }
    struct Page;
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<LeftModule>();
            m.provide(|_: Arc<Left>| Page).export::<Page>();
        }
    }

    let (app, journal) = journaled::<RootModule>();
    app.resolve::<Page>().await.unwrap();
    assert_eq!(journal.entries(), ["Cache"]);

    let error = journaled::<RootModule>().0.resolve::<Cache>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`RootModule` has no `Cache`: provide it there, or import a module that exports it"
    );
}

#[tokio::test]
async fn modules_with_private_providers_of_one_type_have_an_instance_each() {
    struct LeftModule;
    impl Module for LeftModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>();
            m.provide(Cache::new).provide(Left).export::<Left>();
        }
    }
    struct RightModule;
    impl Module for RightModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>();
            m.provide(Cache::new).provide(Right).export::<Right>();
        }
    }
    struct Both(Arc<Left>, Arc<Right>);
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<LeftModule>().import::<RightModule>();
            m.provide(Both).export::<Both>();
        }
    }

    let (app, journal) = journaled::<RootModule>();
    let both = app.resolve::<Both>().await.unwrap();

    assert!(!Arc::ptr_eq(&both.0.0, &both.1.0));
    assert_eq!(journal.entries(), ["Cache", "Cache"]);
}

#[tokio::test]
async fn importers_of_an_export_share_one_instance() {
    struct CacheModule;
    impl Module for CacheModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>().provide(Cache::new).export::<Cache>();
        }
    }
    struct LeftModule;
    impl Module for LeftModule {
        fn define(m: &mut ModuleDef) {
            m.import::<CacheModule>().provide(Left).export::<Left>();
        }
    }
    /// Gets it through a module that hands on what it imports.
    struct RelayModule;
    impl Module for RelayModule {
        fn define(m: &mut ModuleDef) {
            m.import::<CacheModule>().export::<Cache>();
        }
    }
    struct RightModule;
    impl Module for RightModule {
        fn define(m: &mut ModuleDef) {
            m.import::<RelayModule>().provide(Right).export::<Right>();
        }
    }
    struct Both(Arc<Left>, Arc<Right>, Arc<Cache>);
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<LeftModule>().import::<RightModule>().import::<CacheModule>();
            m.provide(Both).export::<Both>();
        }
    }

    let (app, journal) = journaled::<RootModule>();
    let both = app.resolve::<Both>().await.unwrap();

    assert!(Arc::ptr_eq(&both.0.0, &both.1.0));
    assert!(Arc::ptr_eq(&both.0.0, &both.2));
    assert_eq!(journal.entries(), ["Cache"]);
}

#[tokio::test]
async fn own_provider_wins_over_an_imported_one() {
    struct Name(&'static str);
    struct FarModule;
    impl Module for FarModule {
        fn define(m: &mut ModuleDef) {
            m.value(Name("far")).export::<Name>();
        }
    }
    struct NearModule;
    impl Module for NearModule {
        fn define(m: &mut ModuleDef) {
            m.import::<FarModule>().value(Name("near")).export::<Name>();
        }
    }

    assert_eq!(App::of::<NearModule>().resolve::<Name>().await.unwrap().0, "near");
}

/// A type, and the constructor that notes its name.
macro_rules! noting {
    ($($name:ident),*) => {
        $(struct $name;
        impl $name {
            fn new(journal: Arc<Journal>) -> Self {
                journal.note(stringify!($name));
                Self
            }
        })*
    };
}

noting!(ForController, ForGateway, ForInit, ForShutdown, ForNobody);

struct Bell;

impl Gateway for Bell {
    const ACCESS: EventAccess = EventAccess::Public;
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(_: &mut Events<Self>) {}
}

#[tokio::test]
async fn only_what_controllers_gateways_and_hooks_reach_is_built() {
    struct DoorsModule;
    impl Module for DoorsModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>()
                .provide(ForController::new)
                .provide(ForGateway::new)
                .provide(ForInit::new)
                .provide(ForShutdown::new)
                .provide(ForNobody::new)
                .export::<ForNobody>()
                .controller(|_: Arc<ForController>| Front)
                .gateway(|_: Arc<ForGateway>| Bell)
                .on_init(|_: Arc<ForInit>| async { Ok(()) })
                .on_shutdown(|_: Arc<ForShutdown>| async { Ok(()) });
        }
    }

    let (app, journal) = journaled::<DoorsModule>();
    app.build().await.unwrap();

    let mut built = journal.entries();
    built.sort();
    assert_eq!(built, ["ForController", "ForGateway", "ForInit", "ForShutdown"]);
}

#[tokio::test]
async fn resolve_builds_one_thing_and_runs_no_hook() {
    struct ToolModule;
    impl Module for ToolModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>()
                .provide(Cache::new)
                .provide(Left)
                .provide(ForController::new)
                .controller(|_: Arc<ForController>, _: Arc<Left>| Front)
                .on_init(|journal: Arc<Journal>| async move {
                    journal.note("on_init");
                    Ok(())
                });
        }
    }

    let (app, journal) = journaled::<ToolModule>();
    app.resolve::<Left>().await.unwrap();

    assert_eq!(journal.entries(), ["Cache"]);
}

#[tokio::test]
async fn every_kind_of_constructor_provides() {
    trait Greet: Send + Sync {
        fn greet(&self) -> String;
    }
    struct Polite(Arc<Words>);
    impl Greet for Polite {
        fn greet(&self) -> String {
            format!("{}, {}", self.0.0, self.0.1)
        }
    }
    struct Words(Arc<str>, String);
    struct Hello(String);
    struct Name(Arc<str>);
    struct GreetModule;
    impl Module for GreetModule {
        fn define(m: &mut ModuleDef) {
            m.value(Hello("good morning".to_owned()))
                .provide_async(async || Ok::<_, BoxError>(Name("hornero".into())))
                .try_provide(|hello: Arc<Hello>, name: Arc<Name>| {
                    Ok::<_, BoxError>(Words(hello.0.as_str().into(), name.0.to_string()))
                })
                .bind(|words: Arc<Words>| -> Result<Arc<dyn Greet>, BoxError> {
                    Ok(Arc::new(Polite(words)))
                })
                .export::<dyn Greet>();
        }
    }

    let greet = App::of::<GreetModule>().resolve::<dyn Greet>().await.unwrap();

    assert_eq!(greet.greet(), "good morning, hornero");
}

#[tokio::test]
async fn values_of_the_framework_are_seen_in_every_module() {
    struct Port(u16);
    struct PortModule;
    impl Module for PortModule {
        fn define(m: &mut ModuleDef) {
            m.provide(|config: Arc<ServerConfig>, _: Arc<SocketIo>| Port(config.port));
            m.export::<Port>();
        }
    }
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<PortModule>().export::<Port>();
        }
    }

    assert_eq!(App::of::<RootModule>().resolve::<Port>().await.unwrap().0, 8080);
}

fn refused() -> io::Error {
    io::Error::other("the disk is full")
}

async fn start_error<M: Module>() -> StartError {
    App::of::<M>().build().await.unwrap_err()
}

/// Asserts that the start failed with the constructor's own words and the place of
/// its registration in this file.
#[track_caller]
fn assert_constructor_failed(error: &StartError, built: &str, module: &str, line: u32) {
    let text = error.to_string();
    let expected = format!(
        "the disk is full\n  --> while building `{built}` of `{module}` ({}:{line}:",
        file!()
    );
    assert!(text.starts_with(&expected), "{text}\nshould start with\n{expected}");
    assert!(matches!(error, StartError::Constructor { .. }), "{error:?}");
}

#[tokio::test]
async fn failing_constructor_stops_the_start() {
    struct DiskModule;
    impl Module for DiskModule {
        fn define(m: &mut ModuleDef) {
            m.try_provide(|| Err::<ForNobody, _>(refused()));
            m.controller(|_: Arc<ForNobody>| Front);
        }
    }
    let line = line!() - 4;

    let error = start_error::<DiskModule>().await;

    assert_constructor_failed(&error, "ForNobody", "DiskModule", line);
}

#[tokio::test]
async fn failing_async_constructor_stops_the_start() {
    struct DiskModule;
    impl Module for DiskModule {
        fn define(m: &mut ModuleDef) {
            m.provide_async(async || Err::<ForNobody, _>(refused()));
            m.controller(|_: Arc<ForNobody>| Front);
        }
    }
    let line = line!() - 4;

    let error = start_error::<DiskModule>().await;

    assert_constructor_failed(&error, "ForNobody", "DiskModule", line);
}

#[tokio::test]
async fn failing_binding_of_an_imported_module_stops_the_start() {
    trait Disk: Send + Sync {}
    struct DiskModule;
    impl Module for DiskModule {
        fn define(m: &mut ModuleDef) {
            m.bind(|| Err::<Arc<dyn Disk>, _>(refused())).export::<dyn Disk>();
        }
    }
    let line = line!() - 3;
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<DiskModule>().controller(|_: Arc<dyn Disk>| Front);
        }
    }

    let error = start_error::<RootModule>().await;

    assert_constructor_failed(&error, "dyn Disk", "DiskModule", line);
}
