//! A lifecycle hook lacks something
//!
//! Hooks and tasks are given their arguments like constructors.

use std::sync::Arc;

use hornero::{App, BoxError, Module, ModuleDef};

struct Ledger;

async fn balance(_ledger: Arc<Ledger>) -> Result<(), BoxError> {
    Ok(())
}

struct BankModule;

impl Module for BankModule {
    fn define(m: &mut ModuleDef) {
        m.on_init(balance);
    }
}

pub(super) fn app() -> App {
    App::of::<BankModule>()
}
