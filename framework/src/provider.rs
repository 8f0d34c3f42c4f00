//! Providers: what a module builds, and the constructors that build it.
//!
//! A constructor is a plain function. Its argument types are its dependencies,
//! read from its signature the way axum reads a handler's:
//! `fn new(rooms: Arc<RoomService>, log: Arc<EventLog>) -> ChatService`.

use std::{
    any::{Any, TypeId, type_name},
    fmt,
    future::{Future, ready},
    panic::Location,
    pin::Pin,
    sync::Arc,
};

/// Any error a constructor or a lifecycle hook may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A place in the source, reported with every wiring mistake.
pub(crate) type Place = &'static Location<'static>;

/// A built instance: always an `Arc<T>`, in which `T` may be a `dyn Trait`.
pub(crate) type Instance = Arc<dyn Any + Send + Sync>;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Identifies a provided type within a module.
#[derive(Clone, Copy)]
pub struct Key {
    id: TypeId,
    path: &'static str,
}

impl Key {
    pub(crate) fn of<T: ?Sized + 'static>() -> Self {
        Self { id: TypeId::of::<Arc<T>>(), path: type_name::<T>() }
    }

    /// The type's full path, which also betrays a constructor given to the wrong method.
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// Writes the type as a programmer would: `dyn MessageRepository`, `ChatService`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short_name(self.path))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Strips the module path from every name in a type: `a::B<c::D>` becomes `B<D>`.
pub(crate) fn short_name(path: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    for c in path.chars() {
        match c {
            ':' => word.clear(),
            // Braces: `{{closure}}` stands in the path of what is declared in an async function.
            c if c.is_alphanumeric() || "_{}".contains(c) => word.push(c),
            c => {
                short.push_str(&word);
                word.clear();
                short.push(c);
            }
        }
    }
    short + &word
}

/// What a constructor may ask for: an `Arc<T>` or an `Arc<dyn Trait>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected",
    label = "constructor arguments must be `Arc<T>` or `Arc<dyn Trait>`"
)]
pub trait Inject: Sized {
    /// The provided type.
    fn key() -> Key;

    #[doc(hidden)]
    fn from_instance(instance: &Instance) -> Self;
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Arc<T> {
    fn key() -> Key {
        Key::of::<T>()
    }

    fn from_instance(instance: &Instance) -> Self {
        let typed = instance.downcast_ref::<Arc<T>>();
        Arc::clone(typed.expect("instances are kept under the key of the type they hold"))
    }
}

pub(crate) fn instance_of<T: ?Sized + Send + Sync + 'static>(value: Arc<T>) -> Instance {
    Arc::new(value)
}

/// A function whose arguments can all be injected.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a constructor the container can call",
    label = "expected `fn(Arc<A>, Arc<dyn B>, ..) -> T`",
    note = "every argument must be an `Arc<_>`, and there may be up to 8 of them"
)]
pub trait Constructor<Args>: Send + Sync + 'static {
    /// What the function returns.
    type Output;

    /// Dependencies, in the order of the arguments.
    fn dependencies() -> Vec<Key>;

    #[doc(hidden)]
    fn construct(&self, arguments: &[Instance]) -> Self::Output;
}

macro_rules! impl_constructor {
    ($($argument:ident $position:tt),*) => {
        impl<F, R, $($argument: Inject),*> Constructor<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Send + Sync + 'static,
        {
            type Output = R;

            fn dependencies() -> Vec<Key> {
                vec![$($argument::key()),*]
            }

            #[allow(unused_variables, reason = "a constructor may have no arguments")]
            fn construct(&self, arguments: &[Instance]) -> R {
                self($($argument::from_instance(&arguments[$position])),*)
            }
        }
    };
}

impl_constructor!();
impl_constructor!(A 0);
impl_constructor!(A 0, B 1);
impl_constructor!(A 0, B 1, C 2);
impl_constructor!(A 0, B 1, C 2, D 3);
impl_constructor!(A 0, B 1, C 2, D 3, E 4);
impl_constructor!(A 0, B 1, C 2, D 3, E 4, G 5);
impl_constructor!(A 0, B 1, C 2, D 3, E 4, G 5, H 6);
impl_constructor!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7);

/// What a constructor given to [`ModuleDef::bind`](crate::ModuleDef::bind) or
/// [`App::override_by`](crate::App::override_by) may return: `Arc<dyn Trait>`, or a `Result` of it.
pub trait Bindable: Send + 'static {
    /// The trait that is bound.
    type Target: ?Sized + Send + Sync + 'static;

    #[doc(hidden)]
    fn bound(self) -> Result<Arc<Self::Target>, BoxError>;
}

impl<T: ?Sized + Send + Sync + 'static> Bindable for Arc<T> {
    type Target = T;

    fn bound(self) -> Result<Arc<T>, BoxError> {
        Ok(self)
    }
}

impl<T: ?Sized + Send + Sync + 'static, E: Into<BoxError> + Send + 'static> Bindable
    for Result<Arc<T>, E>
{
    type Target = T;

    fn bound(self) -> Result<Arc<T>, BoxError> {
        self.map_err(Into::into)
    }
}

/// A constructor with its types erased, and where the module named it.
pub(crate) struct Provider {
    pub(crate) key: Key,
    pub(crate) dependencies: Vec<Key>,
    pub(crate) place: Place,
    build: BuildInstance,
}

type BuildInstance =
    Box<dyn Fn(&[Instance]) -> BoxFuture<Result<Instance, BoxError>> + Send + Sync>;

impl Provider {
    /// A provider whose constructor's output becomes an instance by `finish`.
    pub(crate) fn new<Args, C, Fut>(
        key: Key,
        place: Place,
        constructor: C,
        finish: fn(C::Output) -> Fut,
    ) -> Self
    where
        C: Constructor<Args>,
        C::Output: 'static,
        Fut: Future<Output = Result<Instance, BoxError>> + Send + 'static,
    {
        Self {
            key,
            dependencies: C::dependencies(),
            place,
            build: Box::new(move |arguments| Box::pin(finish(constructor.construct(arguments)))),
        }
    }

    /// A provider of the trait or type that the constructor's `Arc` holds.
    pub(crate) fn bound<Args, C>(constructor: C, place: Place) -> Self
    where
        C: Constructor<Args>,
        C::Output: Bindable,
    {
        let key = Key::of::<<C::Output as Bindable>::Target>();
        let finish = |built: C::Output| ready(built.bound().map(instance_of));
        Self::new(key, place, constructor, finish)
    }

    /// A provider that hands out `value`.
    pub(crate) fn value<T: ?Sized + Send + Sync + 'static>(value: Arc<T>, place: Place) -> Self {
        let instance = instance_of(value);
        Self {
            key: Key::of::<T>(),
            dependencies: Vec::new(),
            place,
            build: Box::new(move |_| Box::pin(ready(Ok(Arc::clone(&instance))))),
        }
    }

    pub(crate) fn build(&self, arguments: &[Instance]) -> BoxFuture<Result<Instance, BoxError>> {
        (self.build)(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn names_lose_their_paths_but_keep_their_shape() {
        assert_eq!(short_name("chat::service::ChatService"), "ChatService");
        assert_eq!(short_name("dyn chat::repository::MessageRepository"), "dyn MessageRepository");
        assert_eq!(short_name("alloc::sync::Arc<a::b::C>"), "Arc<C>");
        assert_eq!(short_name("tests::in_async_fn::{{closure}}::Fake"), "Fake");
    }
}
