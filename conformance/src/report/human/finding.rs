use std::fmt::Write;

use super::text::{DIM, style, wrapped};
use crate::{
    report::{Layout, Stale, finding::Finding},
    verdict::Verdict,
};

pub(super) fn write(out: &mut String, finding: &Finding<'_>, layout: &Layout) {
    let known = finding.first().known.as_deref();
    let verdict = finding.verdict();
    let style = if known.is_some() { DIM } else { style(verdict).bold() };
    let word = format!("{}{}", if known.is_some() { "KNOWN " } else { "" }, verdict.as_str().to_uppercase());
    let name = wrapped(&finding.name(), layout.width, word.len() + 2, 2);
    let _ = writeln!(out, "\n{style}{word}{style:#}  {name}");
    let mut line = |label: &str, text: &str| line(out, label, text, layout);
    if let Some(reason) = known {
        line("known", reason);
        line("found", &finding.found());
        return;
    }
    if verdict == Verdict::Skipped {
        line("why", &finding.found());
        return;
    }
    line("asked", finding.first().case.requirement);
    if let Some(sent) = finding.sent() {
        line("sent", &sent);
    }
    if let Some(note) = finding.note() {
        line("note", note);
    }
    if let Some(got) = finding.got() {
        line("got", &got.told());
    }
    line("found", &finding.found());
    line("costs", finding.first().cost());
    let (label, advice) = finding.advice();
    line(label, advice);
    if let Some(repeat) = finding.repeat() {
        // In one piece, so that it can be copied; faint, so that the eye passes over it.
        let _ = writeln!(out, "  {DIM}repeat {}{repeat}{DIM:#}", variable(layout));
    }
}

pub(super) fn write_stale(out: &mut String, stale: &Stale, layout: &Layout) {
    let style = style(Verdict::Fail).bold();
    let _ = writeln!(out, "\n{style}STALE{style:#}  {}", stale.case);
    line(out, "known", &stale.reason, layout);
    line(out, "found", &stale.found(), layout);
    line(out, "mend", Stale::REMEDY, layout);
}

/// Sets the variable that the lines use, if the token may be shown.
fn variable(layout: &Layout) -> String {
    let token = layout.token.as_ref().map(|token| token.expose().replace('\'', r"'\''"));
    token.map_or_else(String::new, |token| format!("export AIRCALL_TOKEN='{token}'; "))
}

/// One labelled line, wrapped under itself.
fn line(out: &mut String, label: &str, text: &str, layout: &Layout) {
    let label = format!("  {label:<6} ");
    let _ = writeln!(out, "{label}{}", wrapped(text, layout.width, label.len(), label.len()));
}
