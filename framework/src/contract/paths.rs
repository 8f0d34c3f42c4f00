//! Paths at which two of the app's parts would answer. axum panics when it is given such routes.

use std::{collections::HashMap, fmt};

use matchit::InsertError;

use super::{ControllerContract, SocketContract, documents::PATHS};
use crate::{
    mistake::{self, Mistake},
    provider::{Key, Place},
};

/// Who answers at a path.
#[derive(Clone, Copy)]
pub(crate) enum Owner {
    /// The framework, which serves the app's documents.
    Documents,
    /// A controller or protocol, and where its module lists it.
    Listed(Key, Place),
}

/// Finds the routes that are served twice, and those that the router cannot tell apart.
///
/// It knows the documented ones only: of others there is nothing but axum's router to read.
pub(crate) fn find<'a>(
    controllers: impl Iterator<Item = &'a ControllerContract>,
    sockets: impl Iterator<Item = &'a SocketContract>,
) -> Vec<Mistake> {
    let mut taken = Taken::default();
    for path in PATHS {
        taken.add("GET", path, Owner::Documents);
    }
    for controller in controllers {
        for route in &controller.routes {
            let owner = Owner::Listed(controller.controller, controller.place);
            taken.add(route.method, &route.path, owner);
        }
    }
    for socket in sockets {
        // A plain WebSocket begins as a request of this method.
        taken.add("GET", socket.path, Owner::Listed(socket.socket, socket.place));
    }
    taken.mistakes
}

#[derive(Default)]
struct Taken<'a> {
    /// The methods of each path.
    paths: HashMap<&'a str, Vec<(&'a str, Owner)>>,
    /// axum's own: what it calls a conflict is one.
    router: matchit::Router<()>,
    mistakes: Vec<Mistake>,
}

impl<'a> Taken<'a> {
    fn add(&mut self, method: &'a str, path: &'a str, owner: Owner) {
        let Owner::Listed(who, place) = owner else {
            self.keep(method, path, owner);
            return;
        };
        let methods = self.paths.get(path).into_iter().flatten();
        if let Some((_, first)) = methods.into_iter().find(|it| it.0 == method) {
            self.mistakes.push(mistake::same_route(method, path, *first, who, place));
            return;
        }
        if let Some(other) = self.keep(method, path, owner)
            && let Some((_, first)) = self.paths.get(&*other).and_then(|it| it.first())
        {
            self.mistakes.push(mistake::same_path([&other, path], *first, who, place));
        }
    }

    /// Keeps a route. Gives the path that its own cannot be told from, if there is one.
    fn keep(&mut self, method: &'a str, path: &'a str, owner: Owner) -> Option<String> {
        let methods = self.paths.entry(path).or_default();
        methods.push((method, owner));
        if methods.len() > 1 {
            return None;
        }
        match self.router.insert(path, ()) {
            Err(InsertError::Conflict { with }) => Some(with),
            // What is no path at all has made axum panic already.
            _ => None,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documents => f.write_str("the framework"),
            Self::Listed(who, _) => write!(f, "`{who}`"),
        }
    }
}

impl Owner {
    /// What to say of the one who was there first.
    pub(crate) fn whereabouts(&self) -> String {
        match self {
            Self::Documents => "the app's documents are there".to_owned(),
            Self::Listed(_, place) => format!("the other one is listed at {place}"),
        }
    }
}
