use std::{fmt, time::Duration};

use crate::policy::span;

/// What Aircall would have done about this webhook, by one reading of its rules: the honest deliveries of the run, one a
/// second, played to a sender with that policy on a clock of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deactivation {
    /// The name of the policy profile (`reference-50`).
    pub profile: String,
    /// What the profile rests on, in a sentence.
    pub basis: String,
    /// What switches the webhook off, in a few words (`50 failures in a row`).
    pub rule: String,
    /// The parameters of the profile that somebody had to assume.
    pub assumptions: Vec<String>,
    /// So many failures, as the profile counts them, switch the webhook off.
    pub limit: u32,
    /// The failures counted after each attempt.
    pub meter: Vec<Reading>,
    /// When the webhook was switched off, if it was.
    pub switched_off: Option<SwitchedOff>,
    /// The cases whose events were never acknowledged, or never sent: lost for good.
    pub lost: Vec<String>,
    /// How long the run took, on the sender's clock; what comes later are retries.
    pub run: Duration,
}

/// The failure counter after one attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Since the first delivery, on the sender's clock.
    pub at: Duration,
    /// The case whose event was sent.
    pub case: String,
    /// Which attempt to deliver it this was, counted from 1.
    pub attempt: u32,
    /// Whether it was acknowledged.
    pub acknowledged: bool,
    /// The failures counted by then.
    pub failures: u32,
    /// Whether the webhook was on after it.
    pub active: bool,
}

/// A webhook was switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchedOff {
    /// Since the first delivery, on the sender's clock.
    pub at: Duration,
    /// How many attempts had been made.
    pub attempts: usize,
    /// The case whose event was the last straw.
    pub case: String,
    /// When it was switched on again by itself, if it was.
    pub back_at: Option<Duration>,
    /// Whether that was after the run, by retries.
    pub is_after_run: bool,
}

/// What Aircall would have done about a webhook, for a reader: the sentence that a run ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// Under how many of the profiles the webhook would have been switched off, and whether it would have come back.
    pub headline: String,
    /// When, a line for each of those profiles.
    pub lines: Vec<String>,
    /// How far that can be relied on.
    pub caveat: String,
}

impl Forecast {
    /// Of a receiver that has acknowledged nothing any more, what it acknowledged before tells nothing.
    pub(super) fn deaf_since(case: &str) -> Self {
        Self {
            headline: format!(
                "no honest event was acknowledged any more after {case}: if that lasts, Aircall switches this webhook off under \
                 every reading of its rules, and it does not come back by itself."
            ),
            lines: vec![],
            caveat: ASSUMED.to_owned(),
        }
    }

    /// Puts it into words; `None` if no honest event was sent.
    pub(super) fn of(deactivations: &[Deactivation]) -> Option<Self> {
        if deactivations.iter().all(|each| each.meter.is_empty()) {
            return None;
        }
        let off: Vec<_> = deactivations.iter().filter_map(|each| Some((each, each.switched_off.as_ref()?))).collect();
        let (all, back) = (deactivations.len(), off.iter().filter(|(_, off)| off.back_at.is_some()).count());
        let after = off.iter().filter(|(_, off)| off.is_after_run).count();
        let when = match (off.len() - after, after) {
            (0, 0) => {
                let headline =
                    format!("Aircall would have left this webhook on under all {all} readings of its rules.");
                return Some(Self { headline, lines: vec![], caveat: ASSUMED.to_owned() });
            }
            (during, 0) => format!("during this run under {during} of {all} readings of its rules"),
            (0, after) => format!("after this run, by retries that fail, under {after} of {all} readings of its rules"),
            (during, after) => format!(
                "during this run under {during} of {all} readings of its rules, and after it, by retries that fail, under \
                 {after} more"
            ),
        };
        let back = match back {
            0 => "it would not have come back by itself".to_owned(),
            back if back == off.len() => "it would have come back by itself".to_owned(),
            back => format!("it would have come back by itself under {back} of them"),
        };
        let headline = format!("Aircall would have switched this webhook off {when}; {back}:");
        let mut caveat = ASSUMED.to_owned();
        if off.iter().any(|(_, off)| off.is_after_run) {
            caveat
                .push_str(" After the run, an event that failed is taken to fail again, and no other to come between.");
        }
        Some(Self { headline, lines: off.into_iter().map(|(each, off)| each.line(off)).collect(), caveat })
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.headline)?;
        for (index, line) in self.lines.iter().enumerate() {
            write!(f, "{}{line}", if index == 0 { " " } else { "; " })?;
        }
        write!(f, "{}{}", if self.lines.is_empty() { " " } else { ". " }, self.caveat)
    }
}

impl Deactivation {
    fn line(&self, off: &SwitchedOff) -> String {
        let when = if off.is_after_run {
            let later = span(off.at.saturating_sub(self.run));
            format!("{later} after the run, at attempt {}, a retry of {}", off.attempts, off.case)
        } else {
            format!("at attempt {} of the run, {}", off.attempts, off.case)
        };
        let back = off.back_at.map(|back| format!("; on again after {}", span(back.saturating_sub(off.at))));
        format!("{} (off after {}): {when}{}", self.profile, self.rule, back.unwrap_or_default())
    }
}

/// How far a forecast can be relied on.
const ASSUMED: &str = "Each reading rests in part on assumptions; `aircall-conformance profiles` lists them.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Sent, forecast};

    fn said(acknowledged: impl Fn(u64) -> bool) -> String {
        let sent: Vec<_> = (0..60)
            .map(|number| Sent {
                case: format!("payload/{number}"),
                acknowledged: acknowledged(number),
                at: Duration::from_secs(number),
                elapsed: Duration::from_millis(5),
            })
            .collect();
        Forecast::of(&forecast(&sent)).unwrap().to_string().replace(ASSUMED, "(…)")
    }

    #[test]
    fn the_sentence_says_under_which_readings_when_and_whether_for_good() {
        assert_eq!(said(|_| true), "Aircall would have left this webhook on under all 5 readings of its rules. (…)");
        assert_eq!(
            said(|number| !(20..32).contains(&number)),
            "Aircall would have switched this webhook off during this run under 3 of 5 readings of its rules, and after it, \
             by retries that fail, under 2 more; it would not have come back by itself: exhaust-50 (off after the first \
             event that fails after all its retries): 10 h 50 min after the run, at attempt 649, a retry of payload/20; \
             reference-50 (off after 50 failures in a row): 10 min 1 s after the run, at attempt 138, a retry of \
             payload/25; strict-1 (off after the first failure): at attempt 21 of the run, payload/20; \
             tutorial-10-consecutive (off after 10 failures in a row): at attempt 30 of the run, payload/29; tutorial-10 \
             (off after 10 failures in all): at attempt 30 of the run, payload/29. (…) After the run, an event that failed \
             is taken to fail again, and no other to come between."
        );
        assert_eq!(Forecast::of(&forecast(&[])), None);
    }
}
