//! A door that remembers what it was told, and can be shut.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{gate::Gate, soon};
use crate::{
    ConversationId, Vocabulary,
    hub::{Door, Event},
};

pub(super) struct TestDoor {
    pub(super) gate: Gate,
    told: watch::Sender<Vec<(ConversationId, i64)>>,
}

impl TestDoor {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { gate: Gate::default(), told: watch::Sender::default() })
    }

    /// Seqs of what was told of a conversation, in the order in which it was told.
    pub(super) fn told(&self, of: ConversationId) -> Vec<i64> {
        seqs(&self.told.borrow(), of)
    }

    /// Waits until the event `seq` was told.
    pub(super) async fn wait_for(&self, of: ConversationId, seq: i64) {
        let mut told = self.told.subscribe();
        let _ = soon(told.wait_for(|it| it.contains(&(of, seq)))).await.unwrap();
    }
}

fn seqs(told: &[(ConversationId, i64)], of: ConversationId) -> Vec<i64> {
    told.iter().filter(|it| it.0 == of).map(|it| it.1).collect()
}

#[async_trait]
impl Door for TestDoor {
    async fn deliver(&self, conversation: ConversationId, events: &[Event]) {
        for event in events {
            self.gate.pass().await;
            if event.frame(Vocabulary::Chat).is_some() {
                self.told.send_modify(|it| it.push((conversation, event.seq)));
            }
        }
    }
}
