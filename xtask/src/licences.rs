//! Every crate of the tree against `deny.toml`: licence, source, and the list of the banned.

use serde::Deserialize;

use crate::counts::Counts;
use crate::deny::Deny;
use crate::process;
use crate::spdx;
use crate::stage::{Outcome, Problem};
use crate::workspace::Workspace;

/// Checks the crates of all platforms and features, and prints each offence with what to do.
pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let deny = Deny::read(&workspace.root)?;
    let metadata: Metadata = process::json(&mut workspace.cargo(&[
        "metadata",
        "--all-features",
        "--format-version",
        "1",
    ]))?;

    let offences = offences(&metadata, &deny);
    if offences.is_empty() {
        println!("{} crates, all of them allowed", metadata.packages.len());
        return Ok(Counts::default());
    }
    for offence in &offences {
        println!("{offence}\n");
    }
    Err(Problem::Failed(format!("{} offences against deny.toml, listed above", offences.len())))
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    license_file: Option<String>,
    /// Where it came from; nothing for a folder on this disk.
    source: Option<String>,
}

fn offences(metadata: &Metadata, deny: &Deny) -> Vec<String> {
    let mut offences = Vec::new();
    for package in &metadata.packages {
        let ours = metadata.workspace_members.contains(&package.id);
        let found = [
            banned(package, deny),
            if ours { None } else { wrong_source(package, deny) },
            wrong_licence(package, deny),
        ];
        for reason in found.into_iter().flatten() {
            let Package { name, version, .. } = package;
            offences.push(format!(
                "{name} {version}: {reason}\n  \
                 Who brings it in: cargo tree --workspace --target all --all-features --invert {name}@{version}"
            ));
        }
    }
    offences
}

fn banned(package: &Package, deny: &Deny) -> Option<String> {
    let ban = deny.bans.deny.iter().find(|ban| ban.name == package.name)?;
    Some(format!("is banned: {}.", ban.reason))
}

fn wrong_source(package: &Package, deny: &Deny) -> Option<String> {
    let Some(source) = &package.source else {
        return Some("is a folder outside this workspace. Add it to the workspace, or take it from crates.io.".to_owned());
    };
    let known = match source.split_once('+') {
        Some(("registry" | "sparse", url)) => {
            deny.sources.allow_registry.iter().any(|allowed| allowed == url)
        }
        // A git source goes on with its branch and commit: `git+https://host/repo?rev=…#…`.
        Some(("git", url)) => {
            let repository = url.split(['?', '#']).next().unwrap_or(url);
            deny.sources.allow_git.iter().any(|allowed| allowed == repository)
        }
        _ => false,
    };
    let refusal = "which [sources] in deny.toml does not allow. Take a release from crates.io";
    (!known).then(|| format!("comes from {source}, {refusal}."))
}

fn wrong_licence(package: &Package, deny: &Deny) -> Option<String> {
    let Some(licence) = &package.license else {
        return Some(match &package.license_file {
            Some(file) => format!(
                "states no licence, only the file {file}. Take a crate whose manifest has `license`."
            ),
            None => "states no licence, so nobody may use it. Take another crate.".to_owned(),
        });
    };
    let excepted =
        deny.licenses.exceptions.iter().filter(|exception| exception.name == package.name);
    let mut allowed = deny.licenses.allow.clone();
    allowed.extend(excepted.flat_map(|exception| exception.allow.iter().cloned()));

    match spdx::allows(licence, &allowed) {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "its licence `{licence}` is not among the allowed ones. Take another crate, or add the licence to \
             [licenses] in deny.toml: to `allow`, or for this crate alone to `exceptions`."
        )),
        Err(error) => {
            Some(format!("its licence `{licence}` is not understood: {error}. Take another crate."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn deny() -> Deny {
        toml::from_str(
            r#"
            [licenses]
            allow = ["MIT"]
            exceptions = [{ crate = "cssparser", allow = ["MPL-2.0"] }]
            [bans]
            deny = [{ crate = "fred", reason = "use redis" }]
            [sources]
            unknown-registry = "deny"
            unknown-git = "deny"
            allow-registry = ["https://github.com/rust-lang/crates.io-index"]
            allow-git = ["https://example.org/ours"]
            "#,
        )
        .expect("the sample is in our format")
    }

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
        Package {
            id: format!("id of {name}"),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            license_file: None,
            source: source.map(str::to_owned),
        }
    }

    fn found(package: Package) -> Vec<String> {
        offences(
            &Metadata { packages: vec![package], workspace_members: vec!["id of ours".to_owned()] },
            &deny(),
        )
    }

    #[track_caller]
    fn refused(package: Package, words: &str) {
        let offences = found(package);
        assert_eq!(offences.len(), 1, "{offences:?}");
        assert!(offences[0].contains(words), "{offences:?}");
    }

    #[test]
    fn an_allowed_crate_of_crates_io_is_no_offence() {
        assert_eq!(found(package("serde", Some("MIT OR Apache-2.0"), Some(CRATES_IO))), [""; 0]);
    }

    #[test]
    fn a_licence_is_excepted_for_one_crate_alone() {
        assert_eq!(found(package("cssparser", Some("MPL-2.0"), Some(CRATES_IO))), [""; 0]);
        refused(package("other", Some("MPL-2.0"), Some(CRATES_IO)), "its licence `MPL-2.0`");
    }

    #[test]
    fn a_crate_without_licence_is_an_offence() {
        refused(package("nameless", None, Some(CRATES_IO)), "states no licence");
    }

    #[test]
    fn a_banned_crate_is_told_what_to_use_instead() {
        refused(package("fred", Some("MIT"), Some(CRATES_IO)), "use redis");
    }

    #[test]
    fn only_listed_sources_are_known() {
        refused(
            package("a", Some("MIT"), Some("registry+https://example.org/index")),
            "comes from",
        );
        refused(
            package("b", Some("MIT"), Some("git+https://example.org/theirs?rev=1#abc")),
            "comes from",
        );
        assert_eq!(
            found(package("c", Some("MIT"), Some("git+https://example.org/ours?branch=main#abc"))),
            [""; 0]
        );
    }

    #[test]
    fn a_folder_is_known_only_inside_the_workspace() {
        assert_eq!(found(package("ours", Some("MIT"), None)), [""; 0]);
        refused(package("theirs", Some("MIT"), None), "outside this workspace");
    }
}
