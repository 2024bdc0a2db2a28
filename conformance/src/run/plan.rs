use std::fmt;

use crate::case::{Case, Procedure};

/// What a run will send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The cases, in their order.
    pub cases: Vec<Case>,
    /// Whether the hostile ones are sent.
    pub hostile: bool,
    /// Whether the receiver is on this machine.
    pub is_local: bool,
    /// How many requests a second are sent at most.
    pub rate: Option<u32>,
}

impl Plan {
    /// Returns how many honest events are sent, not counting those after hostile requests.
    #[must_use]
    pub fn honest(&self) -> usize {
        self.sends().filter(|case| !case.is_hostile()).count()
    }

    /// Returns how many hostile requests are sent; an honest event follows each.
    #[must_use]
    pub fn hostile(&self) -> usize {
        if self.hostile { self.sends().filter(|case| case.is_hostile()).count() } else { 0 }
    }

    /// Returns how many requests are sent to a receiver that stays well.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.honest() + 2 * self.hostile()
    }

    fn sends(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| matches!(case.procedure, Procedure::Send(_)))
    }
}

/// Announces the run.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests: {} invented events with the valid token", self.requests(), self.honest())?;
        match self.hostile() {
            0 => f.write_str("; no hostile requests"),
            hostile => write!(f, ", {hostile} hostile requests, and an honest event after each of those"),
        }?;
        match self.rate {
            Some(rate) => write!(f, "; {rate} a second at most"),
            None => Ok(()),
        }
    }
}
