use std::time::Duration;

use crate::{
    case::{Case, Expectation},
    verdict::{Evidence, Exchange, Harm, Review, Skip},
};

/// What a run has seen, not yet judged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// The time that a response had to be complete.
    pub timeout: Duration,
    /// Each case and what is known about it, in the order of the plan.
    pub entries: Vec<Entry>,
    /// The case since which no honest event was acknowledged any more, to the end of the run.
    pub deaf_since: Option<String>,
    /// How many cases there are that were not selected.
    pub unselected: usize,
    /// How many requests were sent.
    pub requests: usize,
    /// Whether the run was ended before it was through.
    pub is_interrupted: bool,
    /// How many honest events were sent after hostile requests side by side.
    pub(super) probes: usize,
    pub(super) harm: Option<Harm>,
}

/// A case and what is known about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The case.
    pub case: Case,
    /// What is known about it.
    pub evidence: Evidence,
}

impl Record {
    /// Returns the honest requests of all cases with the case of each, in the order in which they were sent.
    #[must_use]
    pub fn honest(&self) -> Vec<(&Case, &Exchange)> {
        let mut honest: Vec<_> = self
            .entries
            .iter()
            .flat_map(|entry| entry.evidence.trial().into_iter().map(move |trial| (&entry.case, trial)))
            .flat_map(|(case, trial)| trial.exchanges.iter().map(move |exchange| (case, exchange)))
            .filter(|(_, exchange)| exchange.is_honest)
            .collect();
        honest.sort_by_key(|(_, exchange)| exchange.at);
        honest
    }

    /// Adds what the receiver has printed, if that could be read: where the token stood in it, if it did.
    #[must_use]
    pub fn with_output(mut self, token_in: Option<&str>) -> Self {
        for entry in &mut self.entries {
            let is_open = matches!(&entry.evidence, Evidence::Missing(Skip::NoOutput));
            if is_open && entry.case.expectation == Expectation::NoTokenInOutput {
                entry.evidence = Evidence::Reviewed(Review::TokenInOutput(token_in.map(str::to_owned)));
            }
        }
        self
    }
}
