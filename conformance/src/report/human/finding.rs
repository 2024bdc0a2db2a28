use std::fmt::Write;

use super::text::{BOLD, bytes, excerpt, style, time, wrapped};
use crate::{
    case::Procedure,
    observation::{Connection, Observation},
    report::CaseResult,
};

/// Cases that ask the same, were answered the same, and so have to be told once.
pub(super) struct Finding<'a> {
    results: Vec<&'a CaseResult>,
}

/// Puts together what would only be repeated; the order of the first of each group is kept.
pub(super) fn group(results: Vec<&CaseResult>) -> Vec<Finding<'_>> {
    let mut findings: Vec<Finding<'_>> = Vec::new();
    for result in results {
        match findings.iter_mut().find(|finding| finding.is_like(result)) {
            Some(finding) => finding.results.push(result),
            None => findings.push(Finding { results: vec![result] }),
        }
    }
    findings
}

impl<'a> Finding<'a> {
    fn is_like(&self, other: &CaseResult) -> bool {
        let first = self.first();
        let came_back = |result: &CaseResult| result.observation().map(|observation| observation.outcome.to_string());
        let same_reason = first.judgement.reason == other.judgement.reason;
        if !same_reason || first.case.section() != other.case.section() && first.observation().is_some() {
            return false;
        }
        first.observation().is_none() || first.case.cost == other.case.cost && came_back(first) == came_back(other)
    }

    fn first(&self) -> &'a CaseResult {
        self.results[0]
    }

    /// Writes it as one block. What calls for no action is told in two lines.
    pub(super) fn write(&self, out: &mut String, in_full: bool) {
        let first = self.first();
        let verdict = first.judgement.verdict;
        let style = style(verdict);
        let word = verdict.as_str().to_uppercase();
        let ids = self.ids();
        let _ = writeln!(out, "\n{}{word}{:#}  {}", style | BOLD, style | BOLD, wrapped(&ids, word.len() + 2, 6));
        if self.results.len() == 1 || first.observation().is_some() {
            line(out, "asked", first.case.requirement);
        }
        self.exchange(out);
        line(out, "found", &format!("{} ({})", first.judgement.reason, first.case.level));
        if in_full {
            line(out, "costs", first.case.cost);
            line(out, "mend", first.case.remedy);
        }
    }

    fn ids(&self) -> String {
        const SHOWN: usize = 12;
        let ids: Vec<_> = self.results.iter().map(|result| &*result.case.id).collect();
        match ids.len() {
            1 => ids[0].to_owned(),
            count if count <= SHOWN => format!("{count} cases: {}", ids.join(", ")),
            count => format!("{count} cases: {}, and {} more", ids[..SHOWN].join(", "), count - SHOWN),
        }
    }

    /// What was sent and what came back; of several cases, for the first.
    fn exchange(&self, out: &mut String) {
        let first = self.first();
        let (Procedure::Send(request), Some(observation)) = (&first.case.procedure, first.observation()) else {
            return;
        };
        let of_several =
            if self.results.len() > 1 { format!(" (the first of {})", self.results.len()) } else { String::new() };
        line(out, "sent", &format!("{request}, {}{of_several}", bytes(observation.sent_bytes as u64)));
        line(out, "got", &came_back(observation));
    }
}

fn came_back(observation: &Observation) -> String {
    let mut text = format!("{}, after {}", observation.outcome, time(observation.elapsed));
    if observation.connection == Connection::Reopened {
        text.push_str(", over a new connection, as the old one had been closed");
    }
    if let Some(response) = observation.response().filter(|response| !response.body.trim().is_empty()) {
        let _ = write!(text, ": {}", excerpt(&response.body));
    }
    text
}

/// One labelled line, wrapped under itself.
fn line(out: &mut String, label: &str, text: &str) {
    let label = format!("  {label:<5}  ");
    let _ = writeln!(out, "{label}{}", wrapped(text, label.len(), label.len()));
}
