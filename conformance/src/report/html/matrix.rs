use std::fmt::Write;

use super::{
    anchor,
    markup::{escaped, sign},
};
use crate::{catalogue::SECTIONS, report::Report, verdict::Verdict};

/// A square for each case, a row for each section.
pub(super) fn write(out: &mut String, report: &Report) {
    out.push_str(
        "<section aria-labelledby=\"matrix\"><h2 id=\"matrix\">All cases at a glance</h2>\n<div class=\"card\"><div \
         class=\"matrix\">\n",
    );
    for section in SECTIONS {
        let mut results = report.results.iter().filter(|result| result.case.section() == section).peekable();
        if results.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "<h3>{section}</h3><ul class=\"squares\">");
        for result in results {
            let (id, verdict) = (escaped(&result.case.id), result.judgement.verdict);
            let (class, known) = if result.known.is_some() { (" known", ", known") } else { ("", "") };
            let _ = write!(
                out,
                "<li><a class=\"{verdict}{class}\" href=\"#{}\" title=\"{id}\" aria-label=\"{id}: {verdict}{known}\">{}</a></li>",
                anchor(result),
                sign(verdict)
            );
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</div><ul class=\"legend\">");
    for verdict in Verdict::ALL.into_iter().filter(|&verdict| report.count(verdict) > 0) {
        let _ = write!(
            out,
            "<li class=\"{verdict}\"><span class=\"square\" aria-hidden=\"true\">{}</span>{verdict}</li>",
            sign(verdict)
        );
    }
    out.push_str("</ul></div></section>\n");
}
