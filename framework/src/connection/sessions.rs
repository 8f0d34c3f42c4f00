//! The sessions that have begun with polling, by the id that their requests carry.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use super::session::{Session, lock};

/// Finds the session of a request. One that has begun with a WebSocket has no other requests.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Weak<Session>>>);

impl Sessions {
    pub(super) fn add(self: &Arc<Self>, id: &str, session: &Arc<Session>) {
        lock(&self.0).insert(id.to_owned(), Arc::downgrade(session));
        session.is_listed(self, id);
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Session>> {
        lock(&self.0).get(id)?.upgrade()
    }

    pub(super) fn remove(&self, id: &str) {
        lock(&self.0).remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_that_has_ended_is_not_listed_any_more() {
        let (sessions, session) = (Arc::new(Sessions::default()), Arc::new(Session::default()));
        sessions.add("a", &session);
        assert!(sessions.find("a").is_some());
        drop(session);
        assert!(sessions.find("a").is_none());
        assert!(lock(&sessions.0).is_empty());
    }
}
