use std::fmt::Write;

use super::markup::{escaped, prose};
use crate::{
    report::{Report, Stale, finding, finding::Finding},
    verdict::Verdict,
};

/// What has to be mended, then what is known, then what was not looked at.
pub(super) fn write(out: &mut String, report: &Report) {
    let (skipped, open): (Vec<_>, Vec<_>) =
        finding::open(report).into_iter().partition(|finding| finding.verdict() == Verdict::Skipped);
    if !open.is_empty() || !report.stale.is_empty() {
        out.push_str("<section aria-labelledby=\"findings\"><h2 id=\"findings\">What has to be mended</h2>\n");
        for finding in &open {
            write_finding(out, finding);
        }
        for stale in &report.stale {
            write_stale(out, stale);
        }
        out.push_str("</section>\n");
    }
    let accepted = finding::accepted(report);
    notes(out, "known", "Known and accepted", &accepted, |finding| {
        let reason = finding.first().known.as_deref().unwrap_or_default();
        format!(
            "{}: {} <span class=\"quiet\">— {}</span>",
            finding.verdict(),
            escaped(reason),
            escaped(&finding.found())
        )
    });
    notes(out, "skipped", "Not looked at", &skipped, |finding| escaped(&finding.found()));
}

fn write_finding(out: &mut String, finding: &Finding<'_>) {
    let verdict = finding.verdict();
    let _ = writeln!(
        out,
        "<article class=\"card finding {verdict}\"><h3><span class=\"badge\">{verdict}</span> {}</h3>\n<dl>",
        escaped(&finding.name())
    );
    let mut row = |label: &str, html: &str| {
        let class = if label == "found" { " class=\"strong\"" } else { "" };
        let _ = writeln!(out, "<dt>{label}</dt><dd{class}>{html}</dd>");
    };
    row("found", &escaped(&finding.found()));
    row("asked", &prose(finding.first().case.requirement));
    if let Some(sent) = finding.sent() {
        row("sent", &escaped(&sent));
    }
    if let Some(note) = finding.note() {
        row("note", &prose(note));
    }
    if let Some(got) = finding.got() {
        let excerpt = got.excerpt.map_or_else(String::new, |text| format!(": <code>{}</code>", escaped(&text)));
        row("got", &format!("{}{excerpt}", escaped(&got.outcome)));
    }
    row("costs", &prose(finding.first().cost()));
    let (label, advice) = finding.advice();
    row(label, &prose(advice));
    if let Some(line) = finding.repeat() {
        // What scrolls must be reachable by the keyboard.
        row(
            "repeat",
            &format!(
                "<div class=\"line\"><pre tabindex=\"0\" role=\"group\" aria-label=\"a line for a shell\">{}</pre><button type=\"button\" class=\"copy\" \
                 hidden>copy</button></div>",
                escaped(&line)
            ),
        );
    }
    out.push_str("</dl></article>\n");
}

fn write_stale(out: &mut String, stale: &Stale) {
    let _ = writeln!(
        out,
        "<article class=\"card finding fail\"><h3><span class=\"badge\">stale</span> {}</h3>\n<dl><dt>found</dt><dd \
         class=\"strong\">{}</dd><dt>known</dt><dd>{}</dd><dt>mend</dt><dd>{}</dd></dl></article>",
        escaped(&stale.case),
        escaped(&stale.found()),
        escaped(&stale.reason),
        prose(Stale::REMEDY)
    );
}

fn notes(out: &mut String, id: &str, title: &str, findings: &[Finding<'_>], told: impl Fn(&Finding<'_>) -> String) {
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{title}</h2>\n<ul class=\"card notes\">");
    for finding in findings {
        let _ = writeln!(out, "<li>{}: {}</li>", escaped(&finding.name()), told(finding));
    }
    out.push_str("</ul></section>\n");
}
