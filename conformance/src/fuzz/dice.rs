use proptest::{prelude::Rng, test_runner::TestRunner};

/// The randomness of a proptest run, in the few forms that are needed here.
pub(super) struct Dice<'a>(&'a mut TestRunner);

impl<'a> Dice<'a> {
    pub(super) fn new(runner: &'a mut TestRunner) -> Self {
        Self(runner)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0.rng().next_u64()
    }

    /// Returns a number below this one; 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        // The bias is of no account for ends this small.
        (self.number() % (end.max(1) as u64)) as usize
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Returns one of them; the last if there is no other, and there has to be one.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
