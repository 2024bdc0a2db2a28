//! The report for a person: what calls for action first, then counts, then the one-line verdict.

mod finding;
mod table;
mod text;

use std::fmt::Write;

use super::{Conclusion, Detail, Report};
use crate::verdict::Verdict;
use finding::group;
pub(crate) use text::wrapped;
use text::{BOLD, DIM, style, time};

pub(super) fn write(report: &Report, detail: Detail) -> String {
    let mut out = format!("{BOLD}report on {}{BOLD:#}\n", report.endpoint);
    for verdict in [Verdict::Fail, Verdict::Lenient, Verdict::Inconclusive, Verdict::Skipped] {
        for finding in group(report.with(verdict)) {
            finding.write(&mut out);
        }
    }
    if detail == Detail::Everything {
        table::every_case(&mut out, report);
    }
    table::sections(&mut out, report);
    latency(&mut out, report);
    deactivation(&mut out, report);
    conclusion(&mut out, report);
    out
}

fn latency(out: &mut String, report: &Report) {
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
    let _ = writeln!(out, "\n{}", wrapped(&line, 0, 2));
}

fn deactivation(out: &mut String, report: &Report) {
    let Some(forecast) = report.forecast() else { return };
    let _ = writeln!(out, "\n{}", wrapped(&format!("deactivation: {}", forecast.headline), 0, 2));
    for line in &forecast.lines {
        let _ = writeln!(out, "  {}", wrapped(line, 2, 4));
    }
    let _ = writeln!(out, "  {DIM}{}{DIM:#}", wrapped(&forecast.caveat, 2, 2));
}

fn conclusion(out: &mut String, report: &Report) {
    let conclusion = report.conclusion();
    let verdict = match conclusion {
        Conclusion::Conformant(_) => Verdict::Pass,
        Conclusion::NothingFailed(_) | Conclusion::Interrupted { .. } => Verdict::Inconclusive,
        _ => Verdict::Fail,
    };
    let style = style(verdict).bold();
    let _ = writeln!(out, "\n{style}{}{style:#}", wrapped(&conclusion.to_string(), 0, 2));
}
