//! What must come of a request, by the words of the documentation of `aircall-tower`.

use std::time::Duration;

use aircall_fixtures::TOKEN;
use aircall_tower::OutcomeKind;

use crate::envelope::{BOM, Judgement, judge};
use crate::frames::Sent;
use crate::script::{End, Handler, Setup, URL_SECRET, Verifier};
use crate::token::{First, first};

/// How long after its arrival a request has to be there as a whole.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// How long after its arrival a request is answered.
pub const DEADLINE: Duration = Duration::from_secs(4);

/// How many bytes of each body are looked at whatever length is claimed.
const PREFIX: usize = 16 * 1024;

/// How much of the room for each stranger's body is free.
const FREE: usize = 2 * 1024;

/// How much more room than bytes there may be: a block, places for blocks, and a string that came in part.
const SLACK: usize = 16 * 1024;

/// What must come of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// The outcome. `None` if the body is no JSON up to its token, so that it is open what that is; but then nothing of
    /// it is handled.
    pub kind: Option<OutcomeKind>,
    /// Whether it may be `Overloaded` as well. That depends on how much had arrived before the token.
    pub or_overloaded: bool,
}

impl Forecast {
    /// Returns whether this outcome was foretold.
    #[must_use]
    pub fn allows(&self, kind: OutcomeKind) -> bool {
        match self.kind {
            Some(expected) if kind == expected => true,
            None if kind.is_authentic() => {
                matches!(kind, OutcomeKind::Oversized | OutcomeKind::Unreadable | OutcomeKind::Interrupted)
            }
            None => true,
            _ => self.or_overloaded && kind == OutcomeKind::Overloaded,
        }
    }
}

/// Foretells the outcome of a request whose head claims these lengths, and whose body itself claims another.
#[must_use]
pub fn forecast(setup: &Setup, sent: &Sent, lengths: &[String], hint: u64) -> Forecast {
    if let Some(kind) = by_its_head(setup) {
        return Forecast { kind: Some(kind), or_overloaded: false };
    }
    let header = lengths.first().and_then(|value| value.parse::<u64>().ok());
    let claimed = header.unwrap_or(0).max(hint);
    let body_bytes = setup.body_bytes as u64;
    if claimed > body_bytes.max(setup.unauthenticated_bytes as u64) {
        return Forecast { kind: Some(OutcomeKind::TooLarge), or_overloaded: false };
    }
    let hold = if claimed > body_bytes { setup.body_bytes.min(PREFIX) } else { setup.body_bytes };
    let held = &sent.bytes[..hold.min(sent.bytes.len())];

    // The account counts memory, which is more than what is in it by less than this.
    let room = held.len() + held.len() / 64 + SLACK;
    let strangers_fit = held.len() <= FREE / 2 || room <= setup.unauthenticated_bytes;
    let strangers_cannot_fit = held.len() > FREE && held.len() - FREE > setup.unauthenticated_bytes;
    let kind = match first_of(held) {
        First::Unclear => None,
        First::NoText => Some(OutcomeKind::Unauthenticated),
        First::None if strangers_cannot_fit => Some(OutcomeKind::Overloaded),
        First::None => Some(without_token(sent, held)),
        First::Text(text) => match setup.verifier {
            Verifier::Failing | Verifier::Silent => not_looked_up(&text),
            Verifier::Asked(time) if is_asked_too_late(sent, held, time) => not_looked_up(&text),
            _ if text == TOKEN.as_bytes() => Some(with_token(setup, sent, held)),
            _ => Some(OutcomeKind::Unauthenticated),
        },
    };
    Forecast { kind, or_overloaded: !strangers_fit }
}

fn by_its_head(setup: &Setup) -> Option<OutcomeKind> {
    if setup.method != "POST" {
        return Some(OutcomeKind::MethodNotAllowed);
    }
    let mut codings = setup.codings.iter().flat_map(|value| value.split(|byte| *byte == b','));
    if !codings.all(|coding| matches!(&coding.trim_ascii().to_ascii_lowercase()[..], b"" | b"identity")) {
        return Some(OutcomeKind::UnsupportedCoding);
    }
    setup.query.is_some_and(|query| !has_secret(query)).then_some(OutcomeKind::WrongUrlSecret)
}

/// Foretells what comes of a token if nobody can say whose it is.
fn not_looked_up(text: &[u8]) -> Option<OutcomeKind> {
    let is_text = (1..=256).contains(&text.len()) && std::str::from_utf8(text).is_ok();
    match is_text {
        false => Some(OutcomeKind::Unauthenticated),
        // If they stand there as they are, it is no JSON.
        true if text.iter().any(|byte| *byte < b' ') => None,
        true => Some(OutcomeKind::ResolverFailed),
    }
}

/// Whether somebody who takes so long is asked so late that the time in which a body has to arrive is over before.
fn is_asked_too_late(sent: &Sent, held: &[u8], takes: Duration) -> bool {
    let asked = sent.when(|there| matches!(first_of(&there[..there.len().min(held.len())]), First::Text(_)));
    asked.is_some_and(|asked| asked + takes > READ_TIMEOUT)
}

fn first_of(held: &[u8]) -> First {
    first(held.strip_prefix(BOM).unwrap_or(held))
}

fn without_token(sent: &Sent, held: &[u8]) -> OutcomeKind {
    match (sent.bytes.len() > held.len(), sent.end) {
        (true, _) => OutcomeKind::TooLarge,
        (false, End::Broken) => OutcomeKind::Incomplete,
        (false, End::Never) => OutcomeKind::ReadTimeout,
        (false, End::Whole) => match judge(held) {
            Judgement::NoObject(_) => OutcomeKind::Malformed,
            Judgement::Envelope(_) | Judgement::Flawed(_) => OutcomeKind::Unauthenticated,
        },
    }
}

fn with_token(setup: &Setup, sent: &Sent, held: &[u8]) -> OutcomeKind {
    match (sent.bytes.len() > held.len(), sent.end) {
        (true, _) => OutcomeKind::Oversized,
        (false, End::Broken | End::Never) => OutcomeKind::Interrupted,
        (false, End::Whole) => match judge(held) {
            Judgement::Envelope(_) => handled(setup, sent.took),
            Judgement::Flawed(_) | Judgement::NoObject(_) => OutcomeKind::Unreadable,
        },
    }
}

/// Foretells how an inner service ends that is called so long after the arrival.
fn handled(setup: &Setup, mut at: Duration) -> OutcomeKind {
    if let Verifier::Asked(time) = setup.verifier {
        at += time;
    }
    match setup.handler {
        Handler::AcceptAfter(time) if at + time >= DEADLINE => OutcomeKind::Deferred,
        Handler::Never | Handler::NeverReady => OutcomeKind::Deferred,
        Handler::Accept | Handler::AcceptAfter(_) | Handler::AcceptWithoutEnd => OutcomeKind::Handled,
        Handler::Answer(status) if (200..300).contains(&status) => OutcomeKind::Handled,
        Handler::Answer(_) => OutcomeKind::Rejected,
        Handler::Fail | Handler::FailReady => OutcomeKind::Failed,
        Handler::Panic | Handler::PanicInCall => OutcomeKind::Panicked,
    }
}

/// Returns what the first of a row of such outcomes is answered, or `None` where the handler answers.
#[must_use]
pub fn status(kind: OutcomeKind, always: bool) -> Option<u16> {
    use OutcomeKind::*;
    match kind {
        MethodNotAllowed => Some(405),
        Handled => None,
        _ if always => Some(200),
        UnsupportedCoding => Some(415),
        WrongUrlSecret | Unauthenticated => Some(401),
        TooLarge => Some(413),
        Overloaded => Some(429),
        ReadTimeout | Interrupted => Some(408),
        Incomplete | Malformed => Some(400),
        ResolverFailed => Some(503),
        _ => Some(200),
    }
}

/// The queries of scripts are few, so they are judged by eye.
fn has_secret(query: &str) -> bool {
    debug_assert_eq!(URL_SECRET, ("key", "s&cret"));
    matches!(query, "key=s%26cret" | "a=%ff&k%65y=s%26cret&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::Frames;
    use crate::script;

    fn forecast_of(script: &str) -> Option<OutcomeKind> {
        let body =
            format!(r#"{{"resource":"call","event":"call.created","timestamp":1,"token":"{TOKEN}","data":{{}}}}"#);
        let input = [body.as_bytes(), b"\0", script.as_bytes()].concat();
        let (body, setup, steps) = script::read(&input);
        let (_, sent) = Frames::new(body, &steps, setup.end, setup.hint, READ_TIMEOUT);
        forecast(&setup, &sent, &setup.lengths(body.len()), 0).kind
    }

    #[test]
    fn who_is_asked_late_has_less_time_to_say() {
        let asks_for_a_second = "0000003000000";
        assert_eq!(forecast_of(asks_for_a_second), Some(OutcomeKind::Handled));
        // 50 bytes, which is before the token, then so many pauses of 70 ms.
        for (pauses, kind) in [('\x1c', OutcomeKind::Handled), ('\x1d', OutcomeKind::ResolverFailed)] {
            assert_eq!(forecast_of(&format!("{asks_for_a_second}125{pauses}")), Some(kind));
        }
        // The whole token, then a pause of more than 2 s: it was asked at once.
        assert_eq!(forecast_of(&format!("{asks_for_a_second}1\x7f5\x1d")), Some(OutcomeKind::Handled));
        // A sender who never ends, or too late.
        assert_eq!(forecast_of(&format!("{asks_for_a_second}1\x7f5\x1d5\x1d")), Some(OutcomeKind::Interrupted));
    }
}
