//! What is asked of a receiver, as data: nothing in a case runs, so that it can be listed, exported and altered.

mod request;
mod source;

use std::{borrow::Cow, fmt};

pub use request::{Beside, Body, Framing, PLAIN_EVENT, Request};
pub use source::Source;

/// One requirement, and how it is put to the test.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// Section and name, in words (`token/missing`). An id never moves and is never given to another case.
    pub id: Cow<'static, str>,
    /// How binding the requirement is.
    pub level: Level,
    /// The requirement, in one sentence that begins with "The receiver".
    pub requirement: &'static str,
    /// Where the requirement stands.
    pub source: Source,
    /// What is done to find out.
    pub procedure: Procedure,
    /// What has to come of it.
    pub expectation: Expectation,
    /// What it costs the user of a receiver that does not meet it.
    pub cost: &'static str,
    /// What is to be done about it.
    pub remedy: &'static str,
}

impl Case {
    /// Returns the part of the id before the slash.
    #[must_use]
    pub fn section(&self) -> &str {
        self.id.split_once('/').map_or(&*self.id, |(section, _)| section)
    }

    /// Tells whether it sends what no honest sender would. Such a case is followed by an honest event, and is not put to
    /// a receiver on another machine unless the user asked for it.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        match self.procedure {
            Procedure::Send(_) => self.expectation != Expectation::Acknowledge,
            Procedure::Review => false,
        }
    }
}

/// How binding a requirement is, in the sense of RFC 2119.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Who does not meet it loses events, or lets in events that are not Aircall's.
    Must,
    /// There may be reasons not to meet it, and it costs something.
    Should,
    /// It is good to know.
    Info,
}

impl Level {
    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is done to find out whether a receiver meets a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Procedure {
    /// Sends one request and keeps what comes back.
    Send(Request),
    /// Sends nothing, and looks over what came back during the whole run.
    Review,
}

/// What has to come of a procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expectation {
    /// A 2xx, complete within the time that the sender gives.
    Acknowledge,
    /// A 4xx. A 2xx leaves open whether the event was handled all the same.
    Refuse,
    /// A 4xx, or the end of the connection: who has seen enough may hang up.
    RefuseOrHangUp,
    /// A 2xx or a 4xx: what is sent is worth nothing to anybody, so either will do.
    Survive,
    /// A 4xx or 501: the method is not one that events come by.
    RefuseMethod,
    /// Of the whole run: every acknowledgement leaves half of the time to spare.
    TimeToSpare,
    /// Of the whole run: the honest event after each hostile request is acknowledged.
    Unharmed,
    /// Of the whole run: no response holds the token.
    NoTokenInResponses,
    /// Of the whole run: nothing that the receiver prints holds the token.
    NoTokenInOutput,
    /// Of the endpoint: it is one that Aircall would accept.
    Https,
}
