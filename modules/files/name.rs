//! Names of files: made harmless when they come, and written so that they arrive.

use std::fmt::Write;

/// Longest name, in bytes: what file systems take.
const MAX: usize = 255;

/// Longest ending that a name keeps when it is cut.
const MAX_ENDING: usize = 16;

/// Name of a file whose name says nothing.
const NAMELESS: &str = "file";

/// The name without a path, control characters and what turns the direction of text, by which
/// `gpj.exe` looks like a picture; 1 to 255 bytes.
pub(crate) fn harmless(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|it| !it.is_control() && !turns(*it)).collect();
    let shown = shown.trim().trim_end_matches('.');
    if shown.trim_matches(['.', ' ']).is_empty() {
        return NAMELESS.to_owned();
    }
    if shown.len() <= MAX {
        return shown.to_owned();
    }
    let ending = shown.rfind('.').map(|at| &shown[at..]);
    let ending = ending.filter(|it| it.len() <= MAX_ENDING).unwrap_or_default();
    let mut cut = MAX - ending.len();
    while !shown.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{ending}", &shown[..cut])
}

/// Whether a character shows nothing but changes the direction of what follows.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The header `Content-Disposition` of a file to be saved under this name: once for clients that
/// know nothing but ASCII, once for all others.
pub(crate) fn disposition(name: &str) -> String {
    let plain: String = name.chars().map(|it| if is_plain(it) { it } else { '_' }).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            whole.push(byte.into());
        } else {
            // Writing to a text cannot fail.
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// Whether a character may stand between quotes, for clients of every kind.
fn is_plain(c: char) -> bool {
    (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_no_harm() {
        for (name, expected) in [
            ("boats.png", "boats.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("/", "file"),
            ("", "file"),
            ("..", "file"),
            (" . . ", "file"),
            ("notes.", "notes"),
            (".profile", ".profile"),
            ("a\0b\r\nc\u{7f}.txt", "abc.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("  Grüße aus Łódź 🍞.pdf ", "Grüße aus Łódź 🍞.pdf"),
        ] {
            assert_eq!(harmless(name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_names_are_cut_between_letters_and_keep_their_ending() {
        let cut = harmless(&format!("{}.png", "ü".repeat(200)));
        assert!(cut.len() <= MAX && cut.ends_with("ü.png"), "{cut}");
        assert_eq!(harmless(&"x".repeat(300)), "x".repeat(MAX));
        let odd = harmless(&format!("a.{}", "ü".repeat(200)));
        assert!(odd.len() <= MAX && odd.starts_with("a.ü"), "{odd}");
    }

    #[test]
    fn disposition_has_the_name_twice() {
        assert_eq!(
            disposition("boats 1.png"),
            "attachment; filename=\"boats 1.png\"; filename*=UTF-8''boats%201.png"
        );
        assert_eq!(
            disposition("Łódź \"%\\;.txt"),
            "attachment; filename=\"__d_ ___;.txt\"; \
             filename*=UTF-8''%C5%81%C3%B3d%C5%BA%20%22%25%5C%3B.txt"
        );
    }
}
