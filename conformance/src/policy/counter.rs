use std::{collections::VecDeque, time::Duration};

/// The failures that count towards the switch-off.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    failures: VecDeque<Duration>,
    window: Option<Duration>,
}

impl Counter {
    pub(super) fn new(window: Option<Duration>) -> Self {
        Self { failures: VecDeque::new(), window }
    }

    pub(super) fn add(&mut self, now: Duration) {
        self.forget(now);
        self.failures.push_back(now);
    }

    pub(super) fn set(&mut self, now: Duration, count: u32) {
        self.failures.clear();
        self.failures.extend((0..count).map(|_| now));
    }

    pub(super) fn count(&mut self, now: Duration) -> u32 {
        self.forget(now);
        u32::try_from(self.failures.len()).unwrap_or(u32::MAX)
    }

    fn forget(&mut self, now: Duration) {
        let Some(window) = self.window else { return };
        while self.failures.front().is_some_and(|&at| now.saturating_sub(at) > window) {
            self.failures.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_failures_are_forgotten_where_there_is_a_window() {
        let seconds = Duration::from_secs;
        for (window, left) in [(None, 3), (Some(seconds(10)), 2), (Some(seconds(9)), 1)] {
            let mut counter = Counter::new(window);
            for at in [0, 10, 20] {
                counter.add(seconds(at));
            }
            assert_eq!(counter.count(seconds(20)), left, "{window:?}");
        }
    }
}
