//! Two types read one section of the configuration
//!
//! Each would refuse the keys of the other. Several modules may read a section as the same type.

use hornero::{App, ConfigSection, Module, ModuleDef};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MailConfig {
    sender: String,
}

impl ConfigSection for MailConfig {
    const KEY: &'static str = "mail";
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NewsletterConfig {
    weekday: String,
}

impl ConfigSection for NewsletterConfig {
    const KEY: &'static str = "mail";
}

struct MailModule;

impl Module for MailModule {
    fn define(m: &mut ModuleDef) {
        m.config::<MailConfig>().export::<MailConfig>();
        m.config::<NewsletterConfig>().export::<NewsletterConfig>();
    }
}

pub(super) fn app() -> App {
    App::of::<MailModule>()
}
