//! A message in a history, in words that are found once however often it is read.

use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::{RawValue, to_raw_value};

use crate::{dto::MessageView, message::Message};

/// A message in a history. Cheap to clone: clones share their words.
#[derive(Debug, Clone)]
pub(crate) struct Listed(Arc<Worded>);

#[derive(Debug)]
struct Worded {
    message: Message,
    /// The message as REST shows it, once somebody has read it.
    words: OnceLock<Box<RawValue>>,
}

impl Listed {
    pub(crate) fn message(&self) -> &Message {
        &self.0.message
    }
}

impl From<Message> for Listed {
    fn from(message: Message) -> Self {
        Self(Arc::new(Worded { message, words: OnceLock::new() }))
    }
}

/// As a [`MessageView`].
impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Worded { message, words } = &*self.0;
        if let Some(words) = words.get() {
            return words.serialize(serializer);
        }
        let found = to_raw_value(&MessageView::from(message)).map_err(S::Error::custom)?;
        words.get_or_init(|| found).serialize(serializer)
    }
}
