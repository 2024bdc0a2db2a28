//! JUnit's XML, in the form that GitLab, Jenkins and the actions for GitHub read: a suite for each section, a test case for
//! each case. It knows no verdict between passed and failed: what is met weakly, left open, or known to fail is skipped, and the
//! message says so.

mod xml;

use std::time::Duration;

use super::{CaseResult, Conclusion, Report, Stale};
use crate::{catalogue::SECTIONS, verdict::Verdict};
use xml::Element;

pub(super) fn write(report: &Report) -> String {
    let mut suites: Vec<_> = SECTIONS.into_iter().filter_map(|section| suite(report, section)).collect();
    suites.extend(run(report));
    let sum = |of: fn(&Tally) -> usize| suites.iter().map(|(tally, _)| of(tally)).sum::<usize>();
    let root = Element::new("testsuites")
        .with("name", "aircall-conformance")
        .with("tests", sum(|tally| tally.tests))
        .with("failures", sum(|tally| tally.failures))
        .with("errors", sum(|tally| tally.errors))
        .with("skipped", sum(|tally| tally.skipped))
        .with("time", seconds(suites.iter().map(|(tally, _)| tally.time).sum()));
    root.holding(suites.into_iter().map(|(_, suite)| suite)).document()
}

#[derive(Default)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    time: Duration,
}

fn suite(report: &Report, section: &str) -> Option<(Tally, Element)> {
    let mut tally = Tally::default();
    let results = report.results.iter().filter(|result| result.case.section() == section);
    let cases: Vec<_> = results.map(|result| case(report, result, &mut tally)).collect();
    (!cases.is_empty()).then(|| finish(report, section, tally, cases))
}

fn finish(report: &Report, name: &str, tally: Tally, cases: Vec<Element>) -> (Tally, Element) {
    let properties = [
        property("endpoint", &report.endpoint),
        property("tool", concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"))),
    ];
    let suite = Element::new("testsuite")
        .with("name", name)
        .with("tests", tally.tests)
        .with("failures", tally.failures)
        .with("errors", tally.errors)
        .with("skipped", tally.skipped)
        .with("time", seconds(tally.time))
        .holding([Element::new("properties").holding(properties)])
        .holding(cases);
    (tally, suite)
}

/// What is true of the whole run and must not look green: it is one more suite, with one test case for each.
fn run(report: &Report) -> Option<(Tally, Element)> {
    let mut tally = Tally::default();
    let mut cases = Vec::new();
    if matches!(report.conclusion(), Conclusion::Interrupted { .. } | Conclusion::NothingJudged) {
        tally.errors += 1;
        let error = Element::new("error").with("type", report.conclusion().code());
        let error = error.with("message", report.conclusion());
        cases.push(Element::new("testcase").with("classname", "run").with("name", "complete").holding([error]));
    }
    for stale in &report.stale {
        tally.failures += 1;
        let failure = Element::new("failure").with("type", "stale").with("message", stale.found());
        let failure = failure.saying(format!("known: {}\nmend: {}", stale.reason, Stale::REMEDY));
        let name = format!("known deviation: {}", stale.case);
        cases.push(Element::new("testcase").with("classname", "run").with("name", name).holding([failure]));
    }
    tally.tests = cases.len();
    (!cases.is_empty()).then(|| finish(report, "run", tally, cases))
}

fn case(report: &Report, result: &CaseResult, tally: &mut Tally) -> Element {
    let time = result.observation().map(|observation| observation.elapsed).unwrap_or_default();
    tally.tests += 1;
    tally.time += time;
    let verdict = result.judgement.verdict;
    let found = format!("{verdict}: {}", result.judgement.reason);
    let skipped = |message: String| Element::new("skipped").with("message", message);
    let outcome = match (verdict, &result.known) {
        (Verdict::Pass, _) => None,
        (_, Some(reason)) => Some(skipped(format!("known {found}; {reason}"))),
        (Verdict::Fail, None) => {
            let failure = Element::new("failure").with("type", result.judgement.reason.code());
            Some(failure.with("message", &found).saying(told(report, result)))
        }
        (Verdict::Skipped, None) => Some(skipped(result.judgement.reason.to_string())),
        (_, None) => Some(skipped(found.clone())),
    };
    match &outcome {
        Some(element) if element.is("failure") => tally.failures += 1,
        Some(_) => tally.skipped += 1,
        None => {}
    }
    let properties = [property("level", result.case.level.as_str()), property("verdict", verdict.as_str())];
    let is_weak = matches!(verdict, Verdict::Lenient | Verdict::Inconclusive);
    Element::new("testcase")
        .with("classname", result.case.section())
        .with("name", &result.case.id)
        .with("time", seconds(time))
        .holding([Element::new("properties").holding(properties)])
        .holding(outcome)
        .holding(is_weak.then(|| Element::new("system-out").saying(told(report, result))))
}

fn told(report: &Report, result: &CaseResult) -> String {
    let finding = super::finding::Finding::one(report, result);
    let mut lines = vec![format!("asked: {}", result.case.requirement)];
    lines.extend(finding.sent().map(|sent| format!("sent: {sent}")));
    lines.extend(finding.got().map(|got| format!("got: {}", got.told())));
    let (label, advice) = finding.advice();
    lines.push(format!("costs: {}", result.cost()));
    lines.push(format!("{label}: {advice}"));
    lines.extend(finding.repeat().map(|line| format!("repeat: {line}")));
    lines.join("\n")
}

fn property(name: &str, value: &str) -> Element {
    Element::new("property").with("name", name).with("value", value)
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
