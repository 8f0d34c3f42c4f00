//! Routes that are served twice.

use std::sync::Arc;

use axum::http::request::Parts;
use hornero::{
    App, ClientError, Connection, Controller, Mistake, Module, ModuleDef, Routes, Socket, routes,
};

struct Feed;

impl Controller for Feed {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(read_feed, write_feed))
    }
}

/// Reads the feed.
#[utoipa::path(get, path = "/feed", responses((status = 200)), security(()))]
async fn read_feed() {}

/// Writes to the feed.
#[utoipa::path(post, path = "/feed", responses((status = 200)), security(()))]
async fn write_feed() {}

struct FeedModule;

impl Module for FeedModule {
    fn define(m: &mut ModuleDef) {
        m.controller(|| Feed);
    }
}

const FEED: u32 = line!() - 4;

/// Speaks a protocol at the path of [`Feed`].
struct LiveFeed;

impl Socket for LiveFeed {
    const PATH: &'static str = "/feed";

    type Session = ();
    type Command = ();
    type Reply = ();

    async fn authenticate(self: Arc<Self>, _: Parts) -> Result<(), ClientError> {
        Ok(())
    }

    fn decode(&self, _: &str) -> Result<(), ClientError> {
        Ok(())
    }

    async fn handle(self: Arc<Self>, _: Connection<()>, (): ()) -> Result<Option<()>, ClientError> {
        Ok(None)
    }

    fn encode(&self, (): &()) -> String {
        String::new()
    }

    fn encode_error(&self, _: &ClientError) -> String {
        String::new()
    }
}

fn mistakes_of<M: Module>() -> Vec<Mistake> {
    App::of::<M>().check().err().map_or_else(Vec::new, |it| it.0)
}

#[test]
fn protocol_at_the_path_of_a_controller_of_another_module_is_refused() {
    struct LiveModule;
    impl Module for LiveModule {
        fn define(m: &mut ModuleDef) {
            m.import::<FeedModule>().socket(|| LiveFeed);
        }
    }
    let line = line!() - 3;

    let mistakes = mistakes_of::<LiveModule>();

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(mistake.text, "`LiveFeed` serves `GET /feed`, but `Feed` does already");
    assert!(mistake.place.starts_with(&format!("{}:{line}:", file!())), "{}", mistake.place);
    let help = format!("the other one is listed at {}:{FEED}:", file!());
    assert!(mistake.help.starts_with(&help), "{}", mistake.help);
    assert!(mistake.help.ends_with("remove one of the two, or give it another path"));
}

#[tokio::test]
async fn other_methods_of_a_path_are_free() {
    struct Pruner;
    impl Controller for Pruner {
        fn routes() -> Routes<Self> {
            Routes::new().routes(routes!(prune_feed))
        }
    }

    /// Prunes the feed.
    #[utoipa::path(delete, path = "/feed", responses((status = 200)), security(()))]
    async fn prune_feed() {}

    struct PrunedModule;
    impl Module for PrunedModule {
        fn define(m: &mut ModuleDef) {
            m.import::<FeedModule>().controller(|| Pruner);
        }
    }

    App::of::<PrunedModule>().build().await.unwrap();
}

#[test]
fn path_of_the_documents_is_taken() {
    struct Manual;
    impl Controller for Manual {
        fn routes() -> Routes<Self> {
            Routes::new().routes(routes!(read_manual))
        }
    }

    /// Reads the manual.
    #[utoipa::path(get, path = "/docs", responses((status = 200)), security(()))]
    async fn read_manual() {}

    struct ManualModule;
    impl Module for ManualModule {
        fn define(m: &mut ModuleDef) {
            m.controller(|| Manual);
        }
    }

    let mistakes = mistakes_of::<ManualModule>();

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(mistake.text, "`Manual` serves `GET /docs`, but the framework does already");
    assert!(mistake.help.starts_with("the app's documents are there: "), "{}", mistake.help);
}
