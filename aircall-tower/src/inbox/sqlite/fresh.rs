//! Events that were stored a moment ago, for a worker that keeps up: what is still in memory need not be read again.

use std::collections::VecDeque;
use std::str;

use super::super::Event;

/// How many bytes are kept at most.
const BYTES: usize = 8 * 1024 * 1024;

/// The oldest of those that have been stored and not yet claimed, as many as there is room for: they are claimed first.
#[derive(Default)]
pub(super) struct Fresh {
    /// By their numbers, which ascend.
    events: VecDeque<(i64, Event)>,
    bytes: usize,
    version: Option<i64>,
}

impl Fresh {
    /// Takes note of the version of the file. It is another one if somebody else has changed the file, which is free to say
    /// something else of any event now; so all are forgotten.
    pub(super) fn is_of(&mut self, version: i64) {
        if self.version != Some(version) {
            *self = Self { version: Some(version), ..Self::default() };
        }
    }

    /// Keeps an event that has just been stored, if there is room, and if the file would give it back just so.
    pub(super) fn keep(&mut self, id: i64, event: Event) {
        let bytes = self.bytes + size(&event);
        if bytes <= BYTES && is_kept_to_the_letter(&event) {
            self.bytes = bytes;
            self.events.push_back((id, event));
        }
    }

    /// Takes out an event that is being claimed, if it was kept.
    pub(super) fn take(&mut self, id: i64) -> Option<Event> {
        let place = self.events.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        let (_, event) = self.events.remove(place)?;
        self.bytes -= size(&event);
        Some(event)
    }
}

/// How many bytes an event takes, about.
fn size(event: &Event) -> usize {
    let texts = [&event.key, &event.token_fingerprint, &event.event, &event.body].map(String::capacity);
    let options =
        [&event.tenant, &event.resource, &event.subject].map(|text| text.as_ref().map_or(0, String::capacity));
    let headers = event.headers.iter().map(|(name, value)| HEADER + name.as_str().len() + value.len());
    let uri = event.uri.path().len() + event.uri.query().map_or(0, str::len);
    size_of::<(i64, Event)>()
        + uri
        + [texts.iter().sum::<usize>(), options.iter().sum(), headers.sum()].iter().sum::<usize>()
}

/// What a header takes in its map beside its name and value.
const HEADER: usize = 128;

fn is_kept_to_the_letter(event: &Event) -> bool {
    event.tenant.as_deref() != Some("") && event.headers.values().all(|value| str::from_utf8(value.as_bytes()).is_ok())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::super::super::contract::event;
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_can_be_taken_once_in_any_order() {
        let mut fresh = Fresh::default();
        let large = |number| Event { body: "x".repeat(BYTES / 5), ..event(number) };
        for number in 1..=5 {
            fresh.keep(number.into(), large(number));
        }
        assert_eq!(fresh.events.len(), 4, "the oldest are kept");
        assert_eq!(fresh.take(5), None);
        assert_eq!(fresh.take(2), Some(large(2)));
        assert_eq!(fresh.take(2), None);
        fresh.keep(6, event(6));
        assert_eq!([6, 1, 4, 3].map(|id| fresh.take(id).is_some()), [true; 4]);
        assert_eq!((fresh.events.len(), fresh.bytes), (0, 0));
    }

    #[test]
    fn small_events_with_long_headers_are_bounded_as_well() {
        let mut fresh = Fresh::default();
        for number in 1..=20_000 {
            let mut event = Event { body: String::new(), ..event(number) };
            event.headers.insert("x-long", HeaderValue::from_bytes(&[b'x'; 4000]).unwrap());
            fresh.keep(number.into(), event);
        }
        assert!((1000..2100).contains(&fresh.events.len()), "{}", fresh.events.len());
    }

    #[test]
    fn what_somebody_else_may_have_changed_is_forgotten() {
        let mut fresh = Fresh::default();
        fresh.is_of(1);
        fresh.keep(1, event(1));
        fresh.is_of(1);
        assert!(fresh.take(1).is_some());
        fresh.keep(2, event(2));
        fresh.is_of(2);
        assert_eq!((fresh.take(2), fresh.bytes), (None, 0));
    }

    #[test]
    fn what_the_file_would_give_back_otherwise_is_not_kept() {
        let mut fresh = Fresh::default();
        let mut odd = [event(1), event(2)];
        odd[0].tenant = Some(String::new());
        odd[1].headers.insert("x", HeaderValue::from_bytes(b"\xFF").unwrap());
        odd.into_iter().for_each(|event| fresh.keep(1, event));
        assert_eq!((fresh.events.len(), fresh.bytes), (0, 0));
    }
}
