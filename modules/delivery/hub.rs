//! The hub: from the log to every door.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    announcement::Announcement, conversation::ConversationId, socketio_door::SocketIoDoor,
};

/// A durable event on its way to the clients.
pub(crate) struct Event {
    pub(crate) conversation: ConversationId,
    pub(crate) body: Arc<dyn Announcement>,
}

/// A way out to clients that speak one protocol.
#[async_trait]
pub(crate) trait Door: Send + Sync {
    /// Sends the event to those who have joined its conversation by this door.
    async fn deliver(&self, event: &Event);
}

/// Passes events to the doors.
pub(crate) struct Hub {
    doors: Vec<Arc<dyn Door>>,
}

impl Hub {
    pub(crate) fn new(socketio: Arc<SocketIoDoor>) -> Self {
        Self { doors: vec![socketio] }
    }

    #[cfg(test)]
    pub(crate) fn of_test(door: Arc<dyn Door>) -> Self {
        Self { doors: vec![door] }
    }

    /// Publishes an event that is committed. Events of one conversation must be published
    /// in the order of their seqs.
    pub(crate) async fn publish(&self, event: &Event) {
        for door in &self.doors {
            door.deliver(event).await;
        }
    }
}
