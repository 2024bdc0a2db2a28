//! The report as one page: no file beside it, no request, and nothing that runs but the few lines that copy a line.

mod deactivation;
mod findings;
mod latency;
mod markup;
mod matrix;
mod table;

use std::fmt::Write;

use super::{CaseResult, Report};
use crate::verdict::Verdict;
use markup::{escaped, sign};

pub(super) fn write(report: &Report) -> String {
    let mut out = head(report);
    header(&mut out, report);
    out.push_str("<main>\n");
    findings::write(&mut out, report);
    matrix::write(&mut out, report);
    latency::write(&mut out, report);
    deactivation::write(&mut out, report);
    table::write(&mut out, report);
    out.push_str("</main>\n");
    let _ = writeln!(
        out,
        "<footer>{} {}, which is no product of Aircall. What nobody outside Aircall knows is an assumption here \
         too.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    );
    out
}

/// Even if something from outside came through as markup, the policy would keep it from running or asking for anything.
fn head(report: &Report) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
         script-src '{SCRIPT_HASH}'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta \
         name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}: {}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n",
        report.conclusion().code(),
        escaped(&report.endpoint),
        include_str!("html/page.css"),
        table::rules(),
    )
}

fn header(out: &mut String, report: &Report) {
    let conclusion = report.conclusion();
    let tone = conclusion.tone();
    let mut sentence = conclusion.to_string();
    // Elsewhere it is a line among others; here it is the title.
    if let Some(first) = sentence.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    let _ = writeln!(
        out,
        "<header>\n<p class=\"overline\">Aircall webhook conformance</p>\n<h1 class=\"{tone}\"><span class=\"sign\" \
         aria-hidden=\"true\">{}</span> {}</h1>\n<p><code>{}</code></p>\n<p class=\"quiet\">{} requests, of which each \
         had {} for its answer.</p>\n<ul class=\"counts\">",
        sign(tone),
        escaped(&sentence),
        escaped(&report.endpoint),
        report.requests,
        super::words::time(report.timeout),
    );
    for verdict in Verdict::ALL.into_iter().filter(|&verdict| report.count(verdict) > 0) {
        let _ = write!(out, "<li class=\"{verdict}\"><b>{}</b> {verdict}</li>", report.count(verdict));
    }
    out.push_str("</ul>\n</header>\n");
}

/// Where the row of a case is found on the page.
fn anchor(result: &CaseResult) -> String {
    escaped(&format!("case-{}", result.case.id))
}

const SCRIPT: &str = include_str!("html/page.js");

/// Of exactly these bytes; the test in the browser fails when they have changed and this has not.
const SCRIPT_HASH: &str = "sha256-ji8oUsP2Ac/g0aXOn0BEjAvchqFfdYvpQxBYQ2xFvhc=";
