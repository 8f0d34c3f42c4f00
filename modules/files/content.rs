//! What a file's content shows it to be. What its sender says of it does not count.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    str,
};

/// Type of what is text and nothing else.
pub(crate) const TEXT: &str = "text/plain";

/// The one type that is shown by its beginning though all of it may be text.
const PDF: &str = "application/pdf";

/// As many bytes of the beginning are looked at, which is enough for documents in archives.
const HEAD: usize = 16 * 1024;

/// Whether some content shows this type.
pub(crate) fn is_known(content_type: &str) -> bool {
    content_type == TEXT || infer::is_mime_supported(content_type)
}

/// A file's content, as far as it has come.
#[derive(Default)]
pub(crate) struct Content {
    head: Vec<u8>,
    text: Text,
}

impl Content {
    /// Looks at the next bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let wanted = (HEAD - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.text.add(bytes);
    }

    /// Whether the type will not change any more, whatever comes.
    pub(crate) fn is_decided(&self) -> bool {
        self.text.is_none && self.head.len() == HEAD
    }

    /// The type, if what has come is all there is; none if the content shows none.
    pub(crate) fn content_type(&self) -> Option<&'static str> {
        // It looks through what a stranger has made: should it ever panic, the file is of no type.
        let shown = AssertUnwindSafe(|| infer::get(&self.head).map(|it| it.mime_type()));
        let shown = catch_unwind(shown).ok().flatten();
        if self.text.is_whole() {
            // Two letters make a picture, and any text may begin with them.
            return shown.filter(|it| *it == PDF).or(Some(TEXT));
        }
        shown
    }
}

/// Whether bytes are text: UTF-8, without control characters other than TAB, LF and CR.
#[derive(Default)]
struct Text {
    is_none: bool,
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
}

impl Text {
    fn add(&mut self, bytes: &[u8]) {
        if self.is_none {
            self.begun.clear();
            return;
        }
        let mut rest = bytes;
        // At most three bytes, until the character is whole or is seen to be none.
        while !self.begun.is_empty() && !rest.is_empty() {
            self.begun.push(rest[0]);
            rest = &rest[1..];
            let begun = std::mem::take(&mut self.begun);
            self.look(&begun);
        }
        if !self.is_none && !rest.is_empty() {
            self.look(rest);
        }
    }

    fn look(&mut self, bytes: &[u8]) {
        let (text, rest) = match str::from_utf8(bytes) {
            Ok(text) => (text, &[][..]),
            Err(error) if error.error_len().is_some() => return self.is_none = true,
            Err(error) => {
                let (text, rest) = bytes.split_at(error.valid_up_to());
                (str::from_utf8(text).unwrap_or_default(), rest)
            }
        };
        self.is_none = text.chars().any(|it| it.is_control() && !matches!(it, '\t' | '\n' | '\r'));
        self.begun = rest.to_vec();
    }

    fn is_whole(&self) -> bool {
        !self.is_none && self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type of content that comes in pieces of `size` bytes.
    fn type_of(bytes: &[u8], size: usize) -> Option<&'static str> {
        let mut content = Content::default();
        bytes.chunks(size).for_each(|it| content.add(it));
        content.content_type()
    }

    #[test]
    fn type_is_told_by_content() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
        for (bytes, expected) in [
            (&png[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"%PDF-1.7\n1 0 obj", Some("application/pdf")),
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", Some("application/pdf")),
            (b"MZ\x90\0\x03", Some("application/vnd.microsoft.portable-executable")),
            (b"hello", Some("text/plain")),
            (b"", Some("text/plain")),
            ("¿Está listo? 🍞\r\n\tyes".as_bytes(), Some("text/plain")),
            // What could be run in a browser is text, and shown as such.
            (b"<html><script>alert(1)</script>", Some("text/plain")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some("text/plain")),
            // Texts that begin as binary files do.
            (b"BM is a friend", Some("text/plain")),
            (b"MZ, too", Some("text/plain")),
            (b"a\0b", None),
            (b"a\x1b[31m", None),
            ("a\u{85}b".as_bytes(), None),
            (b"\xc3\x28", None),
            (b"half a letter \xc3", None),
            (b"\xed\xa0\x80", None),
        ] {
            for size in [1, 2, 3, 7, 1_000] {
                let told = type_of(bytes, size);
                // infer has names of its own for programs; that they are no text is what counts.
                if expected.is_some_and(|it| it.contains("portable")) {
                    assert!(told.is_some_and(|it| it != TEXT), "{told:?}");
                    continue;
                }
                assert_eq!(told, expected, "{bytes:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn text_is_text_to_its_end() {
        let mut bytes = "ü".repeat(HEAD).into_bytes();
        assert_eq!(type_of(&bytes, 1_001), Some(TEXT));
        bytes.push(0);
        assert_eq!(type_of(&bytes, 1_001), None);
    }

    #[test]
    fn type_is_decided_once_it_cannot_change() {
        let mut content = Content::default();
        content.add(&[0; HEAD - 1]);
        assert!(!content.is_decided());
        content.add(&[0]);
        assert!(content.is_decided());
        let mut text = Content::default();
        text.add(&[b'a'; 2 * HEAD]);
        assert!(!text.is_decided());
    }

    #[test]
    fn nothing_panics_whatever_it_is() {
        // Beginnings that let the parsers of archives and films go on.
        let beginnings: [&[u8]; 5] =
            [b"PK\x03\x04", b"\0\0\0\x18ftyp", b"RIFF", b"OggS", b"\x1aE\xdf\xa3"];
        let mut state = 1_u64;
        for beginning in beginnings {
            for length in 0..400 {
                let mut bytes = beginning.to_vec();
                bytes.extend((0..length).map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 33) as u8
                }));
                if let Some(name) = bytes.get_mut(30..49) {
                    name.copy_from_slice(b"[Content_Types].xml");
                }
                let _ = type_of(&bytes, 64);
            }
        }
    }
}
