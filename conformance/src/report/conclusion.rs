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
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} met", self.pass, if self.pass == 1 { "case" } else { "cases" })?;
        for (count, what) in [(self.lenient, "met weakly"), (self.inconclusive, "left open"), (self.skipped, "skipped")]
        {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

impl Conclusion {
    pub(super) fn of(report: &Report) -> Self {
        let [fail, lenient, inconclusive, skipped, pass] = Verdict::ALL.map(|verdict| report.count(verdict));
        let total = report.results.len();
        let judged = total - skipped;
        if report.is_interrupted {
            return Self::Interrupted { judged, fail, total };
        }
        if report.with(Verdict::Fail).any(|result| result.case.id == PLAIN_EVENT_CASE) {
            return Self::PlainEventRefused;
        }
        let met = Met { pass, lenient, inconclusive, skipped };
        match (fail, inconclusive) {
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
            Self::Interrupted { .. } => "interrupted",
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Conformant(met) => write!(f, "conformant: {met}"),
            Self::NothingFailed(met) => write!(f, "nothing failed, but the answers leave something open: {met}"),
            Self::PlainEventRefused => {
                f.write_str("not conformant: even the plain event is refused; mend that first, then run this again")
            }
            Self::Failing { fail, judged } => {
                write!(f, "not conformant: {fail} of {judged} cases {}", if fail == 1 { "fails" } else { "fail" })
            }
            Self::Interrupted { judged, fail, total } => {
                write!(f, "no verdict: ended after {judged} of {total} cases, of which {fail} failed")
            }
        }
    }
}
