use std::fmt;

use serde::Deserialize;

use super::Report;
use crate::{catalogue, verdict::Verdict};

/// Deviations that somebody has accepted, each for a reason.
///
/// ```
/// use aircall_conformance::report::Known;
///
/// let known = Known::from_toml(r#"
///     [[known]]
///     case = "http/get"
///     verdict = "lenient"
///     reason = "the load balancer asks by GET whether we are alive"
/// "#)?;
/// assert_eq!(known.deviations.len(), 1);
/// # Ok::<_, aircall_conformance::report::InvalidKnown>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Known {
    /// In the order in which they were written.
    #[serde(rename = "known", default)]
    pub deviations: Vec<KnownDeviation>,
}

/// One accepted deviation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KnownDeviation {
    /// The id of the case.
    pub case: String,
    /// Why it is accepted.
    pub reason: String,
    /// The verdict that is accepted; `None` for whatever it may be.
    #[serde(default)]
    pub verdict: Option<Verdict>,
}

impl Known {
    /// Reads a list in TOML: tables `[[known]]` with `case`, `reason` and, if only one is accepted, `verdict`.
    ///
    /// # Errors
    ///
    /// When it is no such list; when a case is unknown, is there twice, or has no reason; when a verdict is none that
    /// could be accepted.
    pub fn from_toml(text: &str) -> Result<Self, InvalidKnown> {
        let known: Self = toml::from_str(text).map_err(|error| InvalidKnown::Syntax(error.to_string()))?;
        for (index, deviation) in known.deviations.iter().enumerate() {
            let case = || deviation.case.clone();
            if catalogue::find(&deviation.case).is_none() {
                return Err(InvalidKnown::UnknownCase(case()));
            }
            if known.deviations[..index].iter().any(|other| other.case == deviation.case) {
                return Err(InvalidKnown::Twice(case()));
            }
            if deviation.reason.trim().is_empty() {
                return Err(InvalidKnown::NoReason(case()));
            }
            if let Some(verdict @ (Verdict::Pass | Verdict::Skipped)) = deviation.verdict {
                return Err(InvalidKnown::NoDeviation { case: case(), verdict });
            }
        }
        Ok(known)
    }

    /// What was not looked at is neither accepted nor stale.
    pub(super) fn apply(&self, report: &mut Report) {
        for deviation in &self.deviations {
            let Some(result) = report.results.iter_mut().find(|result| *result.case.id == deviation.case) else {
                continue;
            };
            let verdict = result.judgement.verdict;
            let reason = deviation.reason.trim().to_owned();
            match deviation.verdict {
                _ if verdict == Verdict::Skipped => {}
                _ if verdict == Verdict::Pass => {
                    report.stale.push(Stale { case: deviation.case.clone(), reason, verdict });
                }
                // Verdicts are ordered from the worst to the best.
                Some(accepted) if verdict > accepted => {
                    report.stale.push(Stale { case: deviation.case.clone(), reason, verdict });
                }
                Some(accepted) if verdict < accepted => {}
                _ => result.known = Some(reason),
            }
        }
    }
}

/// A deviation that was accepted and is none any more, or a smaller one; its entry would hide the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stale {
    /// The id of the case.
    pub case: String,
    /// Why it was accepted.
    pub reason: String,
    /// How the case ended now.
    pub verdict: Verdict,
}

impl Stale {
    pub(super) const REMEDY: &str =
        "Take the entry off the list of known deviations, or have it say the verdict as it is now.";

    pub(super) fn found(&self) -> String {
        match self.verdict {
            Verdict::Pass => "listed as a known deviation, and passes".to_owned(),
            verdict => format!("listed as a known deviation, and better than listed: {verdict}"),
        }
    }
}

/// A list of known deviations cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidKnown {
    /// It is no list of known deviations in TOML.
    Syntax(String),
    /// There is no case of this id.
    UnknownCase(String),
    /// This case is there twice.
    Twice(String),
    /// There is no reason for this case.
    NoReason(String),
    /// This verdict is none that would have to be accepted.
    NoDeviation {
        /// The id of the case.
        case: String,
        /// The verdict.
        verdict: Verdict,
    },
}

impl fmt::Display for InvalidKnown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => f.write_str(error.trim_end()),
            Self::UnknownCase(case) => write!(f, "there is no case `{case}`"),
            Self::Twice(case) => write!(f, "the case {case} is there twice"),
            Self::NoReason(case) => write!(f, "the case {case} has no reason, expected one in words"),
            Self::NoDeviation { case, verdict } => {
                write!(f, "the case {case} has the verdict {verdict}, expected fail, lenient or inconclusive")
            }
        }
    }
}

impl std::error::Error for InvalidKnown {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Known::from_toml(text).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let entry = |case: &str, rest: &str| format!("[[known]]\ncase = \"{case}\"\n{rest}\n");
        let twice = entry("http/get", "reason = \"a\"").repeat(2);
        for (text, expected) in [
            (entry("token/mising", "reason = \"a\""), "there is no case `token/mising`"),
            (entry("http/get", "reason = \" \""), "the case http/get has no reason, expected one in words"),
            (twice, "the case http/get is there twice"),
            (
                entry("http/get", "reason = \"a\"\nverdict = \"pass\""),
                "the case http/get has the verdict pass, expected fail, lenient or inconclusive",
            ),
        ] {
            assert_eq!(error(&text), expected);
        }
        for text in ["known = 1", "[[known]]\ncase = \"http/get\"", "[[konwn]]"] {
            assert!(error(text).starts_with("TOML parse error at line 1"), "{}", error(text));
        }
    }
}
