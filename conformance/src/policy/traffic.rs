use std::time::{Duration, SystemTime};

use aircall_fixtures::find;
use bytes::Bytes;

use super::{Generated, chance::Chance};
use crate::{Token, delivery::dated};

/// Honest traffic: one call after the other, in turn made and missed, each with the events that a real one has and an id of
/// its own.
#[derive(Debug, Clone)]
pub struct Traffic {
    events: usize,
    gap: Duration,
    begin: SystemTime,
    first_id: u64,
}

impl Traffic {
    /// So many events, one a second. The seed decides the ids of the calls, so that a receiver which drops what it has seen
    /// takes those of another seed for new.
    #[must_use]
    pub fn new(events: usize, seed: u64) -> Self {
        let first_id = FIRST_ID + Chance::new(seed).below(IDS);
        Self { events, gap: Duration::from_secs(1), begin: SystemTime::now(), first_id }
    }

    /// The same with so many events a second, at least one.
    #[must_use]
    pub fn with_rate(self, per_second: u32) -> Self {
        Self { gap: Duration::from_secs(1) / per_second.max(1), ..self }
    }

    /// The same beginning at another time, which the events bear. Without it, that is when this was made.
    #[must_use]
    pub fn at(self, begin: SystemTime) -> Self {
        Self { begin, ..self }
    }

    /// Returns how many events it has.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// Returns its events: when each comes into being, and its name.
    #[must_use]
    pub fn stream(&self) -> Vec<Generated> {
        (0..self.events).map(|event| Generated::new(self.time(event), self.event(event).event)).collect()
    }

    /// Returns the id of the call that an event is about.
    #[must_use]
    pub fn call_id(&self, event: usize) -> u64 {
        self.first_id + self.place(event).0 as u64
    }

    /// Writes the body of an event for a webhook with this token: the same bytes each time.
    #[must_use]
    pub fn body(&self, event: usize, token: &Token) -> Bytes {
        let fixture = self.event(event);
        let body = fixture.body_with_token(token.expose());
        let (call, first) = self.place(event);
        let id = fixture.body.split_once(r#""data":{"id":"#).and_then(|(_, rest)| rest.split_once(','));
        let body = match id {
            Some((id, _)) => body.replace(id, &(self.first_id + call as u64).to_string()),
            None => body,
        };
        let since = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // A call lies behind the events that tell of it.
        let started = since(self.begin + self.time(first)).saturating_sub(LONGEST_CALL).as_secs();
        dated(moved(&body, started).into(), self.begin + self.time(event))
    }

    fn time(&self, event: usize) -> Duration {
        self.gap * u32::try_from(event).unwrap_or(u32::MAX)
    }

    fn event(&self, event: usize) -> &'static aircall_fixtures::Event {
        let (_, first) = self.place(event);
        let step = (event - first) + if (first % CYCLE) == 0 { 0 } else { MADE };
        // A test finds each of them.
        STEPS.get(step).and_then(|name| find(name)).unwrap_or(&aircall_fixtures::events()[0])
    }

    /// Which call an event belongs to, and the number of that call's first event.
    fn place(&self, event: usize) -> (usize, usize) {
        let (cycle, step) = (event / CYCLE, event % CYCLE);
        if step < MADE { (cycle * 2, cycle * CYCLE) } else { (cycle * 2 + 1, cycle * CYCLE + MADE) }
    }
}

/// Moves the times of a call: in the fixtures all of them are seconds soon after one moment.
fn moved(body: &str, started: u64) -> String {
    let mut pieces = body.split(FIXTURE_TIME);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        match piece[..digits].parse::<u64>() {
            Ok(seconds) if digits == 4 => out.push_str(&format!(":{}", started + seconds)),
            _ => out.extend([FIXTURE_TIME, &piece[..digits]]),
        }
        out.push_str(&piece[digits..]);
    }
    out
}

/// The events of a call that was made and answered, then those of one that was missed.
const STEPS: &[&str] = &[
    "call.created.with-user",
    "call.answered.with-outbound-call",
    "call.hungup",
    "call.ended",
    "call.created",
    "call.ringing_on_agent",
    "call.hungup.with-missed-call",
    "call.ended.with-voicemail",
    "call.voicemail_left",
];

/// So many of them belong to the first.
const MADE: usize = 4;

const CYCLE: usize = STEPS.len();

/// The first six digits of every time in the bodies of calls.
const FIXTURE_TIME: &str = ":179000";

/// The fixtures' calls are over by then.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// Ids of calls have been beyond this since autumn 2026, and beyond 32 bits are those after 4,294,967,295.
const FIRST_ID: u64 = 4_230_000_000;

/// So many ids a run may begin at.
const IDS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_their_events_an_id_and_times_of_their_own() {
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_060);
        let traffic = Traffic::new(20, 7).at(begin);
        let token = Token::new("secret").unwrap();
        let names: Vec<_> = traffic.stream().into_iter().map(|event| event.name).collect();
        // Aircall knows no variants: an event list has `call.created`.
        assert_eq!(names[..3], ["call.created", "call.answered", "call.hungup"]);
        assert_eq!(names[9], "call.created");
        let body = |event| String::from_utf8(traffic.body(event, &token).to_vec()).unwrap();
        let json = |event| serde_json::from_str::<serde_json::Value>(&body(event)).unwrap();
        assert_eq!(body(3), body(3));
        assert_eq!(json(3)["event"], "call.ended");
        assert_eq!(json(3)["token"], "secret");
        assert_eq!(json(3)["timestamp"], 1_800_000_063);
        assert_eq!(json(3)["data"]["started_at"], 1_800_000_000);
        assert_eq!(json(3)["data"]["ended_at"], 1_800_000_020);
        let ids = [0, 3, 4, 8, 9].map(|event| json(event)["data"]["id"].as_u64().unwrap());
        assert_eq!(ids.map(|id| id - ids[0]), [0, 0, 1, 1, 2]);
        assert_eq!(ids[4], traffic.call_id(9));
        assert_ne!(Traffic::new(20, 8).call_id(0), ids[0]);
        assert!(!body(3).contains("4223501188") && STEPS.iter().all(|step| find(step).is_some()));
    }
}
