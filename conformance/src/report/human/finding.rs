use std::fmt::Write;

use super::text::{bytes, excerpt, style, time, wrapped};
use crate::{
    case::{Body, Case, Procedure},
    catalogue::SECTIONS,
    observation::{Connection, Observation},
    report::CaseResult,
    verdict::Verdict,
};

/// Cases that were answered the same way and mean the same to the reader, and so have to be told once.
pub(super) struct Finding<'a> {
    results: Vec<&'a CaseResult>,
}

/// Puts together what would only be repeated; the order of the first of each group is kept.
pub(super) fn group<'a>(results: impl Iterator<Item = &'a CaseResult>) -> Vec<Finding<'a>> {
    let mut findings: Vec<Finding<'a>> = Vec::new();
    for result in results {
        match findings.iter_mut().find(|finding| finding.is_like(result)) {
            Some(finding) => finding.results.push(result),
            None => findings.push(Finding { results: vec![result] }),
        }
    }
    findings
}

impl<'a> Finding<'a> {
    /// What has not been seen, or does not tell, is alike if the reason is; what is to be mended, if it costs the same and
    /// the same came back.
    fn is_like(&self, other: &CaseResult) -> bool {
        let first = self.first();
        let came_back = |result: &CaseResult| result.observation().map(|observation| observation.outcome.to_string());
        let is_open = matches!(first.judgement.verdict, Verdict::Inconclusive | Verdict::Skipped);
        let weight = |case: &Case| (case.section().to_owned(), case.level, case.cost);
        let costs_the_same = weight(&first.case) == weight(&other.case);
        first.judgement.reason == other.judgement.reason
            && (is_open || costs_the_same && came_back(first) == came_back(other))
    }

    fn first(&self) -> &'a CaseResult {
        self.results[0]
    }

    pub(super) fn write(&self, out: &mut String) {
        let first = self.first();
        let verdict = first.judgement.verdict;
        let style = style(verdict).bold();
        let word = verdict.as_str().to_uppercase();
        let _ = writeln!(out, "\n{style}{word}{style:#}  {}", wrapped(&self.name(), word.len() + 2, 2));
        if verdict == Verdict::Skipped {
            line(out, "why", &first.judgement.reason.to_string());
            return;
        }
        line(out, "asked", first.case.requirement);
        self.exchange(out);
        line(out, "found", &first.judgement.reason.to_string());
        line(out, "costs", first.cost());
        match verdict {
            Verdict::Inconclusive => line(out, "settle", SETTLE),
            _ => line(out, "mend", first.remedy()),
        }
    }

    /// The id and how binding it is; of several cases, so many ids as one takes in at a glance, or else how many there
    /// are in each section.
    fn name(&self) -> String {
        const GLANCE: usize = 15;
        let ids: Vec<_> = self.results.iter().map(|result| &*result.case.id).collect();
        let level = self.first().case.level;
        let level = match self.results.iter().all(|result| result.case.level == level) {
            true => format!(" ({level})"),
            false => String::new(),
        };
        match ids.len() {
            1 => format!("{}{level}", ids[0]),
            count if count <= GLANCE => format!("{count} cases{level}: {}", ids.join(", ")),
            count => {
                let of = |section: &str| self.results.iter().filter(|result| result.case.section() == section).count();
                let sections = SECTIONS.into_iter().map(|section| (section, of(section)));
                let sections = sections.filter(|&(_, count)| count > 0);
                let counts: Vec<_> = sections.map(|(section, count)| format!("{count} {section}")).collect();
                if counts.len() > 1 {
                    return format!("{count} cases{level}: {}", counts.join(", "));
                }
                format!("{count} cases{level}: {}, and {} more", ids[..GLANCE].join(", "), count - GLANCE)
            }
        }
    }

    /// What was sent and what came back; of several cases, for the first.
    fn exchange(&self, out: &mut String) {
        let first = self.first();
        let Some(observation) = first.observation() else { return };
        let several = self.results.len() > 1;
        let of_several = if several { format!(" (the first of {})", self.results.len()) } else { String::new() };
        let size = match observation.sent.bytes {
            0 => String::new(),
            count => format!(", {}", bytes(count as u64)),
        };
        line(out, "sent", &format!("{}{size}{of_several}", observation.sent.what));
        if let Procedure::Send(request) = &first.case.procedure
            && let Body::Event(name) = request.body
            && let Some(note) = aircall_fixtures::find(name).and_then(|event| event.note)
        {
            line(out, "note", note);
        }
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
    let label = format!("  {label:<6} ");
    let _ = writeln!(out, "{label}{}", wrapped(text, label.len(), label.len()));
}

const SETTLE: &str = "Answer 401 or 403 to what is refused, so that it can be told from what is handled; or look up in the \
                      receiver's own records whether it handled anything that was sent here.";
