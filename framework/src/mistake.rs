//! What can be wrong with the module graph, told so that it can be mended.

use std::fmt;

use crate::{
    config::Section,
    contract::paths::Owner,
    provider::{Key, Place, Provider},
};

/// A mistake in the wiring of modules.
#[derive(Debug, Clone)]
pub struct Mistake {
    /// What is wrong.
    pub text: String,
    /// Where in the source, as `file:line:column`.
    pub place: String,
    /// What to do about it.
    pub help: String,
}

impl Mistake {
    fn new(place: Place, text: String, help: String) -> Self {
        Self { text, place: place.to_string(), help }
    }
}

/// Looks like a compiler's message.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  --> {}\n  help: {}", self.text, self.place, self.help)
    }
}

/// Every mistake of a module graph.
#[derive(Clone)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.0 {
            writeln!(f, "{mistake}\n")?;
        }
        let (count, s) = (self.0.len(), if self.0.len() == 1 { "" } else { "s" });
        write!(f, "{count} mistake{s} in the modules")
    }
}

/// For people, too: `unwrap` and a `main` that fails show errors in this form.
impl fmt::Debug for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Mistakes {}

/// Who holds the type that a constructor cannot see.
pub(crate) enum Holder<'a> {
    /// A module exports it, but is not imported.
    Exported { module: &'a str },
    /// A module has it, but does not export it.
    Private { module: &'a str, place: Place, imported: bool },
    /// No module provides it.
    Nobody,
}

/// A constructor or hook that needs something.
pub(crate) struct Need<'a> {
    /// What is built, or `None` for a hook.
    pub(crate) built: Option<Key>,
    pub(crate) argument: usize,
    pub(crate) wanted: Key,
    pub(crate) module: &'a str,
    pub(crate) place: Place,
}

pub(crate) fn missing(need: &Need<'_>, holder: &Holder<'_>) -> Mistake {
    let Need { argument, wanted, module, .. } = need;
    let who = match &need.built {
        Some(built) => {
            format!("`{built}` needs `{wanted}` (argument {argument} of its constructor)")
        }
        None => format!("a lifecycle hook needs `{wanted}` (argument {argument})"),
    };
    let (why, help) = match holder {
        Holder::Exported { module: owner } => (
            format!("which `{module}` does not import"),
            format!("`{owner}` exports it: add `.import::<{owner}>()` to `{module}`"),
        ),
        Holder::Private { module: owner, place, imported } => {
            let import = format!(" and `.import::<{owner}>()` to `{module}`");
            let import = if *imported { "" } else { import.as_str() };
            (
                format!("which is private to `{owner}`"),
                format!(
                    "`{owner}` provides it at {place}: add `.export::<{wanted}>()` there{import}"
                ),
            )
        }
        Holder::Nobody => ("which no module provides".to_owned(), provide(*wanted, module)),
    };
    Mistake::new(need.place, format!("{who}, {why}"), help)
}

/// The line that would provide `wanted`.
fn provide(wanted: Key, module: &str) -> String {
    let name = wanted.to_string();
    match name.strip_prefix("dyn ") {
        Some(implemented) => format!(
            "add `.bind(..)` to `{module}` with a function that returns `Arc<dyn {implemented}>`"
        ),
        None => {
            format!("add `.provide({name}::new)` to `{module}`, or import a module that exports it")
        }
    }
}

pub(crate) fn duplicate(key: Key, module: &str, first: Place, second: Place) -> Mistake {
    Mistake::new(
        second,
        format!("`{module}` provides `{key}` twice"),
        format!("it is provided at {first} already: remove one of the two"),
    )
}

pub(crate) fn same_type(name: &str, first: Place, second: Place) -> Mistake {
    Mistake::new(
        second,
        format!("a type named `{name}` has another form than the one used at {first}"),
        "documents know types by their bare names: rename one of the two, or give it another \
         name there with `#[schema(as = ..)]`"
            .to_owned(),
    )
}

pub(crate) fn missing_type(name: &str, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("the documents would refer to a type `{name}` that they do not have"),
        format!(
            "`{name}` is the argument of a generic type: say `#[schema(inline)]` at the field that \
             has it; or it stands in itself: name it in a type without arguments"
        ),
    )
}

pub(crate) fn our_type(name: &str, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("a type is named `{name}`, as one of the framework's own in the documents"),
        "rename it, or give it another name there with `#[schema(as = ..)]`".to_owned(),
    )
}

pub(crate) fn same_operation(id: &str, first: Place, second: Place) -> Mistake {
    Mistake::new(
        second,
        format!(
            "two routes are documented as `{id}`; the other one is of the controller at {first}"
        ),
        "rename one of the handlers, or document it with another `operation_id`".to_owned(),
    )
}

pub(crate) fn ambiguous(need: &Need<'_>, owners: &[&str]) -> Mistake {
    Mistake::new(
        need.place,
        format!("`{}` imports `{}` from {}", need.module, need.wanted, owners.join(" and ")),
        "remove one of the imports, or let one of the modules export another type".to_owned(),
    )
}

pub(crate) fn unused(key: Key, module: &str, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("`{key}` is never used: nothing in `{module}` asks for it"),
        format!("remove it, or add `.export::<{key}>()` if other modules should use it"),
    )
}

pub(crate) fn not_exportable(key: Key, module: &str, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("`{module}` exports `{key}`, which it neither provides nor imports"),
        provide(key, module),
    )
}

pub(crate) fn wrong_method(key: Key, place: Place) -> Option<Mistake> {
    let path = key.path();
    let (what, method) = if path.starts_with("core::result::Result<") {
        ("a `Result`", "try_provide")
    } else if path.starts_with("alloc::sync::Arc<") {
        ("an `Arc`", "bind")
    } else if path.ends_with("}}") || path.contains("dyn core::future") {
        // The future of an async function is called `{{closure}}`.
        ("a future", "provide_async")
    } else {
        return None;
    };
    Some(Mistake::new(
        place,
        format!("this constructor returns {what}, and nobody can ask for that: `{key}`"),
        format!("use `.{method}(..)` instead of `.provide(..)`"),
    ))
}

pub(crate) fn dependency_circle(path: &[Key], place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("constructors need each other in a circle: {}", arrows(path)),
        "move what both need into a third provider, or announce an event instead".to_owned(),
    )
}

pub(crate) fn module_circle(path: &[&str], place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("modules import each other in a circle: {}", arrows(path)),
        "move what both need into a third module, or announce an event instead".to_owned(),
    )
}

pub(crate) fn duplicate_event(
    event: &str,
    namespace: &str,
    gateways: [Key; 2],
    places: [Place; 2],
) -> Mistake {
    Mistake::new(
        places[1],
        format!(
            "`{}` handles `{event}` in the namespace `{namespace}`, but `{}` does already",
            gateways[1], gateways[0]
        ),
        format!("the other handler is registered at {}: remove one of the two", places[0]),
    )
}

pub(crate) fn same_route(
    method: &str,
    path: &str,
    first: Owner,
    second: Key,
    place: Place,
) -> Mistake {
    Mistake::new(
        place,
        format!("`{second}` serves `{method} {path}`, but {first} does already"),
        format!("{}: remove one of the two, or give it another path", first.whereabouts()),
    )
}

pub(crate) fn same_path(paths: [&str; 2], first: Owner, second: Key, place: Place) -> Mistake {
    let [other, path] = paths;
    Mistake::new(
        place,
        format!(
            "`{second}` serves `{path}`, which nobody can tell from `{other}`, served by {first}"
        ),
        format!("{}: call the parameters of both the same", first.whereabouts()),
    )
}

pub(crate) fn same_section(first: &Section, second: &Section, place: Place) -> Mistake {
    let (key, one, other) = (second.key, first.holder, second.holder);
    let whose = match first.place {
        Some(place) => format!("`{one}` is listed at {place}"),
        None => format!("`{one}` is the framework's"),
    };
    Mistake::new(
        place,
        format!("`{other}` reads the configuration section `{key}`, but `{one}` does already"),
        format!("{whose}: give one of the two another `KEY`, or make one type of both"),
    )
}

pub(crate) fn of_the_framework(key: Key, module: &str, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("`{module}` provides `{key}`, which the framework provides in every module"),
        format!("remove it: who asks for `Arc<{key}>` is given the framework's"),
    )
}

pub(crate) fn unguarded(event: &str, gateway: Key, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("the handler of `{event}` in `{gateway}` does not say who may send it"),
        "let it take a guard, such as `Caller`, or `Public` if anybody may".to_owned(),
    )
}

pub(crate) fn reserved_event(event: &str, gateway: Key, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("`{event}` of `{gateway}` is an event that clients keep for themselves"),
        "call it otherwise; who comes and goes is told by `Gateway::connected` and `disconnected`"
            .to_owned(),
    )
}

pub(crate) fn wrong_namespace(namespace: &str, gateway: Key, place: Place) -> Mistake {
    Mistake::new(
        place,
        format!("`{gateway}` has the namespace `{namespace}`, which no client can reach"),
        format!("names of namespaces begin with a slash: call it `/{namespace}`"),
    )
}

pub(crate) fn useless_override(provider: &Provider, owners: &[&str]) -> Mistake {
    let (why, help) = if owners.is_empty() {
        // A fake is easily given as itself instead of as the trait that it stands in for.
        let help = "remove the override, or name the type or trait that a module provides";
        ("which no module provides".to_owned(), help.to_owned())
    } else {
        let help = format!(
            "say which with `.override_in::<{}, _>(..)`, or `.override_by_in` for a constructor",
            owners[0]
        );
        (format!("which {} provide", owners.join(" and ")), help)
    };
    let text = format!("an override replaces `{}`, {why}", provider.key);
    Mistake::new(provider.place, text, help)
}

fn arrows(path: &[impl ToString]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}
