use std::fmt;

use super::Report;
use crate::{catalogue::PLAIN_EVENT_CASE, verdict::Verdict};

/// The one-line verdict on a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Conclusion {
    /// No case failed, and what was sent has told what it was to tell.
    Conformant(Met),
    /// No case failed, but the answers leave some of them open.
    NothingFailed(Met),
    /// The plain event was refused, so that nothing else could be judged.
    PlainEventRefused,
    /// Some cases failed.
    Failing {
        /// How many.
        fail: usize,
        /// How many were judged.
        judged: usize,
    },
    /// No case failed, but something that is listed as a known deviation is none any more.
    Stale {
        /// How many.
        stale: usize,
    },
    /// Nothing was seen of any case, so there is no verdict.
    NothingJudged,
    /// The run was ended before it was through.
    Interrupted {
        /// How many cases were judged by then.
        judged: usize,
        /// How many failed by then.
        fail: usize,
        /// How many there are.
        total: usize,
    },
}

/// What has become of the cases of a run in which none failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Met {
    /// Cases that were met as they should be.
    pub pass: usize,
    /// Cases that were met weakly.
    pub lenient: usize,
    /// Cases whose evidence did not tell.
    pub inconclusive: usize,
    /// Cases without evidence.
    pub skipped: usize,
    /// Cases that were not met, which is known and accepted; they are counted nowhere else.
    pub known: usize,
    /// Cases that were not selected.
    pub unselected: usize,
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} met", self.pass, if self.pass == 1 { "case" } else { "cases" })?;
        for (count, what) in [
            (self.lenient, "met weakly"),
            (self.inconclusive, "left open"),
            (self.skipped, "skipped"),
            (self.known, "known not to be"),
            (self.unselected, "not selected"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

impl Conclusion {
    pub(super) fn of(report: &Report) -> Self {
        let [fail, lenient, inconclusive, skipped, pass] =
            Verdict::ALL.map(|verdict| report.unaccepted(verdict).count());
        let known = report.results.iter().filter(|result| result.known.is_some()).count();
        let total = report.results.len();
        let judged = total - skipped;
        if report.is_interrupted {
            return Self::Interrupted { judged, fail, total };
        }
        // To accept that would be to accept that nothing can be judged.
        if report.with(Verdict::Fail).any(|result| result.case.id == PLAIN_EVENT_CASE) {
            return Self::PlainEventRefused;
        }
        if judged == 0 {
            return Self::NothingJudged;
        }
        let met = Met { pass, lenient, inconclusive, skipped, known, unselected: report.unselected };
        let stale = report.stale.len();
        match (fail, inconclusive) {
            (0, _) if stale > 0 => Self::Stale { stale },
            (0, 0) => Self::Conformant(met),
            (0, _) => Self::NothingFailed(met),
            _ => Self::Failing { fail, judged },
        }
    }

    /// Returns the word for it in machine-readable reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Conformant(_) => "conformant",
            Self::NothingFailed(_) => "nothing-failed",
            Self::PlainEventRefused => "plain-event-refused",
            Self::Failing { .. } => "failing",
            Self::Stale { .. } => "stale",
            Self::NothingJudged => "nothing-judged",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// Returns the verdict on a case that it is most like, for the colour of it.
    pub(super) const fn tone(&self) -> Verdict {
        match self {
            Self::Conformant(_) => Verdict::Pass,
            Self::NothingFailed(_) | Self::NothingJudged | Self::Interrupted { .. } => Verdict::Inconclusive,
            Self::PlainEventRefused | Self::Failing { .. } | Self::Stale { .. } => Verdict::Fail,
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Conformant(met) if met.unselected > 0 => write!(f, "conformant in what was selected: {met}"),
            Self::Conformant(met) => write!(f, "conformant: {met}"),
            Self::NothingFailed(met) => write!(f, "nothing failed, but the answers leave something open: {met}"),
            Self::PlainEventRefused => {
                f.write_str("not conformant: even the plain event is refused; mend that first, then run this again")
            }
            Self::Failing { fail, judged } => {
                write!(f, "not conformant: {fail} of {judged} cases {}", if fail == 1 { "fails" } else { "fail" })
            }
            Self::Stale { stale } => write!(
                f,
                "nothing failed, but {stale} {}: bring the list up to date",
                if stale == 1 { "known deviation is none any more" } else { "known deviations are none any more" }
            ),
            Self::NothingJudged => f.write_str("no verdict: nothing was seen of any case"),
            Self::Interrupted { judged, fail, total } => {
                write!(f, "no verdict: ended after {judged} of {total} cases, of which {fail} failed")
            }
        }
    }
}
