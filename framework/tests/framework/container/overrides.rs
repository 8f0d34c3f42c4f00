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

/// Has two rooms.
struct TwoRooms;

impl Rooms for TwoRooms {
    fn count(&self) -> usize {
        2
    }
}

/// A module whose trait is bound to what is built of a private value.
struct HotelModule;

impl Module for HotelModule {
    fn define(m: &mut ModuleDef) {
        m.value(Limit(5)).bind(hotel).provide(RoomService).export::<RoomService>();
        m.provide(|_: Arc<Limit>| Left(Arc::new(Limit(0)))).export::<Left>();
    }
}

fn hotel(limit: Arc<Limit>) -> Arc<dyn Rooms> {
    Arc::new(FixedRooms(limit.0 as usize))
}

struct FixedRooms(usize);

impl Rooms for FixedRooms {
    fn count(&self) -> usize {
        self.0
    }
}

#[tokio::test]
async fn constructor_in_the_place_of_a_traits_sees_what_its_module_sees() {
    let service = App::of::<HotelModule>().resolve::<RoomService>().await.unwrap();
    assert_eq!(service.0.count(), 5);

    let tenfold =
        |limit: Arc<Limit>| -> Arc<dyn Rooms> { Arc::new(FixedRooms(limit.0 as usize * 10)) };
    let app = App::of::<HotelModule>().override_by(tenfold);

    assert_eq!(app.resolve::<RoomService>().await.unwrap().0.count(), 50);
}

#[tokio::test]
async fn constructor_in_the_place_of_a_types_takes_what_the_other_one_did_not() {
    let app = App::of::<HotelModule>()
        .override_by(|rooms: Arc<dyn Rooms>| Arc::new(Left(Arc::new(Limit(rooms.count() as u32)))));

    assert_eq!(app.resolve::<Left>().await.unwrap().0.0, 5);
}

#[tokio::test]
async fn last_override_counts_whatever_it_overrides_with() {
    let app = App::of::<HotelModule>()
        .override_with::<dyn Rooms>(Arc::new(ThreeRooms))
        .override_by(|| -> Arc<dyn Rooms> { Arc::new(TwoRooms) });
    assert_eq!(app.resolve::<RoomService>().await.unwrap().0.count(), 2);

    let app = App::of::<HotelModule>()
        .override_by(|| -> Arc<dyn Rooms> { Arc::new(TwoRooms) })
        .override_with::<dyn Rooms>(Arc::new(ThreeRooms));
    assert_eq!(app.resolve::<RoomService>().await.unwrap().0.count(), 3);
}

#[tokio::test]
async fn constructor_in_a_module_leaves_the_other_modules_alone() {
    let app = App::of::<BothModule>().override_by_in::<RightModule, _, _>(|| Arc::new(Limit(20)));

    let both = app.resolve::<Both>().await.unwrap();

    assert_eq!((both.0.0.0, both.1.0.0), (1, 20));
}

#[tokio::test]
async fn failing_constructor_is_told_with_the_place_of_the_override() {
    let full = || Err::<Arc<dyn Rooms>, _>("the hotel is full");
    let (app, line) = (App::of::<HotelModule>().override_by(full), line!());

    let error = app.resolve::<RoomService>().await.err().unwrap().to_string();

    let expected = "the hotel is full\n  --> while building `dyn Rooms` of `HotelModule`";
    assert_eq!(error.split(" (").next().unwrap(), expected);
    assert!(error.contains(&format!("{}:{line}:", file!())), "{error}");
}

#[test]
fn what_an_overriding_constructor_lacks_is_a_mistake_at_its_own_place() {
    struct Nowhere;
    let lacking = |_: Arc<Nowhere>| -> Arc<dyn Rooms> { Arc::new(TwoRooms) };
    let (app, line) = (App::of::<HotelModule>().override_by(lacking), line!());

    let mistakes = app.check().unwrap_err().0;

    let [mistake] = &mistakes[..] else { panic!("{mistakes:?}") };
    let text =
        "`dyn Rooms` needs `Nowhere` (argument 1 of its constructor), which no module provides";
    assert_eq!(mistake.text, text);
    assert!(mistake.place.starts_with(&format!("{}:{line}:", file!())), "{}", mistake.place);
}

#[test]
fn overriding_constructor_that_needs_what_it_replaces_is_a_circle() {
    let app = App::of::<HotelModule>().override_by(|rooms: Arc<dyn Rooms>| rooms);

    let mistakes = app.check().unwrap_err().0;

    let text = "constructors need each other in a circle: dyn Rooms -> dyn Rooms";
    assert!(mistakes.iter().any(|it| it.text == text), "{mistakes:?}");
}
