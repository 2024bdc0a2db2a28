//! The report for a person: what calls for action first, then counts, then the one-line verdict.

mod finding;
mod table;
mod text;

use std::fmt::Write;

use super::{Detail, Layout, Report, finding as findings, words::time};
pub(crate) use text::wrapped;
use text::{BOLD, DIM, style};

pub(super) fn write(report: &Report, layout: &Layout) -> String {
    let mut out = format!("{BOLD}report on {}{BOLD:#}\n", report.endpoint);
    for finding in findings::open(report) {
        finding::write(&mut out, &finding, layout);
    }
    for finding in findings::accepted(report) {
        finding::write(&mut out, &finding, layout);
    }
    for stale in &report.stale {
        finding::write_stale(&mut out, stale, layout);
    }
    if layout.detail == Detail::Everything {
        table::every_case(&mut out, report);
    }
    table::sections(&mut out, report);
    latency(&mut out, report, layout);
    deactivation(&mut out, report, layout);
    conclusion(&mut out, report, layout);
    out
}

fn latency(out: &mut String, report: &Report, layout: &Layout) {
    let limit = time(report.timeout);
    let line = match &report.latency {
        None => format!("latency: no event was acknowledged, so there is none to tell; {limit} are allowed"),
        Some(latency) => format!(
            "latency: {} {} acknowledged; half of them in {}, 95% in {}, 99% in {}, the slowest in {} ({}); {limit} are \
             allowed",
            latency.count,
            if latency.count == 1 { "event" } else { "events" },
            time(latency.p50),
            time(latency.p95),
            time(latency.p99),
            time(latency.max),
            latency.slowest,
        ),
    };
    let _ = writeln!(out, "\n{}", wrapped(&line, layout.width, 0, 2));
}

fn deactivation(out: &mut String, report: &Report, layout: &Layout) {
    let Some(forecast) = report.forecast() else { return };
    let _ = writeln!(out, "\n{}", wrapped(&format!("deactivation: {}", forecast.headline), layout.width, 0, 2));
    for line in &forecast.lines {
        let _ = writeln!(out, "  {}", wrapped(line, layout.width, 2, 4));
    }
    let _ = writeln!(out, "  {DIM}{}{DIM:#}", wrapped(&forecast.caveat, layout.width, 2, 2));
}

fn conclusion(out: &mut String, report: &Report, layout: &Layout) {
    let conclusion = report.conclusion();
    let style = style(conclusion.tone()).bold();
    let _ = writeln!(out, "\n{style}{}{style:#}", wrapped(&conclusion.to_string(), layout.width, 0, 2));
}
