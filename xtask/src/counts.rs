//! How many tests passed and what the others said, read from what cargo, node and unittest print.

use std::fmt;
use std::ops::AddAssign;

/// Tests by their result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// How to read what a program that runs tests prints.
pub(crate) struct Reader {
    /// Nothing when it says of no test how it ended.
    pub(crate) counts: fn(&str) -> Option<Counts>,
    /// How the line begins above what failed tests said.
    above: &'static str,
    /// The same of the line below; at the end there may be none.
    below: &'static str,
}

pub(crate) const CARGO: Reader =
    Reader { counts: of_cargo, above: "failures:", below: "test result: " };
/// The same for a run that leaves tests out by name: they count as skipped.
pub(crate) const CARGO_WITH_FILTERED: Reader = Reader { counts: of_cargo_with_filtered, ..CARGO };
/// `node --test` by its spec reporter.
pub(crate) const NODE: Reader =
    Reader { counts: of_node, above: "✖ failing tests:", below: "ℹ tests " };
/// Python's unittest.
pub(crate) const UNITTEST: Reader = Reader { counts: of_unittest, above: "=====", below: "Ran " };

impl Reader {
    /// What the failed tests said.
    pub(crate) fn failures(&self, output: &str) -> String {
        let mut is_told = false;
        let told = output.lines().filter(|line| {
            is_told = (is_told || line.starts_with(self.above)) && !line.starts_with(self.below);
            is_told
        });
        told.collect::<Vec<_>>().join("\n")
    }
}

/// Sums the `test result:` lines of `cargo test`; nothing when there is none.
fn of_cargo(output: &str) -> Option<Counts> {
    let mut sum = None;
    for line in output.lines() {
        // A test that writes without a newline can push the words away from the line's beginning.
        let Some((_, result)) = line.split_once("test result: ") else {
            continue;
        };
        let counts = sum.get_or_insert_with(Counts::default);
        for part in result.split([';', '.']) {
            match counted(part) {
                Some((n, "passed")) => counts.passed += n,
                Some((n, "failed")) => counts.failed += n,
                Some((n, "ignored")) => counts.skipped += n,
                _ => {}
            }
        }
    }
    sum
}

/// The same for a run that leaves tests out by name.
fn of_cargo_with_filtered(output: &str) -> Option<Counts> {
    let mut sum = of_cargo(output)?;
    for result in output.lines().filter_map(|line| Some(line.split_once("test result: ")?.1)) {
        let filtered = result.split([';', '.']).filter_map(counted);
        sum.skipped += filtered.filter(|it| it.1 == "filtered out").map(|it| it.0).sum::<u64>();
    }
    Some(sum)
}

/// Reads the summary of `node --test`; nothing when there is none.
fn of_node(output: &str) -> Option<Counts> {
    let mut sum = None;
    for line in output.lines() {
        let Some((word, n)) = line.strip_prefix("ℹ ").and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let Ok(n) = n.trim().parse::<u64>() else {
            continue;
        };
        match word {
            "pass" => sum.get_or_insert_with(Counts::default).passed += n,
            "fail" | "cancelled" => sum.get_or_insert_with(Counts::default).failed += n,
            "skipped" | "todo" => sum.get_or_insert_with(Counts::default).skipped += n,
            _ => {}
        }
    }
    sum
}

/// Reads the summary of Python's unittest; nothing when there is none.
fn of_unittest(output: &str) -> Option<Counts> {
    let ran = output.lines().find_map(|line| line.strip_prefix("Ran ")?.split_once(' '))?;
    let (mut counts, ran) = (Counts::default(), ran.0.parse::<u64>().ok()?);
    let details = output.lines().rev().find_map(|line| {
        line.strip_prefix("FAILED (").or(line.strip_prefix("OK ("))?.strip_suffix(')')
    });
    for (word, n) in
        details.iter().flat_map(|it| it.split(", ")).filter_map(|it| it.split_once('='))
    {
        let n = n.parse::<u64>().unwrap_or_default();
        match word {
            "failures" | "errors" | "unexpected successes" => counts.failed += n,
            "skipped" | "expected failures" => counts.skipped += n,
            _ => {}
        }
    }
    counts.passed = ran.saturating_sub(counts.failed + counts.skipped);
    Some(counts)
}

/// `3 passed` is 3 and `passed`.
fn counted(part: &str) -> Option<(u64, &str)> {
    let (n, word) = part.trim().split_once(' ')?;
    Some((n.parse().ok()?, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binary_of_cargo_test_is_added_up() {
        let output = "\
running 3 tests
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.10s

test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s
";
        assert_eq!(of_cargo(output), Some(Counts { passed: 7, failed: 2, skipped: 1 }));
        let with_filtered = Counts { passed: 7, failed: 2, skipped: 3 };
        assert_eq!(of_cargo_with_filtered(output), Some(with_filtered));
    }

    #[test]
    fn a_result_behind_other_output_counts() {
        let output = "no newline heretest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(of_cargo(output), Some(Counts { passed: 1, ..Counts::default() }));
    }

    #[test]
    fn output_without_a_summary_is_no_result() {
        assert_eq!(of_cargo("error[E0425]: cannot find value\n"), None);
        assert_eq!(of_node("Error: Cannot find module 'socket.io-client'\n"), None);
    }

    #[test]
    fn cancelled_node_tests_are_failures() {
        let output = "✔ two clients chat (12.3ms)\nℹ tests 9\nℹ suites 0\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\n\
                      ℹ skipped 2\nℹ todo 0\nℹ duration_ms 120.5\n";
        assert_eq!(of_node(output), Some(Counts { passed: 5, failed: 2, skipped: 2 }));
    }

    #[test]
    fn what_did_not_pass_is_told_in_unittests_last_line() {
        let ran =
            |last: &str| of_unittest(&format!("test_a ... ok\n\nRan 9 tests in 1.2s\n\n{last}\n"));
        assert_eq!(ran("OK"), Some(Counts { passed: 9, ..Counts::default() }));
        assert_eq!(
            ran("FAILED (failures=1, errors=2, skipped=3)"),
            Some(Counts { passed: 3, failed: 3, skipped: 3 })
        );
        assert_eq!(ran("OK (skipped=1)"), Some(Counts { passed: 8, failed: 0, skipped: 1 }));
        assert_eq!(of_unittest("ModuleNotFoundError: No module named 'socketio'\n"), None);
    }

    #[test]
    fn what_failed_tests_said_is_found() {
        let output = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\nit broke\n\nfailures:\n    a\n\n\
                      test result: FAILED. 0 passed; 1 failed\n\nrunning 1 test\ntest b ... ok\n\n\
                      test result: ok. 1 passed; 0 failed\n";
        let told = "failures:\n\n---- a stdout ----\nit broke\n\nfailures:\n    a\n";
        assert_eq!(CARGO.failures(output), told);

        let output = "✖ it waits (5 ms)\nℹ tests 2\nℹ fail 1\n\n✖ failing tests:\n\ntest at a.mjs:1:1\n✖ it waits\n";
        let told = "✖ failing tests:\n\ntest at a.mjs:1:1\n✖ it waits";
        assert_eq!(NODE.failures(output), told);

        let output = "test_a ... FAIL\n\n======\nFAIL: test_a\nwhy\n\nRan 1 test in 1.2s\n\nFAILED (failures=1)\n";
        assert_eq!(UNITTEST.failures(output), "======\nFAIL: test_a\nwhy\n");
    }

    #[test]
    fn skipped_tests_are_named_only_when_there_are_some() {
        assert_eq!(Counts { passed: 5, failed: 2, skipped: 0 }.to_string(), "5 passed, 2 failed");
        assert_eq!(
            Counts { passed: 5, failed: 0, skipped: 1 }.to_string(),
            "5 passed, 0 failed, 1 skipped"
        );
    }
}
