//! Overrides: fakes in the place of providers, and what is not built then.

use std::sync::Arc;

use hornero::{App, Controller, Module, ModuleDef, Routes};

trait Rooms: Send + Sync {
    fn count(&self) -> usize;
}

/// Panics when it is built: a test must not open a database.
struct Database;

impl Database {
    fn open() -> Self {
        panic!("a test opened the database")
    }
}

struct StoredRooms;

impl StoredRooms {
    fn bind(_: Arc<Database>) -> Arc<dyn Rooms> {
        Arc::new(Self)
    }
}

impl Rooms for StoredRooms {
    fn count(&self) -> usize {
        0
    }
}

struct ThreeRooms;

impl Rooms for ThreeRooms {
    fn count(&self) -> usize {
        3
    }
}

struct RoomService(Arc<dyn Rooms>);

struct RoomController;

impl Controller for RoomController {
    fn routes() -> Routes<Self> {
        Routes::new()
    }
}

struct RoomsModule;

impl Module for RoomsModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Database::open)
            .bind(StoredRooms::bind)
            .provide(RoomService)
            .controller(|_: Arc<RoomService>| RoomController)
            .export::<RoomService>();
    }
}

#[tokio::test]
async fn overridden_constructor_and_what_only_it_needs_are_not_run() {
    let app = || App::of::<RoomsModule>().override_with::<dyn Rooms>(Arc::new(ThreeRooms));

    app().check().unwrap();
    app().build().await.unwrap();
    let service = app().resolve::<RoomService>().await.unwrap();

    assert_eq!(service.0.count(), 3);
}

#[tokio::test]
async fn overridden_constructor_needs_nothing() {
    struct LonelyModule;
    impl Module for LonelyModule {
        fn define(m: &mut ModuleDef) {
            m.bind(StoredRooms::bind).provide(RoomService).export::<RoomService>();
        }
    }

    App::of::<LonelyModule>().check().unwrap_err();
    let app = App::of::<LonelyModule>().override_with::<dyn Rooms>(Arc::new(ThreeRooms));
    assert_eq!(app.resolve::<RoomService>().await.unwrap().0.count(), 3);
}

#[tokio::test]
async fn private_provider_of_an_imported_module_can_be_overridden() {
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<RoomsModule>().export::<RoomService>();
        }
    }

    let app = App::of::<RootModule>().override_with::<dyn Rooms>(Arc::new(ThreeRooms));

    assert_eq!(app.resolve::<RoomService>().await.unwrap().0.count(), 3);
}

struct Limit(u32);
struct Left(Arc<Limit>);
struct Right(Arc<Limit>);

struct LeftModule;

impl Module for LeftModule {
    fn define(m: &mut ModuleDef) {
        m.value(Limit(1)).provide(Left).export::<Left>();
    }
}

struct RightModule;

impl Module for RightModule {
    fn define(m: &mut ModuleDef) {
        m.value(Limit(2)).provide(Right).export::<Right>();
    }
}

struct Both(Arc<Left>, Arc<Right>);

struct BothModule;

impl Module for BothModule {
    fn define(m: &mut ModuleDef) {
        m.import::<LeftModule>().import::<RightModule>().provide(Both).export::<Both>();
    }
}

#[tokio::test]
async fn override_in_a_module_leaves_the_other_modules_alone() {
    let app = App::of::<BothModule>().override_in::<RightModule, _>(Arc::new(Limit(20)));

    let both = app.resolve::<Both>().await.unwrap();

    assert_eq!((both.0.0.0, both.1.0.0), (1, 20));
}

#[tokio::test]
async fn overrides_in_several_modules_go_together() {
    let app = App::of::<BothModule>()
        .override_in::<LeftModule, _>(Arc::new(Limit(10)))
        .override_in::<RightModule, _>(Arc::new(Limit(20)));

    let both = app.resolve::<Both>().await.unwrap();

    assert_eq!((both.0.0.0, both.1.0.0), (10, 20));
}
