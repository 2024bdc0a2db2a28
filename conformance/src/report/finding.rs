//! What calls for action, told once: the value that every format for a person reads.

use super::{CaseResult, Report, words};
use crate::{
    case::{Body, Case, Procedure},
    catalogue::SECTIONS,
    observation::{Connection, Observation},
    verdict::{Reason, Skip, Verdict},
};

/// Cases that were answered the same way and mean the same to the reader, and so have to be told once.
pub(super) struct Finding<'a> {
    report: &'a Report,
    results: Vec<&'a CaseResult>,
}

/// Returns what is not as it should be and is not accepted, what calls for action first; then what was not seen.
pub(super) fn open(report: &Report) -> Vec<Finding<'_>> {
    let verdicts = Verdict::ALL.into_iter().filter(|&verdict| verdict != Verdict::Pass);
    verdicts.flat_map(|verdict| group(report, report.unaccepted(verdict))).collect()
}

/// Returns what is not as it should be and is accepted.
pub(super) fn accepted(report: &Report) -> Vec<Finding<'_>> {
    group(report, report.results.iter().filter(|result| result.known.is_some()))
}

/// Puts together what would only be repeated; the order of the first of each group is kept.
fn group<'a>(report: &'a Report, results: impl Iterator<Item = &'a CaseResult>) -> Vec<Finding<'a>> {
    let mut findings: Vec<Finding<'a>> = Vec::new();
    for result in results {
        match findings.iter_mut().find(|finding| finding.is_like(result)) {
            Some(finding) => finding.results.push(result),
            None => findings.push(Finding::one(report, result)),
        }
    }
    findings
}

impl<'a> Finding<'a> {
    /// One case by itself.
    pub(super) fn one(report: &'a Report, result: &'a CaseResult) -> Self {
        Self { report, results: vec![result] }
    }

    /// What has not been seen, or does not tell, is alike if the reason is; what is to be mended, if it costs the same and
    /// the same came back.
    fn is_like(&self, other: &CaseResult) -> bool {
        let first = self.first();
        let came_back = |result: &CaseResult| result.observation().map(|observation| observation.outcome.to_string());
        let is_open = matches!(self.verdict(), Verdict::Inconclusive | Verdict::Skipped);
        let weight = |case: &Case| (case.section().to_owned(), case.level, case.cost);
        let costs_the_same = weight(&first.case) == weight(&other.case);
        first.judgement.verdict == other.judgement.verdict
            && first.judgement.reason == other.judgement.reason
            && first.known == other.known
            && (is_open || costs_the_same && came_back(first) == came_back(other))
    }

    pub(super) fn first(&self) -> &'a CaseResult {
        self.results[0]
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.first().judgement.verdict
    }

    /// The id and how binding it is; of several cases, so many ids as one takes in at a glance, or else how many there
    /// are in each section.
    pub(super) fn name(&self) -> String {
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

    /// What was found, in a part of a sentence.
    pub(super) fn found(&self) -> String {
        self.first().judgement.reason.to_string()
    }

    /// What was sent; of several cases, for the first.
    pub(super) fn sent(&self) -> Option<String> {
        let observation = self.first().observation()?;
        let several = self.results.len() > 1;
        let of_several = if several { format!(" (the first of {})", self.results.len()) } else { String::new() };
        let size = match observation.sent.bytes {
            0 => String::new(),
            count => format!(", {}", words::bytes(count as u64)),
        };
        Some(format!("{}{size}{of_several}", observation.sent.what))
    }

    /// How well known it is what was sent.
    pub(super) fn note(&self) -> Option<&'static str> {
        let Procedure::Send(request) = &self.first().case.procedure else { return None };
        let Body::Event(name) = request.body else { return None };
        aircall_fixtures::find(name)?.note.filter(|_| self.first().observation().is_some())
    }

    /// What came back; of several cases, for the first.
    pub(super) fn got(&self) -> Option<Got> {
        self.first().observation().map(Got::of)
    }

    /// A line for a shell that sends the same again: by curl if the body is short enough to be looked at, else by this
    /// program. A service in this process cannot be reached by either.
    pub(super) fn repeat(&self) -> Option<String> {
        let sent = &self.first().observation()?.sent;
        let case = &self.first().case;
        // Of several requests one alone would show nothing.
        let is_one = matches!(case.procedure, Procedure::Send(_));
        if let Some(curl) = sent.curl().filter(|curl| is_one && curl.chars().count() <= LONGEST) {
            return Some(curl);
        }
        let url = &self.report.endpoint;
        let id = &case.id;
        url.starts_with("http").then(|| match case.procedure {
            Procedure::Send(_) => format!("aircall-conformance send {id} '{url}'"),
            _ => format!("aircall-conformance check '{url}' --only {id}"),
        })
    }

    /// What is to be done, and the word for that: to mend it, or to settle what the answers leave open.
    pub(super) fn advice(&self) -> (&'static str, &'static str) {
        match self.verdict() {
            Verdict::Inconclusive if self.report.is_without_collector() => ("settle", SETTLE_OR_COLLECT),
            Verdict::Inconclusive => ("settle", SETTLE),
            _ => ("mend", self.first().remedy()),
        }
    }
}

impl Report {
    fn is_without_collector(&self) -> bool {
        self.results.iter().any(|result| result.judgement.reason == Reason::Skipped(Skip::NoCollector))
    }
}

/// What came back, in two parts: what we say about it, and what the receiver says.
pub(super) struct Got {
    pub(super) outcome: String,
    pub(super) excerpt: Option<String>,
}

impl Got {
    fn of(observation: &Observation) -> Self {
        // A redirect says where it leads, in the receiver's own words.
        let outcome = words::harmless(&observation.outcome.to_string());
        let mut outcome = format!("{outcome}, after {}", words::time(observation.elapsed));
        if observation.connection == Connection::Reopened {
            outcome.push_str(", over a new connection, as the old one had been closed");
        }
        let response = observation.response().filter(|response| !response.body.trim().is_empty());
        Self { outcome, excerpt: response.map(|response| words::excerpt(&response.body)) }
    }

    /// Both in a line.
    pub(super) fn told(&self) -> String {
        let excerpt = self.excerpt.as_ref().map_or_else(String::new, |excerpt| format!(": {excerpt}"));
        format!("{}{excerpt}", self.outcome)
    }
}

const SETTLE: &str = "Answer 401 or 403 to what is refused, so that it can be told from what is handled (Debian's webhook: \
                      `trigger-rule-mismatch-http-response-code`); or look up in the receiver's own records whether it \
                      handled anything that was sent here.";

const SETTLE_OR_COLLECT: &str = "Answer 401 or 403 to what is refused, so that it can be told from what is handled (Debian's \
                                 webhook: `trigger-rule-mismatch-http-response-code`); or let the handler report what it \
                                 handles, and run this with `--collector`.";

/// A line that is longer hides the finding that it belongs to.
const LONGEST: usize = 2_000;
