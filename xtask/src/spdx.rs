//! Licence expressions: `MIT OR (Apache-2.0 AND Unicode-3.0)`, and the old `MIT/Apache-2.0`.

use std::iter::Peekable;
use std::vec::IntoIter;

/// Whether a crate under `expression` may be used when exactly the licences in `allowed` may.
///
/// A licence `WITH` an exception counts as a licence of its own. The error says what is not understood.
pub(crate) fn allows(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let mut parser = Parser { words: words(expression).into_iter().peekable(), allowed };
    let verdict = parser.any()?;
    match parser.words.next() {
        None => Ok(verdict),
        Some(word) => Err(format!("`{word}` where AND, OR or the end should be")),
    }
}

fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// One function a level, the loosest first. Both sides are always read: an error on the right must be seen.
struct Parser<'a> {
    words: Peekable<IntoIter<String>>,
    allowed: &'a [String],
}

impl Parser<'_> {
    fn any(&mut self) -> Result<bool, String> {
        let mut verdict = self.all()?;
        while self.words.next_if(|word| word.eq_ignore_ascii_case("or")).is_some() {
            verdict |= self.all()?;
        }
        Ok(verdict)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut verdict = self.one()?;
        while self.words.next_if(|word| word.eq_ignore_ascii_case("and")).is_some() {
            verdict &= self.one()?;
        }
        Ok(verdict)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.words.next_if_eq("(").is_some() {
            let verdict = self.any()?;
            return match self.words.next_if_eq(")") {
                Some(_) => Ok(verdict),
                None => Err("a `(` is not closed".to_owned()),
            };
        }
        let mut licence = self.id()?;
        if self.words.next_if(|word| word.eq_ignore_ascii_case("with")).is_some() {
            licence = format!("{licence} WITH {}", self.id()?);
        }
        Ok(self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&licence)))
    }

    fn id(&mut self) -> Result<String, String> {
        match self.words.next() {
            Some(word) if is_id(&word) => Ok(word),
            Some(word) => Err(format!("`{word}` where a licence should be")),
            None => Err("a licence is missing at the end".to_owned()),
        }
    }
}

fn is_id(word: &str) -> bool {
    let operator = ["and", "or", "with"].iter().any(|operator| word.eq_ignore_ascii_case(operator));
    !operator && word.chars().all(|c| c.is_ascii_alphanumeric() || "-.+:".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(expression: &str) -> Result<bool, String> {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0", "ISC"];
        allows(expression, &allowed.map(str::to_owned))
    }

    #[track_caller]
    fn allowed(expression: &str) {
        assert_eq!(verdict(expression), Ok(true), "{expression}");
    }

    #[track_caller]
    fn refused(expression: &str) {
        assert_eq!(verdict(expression), Ok(false), "{expression}");
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        allowed("MIT");
        allowed("MIT OR GPL-3.0-only");
        allowed("LGPL-2.1-or-later OR MIT OR Apache-2.0");
        refused("GPL-3.0-only OR MPL-2.0");
    }

    #[test]
    fn every_joined_licence_must_be_allowed() {
        allowed("MIT AND ISC");
        refused("MIT AND MPL-2.0");
    }

    #[test]
    fn and_binds_tighter_than_or() {
        allowed("MIT OR GPL-3.0-only AND MPL-2.0");
        refused("(MIT OR GPL-3.0-only) AND MPL-2.0");
        allowed("ISC AND (Apache-2.0 OR ISC) AND (Apache-2.0 OR OpenSSL)");
        allowed("((MIT))");
    }

    #[test]
    fn the_old_slash_means_or() {
        allowed("MIT/Apache-2.0");
        allowed("GPL-3.0 / MIT");
        refused("GPL-3.0/MPL-2.0");
    }

    #[test]
    fn a_licence_with_an_exception_is_one_of_its_own() {
        allowed("Apache-2.0 WITH LLVM-exception");
        refused("Apache-2.0 WITH Classpath-exception-2.0");
        refused("GPL-3.0 WITH LLVM-exception");
        allowed("GPL-3.0 WITH GCC-exception-3.1 OR MIT");
    }

    #[test]
    fn capitals_do_not_matter() {
        allowed("mit or apache-2.0");
    }

    #[test]
    fn what_is_no_expression_is_refused_with_its_reason() {
        for broken in [
            "",
            "MIT OR",
            "OR MIT",
            "MIT Apache-2.0",
            "(MIT",
            "MIT)",
            "MIT AND ()",
            "MIT WITH",
            "MIT, ISC",
        ] {
            assert!(verdict(broken).is_err(), "{broken:?} was taken");
        }
    }
}
