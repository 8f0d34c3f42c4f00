//! The lines by which a new module becomes part of the app, and where they go.

/// A file after lines were added to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edited {
    pub(crate) text: String,
    /// The lines that were not there before.
    pub(crate) added: Vec<String>,
}

/// Lines to be added to a file.
pub(crate) struct Edit {
    lines: Vec<String>,
    added: Vec<String>,
}

impl Edit {
    pub(crate) fn of(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_owned).collect(), added: Vec::new() }
    }

    /// Adds `line` behind the last one that is like it; fails if there is none.
    pub(crate) fn append(self, line: &str, is_like: impl Fn(&str) -> bool) -> Result<Self, String> {
        let last = self.lines.iter().rposition(|it| is_like(it));
        self.insert(line, last.map(|it| it + 1))
    }

    /// Adds `line` before the last one that is like it; fails if there is none.
    pub(crate) fn before_last(
        self,
        line: &str,
        is_like: impl Fn(&str) -> bool,
    ) -> Result<Self, String> {
        let last = self.lines.iter().rposition(|it| is_like(it));
        self.insert(line, last)
    }

    /// Adds `line` among the sorted lines that follow on `heading` and are like it. Attributes
    /// belong to the line that they stand before.
    pub(crate) fn sort_in(
        self,
        heading: &str,
        line: &str,
        is_like: impl Fn(&str) -> bool,
    ) -> Result<Self, String> {
        let begin = match heading {
            "" => Some(0),
            heading => self.lines.iter().position(|it| it == heading).map(|it| it + 1),
        };
        let first = begin.and_then(|begin| {
            self.lines[begin..].iter().position(|it| is_like(it)).map(|it| begin + it)
        });
        let place = first.map(|first| {
            let list = self.lines.iter().enumerate().skip(first);
            let list = list.take_while(|(_, it)| is_like(it) || is_attribute(it));
            let entries = list.filter(|(_, it)| is_like(it));
            let before = entries.take_while(|(_, it)| it.as_str() < line).last();
            let above = self.lines[..first].iter().rev().take_while(|it| is_attribute(it)).count();
            before.map_or(first - above, |(place, _)| place + 1)
        });
        self.insert(line, place)
    }

    /// A line that is there already is not added again.
    fn insert(mut self, line: &str, place: Option<usize>) -> Result<Self, String> {
        if self.lines.iter().any(|it| it == line) {
            return Ok(self);
        }
        let place = place.ok_or_else(|| format!("cannot tell where `{}` belongs", line.trim()))?;
        self.lines.insert(place, line.to_owned());
        self.added.push(line.trim().to_owned());
        Ok(self)
    }

    pub(crate) fn done(self) -> Edited {
        Edited { text: self.lines.join("\n") + "\n", added: self.added }
    }
}

fn is_attribute(line: &str) -> bool {
    line.trim_start().starts_with("#[")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[dependencies]\nauth = 1\nweb = 1\n\n[dev-dependencies]\nserde = 1\n";

    fn is_entry(line: &str) -> bool {
        line.contains(" = ")
    }

    #[test]
    fn line_goes_where_its_section_is_sorted() {
        let edit = Edit::of(LIST).sort_in("[dependencies]", "polls = 1", is_entry).unwrap();
        let edited = edit.done();
        assert!(edited.text.starts_with("[dependencies]\nauth = 1\npolls = 1\nweb = 1\n\n"));
        assert_eq!(edited.added, ["polls = 1"]);
        let last = Edit::of(LIST).sort_in("[dependencies]", "zip = 1", is_entry).unwrap().done();
        assert!(last.text.contains("web = 1\nzip = 1\n\n"), "{}", last.text);
    }

    #[test]
    fn attribute_stays_with_its_line() {
        let list =
            "mod ada;\n#[cfg(unix)]\nmod ben;\nmod eve;\n#[cfg(unix)]\nmod sid;\n\nmod abe;\n";
        let is_module = |it: &str| it.starts_with("mod ");
        let first = Edit::of("#[cfg(unix)]\nmod ben;\n").sort_in("", "mod ada;", is_module);
        assert_eq!(first.unwrap().done().text, "mod ada;\n#[cfg(unix)]\nmod ben;\n");
        for (line, expected) in [
            ("mod bea;", "mod ada;\nmod bea;\n#[cfg(unix)]\nmod ben;\n"),
            ("mod dan;", "mod ben;\nmod dan;\nmod eve;\n"),
            ("mod fay;", "mod eve;\nmod fay;\n#[cfg(unix)]\nmod sid;\n"),
            ("mod tom;", "mod sid;\nmod tom;\n\nmod abe;\n"),
            ("mod aab;", "mod aab;\nmod ada;\n"),
        ] {
            let text = Edit::of(list).sort_in("", line, is_module).unwrap().done().text;
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn line_goes_behind_or_before_the_last_of_its_kind() {
        let behind = Edit::of(LIST).append("polls = 1", is_entry).unwrap().done();
        assert!(behind.text.ends_with("serde = 1\npolls = 1\n"), "{}", behind.text);
        let before = Edit::of(LIST).before_last("polls = 1", is_entry).unwrap().done();
        assert!(before.text.ends_with("polls = 1\nserde = 1\n"), "{}", before.text);
    }

    #[test]
    fn line_that_is_there_stays_alone() {
        let edited = Edit::of(LIST).append("web = 1", is_entry).unwrap().done();
        assert_eq!(edited, Edited { text: LIST.to_owned(), added: Vec::new() });
    }

    #[test]
    fn list_that_is_not_found_is_a_problem() {
        let error = Edit::of(LIST).append("mod polls;", |it| it.starts_with("mod ")).err();
        assert_eq!(error.as_deref(), Some("cannot tell where `mod polls;` belongs"));
    }
}
