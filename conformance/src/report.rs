//! What is told about a run: one value, which every format reads.

mod conclusion;
mod deactivation;
mod latency;
mod remedy;
mod human;
mod json;

use std::time::Duration;

pub use conclusion::{Conclusion, Met};
pub use deactivation::{Deactivation, Forecast, Reading, SwitchedOff};
pub(crate) use human::wrapped;
pub use json::FORMAT as JSON_FORMAT;
pub use latency::Latency;

use crate::{
    case::{Case, Expectation},
    policy,
    run::Record,
    verdict::{Evidence, Judgement, Verdict, judge},
};

/// A run, judged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// The time that a response had to be complete.
    pub timeout: Duration,
    /// How many requests were sent.
    pub requests: usize,
    /// Whether the run was ended before it was through.
    pub is_interrupted: bool,
    /// Each case with its verdict, in the order of the catalogue.
    pub results: Vec<CaseResult>,
    /// How long the acknowledgements of honest events took; `None` if there were none.
    pub latency: Option<Latency>,
    /// What Aircall would have done about this webhook, for each reading of its rules.
    pub deactivations: Vec<Deactivation>,
}

/// A case and how it ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// What is known about it.
    pub evidence: Evidence,
    /// What that means.
    pub judgement: Judgement,
}

impl Report {
    /// Judges a record.
    #[must_use]
    pub fn new(record: Record) -> Self {
        let result = |entry: crate::run::Entry| {
            let judgement = judge(&entry.case, &entry.evidence);
            CaseResult { case: entry.case, evidence: entry.evidence, judgement }
        };
        let results: Vec<_> = record.entries.into_iter().map(result).collect();
        let acknowledged = results.iter().filter(|result| result.case.expectation == Expectation::Acknowledge);
        let times = acknowledged.filter_map(|result| match &result.evidence {
            Evidence::Observed(observation) if observation.is_acknowledged() => {
                Some((observation.elapsed, result.case.id.to_string()))
            }
            _ => None,
        });
        Self {
            endpoint: record.endpoint,
            timeout: record.timeout,
            requests: record.requests,
            is_interrupted: record.is_interrupted,
            latency: Latency::of(times.collect()),
            deactivations: policy::forecast(&honest(&results)),
            results,
        }
    }

    /// Returns what Aircall would have done about this webhook, in words; `None` if no honest event was sent.
    #[must_use]
    pub fn forecast(&self) -> Option<Forecast> {
        Forecast::of(&self.deactivations)
    }

    /// Returns how many cases ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.with(verdict).count()
    }

    /// Returns the cases that ended so, in the order of the catalogue.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &CaseResult> {
        self.results.iter().filter(move |result| result.judgement.verdict == verdict)
    }

    /// Returns the one-line verdict.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        Conclusion::of(self)
    }

    /// Tells whether the run was through, no case failed, and none was left open by what came back.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        matches!(self.conclusion(), Conclusion::Conformant(_))
    }

    /// Returns the report for a person: 80 columns, styled with ANSI escapes, which the writer may strip.
    #[must_use]
    pub fn styled(&self, detail: Detail) -> String {
        human::write(self, detail)
    }

    /// Returns the report for a person, without styles.
    #[must_use]
    pub fn human(&self) -> String {
        anstream::adapter::strip_str(&self.styled(Detail::Findings)).to_string()
    }

    /// Returns the report for a program; see the README for the fields.
    #[must_use]
    pub fn json(&self) -> String {
        json::write(self)
    }
}

/// The honest deliveries, one after the other as they were sent. The hostile requests between them take no time here.
fn honest(results: &[CaseResult]) -> Vec<policy::Sent> {
    let honest = results.iter().filter(|result| result.case.expectation == Expectation::Acknowledge);
    let seen = honest.filter_map(|result| Some((result, result.observation()?)));
    seen.scan(Duration::ZERO, |at, (result, observation)| {
        let sent = policy::Sent {
            case: result.case.id.to_string(),
            acknowledged: observation.is_acknowledged(),
            at: *at,
            elapsed: observation.elapsed,
        };
        *at += observation.elapsed;
        Some(sent)
    })
    .collect()
}

/// How much a report for a person says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// What calls for action, and counts.
    #[default]
    Findings,
    /// A line for each case besides.
    Everything,
}
