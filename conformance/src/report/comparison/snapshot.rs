use std::fmt;

use serde::Deserialize;

use crate::{report::JSON_FORMAT, verdict::Verdict};

/// What a comparison needs of a report in JSON.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The endpoint that was judged.
    pub endpoint: String,
    /// The conclusion in a sentence.
    pub summary: String,
    /// The cases, in the order of the report.
    pub(super) cases: Vec<Case>,
    #[serde(rename = "latency_ms")]
    pub(super) latency: Option<Latency>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) verdict: Verdict,
    pub(super) explanation: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Snapshot {
    /// Reads a report that [`Report::json`](crate::Report::json) has written.
    ///
    /// # Errors
    ///
    /// When the text is no such report, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, UnreadableReport> {
        let unreadable = |error: serde_json::Error| UnreadableReport::NoReport(error.to_string());
        let value: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            None => return Err(UnreadableReport::NoReport("it has no `format`".to_owned())),
            Some(format) if format != u64::from(JSON_FORMAT) => return Err(UnreadableReport::Format(format)),
            Some(_) => {}
        }
        serde_json::from_value(value).map_err(unreadable)
    }
}

/// A text is no report that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadableReport {
    /// It is no report in JSON.
    NoReport(String),
    /// It is one of this format, which is another.
    Format(u64),
}

impl fmt::Display for UnreadableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReport(error) => write!(f, "no report of `check --format json`: {error}"),
            Self::Format(format) => write!(f, "found a report of format {format}, expected format {JSON_FORMAT}"),
        }
    }
}

impl std::error::Error for UnreadableReport {}
