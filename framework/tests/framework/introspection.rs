//! What an app tells about itself without being built.

use std::sync::Arc;

use hornero::{
    App, ClientError, ConfigSection, Controller, Data, Event, EventAccess, Events, Gateway, Module,
    ModuleDef, ModuleInfo, Public, Routes, routes, testing::environment,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VaultConfig {
    combination: String,
    floor: u32,
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self { combination: String::new(), floor: 1 }
    }
}

impl ConfigSection for VaultConfig {
    const KEY: &'static str = "vault";
    const SECRETS: &'static [&'static str] = &["combination"];
}

#[derive(Deserialize, ToSchema)]
struct Knock {
    #[expect(dead_code, reason = "only described")]
    times: u32,
}

#[derive(Serialize, ToSchema)]
struct Opened {
    floor: u32,
}

impl Event for Opened {
    const NAME: &'static str = "vault:opened";
}

struct VaultGateway {
    config: Arc<VaultConfig>,
}

impl Gateway for VaultGateway {
    const NAMESPACES: &'static [&'static str] = &["/vault"];

    fn events(on: &mut Events<Self>) {
        on.on("vault:knock", Self::knock).replies(Opened::NAME).emits::<Opened>();
    }
}

impl VaultGateway {
    async fn knock(
        self: Arc<Self>,
        _: Public,
        Data(_): Data<Knock>,
    ) -> Result<Opened, ClientError> {
        Ok(Opened { floor: self.config.floor })
    }
}

struct VaultModule;

impl Module for VaultModule {
    fn define(m: &mut ModuleDef) {
        m.config::<VaultConfig>().gateway(|config| VaultGateway { config }).export::<VaultConfig>();
    }
}

struct BankModule;

impl Module for BankModule {
    fn define(m: &mut ModuleDef) {
        m.import::<VaultModule>();
    }
}

#[test]
fn gateway_tells_what_goes_in_and_out() {
    let app = App::of::<BankModule>();
    let contract = app.gateways().next().unwrap();

    assert_eq!(contract.gateway.to_string(), "VaultGateway");
    assert_eq!(contract.namespaces, ["/vault"]);
    assert_eq!(contract.access, EventAccess::Guarded);
    let knock = &contract.handled[0];
    assert_eq!((knock.name, knock.reply_event), ("vault:knock", Some("vault:opened")));
    assert_eq!(knock.signature.access, ["public"]);
    assert_eq!(knock.signature.payload[0].name, "Knock");
    assert_eq!(knock.signature.reply.as_ref().unwrap().name, "Opened");
    let opened = &contract.emitted[0];
    assert_eq!((opened.name, opened.data.name.as_str()), ("vault:opened", "Opened"));
}

struct Hatch;

impl Controller for Hatch {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(look)).routes(routes!(reach, shut)).routes(routes!(guess))
    }
}

/// Looks through it.
#[utoipa::path(get, path = "/hatch", responses((status = 200)), security(()))]
async fn look() {}

/// Reaches through it.
#[utoipa::path(
    put,
    path = "/hatch/{hand}",
    responses((status = 200)),
    security(("bearer" = ["hands", "left"]), ("cookie" = ["hands", "left"])),
)]
async fn reach() {}

/// Shuts it.
#[utoipa::path(delete, path = "/hatch/{hand}", responses((status = 200)), security(("bearer" = [])))]
async fn shut() {}

/// Says nothing of who may call it.
#[utoipa::path(get, path = "/hatch/price", responses((status = 200)))]
async fn guess() {}

struct HatchModule;

impl Module for HatchModule {
    fn define(m: &mut ModuleDef) {
        m.controller(|| Hatch);
    }
}

const HATCH: u32 = line!() - 4;

#[test]
fn controller_tells_who_may_call_its_routes_and_where_it_is_listed() {
    let app = App::of::<HatchModule>();
    let contract = app.controllers().next().unwrap();

    assert_eq!((&*contract.controller.to_string(), &*contract.module), ("Hatch", "HatchModule"));
    assert_eq!((contract.place.file(), contract.place.line()), (file!(), HATCH));
    let access = |method: &str, path: &str| {
        contract.routes.iter().find(|it| it.method == method && it.path == path).unwrap().access()
    };
    let some = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(access("GET", "/hatch"), some(&["public"]));
    assert_eq!(access("PUT", "/hatch/{hand}"), some(&["hands", "left"]));
    assert_eq!(access("DELETE", "/hatch/{hand}"), some(&[]));
    assert_eq!(access("GET", "/hatch/price"), None);
}

#[test]
fn modules_tell_what_they_import_and_export() {
    let info = |name: &str, imports: &[&str], exports: &[&str]| ModuleInfo {
        name: name.to_owned(),
        imports: imports.iter().map(ToString::to_string).collect(),
        exports: exports.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        App::of::<BankModule>().modules(),
        [info("VaultModule", &[], &["VaultConfig"]), info("BankModule", &["VaultModule"], &[])]
    );
}

#[test]
fn settings_tell_their_origin_and_keep_secrets() {
    let variable = ("HORNERO__VAULT__COMBINATION", "12-34-56");
    let app = App::of::<BankModule>().with_config(environment(&[variable]));

    let values = app.config_values().unwrap();

    let vault: Vec<_> = values.iter().filter(|it| it.key.starts_with("vault.")).collect();
    assert_eq!((vault[0].key.as_str(), &vault[0].value), ("vault.combination", &"***".into()));
    assert_eq!(vault[0].origin.as_deref(), Some("HORNERO__VAULT__COMBINATION"));
    assert_eq!((vault[1].key.as_str(), &vault[1].value), ("vault.floor", &1.into()));
    assert_eq!(vault[1].origin, None);
    assert!(!format!("{values:?}").contains("12-34-56"));
}
