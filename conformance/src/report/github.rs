//! Annotations for GitHub Actions: workflow commands, one a line, which the runner reads from standard output.

use std::fmt::Write;

use super::{Report, Stale, finding, finding::Finding};
use crate::verdict::Verdict;

/// Of each finding there is one annotation, since GitHub shows ten of a kind and no more. What was not looked at calls for
/// nothing, and has none.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    for finding in finding::open(report) {
        let command = match finding.verdict() {
            Verdict::Fail => "error",
            Verdict::Lenient | Verdict::Inconclusive => "warning",
            _ => continue,
        };
        annotate(&mut out, command, &finding.name(), &told(&finding));
    }
    for finding in finding::accepted(report) {
        let known = finding.first().known.as_deref().unwrap_or_default();
        let text = format!("{}, which is known: {known}", finding.found());
        annotate(&mut out, "notice", &finding.name(), &text);
    }
    for stale in &report.stale {
        annotate(&mut out, "error", &stale.case, &format!("{}\nmend: {}", stale.found(), Stale::REMEDY));
    }
    let command = match report.conclusion().tone() {
        Verdict::Pass => "notice",
        Verdict::Fail => "error",
        _ => "warning",
    };
    annotate(&mut out, command, "aircall-conformance", &report.conclusion().to_string());
    out
}

fn told(finding: &Finding<'_>) -> String {
    let mut text = format!("{}: {}", finding.verdict(), finding.found());
    let mut line = |label: &str, part: &str| {
        let _ = write!(text, "\n{label}: {part}");
    };
    line("asked", finding.first().case.requirement);
    if let Some(sent) = finding.sent() {
        line("sent", &sent);
    }
    if let Some(got) = finding.got() {
        line("got", &got.told());
    }
    line("costs", finding.first().cost());
    let (label, advice) = finding.advice();
    line(label, advice);
    text
}

fn annotate(out: &mut String, command: &str, title: &str, text: &str) {
    // A property ends at a comma or a colon as well.
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    let _ = writeln!(out, "::{command} title={title}::{}", escaped(text));
}

/// A receiver that sends a line break must not be able to give the runner a command of its own.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_command() {
        let mut out = String::new();
        annotate(&mut out, "error", "a, b: 100%", "x\r\n::warning::y");
        assert_eq!(out, "::error title=a%2C b%3A 100%25::x%0D%0A::warning::y\n");
    }
}
