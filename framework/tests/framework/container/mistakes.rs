//! Every mistake in the wiring, with its place and what to do about it.
//!
//! A place is a line of this file: `line!() - 2` is the line two above.

use std::{future::Future, pin::Pin, sync::Arc};

use hornero::{
    App, BoxError, ClientError, Controller, EventAccess, Events, FromEvent, Gateway, Incoming,
    Mistake, Module, ModuleDef, Public, Routes, Signature, SocketIo, SocketRef, StartError,
};

struct Store;

impl Store {
    fn new() -> Self {
        Self
    }

    async fn open() -> Result<Self, BoxError> {
        Ok(Self)
    }
}

trait Clock: Send + Sync {}

struct Reader;

impl Reader {
    fn new(_: Arc<Store>) -> Self {
        Self
    }
}

/// Provides and exports a [`Store`].
struct StoreModule;

impl Module for StoreModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Store::new).export::<Store>();
    }
}

fn mistakes_of(app: &App) -> Vec<Mistake> {
    app.check().err().map_or_else(Vec::new, |it| it.0)
}

/// Asserts that `app` has this mistake and no other.
#[track_caller]
fn assert_mistake(app: &App, line: u32, text: &str, help: &str) {
    let mistakes = mistakes_of(app);
    let [mistake] = &mistakes[..] else { panic!("should be one mistake: {mistakes:#?}") };
    assert_eq!(mistake.text, text);
    assert_place(mistake, line);
    assert_eq!(mistake.help, help);
}

#[track_caller]
fn assert_place(mistake: &Mistake, line: u32) {
    let place = place(line);
    assert!(mistake.place.starts_with(&place), "{} should be {place}", mistake.place);
}

/// A line of this file; the column is left to the formatter.
fn place(line: u32) -> String {
    format!("{}:{line}:", file!())
}

#[test]
fn missing_provider_comes_with_the_line_to_add() {
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.provide(Reader::new).export::<Reader>();
        }
    }
    let line = line!() - 3;

    assert_mistake(
        &App::of::<ReaderModule>(),
        line,
        "`Reader` needs `Store` (argument 1 of its constructor), which no module provides",
        "add `.provide(Store::new)` to `ReaderModule`, or import a module that exports it",
    );
}

#[test]
fn missing_trait_is_to_be_bound() {
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>();
            m.provide(|_: Arc<Store>, _: Arc<dyn Clock>| Reader).export::<Reader>();
        }
    }
    let line = line!() - 3;

    assert_mistake(
        &App::of::<ReaderModule>(),
        line,
        "`Reader` needs `dyn Clock` (argument 2 of its constructor), which no module provides",
        "add `.bind(..)` to `ReaderModule` with a function that returns `Arc<dyn Clock>`",
    );
}

#[test]
fn what_a_hook_lacks_is_found_too() {
    struct HookModule;
    impl Module for HookModule {
        fn define(m: &mut ModuleDef) {
            m.on_init(|_: Arc<Store>| async { Ok(()) });
            m.on_shutdown(|_: Arc<SocketIo>, _: Arc<Reader>| async { Ok(()) });
        }
    }
    let (on_init, on_shutdown) = (line!() - 4, line!() - 3);

    let mistakes = mistakes_of(&App::of::<HookModule>());

    let [first, second] = &mistakes[..] else { panic!("should be two: {mistakes:#?}") };
    assert_eq!(first.text, "a lifecycle hook needs `Store` (argument 1), which no module provides");
    assert_place(first, on_init);
    assert_eq!(
        second.text,
        "a lifecycle hook needs `Reader` (argument 2), which no module provides"
    );
    assert_place(second, on_shutdown);
}

#[test]
fn module_that_exports_it_is_to_be_imported() {
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.provide(Reader::new).export::<Reader>();
        }
    }
    let line = line!() - 3;
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>().import::<ReaderModule>();
        }
    }

    assert_mistake(
        &App::of::<RootModule>(),
        line,
        "`Reader` needs `Store` (argument 1 of its constructor), which `ReaderModule` does not import",
        "`StoreModule` exports it: add `.import::<StoreModule>()` to `ReaderModule`",
    );
}

/// Has a [`Store`] for its own use.
struct KeeperModule;

struct Keeper;

impl Module for KeeperModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Store::new);
        m.provide(|_: Arc<Store>| Keeper).export::<Keeper>();
    }
}

const KEEPERS_STORE: u32 = line!() - 5;

#[test]
fn private_provider_of_an_imported_module_is_to_be_exported() {
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<KeeperModule>();
            m.provide(Reader::new).export::<Reader>();
        }
    }
    let line = line!() - 3;

    let mistakes = mistakes_of(&App::of::<ReaderModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(
        mistake.text,
        "`Reader` needs `Store` (argument 1 of its constructor), which is private to `KeeperModule`"
    );
    assert_place(mistake, line);
    let begin = format!("`KeeperModule` provides it at {}", place(KEEPERS_STORE));
    assert!(mistake.help.starts_with(&begin), "{}", mistake.help);
    assert!(mistake.help.ends_with(": add `.export::<Store>()` there"), "{}", mistake.help);
}

#[test]
fn private_provider_of_another_module_is_to_be_exported_and_imported() {
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.provide(Reader::new).export::<Reader>();
        }
    }
    let line = line!() - 3;
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<KeeperModule>().import::<ReaderModule>();
        }
    }

    let mistakes = mistakes_of(&App::of::<RootModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(
        mistake.text,
        "`Reader` needs `Store` (argument 1 of its constructor), which is private to `KeeperModule`"
    );
    assert_place(mistake, line);
    let end = ": add `.export::<Store>()` there and `.import::<KeeperModule>()` to `ReaderModule`";
    assert!(mistake.help.contains(&place(KEEPERS_STORE)), "{}", mistake.help);
    assert!(mistake.help.ends_with(end), "{}", mistake.help);
}

#[test]
fn imports_of_an_import_are_not_seen() {
    struct MiddleModule;
    impl Module for MiddleModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>();
        }
    }
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<MiddleModule>();
            m.provide(Reader::new).export::<Reader>();
        }
    }

    let mistakes = mistakes_of(&App::of::<ReaderModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert!(mistake.text.ends_with("which `ReaderModule` does not import"), "{}", mistake.text);
}

#[test]
fn second_provider_of_a_type_is_refused() {
    struct TwiceModule;
    impl Module for TwiceModule {
        fn define(m: &mut ModuleDef) {
            m.provide(Store::new).export::<Store>();
            m.value(Store);
        }
    }
    let (first, second) = (line!() - 4, line!() - 3);

    let mistakes = mistakes_of(&App::of::<TwiceModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(mistake.text, "`TwiceModule` provides `Store` twice");
    assert_place(mistake, second);
    let begin = format!("it is provided at {}", place(first));
    assert!(mistake.help.starts_with(&begin), "{}", mistake.help);
    assert!(mistake.help.ends_with(" already: remove one of the two"), "{}", mistake.help);
}

#[test]
fn type_exported_by_two_imports_is_ambiguous() {
    struct OtherModule;
    impl Module for OtherModule {
        fn define(m: &mut ModuleDef) {
            m.provide(Store::new).export::<Store>();
        }
    }
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>().import::<OtherModule>();
            m.provide(Reader::new).export::<Reader>();
        }
    }
    let line = line!() - 3;

    let mistakes = mistakes_of(&App::of::<ReaderModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(mistake.text, "`ReaderModule` imports `Store` from StoreModule and OtherModule");
    assert_place(mistake, line);
    assert_eq!(
        mistake.help,
        "remove one of the imports, or let one of the modules export another type"
    );
}

#[test]
fn type_that_comes_by_two_ways_from_one_module_is_not_ambiguous() {
    struct LeftModule;
    impl Module for LeftModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>().export::<Store>();
        }
    }
    struct RightModule;
    impl Module for RightModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>().export::<Store>();
        }
    }
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<LeftModule>().import::<RightModule>();
            m.provide(Reader::new).export::<Reader>();
        }
    }

    App::of::<ReaderModule>().check().unwrap();
}

#[test]
fn unused_provider_is_pointed_out() {
    struct IdleModule;
    impl Module for IdleModule {
        fn define(m: &mut ModuleDef) {
            m.provide(Store::new);
        }
    }
    let line = line!() - 3;

    assert_mistake(
        &App::of::<IdleModule>(),
        line,
        "`Store` is never used: nothing in `IdleModule` asks for it",
        "remove it, or add `.export::<Store>()` if other modules should use it",
    );
}

#[test]
fn export_of_what_is_not_there_is_refused() {
    struct EmptyModule;
    impl Module for EmptyModule {
        fn define(m: &mut ModuleDef) {
            m.export::<dyn Clock>();
        }
    }
    let line = line!() - 3;

    assert_mistake(
        &App::of::<EmptyModule>(),
        line,
        "`EmptyModule` exports `dyn Clock`, which it neither provides nor imports",
        "add `.bind(..)` to `EmptyModule` with a function that returns `Arc<dyn Clock>`",
    );
}

#[test]
fn nobody_is_told_to_import_what_its_exporter_does_not_have() {
    struct EmptyModule;
    impl Module for EmptyModule {
        fn define(m: &mut ModuleDef) {
            m.export::<Store>();
        }
    }
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<EmptyModule>();
            m.provide(Reader::new).export::<Reader>();
        }
    }

    let mistakes = mistakes_of(&App::of::<ReaderModule>());

    let [export, need] = &mistakes[..] else { panic!("should be two: {mistakes:#?}") };
    assert_eq!(export.text, "`EmptyModule` exports `Store`, which it neither provides nor imports");
    assert!(need.text.ends_with("which no module provides"), "{}", need.text);
}

struct Hen;
struct Egg;
struct Chick;

#[test]
fn constructors_that_need_each_other_are_reported_once() {
    struct HenModule;
    impl Module for HenModule {
        fn define(m: &mut ModuleDef) {
            m.provide(|_: Arc<Egg>| Hen);
            m.provide(|_: Arc<Chick>| Egg);
            m.provide(|_: Arc<Hen>, _: Arc<Hen>| Chick);
        }
    }
    let line = line!() - 5;

    assert_mistake(
        &App::of::<HenModule>(),
        line,
        "constructors need each other in a circle: Hen -> Egg -> Chick -> Hen",
        "move what both need into a third provider, or announce an event instead",
    );
}

#[test]
fn constructor_that_needs_itself_is_a_circle() {
    struct HenModule;
    impl Module for HenModule {
        fn define(m: &mut ModuleDef) {
            m.provide(|_: Arc<Hen>| Hen);
        }
    }
    let line = line!() - 3;

    assert_mistake(
        &App::of::<HenModule>(),
        line,
        "constructors need each other in a circle: Hen -> Hen",
        "move what both need into a third provider, or announce an event instead",
    );
}

struct HenModule;

impl Module for HenModule {
    fn define(m: &mut ModuleDef) {
        m.import::<EggModule>();
        m.provide(|_: Arc<Egg>| Hen).export::<Hen>();
    }
}

struct EggModule;

impl Module for EggModule {
    fn define(m: &mut ModuleDef) {
        m.import::<HenModule>();
        m.provide(|_: Arc<Hen>| Egg).export::<Egg>();
    }
}

const EGG_IMPORTS_HEN: u32 = line!() - 5;
const EGG: u32 = line!() - 5;

#[test]
fn circles_across_modules_are_reported_once() {
    let mistakes = mistakes_of(&App::of::<HenModule>());

    let [constructors, modules] = &mistakes[..] else { panic!("should be two: {mistakes:#?}") };
    assert_eq!(constructors.text, "constructors need each other in a circle: Egg -> Hen -> Egg");
    assert_place(constructors, EGG);
    assert_eq!(
        modules.text,
        "modules import each other in a circle: EggModule -> HenModule -> EggModule"
    );
    assert!(modules.place.starts_with(file!()), "{}", modules.place);
    assert_eq!(
        modules.help,
        "move what both need into a third module, or announce an event instead"
    );
}

#[test]
fn module_circle_is_found_by_whichever_module_is_the_root() {
    let mistakes = mistakes_of(&App::of::<EggModule>());

    let modules = mistakes.last().unwrap();
    assert_eq!(
        modules.text,
        "modules import each other in a circle: HenModule -> EggModule -> HenModule"
    );
    assert_place(modules, EGG_IMPORTS_HEN);
}

#[test]
fn module_that_imports_itself_is_a_circle() {
    struct NarcissusModule;
    impl Module for NarcissusModule {
        fn define(m: &mut ModuleDef) {
            m.import::<NarcissusModule>();
        }
    }
    let line = line!() - 3;

    assert_mistake(
        &App::of::<NarcissusModule>(),
        line,
        "modules import each other in a circle: NarcissusModule -> NarcissusModule",
        "move what both need into a third module, or announce an event instead",
    );
}

#[test]
fn constructor_given_to_the_wrong_method_is_recognised() {
    type Later = Pin<Box<dyn Future<Output = Store> + Send + Sync>>;

    struct WrongModule;
    impl Module for WrongModule {
        fn define(m: &mut ModuleDef) {
            m.provide(|| Ok::<Store, BoxError>(Store).map_err(|it| it.to_string()));
            m.provide(|| Arc::new(Store));
            m.provide(Store::open);
            m.provide(async || Ok::<Store, BoxError>(Store));
            m.provide(|| -> Later { Box::pin(async { Store }) });
        }
    }
    let line = line!() - 7;

    let mistakes = mistakes_of(&App::of::<WrongModule>());

    assert_eq!(mistakes.len(), 5, "{mistakes:#?}");
    let expected = [
        ("a `Result`", "`Result<Store, String>`", "try_provide"),
        ("an `Arc`", "`Arc<Store>`", "bind"),
        ("a future", "`{{closure}}`", "provide_async"),
        ("a future", "", "provide_async"),
        ("a future", "", "provide_async"),
    ];
    for (index, (mistake, (what, built, method))) in mistakes.iter().zip(expected).enumerate() {
        let text = format!("this constructor returns {what}, and nobody can ask for that: ");
        assert!(mistake.text.starts_with(&text), "{}", mistake.text);
        assert!(mistake.text.ends_with(built), "{}", mistake.text);
        assert_place(mistake, line + index as u32);
        assert_eq!(mistake.help, format!("use `.{method}(..)` instead of `.provide(..)`"));
    }
}

#[tokio::test]
async fn types_declared_in_an_async_function_are_no_futures() {
    struct Local;
    struct LocalModule;
    impl Module for LocalModule {
        fn define(m: &mut ModuleDef) {
            m.provide(|| Local);
        }
    }

    let mistakes = mistakes_of(&App::of::<LocalModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(mistake.text, "`Local` is never used: nothing in `LocalModule` asks for it");
}

struct Doorbell;

impl Gateway for Doorbell {
    const NAMESPACES: &'static [&'static str] = &["/", "/door"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("ring", Self::ring);
    }
}

const DOORBELL_RING: u32 = line!() - 4;

impl Doorbell {
    async fn ring(self: Arc<Self>) {}
}

struct Telephone;

impl Gateway for Telephone {
    const NAMESPACES: &'static [&'static str] = &["/door", "/phone"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("pick up", Self::ring).on("ring", Self::ring);
    }
}

const TELEPHONE_RING: u32 = line!() - 4;

impl Telephone {
    async fn ring(self: Arc<Self>) {}
}

struct DoorbellModule;

impl Module for DoorbellModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| Doorbell);
    }
}

#[test]
fn event_of_two_gateways_is_refused_in_the_namespace_they_share() {
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<DoorbellModule>().gateway(|| Telephone);
        }
    }

    let mistakes = mistakes_of(&App::of::<RootModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(
        mistake.text,
        "`Telephone` handles `ring` in the namespace `/door`, but `Doorbell` does already"
    );
    assert_place(mistake, TELEPHONE_RING);
    let begin = format!("the other handler is registered at {}", place(DOORBELL_RING));
    assert!(mistake.help.starts_with(&begin), "{}", mistake.help);
    assert!(mistake.help.ends_with(": remove one of the two"), "{}", mistake.help);
}

#[test]
fn event_that_a_gateway_registers_twice_is_refused() {
    struct Echo;
    impl Echo {
        async fn answer(self: Arc<Self>) {}
    }
    impl Gateway for Echo {
        const NAMESPACES: &'static [&'static str] = &["/"];
        const ACCESS: EventAccess = EventAccess::Public;

        fn events(on: &mut Events<Self>) {
            on.on("hello", Self::answer);
            on.on("hello", Self::answer);
        }
    }
    let line = line!() - 3;
    struct EchoModule;
    impl Module for EchoModule {
        fn define(m: &mut ModuleDef) {
            m.gateway(|| Echo);
        }
    }

    let mistakes = mistakes_of(&App::of::<EchoModule>());

    let [mistake] = &mistakes[..] else { panic!("should be one: {mistakes:#?}") };
    assert_eq!(
        mistake.text,
        "`Echo` handles `hello` in the namespace `/`, but `Echo` does already"
    );
    assert_place(mistake, line);
}

#[test]
fn handler_that_does_not_say_who_may_send_its_event_is_refused() {
    struct Guard;
    impl<G> FromEvent<G> for Guard {
        fn from_event(_: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
            Ok(Self)
        }

        fn describe(signature: &mut Signature) {
            signature.access.push("caller");
        }
    }
    struct Vault;
    impl Vault {
        async fn count(self: Arc<Self>, _: Guard) {}
        async fn hours(self: Arc<Self>, _: Public) {}
        async fn open(self: Arc<Self>, _: SocketRef) {}
    }
    impl Gateway for Vault {
        const NAMESPACES: &'static [&'static str] = &["/", "/vault"];

        fn events(on: &mut Events<Self>) {
            on.on("count", Self::count);
            on.on("hours", Self::hours);
            on.on("open", Self::open);
        }
    }
    let line = line!() - 3;
    struct VaultModule;
    impl Module for VaultModule {
        fn define(m: &mut ModuleDef) {
            m.gateway(|| Vault);
        }
    }

    assert_mistake(
        &App::of::<VaultModule>(),
        line,
        "the handler of `open` in `Vault` does not say who may send it",
        "let it take a guard, such as `Caller`, or `Public` if anybody may",
    );
}

#[test]
fn override_of_what_nobody_provides_is_useless() {
    let app = App::of::<KeeperModule>().override_with(Arc::new(Reader));
    let line = line!() - 1;

    assert_mistake(
        &app,
        line,
        "an override replaces `Reader`, which no module provides",
        "remove the override, or name the type or trait that a module provides",
    );
}

#[test]
fn constructor_in_the_place_of_what_nobody_provides_is_useless() {
    let app = App::of::<KeeperModule>().override_by(|_: Arc<Store>| Arc::new(Reader));
    let line = line!() - 1;

    assert_mistake(
        &app,
        line,
        "an override replaces `Reader`, which no module provides",
        "remove the override, or name the type or trait that a module provides",
    );
}

#[test]
fn override_in_a_module_that_does_not_provide_it_is_useless() {
    struct ReaderModule;
    impl Module for ReaderModule {
        fn define(m: &mut ModuleDef) {
            m.import::<StoreModule>();
            m.provide(Reader::new).export::<Reader>();
        }
    }

    let app = App::of::<ReaderModule>().override_in::<ReaderModule, _>(Arc::new(Store));
    let line = line!() - 1;

    assert_mistake(
        &app,
        line,
        "an override replaces `Store`, which no module provides",
        "remove the override, or name the type or trait that a module provides",
    );
}

#[test]
fn override_of_what_two_modules_provide_is_ambiguous() {
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<KeeperModule>().import::<StoreModule>();
        }
    }

    let app = App::of::<RootModule>().override_with(Arc::new(Store));
    let line = line!() - 1;

    assert_mistake(
        &app,
        line,
        "an override replaces `Store`, which KeeperModule and StoreModule provide",
        "say which with `.override_in::<KeeperModule, _>(..)`, or `.override_by_in` for a constructor",
    );
}

struct BrokenModule;

impl Module for BrokenModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Reader::new); // needs what is missing, and is unused
        m.provide(|_: Arc<Hen>| Egg).provide(|_: Arc<Egg>| Hen);
        m.export::<dyn Clock>();
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let mistakes = App::of::<BrokenModule>().check().unwrap_err();

    let begins = [
        "`Reader` needs `Store`",
        "`BrokenModule` exports `dyn Clock`",
        "`Reader` is never used",
        "constructors need each other in a circle",
    ];
    for begin in begins {
        let found = mistakes.0.iter().filter(|it| it.text.starts_with(begin)).count();
        assert_eq!(found, 1, "{begin} in {mistakes}");
    }
    assert_eq!(mistakes.0.len(), begins.len(), "{mistakes}");
    assert!(mistakes.to_string().ends_with("4 mistakes in the modules"), "{mistakes}");
}

#[test]
fn mistake_reads_like_a_compilers_message() {
    let mistakes = App::of::<KeeperModule>().override_with(Arc::new(Reader)).check();

    let text = mistakes.unwrap_err().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "error: an override replaces `Reader`, which no module provides");
    assert!(lines[1].starts_with(&format!("  --> {}:", file!())), "{text}");
    assert_eq!(
        lines[2],
        "  help: remove the override, or name the type or trait that a module provides"
    );
    assert_eq!(lines.last(), Some(&"1 mistake in the modules"));
}

#[tokio::test]
async fn server_with_mistakes_is_not_built() {
    let error = App::of::<BrokenModule>().build().await.unwrap_err();

    assert!(matches!(error, StartError::Wiring(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("the modules do not fit together:\n\nerror: "), "{text}");
    assert!(text.ends_with("4 mistakes in the modules"), "{text}");
}

struct Front;

impl Controller for Front {
    fn routes() -> Routes<Self> {
        Routes::new()
    }
}

#[test]
fn check_runs_no_constructor_and_no_hook() {
    struct ExplosiveModule;
    impl Module for ExplosiveModule {
        fn define(m: &mut ModuleDef) {
            m.provide(|| -> Store { panic!("a constructor was run") })
                .try_provide(|_: Arc<Store>| -> Result<Reader, BoxError> { panic!("and another") })
                .provide_async(|| -> Pin<Box<dyn Future<Output = Result<Hen, BoxError>> + Send>> {
                    panic!("and an async one")
                })
                .bind(|_: Arc<Hen>| -> Arc<dyn Clock> { panic!("and one that is bound") })
                .controller(|_: Arc<Reader>, _: Arc<dyn Clock>| -> Front { panic!("and another") })
                .on_init(|| async { panic!("a hook was run") });
        }
    }

    App::of::<ExplosiveModule>().check().unwrap();
}
