//! How many events a worker takes beyond those that it can begin at once.
//!
//! A store is asked once for many, and answers after a trip to the disk or the network. Handlers that are done sooner than
//! that would spend their time waiting for it. Whoever takes more than it begins, though, counts attempts at events that
//! wait, and keeps them from others. So only as much is taken as is going to be begun while the store is asked again.

use std::time::Duration;

/// How many, and about how many bytes of bodies, wait here at most.
const MOST: usize = 496;
const MOST_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Ahead {
    events: usize,
    /// How many handlers have ended since the last trip, and how long they took together.
    ended: u32,
    took: Duration,
}

/// A trip to the store, and what was brought back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    pub(super) took: Duration,
    pub(super) claimed: usize,
    pub(super) bytes: usize,
    /// Events of earlier trips that still wait to be begun.
    pub(super) waiting: usize,
}

impl Ahead {
    pub(super) fn events(&self) -> usize {
        self.events
    }

    pub(super) fn ended(&mut self, took: Duration) {
        self.ended += 1;
        self.took += took;
    }

    /// Looks at how many handlers end in so many slots during such a trip.
    pub(super) fn learn(&mut self, trip: Trip, slots: usize) {
        if self.ended > 0 {
            let mean = (self.took / self.ended).max(Duration::from_nanos(1));
            let in_each_slot = usize::try_from(trip.took.as_nanos() / mean.as_nanos()).unwrap_or(MOST).min(MOST);
            self.events = 2 * in_each_slot * slots.min(MOST);
        } else if trip.waiting > 0 {
            self.events = 0;
        }
        let fit = MOST_BYTES * trip.claimed.max(1) / trip.bytes.max(1);
        self.events = self.events.min(fit).min(MOST);
        (self.ended, self.took) = (0, Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);
    const TRIP: Trip = Trip { took: Duration::from_millis(5), claimed: 16, bytes: 16 * 3400, waiting: 0 };

    fn after(took: &[Duration], trip: Trip) -> usize {
        let mut ahead = Ahead::default();
        took.iter().for_each(|took| ahead.ended(*took));
        ahead.learn(trip, 16);
        ahead.events()
    }

    #[test]
    fn nothing_is_taken_ahead_for_handlers_that_outlast_a_trip() {
        assert_eq!(after(&[], TRIP), 0);
        assert_eq!(after(&[MILLISECOND * 6; 16], TRIP), 0);
        assert_eq!(after(&[Duration::ZERO, Duration::MAX / 2], TRIP), 0);
    }

    #[test]
    fn quick_handlers_have_twice_waiting_for_them_of_what_they_do_meanwhile_up_to_a_limit() {
        assert_eq!(after(&[MILLISECOND * 5; 16], TRIP), 32);
        assert_eq!(after(&[MILLISECOND; 16], TRIP), 160);
        assert_eq!(after(&[Duration::ZERO; 16], TRIP), MOST);
    }

    #[test]
    fn nothing_more_is_taken_if_all_slots_stand_still_and_what_is_known_is_kept_if_there_was_nothing_to_do() {
        let mut ahead = Ahead { events: 240, ..Ahead::default() };
        ahead.learn(TRIP, 16);
        assert_eq!(ahead.events(), 240);
        ahead.learn(Trip { waiting: 1, ..TRIP }, 16);
        assert_eq!(ahead.events(), 0);
    }

    #[test]
    fn of_large_bodies_fewer_wait() {
        assert_eq!(after(&[Duration::ZERO], Trip { claimed: 4, bytes: 4 * 1024 * 1024, ..TRIP }), 8);
    }
}
