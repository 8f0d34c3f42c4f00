//! A user's sockets, for what is told to nobody else.

use std::sync::Arc;

use hornero::SocketRef;

use crate::{live_sockets::LiveSockets, user::UserId};

/// Finds the sockets of users, in every namespace that chat is in.
pub struct UserSockets {
    live: Arc<LiveSockets>,
}

impl UserSockets {
    pub(crate) fn new(live: Arc<LiveSockets>) -> Self {
        Self { live }
    }

    /// All sockets of a user that are connected to this process.
    pub fn of(&self, user: &UserId) -> Vec<SocketRef> {
        self.live.of(user)
    }
}
