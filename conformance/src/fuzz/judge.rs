use std::fmt;

use serde::{Deserialize, Serialize};

use super::input::Class;
use crate::observation::{Observation, Outcome};

/// What went wrong with an input, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// After it, an honest event was not acknowledged.
    Harmed,
    /// A wrong token got a 2xx, from a receiver that answers the plainly wrong one with a 4xx.
    LetIn,
    /// A valid event got another status than a 2xx.
    Refused,
    /// A valid event was not answered in time.
    TimedOut,
    /// A valid event was not answered: the connection ended, or what came is no HTTP.
    Dropped,
    /// Something hostile got a 5xx or a redirect, or no answer at all: nobody was let in, but by an accident.
    Broke,
}

impl Kind {
    /// Tells whether it costs events or lets strangers in.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self != Self::Broke
    }

    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Harmed => "harmed",
            Self::LetIn => "let-in",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::Dropped => "dropped",
            Self::Broke => "broke",
        }
    }

    /// Says it in a sentence.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Harmed => "an honest event was not acknowledged afterwards",
            Self::LetIn => "a wrong token was let in",
            Self::Refused => "a valid event was refused, which Aircall counts as a failure",
            Self::TimedOut => "a valid event was not answered in time, which Aircall counts as a failure",
            Self::Dropped => "a valid event was not answered, which Aircall counts as a failure",
            Self::Broke => "nobody was let in, but it was no refusal either",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the answer to an input means.
#[derive(Debug, Clone)]
pub(super) enum Judged {
    Fine,
    /// The answer does not tell.
    Open,
    Failed(Failure),
}

/// How an input failed, as far as two failures can be told to be the same one.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// What came back, for a report.
    pub(super) got: String,
    /// The body of the answer, for a report.
    pub(super) answer: String,
    /// The first letters of what the receiver said, without what changes from one answer to the next.
    says: String,
}

impl Failure {
    pub(super) fn new(kind: Kind, observation: &Observation) -> Self {
        let body = observation.response().map_or("", |response| &*response.body);
        let says = body.chars().filter(char::is_ascii_alphabetic).take(TELLING).collect();
        let got = match &observation.outcome {
            // Closed or reset is a matter of who was first.
            Outcome::Dropped(crate::observation::Dropped::Reset) => "connection closed without a response".to_owned(),
            outcome => outcome.to_string(),
        };
        Self { kind, got, answer: body.to_owned(), says }
    }

    /// Tells whether both are the same kind of failure.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind && self.got == other.got
    }

    /// Tells whether both seem to have the same cause. What broke at something hostile is not worth telling causes apart.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is_like(other) && (self.kind == Kind::Broke || self.says == other.says)
    }
}

/// Judges the answer to an input. `tells` says whether the receiver answers a plainly wrong token with a 4xx.
pub(super) fn judge(class: Class, tells: bool, observation: &Observation) -> Judged {
    let failed = |kind| Judged::Failed(Failure::new(kind, observation));
    let status = observation.response().map(|response| response.status);
    match (class, status) {
        // Who is sent away for coming too often has not been looked at.
        (_, Some(429)) => Judged::Open,
        (Class::Valid | Class::Survive, Some(200..=299)) => Judged::Fine,
        (Class::Valid, Some(_)) => failed(Kind::Refused),
        (Class::Valid, None) if matches!(observation.outcome, Outcome::TimedOut(_)) => failed(Kind::TimedOut),
        (Class::Valid, None) => failed(Kind::Dropped),
        (Class::Refuse, Some(200..=299)) if tells => failed(Kind::LetIn),
        (Class::Refuse, Some(200..=299)) => Judged::Open,
        (Class::Refuse | Class::Survive, Some(400..=499)) => Judged::Fine,
        // To hang up on what is malformed is an answer; so is silence to a stranger, but it cannot be told from a crash.
        (Class::Refuse | Class::Survive, _) => failed(Kind::Broke),
    }
}

/// So many letters of an answer tell one error from another.
const TELLING: usize = 60;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{
        Token,
        observation::{Connection, Dropped, Response, Sent, Stage},
    };

    fn observed(outcome: Outcome) -> Observation {
        let sent = Sent::new("", 0);
        Observation { outcome, elapsed: Duration::ZERO, connection: Connection::New, sent }
    }

    fn answered(status: u16, body: &str) -> Observation {
        let status = StatusCode::from_u16(status).unwrap();
        let token = Token::new("secret").unwrap();
        observed(Outcome::Answered(Response::new(status, &HeaderMap::new(), body.as_bytes(), 0, &token)))
    }

    fn kind(class: Class, tells: bool, observation: &Observation) -> Option<Kind> {
        match judge(class, tells, observation) {
            Judged::Failed(failure) => Some(failure.kind),
            _ => None,
        }
    }

    #[test]
    fn valid_is_2xx_and_nothing_else() {
        for (status, expected) in [(200, None), (204, None), (302, Some(Kind::Refused)), (400, Some(Kind::Refused))] {
            assert_eq!(kind(Class::Valid, true, &answered(status, "")), expected, "{status}");
        }
        assert_eq!(kind(Class::Valid, true, &observed(Outcome::TimedOut(Stage::Waiting))), Some(Kind::TimedOut));
        assert_eq!(kind(Class::Valid, true, &observed(Outcome::Dropped(Dropped::Closed))), Some(Kind::Dropped));
        assert!(matches!(judge(Class::Valid, true, &answered(429, "")), Judged::Open));
    }

    #[test]
    fn a_2xx_to_a_wrong_token_tells_only_of_those_who_tell() {
        assert_eq!(kind(Class::Refuse, true, &answered(200, "")), Some(Kind::LetIn));
        assert!(matches!(judge(Class::Refuse, false, &answered(200, "")), Judged::Open));
        assert!(matches!(judge(Class::Refuse, true, &answered(401, "")), Judged::Fine));
    }

    #[test]
    fn what_is_hostile_may_be_answered_as_one_likes_and_breaks_nothing() {
        for status in [200, 400, 413] {
            assert!(matches!(judge(Class::Survive, true, &answered(status, "")), Judged::Fine));
        }
        assert_eq!(kind(Class::Survive, true, &answered(500, "")), Some(Kind::Broke));
        assert!(!Kind::Broke.is_failure());
    }

    #[test]
    fn failures_are_told_apart_by_what_is_said_without_numbers() {
        let of = |status, body| Failure::new(Kind::Refused, &answered(status, body));
        assert!(of(500, "line 17: no user").is_same(&of(500, "line 18: no user")));
        assert!(!of(500, "no user").is_same(&of(500, "no id")));
        assert!(of(500, "no user").is_like(&of(500, "no id")) && !of(500, "").is_like(&of(400, "")));
    }
}
