use std::{fmt::Write, time::Duration};

use super::markup::{escaped, prose};
use crate::report::{Deactivation, Reading, Report};

/// How the failures add up to the end of the webhook, for each reading of Aircall's rules.
pub(super) fn write(out: &mut String, report: &Report) {
    if report.deactivations.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"deactivation\"><h2 id=\"deactivation\">When the webhook would be switched off</h2>\n",
    );
    if let Some(forecast) = report.forecast() {
        let headline = forecast.headline.trim_end_matches(':');
        let _ = writeln!(
            out,
            "<p>{}.</p><p class=\"quiet\">{}</p>",
            escaped(headline.trim_end_matches('.')),
            prose(&forecast.caveat)
        );
    }
    for deactivation in &report.deactivations {
        timeline(out, deactivation);
    }
    out.push_str("</section>\n");
}

fn timeline(out: &mut String, deactivation: &Deactivation) {
    let told = told(deactivation);
    let (word, tone) =
        if deactivation.switched_off.is_some() { ("switched off", "fail") } else { ("stays on", "pass") };
    let _ = writeln!(
        out,
        "<figure class=\"card {tone}\"><h3><span class=\"badge\">{word}</span> {}</h3><p class=\"quiet\">{}</p><svg \
         height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(&deactivation.profile),
        prose(&deactivation.basis),
        escaped(&told)
    );
    meter(out, deactivation);
    let last = deactivation.meter.last().map(|reading| reading.at).unwrap_or_default();
    let _ = writeln!(
        out,
        "<text x=\"0\" y=\"{}\">first attempt</text><text x=\"100%\" y=\"{}\" text-anchor=\"end\">{} later, {} \
         attempts</text></svg>\n<figcaption>{}</figcaption></figure>",
        FLOOR + 16,
        FLOOR + 16,
        span(last),
        deactivation.meter.len(),
        escaped(&told)
    );
}

/// A bar for each attempt, as high as the failures counted by then; of very many, a bar for several.
fn meter(out: &mut String, deactivation: &Deactivation) {
    let readings = &deactivation.meter;
    let highest = readings.iter().map(|reading| reading.failures).chain([deactivation.limit, 1]).max().unwrap_or(1);
    let height = |failures: u32| f64::from(failures) / f64::from(highest) * ROOM;
    let groups: Vec<_> = readings.chunks(readings.len().div_ceil(MOST).max(1)).collect();
    let width = 100.0 / groups.len().max(1) as f64;
    for (at, group) in groups.iter().enumerate() {
        let x = at as f64 * width;
        if group.iter().any(|reading| !reading.active) {
            let _ = writeln!(
                out,
                "<rect class=\"off\" x=\"{x:.3}%\" width=\"{:.3}%\" y=\"{:.1}\" height=\"{ROOM:.1}\"/>",
                // Over the next one's edge, or the ground would shine through between them.
                width + 0.05,
                FLOOR as f64 - ROOM
            );
        }
        let Some(top) = group.iter().max_by_key(|reading| reading.failures) else { continue };
        let failed = group.iter().any(|reading| !reading.acknowledged);
        let tall = height(top.failures);
        let _ = writeln!(
            out,
            "<rect class=\"bar {}\" x=\"{x:.3}%\" width=\"{:.3}%\" y=\"{:.1}\" height=\"{tall:.1}\"><title>{}</title></rect>",
            if failed { "failed" } else { "counted" },
            width * 0.9,
            FLOOR as f64 - tall,
            escaped(&reading(top)),
        );
    }
    let y = FLOOR as f64 - height(deactivation.limit);
    let _ = writeln!(
        out,
        "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{FLOOR}\" y2=\"{FLOOR}\"/><line class=\"limit dashed\" x1=\"0\" \
         x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"limited\" x=\"0\" y=\"{:.1}\">limit: {} {}</text>",
        y - 5.0,
        deactivation.limit,
        if deactivation.limit == 1 { "failure" } else { "failures" }
    );
    if let Some(off) = groups.iter().position(|group| group.iter().any(|reading| !reading.active)) {
        end(out, off as f64 * width);
    }
}

/// A line where the webhook goes off, and the word, on the side where there is room.
fn end(out: &mut String, x: f64) {
    let (anchor, beside) = if x > 30.0 { ("end", -6) } else { ("start", 6) };
    let y = FLOOR as f64 - ROOM;
    let _ = writeln!(
        out,
        "<line class=\"limit\" x1=\"{x:.3}%\" x2=\"{x:.3}%\" y1=\"{y:.1}\" y2=\"{FLOOR}\"/><text class=\"limited marked-off\" \
         x=\"{x:.3}%\" dx=\"{beside}\" y=\"{:.1}\" text-anchor=\"{anchor}\">off</text>",
        y + 16.0
    );
}

fn reading(reading: &Reading) -> String {
    let acknowledged = if reading.acknowledged { "acknowledged" } else { "failed" };
    let active = if reading.active { "" } else { ", the webhook is off" };
    format!("{}: {acknowledged}, {} failures after {}{active}", reading.case, reading.failures, span(reading.at))
}

fn told(deactivation: &Deactivation) -> String {
    let Some(off) = &deactivation.switched_off else {
        let most = deactivation.meter.iter().map(|reading| reading.failures).max().unwrap_or_default();
        return format!("The webhook stays on: at most {most} of {} failures were counted.", deactivation.limit);
    };
    let back = match off.back_at {
        Some(back) => format!(" It comes back by itself after {}.", span(back)),
        None => " It stays off until somebody switches it on again.".to_owned(),
    };
    format!("Switched off after {} attempts, {} after the first, at {}.{back}", off.attempts, span(off.at), off.case)
}

/// A span of the sender's clock, in its two largest units.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let counted = parts.map(|(size, unit)| {
        let count = rest / size;
        rest %= size;
        (count, unit)
    });
    let shown: Vec<_> = counted.into_iter().filter(|&(count, _)| count > 0).take(2).collect();
    match shown.is_empty() {
        true => "0 s".to_owned(),
        false => shown.iter().map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" "),
    }
}

/// So many bars are told apart on a phone.
const MOST: usize = 300;
const FLOOR: usize = 130;
const ROOM: f64 = 110.0;
const HEIGHT: usize = FLOOR + 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SwitchedOff;

    /// A webhook whose every third event is refused, over so many attempts.
    #[allow(clippy::needless_update, reason = "what a picture does not show may be added to any of the three")]
    fn deactivation(limit: u32, attempts: u32) -> Deactivation {
        let (mut failures, mut meter, mut switched_off) = (0, vec![], None);
        for attempt in 0..attempts {
            let acknowledged = attempt % 3 != 0;
            failures += u32::from(!acknowledged);
            let at = Duration::from_secs(60 * u64::from(attempt));
            let active = failures < limit;
            if !active && switched_off.is_none() {
                switched_off = Some(SwitchedOff {
                    at,
                    attempts: meter.len() + 1,
                    case: "a/<b>".to_owned(),
                    back_at: None,
                    ..SwitchedOff::default()
                });
            }
            meter.push(Reading {
                at,
                case: format!("case/{attempt}"),
                acknowledged,
                failures,
                active,
                ..Reading::default()
            });
        }
        Deactivation {
            profile: "reference-50".to_owned(),
            basis: "`50`, assumed".to_owned(),
            limit,
            meter,
            switched_off,
            ..Deactivation::default()
        }
    }

    fn drawn(deactivation: &Deactivation) -> String {
        let mut out = String::new();
        timeline(&mut out, deactivation);
        out
    }

    #[test]
    fn the_end_of_a_webhook_is_told_and_drawn() {
        let text = drawn(&deactivation(10, 40));
        assert!(text.contains("Switched off after 28 attempts, 27 min after the first, at a/&lt;b&gt;."), "{text}");
        assert_eq!(text.matches("class=\"off\"").count(), 13, "{text}");
        assert_eq!(text.matches("<title>").count(), 40, "{text}");
        assert_eq!(text.matches(">off</text>").count(), 1, "{text}");
        assert!(text.contains("limit: 10 failures") && text.contains("39 min later, 40 attempts"), "{text}");
    }

    #[test]
    fn a_webhook_that_stays_on_says_how_near_it_came() {
        let text = drawn(&deactivation(50, 40));
        assert!(text.contains("stays on") && text.contains("at most 14 of 50 failures were counted"), "{text}");
        assert!(!text.contains("class=\"off\""), "{text}");
    }

    #[test]
    fn many_attempts_share_a_bar() {
        assert!(drawn(&deactivation(5000, 5000)).matches("<title>").count() <= MOST);
    }

    #[test]
    fn spans_are_told_in_two_units() {
        let told = [0, 59, 3_600, 90_061].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "59 s", "1 h", "1 d 1 h"]);
    }
}
