//! When the log is moved into the file.
//!
//! Whoever asks meanwhile waits for that. So it is done behind the first one to ask for anything after a while, since others
//! seldom come at once then; and in a crowd as seldom as the time allows that one may wait.

use std::time::Duration;

const PAGE: u64 = 4096;

/// How many pages the log may have. With fewer than one in a hundred writes followed by a move, as long as no crowd comes.
const LONGEST: u64 = 6000;

/// How many are worth the two syncs of a move.
const SHORTEST: u64 = 1000;

/// How many are moved the first time, when nothing is known of the disk.
const FIRST: u64 = 4000;

/// How long a move may take. How many pages that are is known from the last one.
const TIME: Duration = Duration::from_millis(40);

/// How long nobody has to have asked for anything until it is taken that nobody is about to.
pub(super) const CALM: Duration = Duration::from_millis(100);

/// What is known of the log.
pub(super) struct Log {
    /// How many pages can be moved in time.
    in_time: u64,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { in_time: FIRST }
    }

    /// Returns true if a log of so many pages is to be moved now.
    ///
    /// The file grows by what is new in it, so it may have two thirds of the space that has to stay free: then what has been
    /// taken can be finished.
    pub(super) fn is_to_be_moved(&self, pages: u64, calm: bool, free_space: u64) -> bool {
        let longest = self.in_time.min(free_space / 3 * 2 / PAGE).max(SHORTEST);
        pages >= if calm { SHORTEST } else { longest }
    }

    /// Takes note of how long the move of so many pages took.
    pub(super) fn moved(&mut self, pages: u64, took: Duration) {
        if pages * 2 < self.in_time && took <= TIME {
            // It was mostly the two syncs, or somebody reads what is older, which says nothing of more pages.
            return;
        }
        let in_time = u128::from(pages) * TIME.as_micros() / took.as_micros().max(1);
        self.in_time = u64::try_from(in_time).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: u64 = 64 * 1024 * 1024;

    fn longest(log: &Log) -> u64 {
        (0..=LONGEST).find(|pages| log.is_to_be_moved(*pages, false, FREE)).unwrap()
    }

    #[test]
    fn the_log_gets_as_long_as_can_be_moved_in_time() {
        let mut log = Log::new();
        assert_eq!(longest(&log), FIRST);
        log.moved(FIRST, TIME / 4);
        assert_eq!(longest(&log), LONGEST);
        log.moved(LONGEST, TIME * 2);
        assert_eq!(longest(&log), LONGEST / 2);
        log.moved(SHORTEST, TIME);
        assert_eq!(longest(&log), LONGEST / 2, "few pages say nothing");
        log.moved(SHORTEST, TIME * 10);
        assert_eq!(longest(&log), SHORTEST);
        log.moved(SHORTEST, TIME / 5);
        assert_eq!(longest(&log), 5 * SHORTEST);
        log.moved(5 * SHORTEST, Duration::ZERO);
        assert_eq!(longest(&log), LONGEST);
    }

    #[test]
    fn in_a_calm_moment_it_is_moved_sooner_but_not_for_nothing() {
        let log = Log::new();
        assert!(log.is_to_be_moved(SHORTEST, true, FREE) && !log.is_to_be_moved(SHORTEST - 1, true, FREE));
    }

    #[test]
    fn near_the_end_of_the_disk_it_leaves_room_for_itself() {
        let log = Log::new();
        let first = |free_space| (0..=LONGEST).find(|pages| log.is_to_be_moved(*pages, false, free_space));
        assert_eq!(first(12 * 1024 * 1024), Some(8 * 1024 * 1024 / PAGE));
        assert_eq!(first(0), Some(SHORTEST));
    }
}
