//! An answer while it comes: bounded, and without what may not stand in a message.

/// Most characters of a message.
const MAX_LENGTH: usize = 10_000;

/// What has come of an answer.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    content: String,
    /// In characters.
    length: usize,
    /// Bytes of the content that were told.
    told: usize,
    /// Number of the next part that is told.
    index: u32,
}

impl Draft {
    /// Adds a part, without its control characters. Tells whether it was taken whole: one that is
    /// too long is cut.
    pub(crate) fn push(&mut self, part: &str) -> bool {
        // CRLF becomes LF, also where a part ends between the two.
        for c in part.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')) {
            if self.length == MAX_LENGTH {
                return false;
            }
            self.content.push(c);
            self.length += 1;
        }
        true
    }

    /// Whether there is something that was not told.
    pub(crate) fn has_more(&self) -> bool {
        self.told < self.content.len()
    }

    /// What was not told, and its number: 0, 1, 2. All of them together are the content.
    pub(crate) fn take_part(&mut self) -> Option<(u32, String)> {
        if !self.has_more() {
            return None;
        }
        let part = self.content[self.told..].to_owned();
        let index = self.index;
        (self.told, self.index) = (self.content.len(), index + 1);
        Some((index, part))
    }

    /// Whether nothing came that shows.
    pub(crate) fn is_blank(&self) -> bool {
        self.content.trim().is_empty()
    }

    pub(crate) fn content(&self) -> &str {
        &self.content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_together_are_the_content_and_control_characters_are_left_out() {
        let mut draft = Draft::default();
        assert!(draft.is_blank() && draft.take_part().is_none());
        assert!(draft.push("Grüß\r") && draft.push("\n\u{0}Gott\t"));
        assert_eq!(draft.take_part(), Some((0, "Grüß\nGott\t".to_owned())));
        assert!(!draft.has_more());
        draft.push("!\u{85}\u{1b}");
        assert_eq!(draft.take_part(), Some((1, "!".to_owned())));
        assert_eq!(draft.content(), "Grüß\nGott\t!");
    }

    #[test]
    fn content_is_cut_at_ten_thousand_characters() {
        let mut draft = Draft::default();
        assert!(draft.push(&"é".repeat(9_999)));
        assert!(draft.push("é"));
        assert!(!draft.push("é"));
        assert_eq!(draft.content().chars().count(), 10_000);
    }
}
