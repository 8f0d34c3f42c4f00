//! Background tasks: when they begin, and how they end.

use std::sync::Arc;

use hornero::{App, BoxError, Module, ModuleDef, Stopping, testing::TestApp};

use crate::journal::{Journal, JournalModule};

struct SweepModule;

impl Module for SweepModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .on_init(|journal: Arc<Journal>| async move {
                journal.note("init");
                Ok(())
            })
            .task(sweep)
            .task(fail)
            .on_shutdown(|journal: Arc<Journal>| async move {
                journal.note("shutdown");
                Ok(())
            });
    }
}

async fn sweep(journal: Arc<Journal>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
    journal.note("sweeping");
    stopping.wait().await;
    // What a task does last is waited for.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    journal.note("swept");
    Ok(())
}

async fn fail() -> Result<(), BoxError> {
    Err("the broom is broken".into())
}

#[tokio::test]
async fn task_runs_between_init_and_shutdown_and_another_may_fail() {
    let journal = Journal::new();
    let server = TestApp::start(App::of::<SweepModule>().override_with(Arc::clone(&journal))).await;

    assert_eq!(journal.wait_for(2).await, ["init", "sweeping"]);
    server.stop().await;

    assert_eq!(journal.entries(), ["init", "sweeping", "swept", "shutdown"]);
}

#[tokio::test]
async fn stopping_is_told_at_once_to_those_who_ask_late() {
    let journal = Journal::new();
    struct LateModule;
    impl Module for LateModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>().on_shutdown(
                |journal: Arc<Journal>, stopping: Arc<Stopping>| async move {
                    stopping.wait().await;
                    journal.note("told");
                    Ok(())
                },
            );
        }
    }
    let server = TestApp::start(App::of::<LateModule>().override_with(Arc::clone(&journal))).await;

    server.stop().await;

    assert_eq!(journal.entries(), ["told"]);
}
