//! How often and how soon an event is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often and how soon a [`Worker`](super::Worker) tries an event again.
///
/// The time between two attempts doubles up to a longest one, and is shortened by up to half at random, so that what
/// failed together does not come back together. The default is 5 s doubling to 15 min, 25 attempts: two to four
/// hours, some three as a rule.
///
/// ```
/// use std::time::Duration;
/// use aircall_tower::inbox::Retries;
///
/// let patient = Retries::default().with_attempts(100).with_pauses(Duration::from_secs(30), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    attempts: u32,
    interruptions: u32,
    first: Duration,
    longest: Duration,
}

impl Retries {
    /// Sets how many attempts an event gets in all before it goes to the dead letters; at least 1.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets how often in a row an attempt may end with its process, 10 times by default. After the second time such an
    /// event is run alone, so what ends the process then is the event.
    #[must_use]
    pub fn with_interruptions(mut self, interruptions: u32) -> Self {
        self.interruptions = interruptions.max(1);
        self
    }

    /// Sets the time to the second attempt, and the longest time between two.
    #[must_use]
    pub fn with_pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest.max(first));
        self
    }

    /// Returns how many attempts an event gets in all.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn interruptions(&self) -> u32 {
        self.interruptions
    }

    /// Returns the time from this attempt to the next, or `None` if it was the last.
    pub(super) fn after(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest);
        // Each `RandomState` has keys of its own.
        let random = (RandomState::new().hash_one(attempt) >> 32) as f64 / f64::from(u32::MAX);
        Some(pause.mul_f64(0.5 + random / 2.0))
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 25, interruptions: 10, first: Duration::from_secs(5), longest: Duration::from_secs(15 * 60) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_shortened_by_half_at_most() {
        let retries = Retries::default().with_attempts(40);
        for (attempt, full) in [(1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (39, 900)] {
            let full = Duration::from_secs(full);
            for _ in 0..100 {
                let pause = retries.after(attempt).unwrap();
                assert!((full / 2..=full).contains(&pause), "{attempt}: {pause:?}");
            }
        }
        assert_eq!(retries.after(40), None);
        assert_eq!(Retries::default().with_attempts(0).after(1), None);
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        let retries = Retries::default();
        let pauses: std::collections::HashSet<_> = (0..100).map(|_| retries.after(5)).collect();
        assert!(pauses.len() > 90);
    }
}
