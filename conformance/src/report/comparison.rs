//! What has changed between two reports.

mod human;
mod snapshot;

use serde::Serialize;

pub use snapshot::{Snapshot, UnreadableReport};

use crate::verdict::Verdict;
use snapshot::{Case, Latency};

/// What has changed between two reports, the worse first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The cases that ended otherwise, or are in one of the reports only.
    pub cases: Vec<CaseChange>,
    /// How many cases ended the same.
    pub unchanged: usize,
    /// How long the acknowledgements took; `None` unless both reports tell.
    pub latency_ms: Option<LatencyChange>,
}

/// A case that did not end as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CaseChange {
    /// The id of the case.
    pub id: String,
    /// What has become of it.
    pub change: Change,
    /// How it ended before, if it was there.
    pub before: Option<Verdict>,
    /// How it ended now, if it is there.
    pub now: Option<Verdict>,
    /// What that rests on, now or at last.
    pub explanation: String,
}

/// What has become of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Change {
    /// It is met less well, or is not known to be met any more.
    Worse,
    /// It is met better, or is known to be met now.
    Better,
    /// It was not met as it should be, and now it is not known; or it was not known before for another reason.
    Open,
    /// It was not in the report before.
    New,
    /// It is in the report no longer.
    Gone,
}

/// How long the acknowledgements took, in milliseconds, before and now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LatencyChange {
    /// Half of them took no longer.
    pub p50: [f64; 2],
    /// 95 of 100 took no longer.
    pub p95: [f64; 2],
    /// 99 of 100 took no longer.
    pub p99: [f64; 2],
    /// None took longer.
    pub max: [f64; 2],
}

impl Comparison {
    /// Compares two reports.
    #[must_use]
    pub fn new(before: &Snapshot, now: &Snapshot) -> Self {
        let find = |snapshot: &Snapshot, id: &str| snapshot.cases.iter().find(|case| case.id == id).cloned();
        let mut pairs: Vec<_> = now.cases.iter().map(|case| (find(before, &case.id), Some(case.clone()))).collect();
        let gone = before.cases.iter().filter(|case| find(now, &case.id).is_none());
        pairs.extend(gone.map(|case| (Some(case.clone()), None)));
        let total = pairs.len();
        let mut cases: Vec<_> = pairs.into_iter().filter_map(|(before, now)| CaseChange::of(before, now)).collect();
        cases.sort_by_key(|change| change.change);
        let latency_ms = before.latency.zip(now.latency).map(LatencyChange::of);
        Self { unchanged: total - cases.len(), cases, latency_ms }
    }

    /// Tells whether any case has become worse. One that is new does not count: it was not better before.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.count(Change::Worse) > 0
    }

    /// Returns how many cases have changed so.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        self.cases.iter().filter(|case| case.change == change).count()
    }

    /// Returns the comparison for a person, styled with ANSI escapes, which the writer may strip.
    #[must_use]
    pub fn styled(&self) -> String {
        human::write(self)
    }

    /// Returns the comparison for a program.
    #[must_use]
    pub fn json(&self) -> String {
        // Nothing in it can fail to be written: there are no maps, and every number is finite.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl CaseChange {
    fn of(before: Option<Case>, now: Option<Case>) -> Option<Self> {
        let [was, is] = [&before, &now].map(|case| case.as_ref().map(|case| case.verdict));
        let change = match (was, is) {
            (None, _) => Change::New,
            (_, None) => Change::Gone,
            (Some(was), Some(is)) => Change::between(was, is)?,
        };
        let case = now.or(before)?;
        Some(Self { id: case.id, change, before: was, now: is, explanation: case.explanation })
    }
}

impl Change {
    fn between(was: Verdict, is: Verdict) -> Option<Self> {
        /// What is not known, for whatever reason, is neither better nor worse than what is not known.
        const fn weight(verdict: Verdict) -> u8 {
            match verdict {
                Verdict::Pass => 0,
                Verdict::Skipped | Verdict::Inconclusive => 1,
                Verdict::Lenient => 2,
                Verdict::Fail => 3,
            }
        }
        match (was, is) {
            (was, is) if was == is => None,
            (was, is) if weight(is) > weight(was) => Some(Self::Worse),
            // No evidence is no improvement.
            (_, Verdict::Skipped | Verdict::Inconclusive) => Some(Self::Open),
            _ => Some(Self::Better),
        }
    }

    /// Returns the word that stands for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Open => "open",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

impl LatencyChange {
    fn of((before, now): (Latency, Latency)) -> Self {
        Self {
            p50: [before.p50, now.p50],
            p95: [before.p95, now.p95],
            p99: [before.p99, now.p99],
            max: [before.max, now.max],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(cases: &[(&str, &str)]) -> Snapshot {
        let cases: Vec<_> = cases
            .iter()
            .map(|(id, verdict)| format!(r#"{{"id":"{id}","verdict":"{verdict}","explanation":"because {id}"}}"#))
            .collect();
        let text =
            format!(r#"{{"format":1,"endpoint":"e","summary":"s","latency_ms":null,"cases":[{}]}}"#, cases.join(","));
        Snapshot::from_json(&text).unwrap()
    }

    #[test]
    fn the_worse_comes_first_and_what_is_not_known_is_not_better() {
        let before = snapshot(&[
            ("a", "pass"),
            ("b", "fail"),
            ("c", "fail"),
            ("d", "pass"),
            ("e", "lenient"),
            ("f", "pass"),
            ("g", "skipped"),
        ]);
        let now = snapshot(&[
            ("h", "fail"),
            ("g", "inconclusive"),
            ("f", "pass"),
            ("e", "fail"),
            ("d", "skipped"),
            ("c", "skipped"),
            ("b", "lenient"),
        ]);
        let comparison = Comparison::new(&before, &now);
        let changes: Vec<_> =
            comparison.cases.iter().map(|case| format!("{} {}", case.change.as_str(), case.id)).collect();
        assert_eq!(changes, ["worse e", "worse d", "better b", "open g", "open c", "new h", "gone a"]);
        assert_eq!(comparison.unchanged, 1);
        assert!(comparison.is_worse());
        assert!(!Comparison::new(&before, &before).is_worse());
        assert!(!Comparison::new(&snapshot(&[]), &now).is_worse(), "what is new was not better before");
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let error = |text| Snapshot::from_json(text).unwrap_err().to_string();
        assert_eq!(error(r#"{"format":2}"#), "found a report of format 2, expected format 1");
        assert_eq!(error("{}"), "no report of `check --format json`: it has no `format`");
    }
}
