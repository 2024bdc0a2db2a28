//! What is told about a run: one value, which every format reads.

mod conclusion;
mod deactivation;
mod comparison;
mod finding;
mod known;
mod latency;
mod layout;
mod remedy;
mod words;
mod human;
mod json;
mod junit;
mod github;
mod markdown;
mod html;

use std::time::Duration;

pub use comparison::{CaseChange, Change, Comparison, LatencyChange, Snapshot, UnreadableReport};
pub use conclusion::{Conclusion, Met};
pub use deactivation::{Deactivation, Forecast, Reading, SwitchedOff};
pub(crate) use human::wrapped;
pub use json::{FORMAT as JSON_FORMAT, SCHEMA as JSON_SCHEMA};
pub use known::{InvalidKnown, Known, KnownDeviation, Stale};
pub use latency::Latency;
pub use layout::{Detail, Layout};

use crate::{
    case::{Case, Level},
    observation::Observation,
    policy,
    run::Record,
    verdict::{Evidence, Exchange, Judgement, Verdict, judge},
};

/// A run, judged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// The time that a response had to be complete.
    pub timeout: Duration,
    /// The case since which no honest event was acknowledged any more, to the end of the run.
    pub deaf_since: Option<String>,
    /// How many cases there are that were not selected.
    pub unselected: usize,
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
    /// What was said to be a known deviation and is none any more.
    pub stale: Vec<Stale>,
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
    /// Why it is accepted that the case ended so, if it is: see [`Known`].
    pub known: Option<String>,
}

impl Report {
    /// Judges a record.
    #[must_use]
    pub fn new(record: Record) -> Self {
        let result = |entry: crate::run::Entry| {
            let judgement = judge(&entry.case, &entry.evidence);
            CaseResult { case: entry.case, evidence: entry.evidence, judgement, known: None }
        };
        let honest = record.honest();
        // What is trickled takes its time by itself.
        let prompt =
            honest.iter().filter(|(case, exchange)| !case.is_patient() && exchange.observation.is_acknowledged());
        let latency =
            Latency::of(prompt.map(|(case, exchange)| (exchange.observation.elapsed, case.id.to_string())).collect());
        // What no page and no delivery shows that Aircall sends, chunks for instance, is no delivery of Aircall's.
        let aircalls = honest.into_iter().filter(|(case, _)| case.level == Level::Must && !case.is_patient());
        let deactivations = policy::forecast(&(0..).zip(aircalls).map(sent).collect::<Vec<_>>());
        let results = record.entries.into_iter().map(result).collect();
        Self {
            endpoint: record.endpoint,
            timeout: record.timeout,
            deaf_since: record.deaf_since,
            unselected: record.unselected,
            requests: record.requests,
            is_interrupted: record.is_interrupted,
            latency,
            deactivations,
            results,
            stale: vec![],
        }
    }

    /// The same with the deviations in this list accepted: they are shown with their reasons and are findings no longer.
    /// Those in the list that have not been met are [`stale`](Self::stale), and a finding.
    #[must_use]
    pub fn with_known(mut self, known: &Known) -> Self {
        known.apply(&mut self);
        self
    }

    /// Returns what Aircall would have done about this webhook, in words; `None` if no honest event was sent.
    #[must_use]
    pub fn forecast(&self) -> Option<Forecast> {
        match &self.deaf_since {
            Some(case) => Some(Forecast::deaf_since(case)),
            None => Forecast::of(&self.deactivations),
        }
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

    /// Returns the cases that ended so and are not accepted, in the order of the catalogue.
    pub fn unaccepted(&self, verdict: Verdict) -> impl Iterator<Item = &CaseResult> {
        self.with(verdict).filter(|result| result.known.is_none())
    }

    /// Returns the one-line verdict.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        Conclusion::of(self)
    }

    /// Tells whether the run was through, no case failed, and none was left open by what came back; what is accepted does
    /// not count, and what is listed and passes does.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        matches!(self.conclusion(), Conclusion::Conformant(_))
    }

    /// Returns the report for a person: 80 columns, styled with ANSI escapes, which the writer may strip.
    #[must_use]
    pub fn styled(&self, detail: Detail) -> String {
        self.laid_out(&Layout::new(detail))
    }

    /// Returns the report for a person in another layout, styled as well.
    #[must_use]
    pub fn laid_out(&self, layout: &Layout) -> String {
        human::write(self, layout)
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

    /// Returns the report as JUnit's XML. That format knows no verdict between passed and failed: what is met weakly, left
    /// open, or known to fail is skipped there, with a message that says so.
    #[must_use]
    pub fn junit(&self) -> String {
        junit::write(self)
    }

    /// Returns annotations for GitHub Actions: an error, a warning or a notice a line, to be printed in a job.
    #[must_use]
    pub fn github(&self) -> String {
        github::write(self)
    }

    /// Returns the report in Markdown, as GitHub and GitLab render it, for the summary of a job.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }

    /// Returns the report as a page in one file, which asks for nothing from anywhere.
    #[must_use]
    pub fn html(&self) -> String {
        html::write(self)
    }
}

impl CaseResult {
    /// Returns what came of the request that the verdict rests on, if one was sent.
    #[must_use]
    pub fn observation(&self) -> Option<&Observation> {
        let exchange = self.evidence.trial()?.exchanges.get(self.judgement.exchange)?;
        Some(&exchange.observation)
    }
}

/// An honest delivery, as a sender with a policy looks at it: one a second, and answered after whole seconds, so that the
/// same answers make the same forecast however fast this machine is.
fn sent((index, (case, exchange)): (u64, (&Case, &Exchange))) -> policy::Sent {
    policy::Sent {
        case: case.id.to_string(),
        acknowledged: exchange.observation.is_acknowledged(),
        at: Duration::from_secs(index),
        elapsed: Duration::from_secs(exchange.observation.elapsed.as_secs()),
    }
}
