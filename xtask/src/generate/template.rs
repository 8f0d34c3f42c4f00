//! The files of a module with its names left blank.
//!
//! `{{thing}}` stands for a name. Lines between `{{if rest}}` or another door and `{{end}}`
//! are for modules with that door.

use std::collections::HashSet;

use super::Door;
use super::names::Names;

/// A file that every module has, or every one with a certain door.
struct Template {
    /// Where it goes in the module's folder.
    file: &'static str,
    text: &'static str,
    door: Option<Door>,
}

macro_rules! template {
    ($file:literal, $door:expr) => {
        Template {
            file: $file,
            text: include_str!(concat!("../../templates/module/", $file, ".tmpl")),
            door: $door,
        }
    };
}

const MODULE: [Template; 11] = [
    template!("Cargo.toml", None),
    template!("module.rs", None),
    template!("thing.rs", None),
    template!("dto.rs", None),
    template!("error.rs", None),
    template!("controller.rs", Some(Door::Rest)),
    template!("gateway.rs", Some(Door::Socket)),
    template!("service.rs", None),
    template!("repository.rs", None),
    template!("entity.rs", None),
    template!("tests.rs", None),
];

const MIGRATION: &str = include_str!("../../templates/module/migration.rs.tmpl");
const INTEGRATION: &str = include_str!("../../templates/module/integration.rs.tmpl");

/// The files of the module's folder: their names in it, and what is in them.
pub(crate) fn module(names: &Names, door: Door) -> Vec<(String, String)> {
    let wanted = |it: &&Template| match it.door {
        Some(Door::Rest) => door.has_rest(),
        Some(Door::Socket) => door.has_socket(),
        _ => true,
    };
    let file = |it: &Template| match it.file {
        "thing.rs" => format!("{}.rs", names.thing),
        file => file.to_owned(),
    };
    MODULE.iter().filter(wanted).map(|it| (file(it), render(it.text, names, door))).collect()
}

pub(crate) fn migration(names: &Names) -> String {
    render(MIGRATION, names, Door::Both)
}

pub(crate) fn integration_test(names: &Names, door: Door) -> String {
    render(INTEGRATION, names, door)
}

fn render(template: &str, names: &Names, door: Door) -> String {
    let mut text = String::new();
    let mut shown = true;
    for line in template.lines() {
        if let Some(doors) = line.strip_prefix("{{if ").and_then(|it| it.strip_suffix("}}")) {
            shown = match doors {
                "rest" => door.has_rest(),
                "socket" => door.has_socket(),
                "rest only" => door == Door::Rest,
                "socket only" => door == Door::Socket,
                "both" => door == Door::Both,
                _ => unreachable!("no template has `{line}`"),
            };
        } else if line == "{{end}}" {
            shown = true;
        } else if shown {
            text.push_str(line);
            text.push('\n');
        }
    }
    for (blank, name) in fillings(names) {
        text = text.replace(&format!("{{{{{blank}}}}}"), &name);
    }
    text.trim_end().to_owned() + "\n"
}

/// What stands in the blanks.
fn fillings(names: &Names) -> Vec<(&'static str, String)> {
    let Names { module, thing, things } = names;
    let (word, words) = (thing.replace('_', " "), things.replace('_', " "));
    let a_word = format!("{} {word}", article(&word));
    vec![
        ("module", module.clone()),
        ("Module", pascal_case(module)),
        ("thing", thing.clone()),
        ("Thing", pascal_case(thing)),
        ("things", things.clone()),
        ("Things", pascal_case(things)),
        ("path", things.replace('_', "-")),
        ("A_word", capitalised(&a_word)),
        ("a_word", a_word),
        ("word", word),
        ("Words", capitalised(&words)),
        ("words", words),
    ]
}

fn article(word: &str) -> &'static str {
    let sounds_like_you = ["eu", "uni", "us", "ut"].iter().any(|it| word.starts_with(it));
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) && !sounds_like_you { "an" } else { "a" }
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// `audit_logs` is `AuditLogs`.
pub(crate) fn pascal_case(name: &str) -> String {
    name.split('_').map(capitalised).collect()
}

/// A type that would be called like another one that the files use, e.g. the `UserId` of `users`.
pub(crate) fn name_with_two_meanings(names: &Names) -> Option<String> {
    let blank = Names::derived("qqqs");
    let templates = MODULE.iter().map(|it| it.text);
    let code: String = templates.map(|it| render(it, &blank, Door::Both)).collect();
    let code = code.lines().filter(|it| !it.trim_start().starts_with("//"));
    let words = code.flat_map(|it| it.split(|c: char| !c.is_alphanumeric()));
    let types = words.filter(|it| it.starts_with(|c: char| c.is_ascii_uppercase()));
    let (ours, others): (HashSet<_>, HashSet<_>) = types.partition(|it| it.contains("Qqq"));
    let ours = ours.into_iter().map(|it| {
        let it = it.replace("Qqqs", &pascal_case(&names.things));
        it.replace("Qqq", &pascal_case(&names.thing))
    });
    ours.filter(|it| others.contains(it.as_str())).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(names: &Names, door: Door) -> String {
        let files = module(names, door).into_iter().map(|(_, text)| text);
        files.chain([migration(names), integration_test(names, door)]).collect()
    }

    #[test]
    fn no_blank_is_left() {
        for door in [Door::Rest, Door::Socket, Door::Both] {
            let text = everything(&Names::derived("audit_logs"), door);
            assert!(!text.contains("{{") && !text.contains("}}\n"), "{text}");
            assert!(text.contains("AuditLogsModule") && text.contains("an audit log"), "{text}");
        }
    }

    #[test]
    fn module_has_the_files_of_its_doors() {
        let names = Names::derived("polls");
        let files = |door| -> Vec<_> { module(&names, door).into_iter().map(|it| it.0).collect() };
        assert_eq!(files(Door::Both).len(), MODULE.len());
        assert!(files(Door::Both).contains(&"poll.rs".to_owned()));
        assert!(!files(Door::Rest).contains(&"gateway.rs".to_owned()));
        assert!(!files(Door::Socket).contains(&"controller.rs".to_owned()));
        assert!(!everything(&names, Door::Rest).contains("polls:create"));
        assert!(!everything(&names, Door::Socket).contains("/polls"));
    }

    #[test]
    fn articles_go_by_the_sound() {
        for word in ["audit log", "invoice", "umbrella"] {
            assert_eq!(article(word), "an", "{word}");
        }
        for word in ["poll", "unit", "use case"] {
            assert_eq!(article(word), "a", "{word}");
        }
    }
}
