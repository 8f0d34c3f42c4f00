//! What happened in a test, in order.

use std::sync::Arc;

use hornero::{Module, ModuleDef, testing::PATIENCE};
use tokio::sync::watch;

/// Constructors, hooks and handlers write down what they do.
///
/// Modules hold no state, so each test gives its own journal to the app:
/// `App::of::<M>().override_with(Arc::clone(&journal))`.
#[derive(Default)]
pub(crate) struct Journal(watch::Sender<Vec<String>>);

impl Journal {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn note(&self, entry: impl Into<String>) {
        self.0.send_modify(|entries| entries.push(entry.into()));
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Waits until the journal has `count` entries, and returns them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<String> {
        let mut changes = self.0.subscribe();
        let enough = changes.wait_for(|entries| entries.len() >= count);
        match tokio::time::timeout(PATIENCE, enough).await {
            Ok(entries) => entries.unwrap().clone(),
            Err(_) => panic!("wanted {count} entries, but there are: {:#?}", self.entries()),
        }
    }
}

/// Lets every module that imports it write to the journal.
pub(crate) struct JournalModule;

impl Module for JournalModule {
    fn define(m: &mut ModuleDef) {
        m.value(Journal::default()).export::<Journal>();
    }
}
