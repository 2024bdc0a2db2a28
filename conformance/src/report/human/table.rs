use std::fmt::Write;

use super::text::{DIM, style};
use crate::{
    catalogue::SECTIONS,
    report::{Report, words::time},
    verdict::Verdict,
};

/// A line for each section, with a count for each verdict. Nought is shown faintly, so that the eye finds the rest.
pub(super) fn sections(out: &mut String, report: &Report) {
    let _ = writeln!(
        out,
        "\n{:16}{:>6}{:>9}{:>14}{:>9}{:>6}",
        "section", "fail", "lenient", "inconclusive", "skipped", "pass"
    );
    let has_cases = |section: &&str| report.results.iter().any(|result| result.case.section() == *section);
    for section in SECTIONS.into_iter().filter(has_cases) {
        row(out, section, |verdict| report.with(verdict).filter(|result| result.case.section() == section).count());
    }
    row(out, "all", |verdict| report.count(verdict));
}

fn row(out: &mut String, name: &str, count: impl Fn(Verdict) -> usize) {
    let _ = write!(out, "{name:16}");
    for (verdict, width) in Verdict::ALL.into_iter().zip([6, 9, 14, 9, 6]) {
        let count = count(verdict);
        let style = if count == 0 { DIM } else { style(verdict) };
        let _ = write!(out, "{style}{count:>width$}{style:#}");
    }
    out.push('\n');
}

/// A line for each case, in the order of the catalogue.
pub(super) fn every_case(out: &mut String, report: &Report) {
    out.push('\n');
    for result in &report.results {
        let verdict = result.judgement.verdict;
        let style = style(verdict);
        let _ = write!(out, "{style}{verdict:<12}{style:#}  {}", result.case.id);
        if let Some(observation) = result.observation() {
            let _ = write!(out, "  {}, {}", observation.outcome, time(observation.elapsed));
        }
        out.push('\n');
    }
}
