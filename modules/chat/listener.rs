//! Who wants to know of messages, in features that chat does not know.

use std::sync::{Arc, PoisonError, RwLock};

use crate::message::Message;

/// Is told of each message that is stored, in the order in which they are in each conversation.
pub trait MessageListener: Send + Sync {
    /// Takes note of a message. Everybody's messages wait meanwhile: it must be quick.
    fn stored(&self, message: &Message);
}

/// Those who are told.
#[derive(Default)]
pub(crate) struct Listeners(RwLock<Vec<Arc<dyn MessageListener>>>);

impl Listeners {
    pub(crate) fn add(&self, listener: Arc<dyn MessageListener>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    pub(crate) fn tell(&self, message: &Message) {
        for listener in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            listener.stored(message);
        }
    }
}
