//! What an observation means for a case: a pure function.

mod oracle;
mod reason;

use std::{fmt, time::Duration};

pub use oracle::Oracle;
pub use reason::Reason;

use crate::{
    case::{Case, Expectation, Level},
    observation::{Dropped, Observation, Outcome},
};

/// What is known about a case when the run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// What came of its own request.
    Observed(Observation),
    /// The same, from a receiver that refuses the plain event.
    WhileRefused(Observation),
    /// The same, from a receiver that does refuse a wrong token, and shows it by a 4xx.
    WhileTold(Observation),
    /// What the whole run has shown.
    Reviewed(Review),
    /// Nothing, and why.
    Missing(Skip),
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
    /// The hostile requests after which an honest event was not acknowledged, and what became of that.
    Harmed(Vec<(String, Outcome)>),
    /// The cases in whose response the token stood.
    TokenInResponses(Vec<String>),
    /// Where the token stood in what the receiver printed, if it did.
    TokenInOutput(Option<String>),
    /// Whether the endpoint was reached by `https`.
    Https(bool),
}

/// Why nothing is known about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// The plain event was not acknowledged, so no other answer means anything.
    PlainEventRefused,
    /// An honest event was no longer acknowledged after this case.
    Harmed(String),
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
    let (grade, reason) = match evidence {
        Evidence::Observed(observation) => grade_response(case.expectation, observation),
        // Its statuses tell what it lets in, so a 2xx says that it let this in.
        Evidence::WhileTold(observation) if observation.is_acknowledged() => (Grade::Broken, Reason::LetIn),
        Evidence::WhileTold(observation) => grade_response(case.expectation, observation),
        Evidence::WhileRefused(observation) if observation.is_acknowledged() => {
            (Grade::Broken, Reason::AcceptedInstead)
        }
        Evidence::WhileRefused(_) => (Grade::Unknown(Verdict::Skipped), Reason::Skipped(Skip::PlainEventRefused)),
        Evidence::Reviewed(review) => grade_review(review),
        Evidence::Missing(skip) => (Grade::Unknown(Verdict::Skipped), Reason::Skipped(skip.clone())),
    };
    let oracle = match evidence {
        Evidence::Missing(_) => Oracle::Nothing,
        Evidence::Reviewed(Review::TokenInOutput(_)) => Oracle::Output,
        _ => Oracle::Answers,
    };
    Judgement { verdict: grade.verdict(case.level), reason, oracle }
}

/// How well a requirement is met, before its level is looked at.
enum Grade {
    Met,
    Weakly,
    Broken,
    Unknown(Verdict),
}

impl Grade {
    fn verdict(self, level: Level) -> Verdict {
        match (self, level) {
            (Self::Met, _) => Verdict::Pass,
            (Self::Broken, Level::Must) => Verdict::Fail,
            (Self::Broken | Self::Weakly, Level::Must | Level::Should) => Verdict::Lenient,
            // What is only good to know is no deviation; that it could not be seen is worth a line.
            (Self::Broken | Self::Weakly, Level::Info) => Verdict::Skipped,
            (Self::Unknown(verdict), _) => verdict,
        }
    }
}

fn grade_response(expectation: Expectation, observation: &Observation) -> (Grade, Reason) {
    let response = match &observation.outcome {
        Outcome::Answered(response) => response,
        Outcome::Dropped(Dropped::Closed | Dropped::Reset) if expectation == Expectation::RefuseOrHangUp => {
            return (Grade::Met, Reason::HungUp);
        }
        // Nobody is let in, but the end of a connection looks the same as a crash.
        Outcome::Dropped(Dropped::Closed | Dropped::Reset) if expectation == Expectation::Refuse => {
            return (Grade::Weakly, Reason::HungUpInstead);
        }
        Outcome::TimedOut(_) => return (Grade::Broken, Reason::TimedOut),
        Outcome::Dropped(_) => return (Grade::Broken, Reason::Dropped),
        Outcome::Garbled(_) => return (Grade::Broken, Reason::Garbled),
        Outcome::Unreachable(_) => return (Grade::Broken, Reason::Unreachable),
    };
    match (expectation, response.status) {
        (Expectation::Acknowledge, 200..=299) => (Grade::Met, Reason::Acknowledged),
        (Expectation::Acknowledge, 300..=399) => (Grade::Broken, Reason::Redirected),
        (Expectation::Acknowledge, _) => (Grade::Broken, Reason::Refused),

        (Expectation::Survive, 200..=299) => (Grade::Met, Reason::Survived),
        (Expectation::RefuseMethod, 200..=299) => (Grade::Weakly, Reason::MethodAccepted),
        (Expectation::RefuseMethod, 501) => (Grade::Met, Reason::RefusedAsDue),
        (_, 200..=299) => (Grade::Unknown(Verdict::Inconclusive), Reason::MayBeHandled),

        // Who is sent away for coming too often has not been looked at.
        (_, 429) => (Grade::Unknown(Verdict::Inconclusive), Reason::TooOften),
        (_, 400..=499) => (Grade::Met, Reason::RefusedAsDue),
        (_, 300..=399) => (Grade::Weakly, Reason::RedirectedInstead),
        // Refused, but by an accident: what follows shows whether it did harm.
        (_, _) => (Grade::Weakly, Reason::BrokeInstead),
    }
}

fn grade_review(review: &Review) -> (Grade, Reason) {
    match review {
        Review::Slowest { elapsed, timeout } if *elapsed * 2 < *timeout => (Grade::Met, Reason::TimeToSpare),
        Review::Slowest { elapsed, .. } => (Grade::Broken, Reason::LittleTimeToSpare(*elapsed)),
        Review::Harmed(after) if after.is_empty() => (Grade::Met, Reason::Unharmed),
        Review::Harmed(after) => (Grade::Broken, Reason::Harmed(after.clone())),
        Review::TokenInResponses(cases) if cases.is_empty() => (Grade::Met, Reason::TokenNotSeen),
        Review::TokenInResponses(cases) => (Grade::Broken, Reason::TokenInResponses(cases.clone())),
        Review::TokenInOutput(None) => (Grade::Met, Reason::TokenNotSeen),
        Review::TokenInOutput(Some(line)) => (Grade::Broken, Reason::TokenInOutput(line.clone())),
        Review::Https(true) => (Grade::Met, Reason::Https),
        Review::Https(false) => (Grade::Weakly, Reason::NotHttps),
    }
}

#[cfg(test)]
mod tests;
