//! Events that were stored a moment ago, for a worker that keeps up: what is still in memory need not be read again.

use std::collections::VecDeque;

use super::super::Event;

/// How many bytes of bodies are kept at most.
const BYTES: usize = 8 * 1024 * 1024;

/// The oldest of those that have been stored and not yet claimed, as many as there is room for: they are claimed first.
#[derive(Default)]
pub(super) struct Fresh {
    /// By their numbers, which ascend.
    events: VecDeque<(i64, Event)>,
    bytes: usize,
}

impl Fresh {
    /// Keeps an event that has just been stored, if there is room.
    pub(super) fn keep(&mut self, id: i64, event: Event) {
        let bytes = self.bytes.saturating_add(event.body.len());
        if bytes <= BYTES {
            self.bytes = bytes;
            self.events.push_back((id, event));
        }
    }

    /// Takes out an event that is being claimed, if it was kept.
    pub(super) fn take(&mut self, id: i64) -> Option<Event> {
        let place = self.events.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        let (_, event) = self.events.remove(place)?;
        self.bytes -= event.body.len();
        Some(event)
    }

    /// Forgets what is left, such as what somebody else has removed from the file.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::contract::event;
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_can_be_taken_once_in_any_order() {
        let mut fresh = Fresh::default();
        let large = |number| Event { body: "x".repeat(BYTES / 4), ..event(number) };
        for number in 1..=5 {
            fresh.keep(number.into(), large(number));
        }
        assert_eq!((fresh.events.len(), fresh.bytes), (4, BYTES), "the oldest are kept");
        assert_eq!(fresh.take(5), None);
        assert_eq!(fresh.take(2), Some(large(2)));
        assert_eq!(fresh.take(2), None);
        fresh.keep(6, event(6));
        assert_eq!([6, 1, 4, 3].map(|id| fresh.take(id).is_some()), [true; 4]);
        assert_eq!((fresh.events.len(), fresh.bytes), (0, 0));
        fresh.keep(7, event(7));
        fresh.clear();
        assert_eq!((fresh.take(7), fresh.bytes), (None, 0));
    }
}
