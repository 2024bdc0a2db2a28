//! Markdown for the summary of a job, or for a comment.

use std::fmt::Write;

use super::{Report, Stale, finding, finding::Finding, words::time};
use crate::{catalogue::SECTIONS, verdict::Verdict};

pub(super) fn write(report: &Report) -> String {
    let mut out = String::from("## Aircall webhook conformance\n\n");
    let _ = writeln!(out, "{} **{}**\n", mark(report.conclusion().tone()), report.conclusion());
    let _ = writeln!(out, "{}\n", code(&report.endpoint));
    sections(&mut out, report);
    latency(&mut out, report);
    forecast(&mut out, report);
    for finding in finding::open(report) {
        write_finding(&mut out, &finding);
    }
    for finding in finding::accepted(report) {
        let known = plain(finding.first().known.as_deref().unwrap_or_default());
        let _ =
            writeln!(out, "- known {}: {}: {}: {known}", finding.verdict(), finding.name(), plain(&finding.found()));
    }
    for stale in &report.stale {
        let _ = writeln!(
            out,
            "- **stale**: {}: {} ({}). {}",
            stale.case,
            stale.found(),
            plain(&stale.reason),
            Stale::REMEDY
        );
    }
    out
}

fn sections(out: &mut String, report: &Report) {
    let _ = writeln!(out, "| section | fail | lenient | inconclusive | skipped | pass |\n|---|--:|--:|--:|--:|--:|");
    let mut row = |name: &str, count: &dyn Fn(Verdict) -> usize| {
        let counts = Verdict::ALL.map(|verdict| match count(verdict) {
            0 => "·".to_owned(),
            count => count.to_string(),
        });
        let _ = writeln!(out, "| {name} | {} |", counts.join(" | "));
    };
    for section in SECTIONS {
        row(section, &|verdict| report.with(verdict).filter(|result| result.case.section() == section).count());
    }
    row("**all**", &|verdict| report.count(verdict));
    out.push('\n');
}

fn latency(out: &mut String, report: &Report) {
    let Some(latency) = &report.latency else { return };
    let [p50, p95, p99, max, limit] = [latency.p50, latency.p95, latency.p99, latency.max, report.timeout].map(time);
    let _ = writeln!(
        out,
        "{} events acknowledged: half in {p50}, 95% in {p95}, 99% in {p99}, the slowest in {max} ({}); {limit} are \
         allowed.\n",
        latency.count, latency.slowest
    );
}

fn forecast(out: &mut String, report: &Report) {
    let Some(forecast) = report.forecast() else { return };
    let _ = writeln!(out, "{}\n", plain(&forecast.headline));
    for line in &forecast.lines {
        let _ = writeln!(out, "- {}", plain(line));
    }
    let gap = if forecast.lines.is_empty() { "" } else { "\n" };
    // Our own words, in which code stands between backticks.
    let _ = writeln!(out, "{gap}{}\n", forecast.caveat);
}

fn write_finding(out: &mut String, finding: &Finding<'_>) {
    let verdict = finding.verdict();
    if verdict == Verdict::Skipped {
        let _ = writeln!(out, "- skipped: {}: {}", finding.name(), plain(&finding.found()));
        return;
    }
    let _ = writeln!(out, "<details><summary>{} <b>{verdict}</b> {}</summary>\n", mark(verdict), finding.name());
    let mut row = |label: &str, text: &str| {
        let _ = writeln!(out, "- **{label}**: {text}");
    };
    row("asked", finding.first().case.requirement);
    if let Some(sent) = finding.sent() {
        row("sent", &plain(&sent));
    }
    if let Some(note) = finding.note() {
        row("note", note);
    }
    if let Some(got) = finding.got() {
        let excerpt = got.excerpt.as_deref().map_or_else(String::new, |excerpt| format!(": {}", code(excerpt)));
        row("got", &format!("{}{excerpt}", plain(&got.outcome)));
    }
    row("found", &plain(&finding.found()));
    row("costs", finding.first().cost());
    let (label, advice) = finding.advice();
    row(label, advice);
    if let Some(repeat) = finding.repeat() {
        let fence = fence(&repeat, 3);
        let _ = writeln!(out, "\n{fence}sh\n{repeat}\n{fence}");
    }
    let _ = writeln!(out, "\n</details>\n");
}

/// A sign beside the word, never in place of it.
const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "❌",
        Verdict::Lenient => "⚠️",
        Verdict::Inconclusive => "❔",
        Verdict::Skipped => "➖",
        Verdict::Pass => "✅",
    }
}

/// A text as it is, whatever characters stand in it.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Names of people who have nothing to do with it are not called.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '>' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A text as code in a line, between more backticks than stand in it.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let fence = fence(&text, 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(if longest == 0 { least } else { least.max(longest + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_no_markup() {
        assert_eq!(plain("<b>*x*</b> @you `a|b`\n[l](u)"), r"&lt;b\>\*x\*&lt;/b\> &#64;you \`a\|b\` \[l\](u)");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("``a`"), "``` ``a` ```");
        assert_eq!(fence("a ``` b", 3), "````");
    }
}
