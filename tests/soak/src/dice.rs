//! Chance that a seed repeats.

use std::{ops::Range, time::Duration};

/// A stream of random numbers (`SplitMix64`). The same seed and use give the same one.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The numbers of one of the many who throw dice in a run.
    pub(crate) fn new(seed: u64, thrower: u64) -> Self {
        let mut mixed = Self(seed);
        Self(mixed.throw() ^ thrower.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers in `range`, which must not be empty.
    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.throw() % (range.end - range.start)
    }

    /// So many milliseconds.
    pub(crate) fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// Whether the one case in `cases` has come.
    pub(crate) fn is_one_in(&mut self, cases: u64) -> bool {
        self.within(0..cases) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_throwers_differ() {
        let thrown = |seed, thrower| {
            let mut dice = Dice::new(seed, thrower);
            (0..8).map(|_| dice.within(0..1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(thrown(7, 1), thrown(7, 1));
        assert_ne!(thrown(7, 1), thrown(7, 2));
        assert_ne!(thrown(7, 1), thrown(8, 1));
    }
}
