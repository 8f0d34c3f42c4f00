//! Sections of the configuration that are listed more than once.

use hornero::{App, ConfigSection, Module, ModuleDef, ServerConfig};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MailConfig {
    sender: String,
}

impl ConfigSection for MailConfig {
    const KEY: &'static str = "mail";
}

#[test]
fn modules_may_read_a_section_as_the_same_type() {
    struct MailModule;
    impl Module for MailModule {
        fn define(m: &mut ModuleDef) {
            m.config::<MailConfig>().export::<MailConfig>();
        }
    }
    struct NewsletterModule;
    impl Module for NewsletterModule {
        fn define(m: &mut ModuleDef) {
            m.config::<MailConfig>().export::<MailConfig>();
        }
    }
    struct AppModule;
    impl Module for AppModule {
        fn define(m: &mut ModuleDef) {
            m.import::<MailModule>().import::<NewsletterModule>();
        }
    }

    App::of::<AppModule>().check().unwrap();
}

#[test]
fn section_of_the_framework_is_not_another_types() {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct MyServer {
        rooms: u32,
    }
    impl ConfigSection for MyServer {
        const KEY: &'static str = "server";
    }
    struct MyModule;
    impl Module for MyModule {
        fn define(m: &mut ModuleDef) {
            m.config::<MyServer>().export::<MyServer>();
        }
    }

    let mistakes = App::of::<MyModule>().check().unwrap_err();

    let [mistake] = &mistakes.0[..] else { panic!("should be one: {mistakes}") };
    let text =
        "`MyServer` reads the configuration section `server`, but `ServerConfig` does already";
    assert_eq!(mistake.text, text);
    assert!(mistake.help.starts_with("`ServerConfig` is the framework's: "), "{}", mistake.help);
}

#[test]
fn section_of_the_framework_needs_no_provider() {
    struct MyModule;
    impl Module for MyModule {
        fn define(m: &mut ModuleDef) {
            m.config::<ServerConfig>();
        }
    }

    let mistakes = App::of::<MyModule>().check().unwrap_err();

    let [mistake] = &mistakes.0[..] else { panic!("should be one: {mistakes}") };
    let text = "`MyModule` provides `ServerConfig`, which the framework provides in every module";
    assert_eq!(mistake.text, text);
}
