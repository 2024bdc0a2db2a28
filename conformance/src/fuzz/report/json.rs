use serde::Serialize;

use super::{Ended, Finding, FuzzReport};
use crate::fuzz::{input::Class, judge::Kind};

impl FuzzReport {
    /// Writes it for a program.
    #[must_use]
    pub fn json(&self) -> String {
        // Nothing in it can fail to be written: every map has text for keys, and every number is finite.
        serde_json::to_string_pretty(&Document {
            format: 1,
            tool: tool(),
            endpoint: &self.endpoint,
            seed: self.seed,
            valid: self.valid,
            hostile: self.hostile,
            requests: self.requests,
            open: self.open,
            tells: self.tells,
            further: self.further,
            ended: self.ended,
            elapsed_ms: self.elapsed.as_micros() as f64 / 1000.0,
            findings: self.findings.iter().map(FindingJson::of).collect(),
        })
        .unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    tool: Tool,
    endpoint: &'a str,
    seed: u64,
    valid: usize,
    hostile: usize,
    requests: usize,
    open: usize,
    tells: Option<bool>,
    further: usize,
    ended: Option<Ended>,
    elapsed_ms: f64,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    id: String,
    kind: Kind,
    is_failure: bool,
    class: Class,
    what: &'a str,
    expected: &'static str,
    got: &'a str,
    answer: &'a str,
    body: String,
    body_bytes: usize,
    packets: &'a [usize],
    curl: Option<&'a str>,
    case: usize,
    times: usize,
    is_steady: bool,
    shrunk_in: usize,
}

impl<'a> FindingJson<'a> {
    fn of(finding: &'a Finding) -> Self {
        let Finding { kind, got, answer, input, curl, case, times, is_steady, shrunk_in } = finding;
        Self {
            id: input.id(),
            kind: *kind,
            is_failure: kind.is_failure(),
            class: input.class(),
            what: input.what(),
            expected: input.class().expected(),
            got,
            answer,
            body: input.shown(),
            body_bytes: input.body().len(),
            packets: input.packets(),
            curl: curl.as_deref(),
            case: *case,
            times: *times,
            is_steady: *is_steady,
            shrunk_in: *shrunk_in,
        }
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

const fn tool() -> Tool {
    Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
}
