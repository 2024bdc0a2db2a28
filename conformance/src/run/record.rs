use std::time::Duration;

use crate::{
    case::{Case, Expectation},
    observation::Outcome,
    verdict::{Evidence, Review, Skip},
};

/// What a run has seen, not yet judged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// The time that a response had to be complete.
    pub timeout: Duration,
    /// Each case and what is known about it, in the order of the catalogue.
    pub entries: Vec<Entry>,
    /// How many requests were sent.
    pub requests: usize,
    /// Whether the run was ended before it was through.
    pub is_interrupted: bool,
    /// How many honest events were sent after hostile requests.
    pub(super) probes: usize,
    pub(super) harm: Vec<Harm>,
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

/// A hostile request after which an honest event was not acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Harm {
    pub(super) after: String,
    pub(super) outcome: Outcome,
}

impl Record {
    pub(super) fn new(endpoint: String, timeout: Duration) -> Self {
        Self { endpoint, timeout, entries: vec![], requests: 0, is_interrupted: false, probes: 0, harm: vec![] }
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
