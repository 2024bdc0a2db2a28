use std::time::Duration;

use serde::Serialize;

use super::{CaseResult, Deactivation, Report};
use crate::{
    observation::{Observation, Outcome},
    verdict::Verdict,
};

/// The number of the format. Fields may be added under the same number; none is taken away, renamed or given another
/// meaning.
pub const FORMAT: u32 = 1;

/// The JSON schema of the format.
pub const SCHEMA: &str = include_str!("../../report.schema.json");

pub(super) fn write(report: &Report) -> String {
    // Nothing in it can fail to be written: every map has text for keys, and every number is finite.
    serde_json::to_string_pretty(&Document::of(report)).unwrap_or_default()
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    tool: Tool,
    endpoint: &'a str,
    conclusion: &'static str,
    summary: String,
    counts: Counts,
    unselected: usize,
    requests: usize,
    interrupted: bool,
    timeout_ms: f64,
    latency_ms: Option<LatencyMs<'a>>,
    deactivation: Vec<DeactivationJson<'a>>,
    stale: Vec<StaleJson<'a>>,
    cases: Vec<CaseJson<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Counts {
    fail: usize,
    lenient: usize,
    inconclusive: usize,
    skipped: usize,
    pass: usize,
}

#[derive(Serialize)]
struct LatencyMs<'a> {
    count: usize,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
    slowest: &'a str,
}

#[derive(Serialize)]
struct StaleJson<'a> {
    case: &'a str,
    known: &'a str,
    verdict: &'static str,
}

#[derive(Serialize)]
struct DeactivationJson<'a> {
    profile: &'a str,
    basis: &'a str,
    rule: &'a str,
    assumptions: &'a [String],
    limit: u32,
    attempts: usize,
    highest: u32,
    switched_off: Option<SwitchedOffJson<'a>>,
    lost: &'a [String],
}

#[derive(Serialize)]
struct SwitchedOffJson<'a> {
    at_s: f64,
    attempts: usize,
    case: &'a str,
    after_run: bool,
    back_at_s: Option<f64>,
}

#[derive(Serialize)]
struct CaseJson<'a> {
    id: &'a str,
    section: &'a str,
    level: &'static str,
    verdict: &'static str,
    known: Option<&'a str>,
    reason: &'static str,
    oracle: &'static str,
    explanation: String,
    requirement: &'static str,
    source: SourceJson,
    cost: &'static str,
    remedy: &'static str,
    sent: Option<Sent<'a>>,
    received: Option<Received<'a>>,
}

#[derive(Serialize)]
struct SourceJson {
    kind: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Sent<'a> {
    request: &'a str,
    body_bytes: usize,
    connection: &'static str,
    curl: Option<String>,
}

#[derive(Serialize)]
struct Received<'a> {
    kind: &'static str,
    text: String,
    elapsed_ms: f64,
    status: Option<u16>,
    headers: Option<&'a [(String, String)]>,
    body: Option<&'a str>,
    body_bytes: Option<u64>,
    holds_token: Option<bool>,
}

impl<'a> Document<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            format: FORMAT,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            endpoint: &report.endpoint,
            conclusion: report.conclusion().code(),
            summary: report.conclusion().to_string(),
            counts: Counts {
                fail: report.count(Verdict::Fail),
                lenient: report.count(Verdict::Lenient),
                inconclusive: report.count(Verdict::Inconclusive),
                skipped: report.count(Verdict::Skipped),
                pass: report.count(Verdict::Pass),
            },
            unselected: report.unselected,
            requests: report.requests,
            interrupted: report.is_interrupted,
            timeout_ms: millis(report.timeout),
            latency_ms: report.latency.as_ref().map(|latency| LatencyMs {
                count: latency.count,
                p50: millis(latency.p50),
                p95: millis(latency.p95),
                p99: millis(latency.p99),
                max: millis(latency.max),
                slowest: &latency.slowest,
            }),
            deactivation: report.deactivations.iter().map(DeactivationJson::of).collect(),
            stale: report
                .stale
                .iter()
                .map(|stale| StaleJson { case: &stale.case, known: &stale.reason, verdict: stale.verdict.as_str() })
                .collect(),
            cases: report.results.iter().map(CaseJson::of).collect(),
        }
    }
}

impl<'a> DeactivationJson<'a> {
    fn of(deactivation: &'a Deactivation) -> Self {
        Self {
            profile: &deactivation.profile,
            basis: &deactivation.basis,
            rule: &deactivation.rule,
            assumptions: &deactivation.assumptions,
            limit: deactivation.limit,
            attempts: deactivation.meter.len(),
            highest: deactivation.meter.iter().map(|reading| reading.failures).max().unwrap_or_default(),
            switched_off: deactivation.switched_off.as_ref().map(|off| SwitchedOffJson {
                at_s: off.at.as_secs_f64(),
                attempts: off.attempts,
                case: &off.case,
                after_run: off.is_after_run,
                back_at_s: off.back_at.map(|at| at.as_secs_f64()),
            }),
            lost: &deactivation.lost,
        }
    }
}

impl<'a> CaseJson<'a> {
    fn of(result: &'a CaseResult) -> Self {
        let case = &result.case;
        let observation = result.observation();
        Self {
            id: &case.id,
            section: case.section(),
            level: case.level.as_str(),
            verdict: result.judgement.verdict.as_str(),
            known: result.known.as_deref(),
            reason: result.judgement.reason.code(),
            explanation: result.judgement.reason.to_string(),
            requirement: case.requirement,
            source: SourceJson { kind: case.source.kind(), text: case.source.to_string() },
            cost: result.cost(),
            remedy: result.remedy(),
            sent: observation.map(|observation| Sent {
                request: &observation.sent.what,
                body_bytes: observation.sent.bytes,
                connection: observation.connection.as_str(),
                curl: observation.sent.curl(),
            }),
            oracle: result.judgement.oracle.as_str(),
            received: observation.map(Received::of),
        }
    }
}

impl<'a> Received<'a> {
    fn of(observation: &'a Observation) -> Self {
        let response = observation.response();
        Self {
            kind: match observation.outcome {
                Outcome::Answered(_) => "response",
                Outcome::TimedOut(_) => "timeout",
                Outcome::Dropped(_) => "dropped",
                Outcome::Garbled(_) => "garbled",
                Outcome::Unreachable(_) => "unreachable",
                Outcome::Left => "left",
            },
            text: observation.outcome.to_string(),
            elapsed_ms: millis(observation.elapsed),
            status: response.map(|response| response.status),
            headers: response.map(|response| &*response.headers),
            body: response.map(|response| &*response.body),
            body_bytes: response.map(|response| response.body_bytes),
            holds_token: response.map(|response| response.holds_token),
        }
    }
}

/// To the microsecond.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
