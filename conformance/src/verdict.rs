//! What an observation means for a case: a pure function.

mod oracle;
mod reason;
mod review;
mod trial;

use std::{fmt, time::Duration};

pub use oracle::Oracle;
pub use reason::Reason;
pub use trial::{Exchange, Trial};

use crate::{
    case::{Case, Level},
    observation::Outcome,
};

/// What is known about a case when the run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// What came of its own requests.
    Observed(Trial),
    /// The same, from a receiver that refuses the plain event.
    WhileRefused(Trial),
    /// The same, from a receiver that does refuse a wrong token, and shows it by a 4xx.
    WhileTold(Trial),
    /// What the whole run has shown.
    Reviewed(Review),
    /// Nothing, and why.
    Missing(Skip),
}

impl Evidence {
    /// Returns what came of the case's own requests, if any was sent.
    #[must_use]
    pub fn trial(&self) -> Option<&Trial> {
        match self {
            Self::Observed(trial) | Self::WhileRefused(trial) | Self::WhileTold(trial) => Some(trial),
            _ => None,
        }
    }

    pub(crate) fn trial_mut(&mut self) -> Option<&mut Trial> {
        match self {
            Self::Observed(trial) | Self::WhileRefused(trial) | Self::WhileTold(trial) => Some(trial),
            _ => None,
        }
    }
}

/// What a review of the whole run has found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Review {
    /// The slowest acknowledgement of an honest event, and the time that the sender gives.
    Slowest {
        /// How long it took.
        elapsed: Duration,
        /// The time that the sender gives.
        timeout: Duration,
    },
    /// The hostile requests, sent side by side, after which an honest event was not acknowledged, and what became of that.
    Harmed(Option<Harm>),
    /// What honest events met with after strangers had been refused, from this case on.
    LockedOut(String, Outcome),
    /// The events that were acknowledged, and those of them that were not handled.
    Handled {
        /// How many were acknowledged.
        acknowledged: usize,
        /// The case of each event that was not.
        lost: Vec<String>,
    },
    /// The cases in whose response the token stood.
    TokenInResponses(Vec<String>),
    /// Where the token stood in what the receiver printed, if it did.
    TokenInOutput(Option<String>),
    /// Whether the endpoint was reached by `https`.
    Https {
        /// It was.
        https: bool,
        /// It is on this machine, where nobody needs it.
        local: bool,
    },
    /// What is wrong with the certificate, if anything is.
    Certificate(Option<String>),
}

/// Honest events were no longer acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Harm {
    /// After these cases.
    pub after: Vec<String>,
    /// What became of the honest event.
    pub outcome: Outcome,
}

/// Why nothing is known about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// The plain event was not acknowledged, so no other answer means anything.
    PlainEventRefused,
    /// An honest event was no longer acknowledged after this case.
    Harmed(String),
    /// Honest events are refused since this case, in which the receiver had refused a stranger as it should.
    LockedOut(String),
    /// So many deliveries in a row were not answered in time.
    Silent(usize),
    /// Hostile requests to another machine were not asked for.
    NotLocal,
    /// The request does not exist for this token.
    NoSuchRequest,
    /// Nothing that could be reviewed has come back.
    NothingToReview,
    /// The receiver's output is not ours to read.
    NoOutput,
    /// Nobody was there to be told what was handled.
    NoCollector,
    /// Somebody was there, and the receiver did not report so much as the plain event.
    NotReporting,
    /// The token of a second webhook was not given.
    NoOtherWebhook,
    /// A service in this process is not reached over connections.
    NoConnections,
    /// HTTP/2 is not offered.
    NotOffered,
    /// There is no certificate to look at.
    NotHttps,
    /// The certificate is not to be relied on, so nothing was sent.
    Untrusted,
    /// A service in this process has no URL.
    InProcess,
    /// The run was ended before.
    Interrupted,
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What it rests on.
    pub reason: Reason,
    /// Where that was seen.
    pub oracle: Oracle,
    /// Which of the case's exchanges it rests on, counted from 0.
    pub exchange: usize,
}

/// Whether a receiver meets a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// It does not.
    Fail,
    /// It does, but more weakly than it should; or the requirement is one that need not be met.
    Lenient,
    /// What was seen does not tell.
    Inconclusive,
    /// Nothing was seen.
    Skipped,
    /// It does, and this was seen.
    Pass,
}

impl Verdict {
    /// All of them, the ones that call for action first.
    pub const ALL: [Self; 5] = [Self::Fail, Self::Lenient, Self::Inconclusive, Self::Skipped, Self::Pass];

    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Lenient => "lenient",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
            Self::Pass => "pass",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Judges one case by what is known about it.
#[must_use]
pub fn judge(case: &Case, evidence: &Evidence) -> Judgement {
    let graded = match evidence {
        Evidence::Observed(trial) => trial::grade(case.expectation, trial, false),
        // Its statuses tell what it lets in, so a 2xx says that it let this in.
        Evidence::WhileTold(trial) => trial::grade(case.expectation, trial, true),
        Evidence::WhileRefused(trial)
            if trial.exchanges.iter().any(|exchange| exchange.observation.is_acknowledged()) =>
        {
            Graded::by_answers(Grade::Broken, Reason::AcceptedInstead)
        }
        Evidence::WhileRefused(_) => Graded::by_answers(Grade::Skipped, Reason::Skipped(Skip::PlainEventRefused)),
        Evidence::Reviewed(review) => review::grade(review),
        Evidence::Missing(skip) => {
            let graded = Graded::by_answers(Grade::Skipped, Reason::Skipped(skip.clone()));
            Graded { oracle: Oracle::Nothing, ..graded }
        }
    };
    Judgement {
        verdict: graded.grade.verdict(case.level),
        reason: graded.reason,
        oracle: graded.oracle,
        exchange: graded.exchange,
    }
}

/// How well a requirement is met, before its level is looked at, and by what that is known.
struct Graded {
    grade: Grade,
    reason: Reason,
    oracle: Oracle,
    /// The exchange that it rests on.
    exchange: usize,
}

impl Graded {
    fn by_answers(grade: Grade, reason: Reason) -> Self {
        Self { grade, reason, oracle: Oracle::Answers, exchange: 0 }
    }

    fn by_collector(grade: Grade, reason: Reason) -> Self {
        Self { oracle: Oracle::Collector, ..Self::by_answers(grade, reason) }
    }

    fn at(self, exchange: usize) -> Self {
        Self { exchange, ..self }
    }
}

/// How well a requirement is met, before its level is looked at: the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    /// It harms the events of others, whatever the level of what was asked.
    Harmful,
    Broken,
    Weak,
    Open,
    Skipped,
    Met,
}

impl Grade {
    fn verdict(self, level: Level) -> Verdict {
        match (self, level) {
            (Self::Met, _) => Verdict::Pass,
            (Self::Harmful, _) | (Self::Broken, Level::Must) => Verdict::Fail,
            (Self::Broken | Self::Weak, Level::Must | Level::Should) => Verdict::Lenient,
            // What is only good to know is no deviation; that it could not be seen is worth a line.
            (Self::Broken | Self::Weak, Level::Info) | (Self::Skipped, _) => Verdict::Skipped,
            (Self::Open, _) => Verdict::Inconclusive,
        }
    }
}

#[cfg(test)]
mod tests;
