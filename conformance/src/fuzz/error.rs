use std::fmt;

use crate::{observation::Outcome, run::NotReached};

/// Why inputs could not be put to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotFuzzed {
    /// There was no connection to be had.
    NotReached(NotReached),
    /// The plain event was not acknowledged, so no other answer means anything.
    PlainEventRefused(Outcome),
    /// There is no plain event; no release is so.
    NoPlainEvent,
    /// Nothing but what is hostile was to be sent, and the receiver is on another machine.
    HostileElsewhere,
    /// The input does not exist for the token, as the upper case of one without letters.
    NoSuchInput,
    /// It was ended before the first case.
    Interrupted,
}

impl From<NotReached> for NotFuzzed {
    fn from(not_reached: NotReached) -> Self {
        Self::NotReached(not_reached)
    }
}

impl fmt::Display for NotFuzzed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached(not_reached) => not_reached.fmt(f),
            Self::PlainEventRefused(outcome) => {
                write!(f, "the plain honest event got {outcome}, expected a 2xx: while that fails, nothing else tells")
            }
            Self::NoPlainEvent => f.write_str("there is no plain event"),
            Self::HostileElsewhere => {
                f.write_str("what was to be sent is hostile, and the receiver is on another machine")
            }
            Self::NoSuchInput => f.write_str("this input does not exist for this token"),
            Self::Interrupted => f.write_str("ended before the first case"),
        }
    }
}

impl std::error::Error for NotFuzzed {}
