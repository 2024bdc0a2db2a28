use std::{fmt::Write, time::Duration};

use anstyle::{AnsiColor, Effects, Style};

use super::{Change, Comparison, LatencyChange};
use crate::{report::words, verdict::Verdict};

pub(super) fn write(comparison: &Comparison) -> String {
    let mut out = String::new();
    let widest = comparison.cases.iter().map(|case| case.id.len()).max().unwrap_or_default();
    for case in &comparison.cases {
        let style = style(case.change);
        let verdict = |verdict: Option<Verdict>| verdict.map_or("-", Verdict::as_str);
        let _ = writeln!(
            out,
            "{style}{:<6}{style:#}  {:widest$}  {:>12} -> {:<12}  {}",
            case.change.as_str(),
            case.id,
            verdict(case.before),
            verdict(case.now),
            case.explanation
        );
    }
    if let Some(latency) = &comparison.latency_ms {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}latency: {}", told(latency));
    }
    let _ = writeln!(out, "\n{}", counts(comparison));
    out
}

fn told(latency: &LatencyChange) -> String {
    let pairs = [("half", latency.p50), ("95%", latency.p95), ("99%", latency.p99), ("slowest", latency.max)];
    let part = |(name, times): (&str, [f64; 2])| {
        let [before, now] = times.map(|millis| words::time(Duration::from_micros((millis * 1000.0) as u64)));
        format!("{name} {before} -> {now}")
    };
    pairs.map(part).join(", ")
}

fn counts(comparison: &Comparison) -> String {
    let changes = [Change::Worse, Change::Better, Change::Open, Change::New, Change::Gone];
    let changes = changes.map(|change| (change, comparison.count(change)));
    let mut parts: Vec<_> = changes
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(change, count)| match change {
            Change::Open => format!("{count} left open"),
            change => format!("{count} {}", change.as_str()),
        })
        .collect();
    parts.push(format!("{} as before", comparison.unchanged));
    let verdict = if comparison.is_worse() { "worse" } else { "not worse" };
    format!("{verdict}: {}", parts.join(", "))
}

fn style(change: Change) -> Style {
    match change {
        Change::Worse => AnsiColor::Red.on_default().bold(),
        Change::Better => AnsiColor::Green.on_default(),
        Change::Open => AnsiColor::Cyan.on_default(),
        Change::New | Change::Gone => Style::new().effects(Effects::DIMMED),
    }
}
