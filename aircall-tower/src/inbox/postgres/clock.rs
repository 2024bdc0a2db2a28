//! The clock of the server, and noticing that it was set.

use std::time::{Duration, Instant, SystemTime};

/// By how much two clocks may part between two looks, and by how much an answer may be late.
const TOLERANCE: Duration = Duration::from_secs(5);

/// For how long nothing is taken from anybody after the clock was put forward: each store then puts its own leases
/// forward as well.
const HOLD: Duration = Duration::from_secs(5);

/// What the clock of the server was seen to say, and when that was.
#[derive(Debug, Default)]
pub(super) struct Clock {
    seen: Option<(SystemTime, Instant)>,
    distrusted_until: Option<Instant>,
}

/// What happened to the clock between two looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// Nothing.
    Not,
    /// It was set back; or that cannot be known, since it is the first look.
    Back,
    /// It was put forward.
    Forward {
        /// By how much.
        by: Duration,
        /// What it would say now if it had not been.
        otherwise: SystemTime,
    },
}

impl Clock {
    /// Takes note of what the clock says.
    pub(super) fn look(&mut self, says: SystemTime, now: Instant) -> Set {
        let set = match self.expected(now) {
            None => Set::Back,
            Some(otherwise) if says + TOLERANCE < otherwise => Set::Back,
            Some(otherwise) => match says.duration_since(otherwise) {
                Ok(by) if by > TOLERANCE => Set::Forward { by, otherwise },
                _ => Set::Not,
            },
        };
        if let Set::Forward { .. } = set {
            self.distrusted_until = Some(now + HOLD);
        }
        self.seen = Some((says, now));
        set
    }

    /// The latest moment at which something can have ended by now, or `None` if the clock cannot be relied on for that.
    pub(super) fn latest(&self, now: Instant) -> Option<SystemTime> {
        if self.distrusted_until.is_some_and(|until| now < until) {
            return None;
        }
        self.expected(now).map(|expected| expected + TOLERANCE)
    }

    fn expected(&self, now: Instant) -> Option<SystemTime> {
        self.seen.map(|(said, at)| said + now.saturating_duration_since(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_clock_that_goes_on_is_relied_on() {
        let (mut clock, start, now) = (Clock::default(), SystemTime::UNIX_EPOCH + SECOND * 1_000_000, Instant::now());
        assert_eq!(clock.latest(now), None);
        assert_eq!(clock.look(start, now), Set::Back);
        for second in 1..100 {
            // A little slow, and a little late at times.
            let says = start + SECOND * second - SECOND / 100 * second;
            assert_eq!(clock.look(says, now + SECOND * second + SECOND * (second % 3)), Set::Not);
            assert!(clock.latest(now + SECOND * second) >= Some(says));
        }
    }

    #[test]
    fn a_clock_that_is_put_forward_ends_nothing_until_all_know_of_it() {
        let (mut clock, start, now) = (Clock::default(), SystemTime::UNIX_EPOCH + SECOND * 1_000_000, Instant::now());
        clock.look(start, now);
        // Not yet seen: nothing has ended that would not have ended anyway.
        assert_eq!(clock.latest(now + SECOND), Some(start + SECOND + TOLERANCE));
        let set = clock.look(start + SECOND * 3601, now + SECOND);
        assert_eq!(set, Set::Forward { by: SECOND * 3600, otherwise: start + SECOND });
        assert_eq!(clock.latest(now + SECOND * 2), None);
        assert_eq!(clock.latest(now + SECOND + HOLD), Some(start + SECOND * 3601 + HOLD + TOLERANCE));
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed() {
        let (mut clock, start, now) = (Clock::default(), SystemTime::UNIX_EPOCH + SECOND * 1_000_000, Instant::now());
        clock.look(start, now);
        assert_eq!(clock.look(start - SECOND * 60, now + SECOND), Set::Back);
        assert_eq!(clock.look(start - SECOND * 59, now + SECOND * 2), Set::Not);
    }
}
