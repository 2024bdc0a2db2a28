use std::fmt::Write;

use super::{
    anchor,
    markup::{escaped, prose, sign},
};
use crate::{
    report::{CaseResult, Report, words::time},
    verdict::Verdict,
};

/// A row for each case, in the order of the catalogue, with a switch for each verdict.
///
/// The roles say what the elements say already: on a phone the rows are laid out as cards, and a browser takes what is not
/// laid out as a table for none.
pub(super) fn write(out: &mut String, report: &Report) {
    out.push_str("<section aria-labelledby=\"cases\"><h2 id=\"cases\">Every case</h2>\n");
    // By style sheet alone, so that it works where scripts do not.
    out.push_str("<fieldset class=\"filter\"><legend>show</legend>");
    for verdict in Verdict::ALL.into_iter().filter(|&verdict| report.count(verdict) > 0) {
        let _ = write!(
            out,
            "<label class=\"{verdict}\"><input type=\"checkbox\" id=\"show-{verdict}\" checked> {verdict} ({})</label>",
            report.count(verdict)
        );
    }
    out.push_str(
        "</fieldset>\n<div class=\"card cases\"><table role=\"table\"><thead><tr role=\"row\"><th scope=\"col\">verdict</th><th \
         scope=\"col\">case</th><th scope=\"col\">answer</th><th scope=\"col\" \
         class=\"number\">time</th></tr></thead><tbody>\n",
    );
    for result in &report.results {
        row(out, result);
    }
    out.push_str("</tbody></table></div></section>\n");
}

fn row(out: &mut String, result: &CaseResult) {
    let verdict = result.judgement.verdict;
    let known = if result.known.is_some() { " (known)" } else { "" };
    let observation = result.observation();
    let answer = match observation {
        Some(observation) => observation.outcome.to_string(),
        None => result.judgement.reason.to_string(),
    };
    let _ = writeln!(
        out,
        "<tr role=\"row\" class=\"{verdict}\" id=\"{}\"><td role=\"cell\"><span class=\"badge\">{} {verdict}{known}</span></td><th \
         scope=\"row\" role=\"rowheader\">{} <span class=\"quiet level\">({})</span><small>{}</small></th><td role=\"cell\">{}</td><td \
         role=\"cell\" class=\"number\">{}</td></tr>",
        anchor(result),
        sign(verdict),
        escaped(&result.case.id),
        result.case.level,
        prose(result.case.requirement),
        escaped(&answer),
        observation.map_or_else(String::new, |observation| time(observation.elapsed)),
    );
}

/// The rules that hide the rows of a verdict when its switch is off.
pub(super) fn rules() -> String {
    let rule = |verdict| format!("main:has(#show-{verdict}:not(:checked)) tr.{verdict} {{ display: none; }}\n");
    Verdict::ALL.map(rule).concat()
}
