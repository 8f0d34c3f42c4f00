//! A constructor fails
//!
//! Wiring can be right and the world wrong. The server does not start, and says what it was
//! building; no port was bound yet.

use std::{io, sync::Arc};

use hornero::{App, BoxError, Module, ModuleDef};

struct Ledger;

impl Ledger {
    fn open() -> io::Result<Self> {
        Err(io::Error::other("the ledger is locked by another program"))
    }
}

async fn balance(_ledger: Arc<Ledger>) -> Result<(), BoxError> {
    Ok(())
}

struct BankModule;

impl Module for BankModule {
    fn define(m: &mut ModuleDef) {
        m.try_provide(Ledger::open).on_init(balance);
    }
}

pub(super) fn app() -> App {
    App::of::<BankModule>()
}
