//! A provider is private
//!
//! The module that provides it is imported, but keeps it for itself.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

struct Ledger;

struct Bank;

struct BankModule;

impl Module for BankModule {
    fn define(m: &mut ModuleDef) {
        m.value(Ledger).provide(|_: Arc<Ledger>| Bank).export::<Bank>();
    }
}

struct Auditor;

struct AuditModule;

impl Module for AuditModule {
    fn define(m: &mut ModuleDef) {
        m.import::<BankModule>();
        m.provide(|_: Arc<Bank>, _: Arc<Ledger>| Auditor).export::<Auditor>();
    }
}

pub(super) fn app() -> App {
    App::of::<AuditModule>()
}
