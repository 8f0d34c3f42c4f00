//! A constructor is given to the wrong method
//!
//! `provide` takes what a constructor returns as it is. A `Result` goes to `try_provide`, a
//! future to `provide_async`, an `Arc<dyn Trait>` to `bind`.

use std::io;

use hornero::{App, Module, ModuleDef};

struct Ledger;

impl Ledger {
    fn open() -> io::Result<Self> {
        Ok(Self)
    }
}

struct BankModule;

impl Module for BankModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Ledger::open);
    }
}

pub(super) fn app() -> App {
    App::of::<BankModule>()
}
