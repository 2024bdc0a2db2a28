mod json;

use std::{fmt::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{
    input::{Class, Input},
    judge::Kind,
    saved::Saved,
};

/// What a fuzz run has found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FuzzReport {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// The number that everything sent was made from.
    pub seed: u64,
    /// How many valid inputs were sent, not counting honest events in between, nor what was sent to make findings smaller.
    pub valid: usize,
    /// How many hostile inputs were sent.
    pub hostile: usize,
    /// How many requests were sent in all.
    pub requests: usize,
    /// How many answers do not tell: a 2xx to a wrong token where every token gets one, or a 429.
    pub open: usize,
    /// Whether a plainly wrong token gets a 4xx; `None` if none was sent.
    pub tells: Option<bool>,
    /// What went wrong, each kind once, the worst first.
    pub findings: Vec<Finding>,
    /// How many inputs failed in yet another way, when enough had been found.
    pub further: usize,
    /// Why it ended before its time, if it did.
    pub ended: Option<Ended>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Why a run ended before all cases were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ended {
    /// The user wanted it.
    Interrupted,
    /// The time was over.
    Time,
    /// The receiver did not come back after an input.
    Harmed,
    /// The receiver left too many deliveries without an answer.
    Silent,
}

/// One way in which a receiver fails, and the smallest input that was found for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finding {
    /// What went wrong.
    pub kind: Kind,
    /// What came back.
    pub got: String,
    /// The beginning of the answer's body, the token masked; of an answer to an honest event, where that is what failed.
    pub answer: String,
    /// The smallest input that fails so.
    pub input: Input,
    /// A line for bash that sends it again, in which the token is the variable `AIRCALL_TOKEN`; `None` for what is too
    /// long for a line or no text, and for a service in this process.
    pub curl: Option<String>,
    /// The number of the case that showed it first.
    pub case: usize,
    /// How many cases have failed so.
    pub times: usize,
    /// Whether it failed again, as it did at first, whenever it was sent again.
    pub is_steady: bool,
    /// How many requests it took to make it smaller.
    pub shrunk_in: usize,
}

impl FuzzReport {
    /// Tells whether nothing was found that costs events or lets strangers in.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.findings.iter().any(|finding| finding.kind.is_failure())
    }

    /// Returns what can be kept of a finding, to be sent again later.
    #[must_use]
    pub fn saved(&self, finding: &Finding) -> Saved {
        Saved::of(finding, self.seed)
    }

    /// Writes it for a person, without styles.
    #[must_use]
    pub fn human(&self) -> String {
        anstream::adapter::strip_str(&self.styled()).to_string()
    }

    /// Writes it for a person.
    #[must_use]
    pub fn styled(&self) -> String {
        let mut out = format!("report on {}\n", self.endpoint);
        let shown = self.endpoint.split('?').next().filter(|endpoint| endpoint.contains("://"));
        for finding in &self.findings {
            // Nothing that is written to a string can fail.
            let _ = finding.write(&mut out, shown.unwrap_or("URL"));
        }
        let _ = self.conclude(&mut out);
        out
    }

    fn conclude(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\n{} valid and {} hostile inputs of seed {}, {} requests in {:.1} s",
            self.valid,
            self.hostile,
            self.seed,
            self.requests,
            self.elapsed.as_secs_f64()
        )?;
        if self.tells == Some(false) {
            writeln!(out, "a wrong token gets a 2xx here, so nobody can tell from outside who is let in")?;
        }
        if self.open > 0 {
            writeln!(out, "{} answers left open what they mean", self.open)?;
        }
        if self.further > 0 {
            writeln!(out, "{} inputs failed in yet other ways: mend these first", self.further)?;
        }
        match self.ended {
            Some(Ended::Interrupted) => writeln!(out, "no verdict on the rest: ended early")?,
            Some(Ended::Time) => writeln!(out, "ended when the time was over")?,
            Some(Ended::Harmed) => writeln!(out, "ended, since honest events are no longer acknowledged")?,
            Some(Ended::Silent) => writeln!(out, "ended, since too many deliveries were left without an answer")?,
            None => {}
        }
        let failures = self.findings.iter().filter(|finding| finding.kind.is_failure()).count();
        match (failures, self.findings.len() - failures) {
            (0, 0) => writeln!(out, "nothing found"),
            (0, weak) => writeln!(out, "nothing failed; {weak} lenient"),
            (failures, 0) => writeln!(out, "{failures} to be mended"),
            (failures, weak) => writeln!(out, "{failures} to be mended, and {weak} lenient"),
        }
    }
}

impl Finding {
    fn write(&self, out: &mut String, url: &str) -> std::fmt::Result {
        let (word, color) =
            if self.kind.is_failure() { ("FAIL", AnsiColor::Red) } else { ("LENIENT", AnsiColor::Yellow) };
        let style = Style::new().fg_color(Some(color.into())).bold();
        let Self { kind, got, input, case, .. } = self;
        writeln!(out, "\n{style}{word:7}{style:#}  {kind}: {got}")?;
        writeln!(out, "         {}", kind.explanation())?;
        let times = if self.times > 1 { format!("; {} cases in all", self.times) } else { String::new() };
        writeln!(out, "  sent      case {case}{times}: {}", input.what())?;
        let class = if input.class() == Class::Valid { "valid" } else { "hostile" };
        let body = without_runs(&input.shown());
        let shown: String = body.chars().take(LONGEST).collect();
        let rest = if shown.len() < body.len() { "…" } else { "" };
        writeln!(out, "  body      {shown}{rest}")?;
        writeln!(out, "            {class}, {} bytes{}", input.body().len(), self.how_found())?;
        writeln!(out, "  expected  {}", input.class().expected())?;
        let said = self.answer.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if !said.is_empty() {
            let rest = if said.chars().count() > SAID { "…" } else { "" };
            writeln!(out, "  answered  {}{rest}", said.chars().take(SAID).collect::<String>())?;
        }
        if let Some(curl) = self.curl.as_deref().filter(|curl| curl.len() <= 2 * LONGEST) {
            writeln!(out, "  curl      {curl}")?;
        }
        writeln!(out, "  replay    aircall-conformance replay {} {url}", input.id())
    }

    fn how_found(&self) -> String {
        match (self.is_steady, self.shrunk_in) {
            (false, _) => "; fails now and then, not each time it is sent".to_owned(),
            (true, 0) => String::new(),
            (true, 1) => "; made as small as that with 1 request".to_owned(),
            (true, requests) => format!("; made as small as that with {requests} requests"),
        }
    }
}

/// Says how often a character stands there instead of writing it that often: ten thousand brackets fill a screen.
fn without_runs(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let tail = rest.trim_start_matches(first);
        let run = (rest.len() - tail.len()) / first.len_utf8();
        if run > 24 {
            let _ = write!(out, "{first}[{run} times]");
        } else {
            out.push_str(&rest[..rest.len() - tail.len()]);
        }
        rest = tail;
    }
    out
}

/// So much of an answer is shown to a person.
const SAID: usize = 200;

/// So much of a body is shown to a person.
const LONGEST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_are_counted() {
        let body = format!("{{\"a\":{}0{}}}", "[".repeat(10_000), "]".repeat(24));
        assert_eq!(without_runs(&body), format!("{{\"a\":[[10000 times]0{}}}", "]".repeat(24)));
        assert_eq!(without_runs(&"é".repeat(30)), "é[30 times]");
    }
}
