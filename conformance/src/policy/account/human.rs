//! The story of a webhook for a person: the stretches between switching off and on, then what it comes to.

use std::{fmt::Write, time::Duration};

use super::{Account, Ended};
use crate::{
    policy::{By, Entry, Happening, clock, span},
    report::wrapped,
};

pub(super) fn write(account: &Account) -> String {
    let policy = account.policy();
    let mut out = format!("deactivation of {}\n", account.endpoint);
    let basis = if policy.basis.is_empty() { String::new() } else { format!("; basis: {}", policy.basis) };
    line(&mut out, &format!("policy: {}, off after {}{basis}", policy.name, policy.rule()));
    if !policy.assumptions.is_empty() {
        let count = counted(policy.assumptions.len(), "parameter");
        line(
            &mut out,
            &format!("assumed in it: {count}, since Aircall does not publish how it counts and tries again"),
        );
    }
    out.push('\n');
    timeline(&mut out, account);
    out.push('\n');
    for sentence in
        [why(account), got(account), lost(account), unhandled(account), remedy(account)].into_iter().flatten()
    {
        line(&mut out, &sentence);
    }
    line(&mut out, &conclusion(account));
    out
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{}", wrapped(text, 80, 0, 2));
}

fn timeline(out: &mut String, account: &Account) {
    let mut stretch = Stretch::new(true);
    for entry in account.webhook.timeline() {
        let (state, text) = match entry.what {
            Happening::SwitchedOff { event, attempts } => {
                ("OFF", format!("switched off at attempt {attempts}: {}", account.event(event)))
            }
            Happening::SwitchedOn(By::Success { event }) => {
                ("ON", format!("switched on again by a success: {}", account.event(event)))
            }
            Happening::SwitchedOn(By::Hand) => ("ON", "switched on by hand".to_owned()),
            _ => {
                stretch.add(entry);
                continue;
            }
        };
        let is_on = state == "ON";
        std::mem::replace(&mut stretch, Stretch::new(is_on)).write(out, account.policy().disable_after);
        row(out, &clock(entry.at), state, &text);
    }
    stretch.write(out, account.policy().disable_after);
}

fn row(out: &mut String, time: &str, state: &str, text: &str) {
    let _ = writeln!(out, "  {time:8}  {state:3}  {}", wrapped(text, 80, 17, 17));
}

/// What happened between two switches, added up.
struct Stretch {
    is_on: bool,
    time: Option<(Duration, Duration)>,
    acknowledged: usize,
    failed: usize,
    highest: u32,
    given_up: usize,
    dropped: usize,
}

impl Stretch {
    fn new(is_on: bool) -> Self {
        Self { is_on, time: None, acknowledged: 0, failed: 0, highest: 0, given_up: 0, dropped: 0 }
    }

    fn add(&mut self, entry: &Entry) {
        self.time.get_or_insert((entry.at, entry.at)).1 = entry.at;
        match entry.what {
            Happening::Attempted { acknowledged, failures, .. } => {
                *(if acknowledged { &mut self.acknowledged } else { &mut self.failed }) += 1;
                self.highest = self.highest.max(failures);
            }
            Happening::GivenUp { .. } => self.given_up += 1,
            Happening::Dropped { .. } => self.dropped += 1,
            _ => {}
        }
    }

    fn write(self, out: &mut String, limit: u32) {
        let Some((from, to)) = self.time else { return };
        let mut parts = vec![];
        if self.acknowledged + self.failed > 0 {
            let attempts = counted(self.acknowledged + self.failed, "attempt");
            parts.push(format!("{attempts}: {} acknowledged, {} failed", self.acknowledged, self.failed));
        }
        if self.is_on {
            parts.push(format!("the counter reached {} of {limit}", self.highest));
        }
        if self.given_up > 0 {
            parts.push(format!("{} given up", counted(self.given_up, "event")));
        }
        if self.dropped > 0 {
            parts.push(format!("{} never sent", counted(self.dropped, "event")));
        }
        if to > from {
            parts.push(format!("until {}", clock(to)));
        }
        row(out, &clock(from), if self.is_on { "on" } else { "off" }, &parts.join("; "));
    }
}

/// The deliveries whose failures added up to the first switch-off.
fn why(account: &Account) -> Option<String> {
    let mut failed: Vec<usize> = vec![];
    for entry in account.webhook.timeline() {
        match entry.what {
            Happening::Attempted { acknowledged: true, .. } if account.policy().reset_on_success => failed.clear(),
            Happening::Attempted { event, acknowledged: false, .. } if !failed.contains(&event) => failed.push(event),
            Happening::SwitchedOff { .. } => {
                let names = list(failed.iter().map(|&event| account.event(event)));
                return Some(format!("switched off for failures of {}: {names}", counted(failed.len(), "event")));
            }
            _ => {}
        }
    }
    None
}

/// What came back, the most frequent first.
fn got(account: &Account) -> Option<String> {
    let mut got: Vec<_> = account.failed_with.iter().collect();
    got.sort_by_key(|&(_, times)| std::cmp::Reverse(times));
    let got: Vec<_> = got.into_iter().map(|(what, times)| format!("{what} ({})", counted(*times, "time"))).collect();
    (!got.is_empty()).then(|| format!("what failed got: {}", list(got.into_iter())))
}

fn lost(account: &Account) -> Option<String> {
    let events: Vec<_> =
        account.never_acknowledged().map(|event| format!("{} ({})", event.number, event.name)).collect();
    if events.is_empty() {
        return None;
    }
    let (count, waiting) = (events.len(), account.waiting());
    let all = format!("{}: {}", counted(count, "event"), list(events.into_iter()));
    Some(match waiting {
        0 => format!("lost for good, never acknowledged: {all}"),
        _ => format!(
            "not acknowledged: {all}; {waiting} of them still waited to be sent when it ended, {} are lost for good",
            count.saturating_sub(waiting)
        ),
    })
}

/// What the receiver's own reports say about the events that it acknowledged.
fn unhandled(account: &Account) -> Option<String> {
    let events = account.never_handled()?;
    let delivered = account.webhook.delivered();
    let names: Vec<_> = events.iter().map(|event| format!("{} ({})", event.number, event.name)).collect();
    Some(match names.len() {
        0 => format!("every acknowledged event was handled: {delivered}"),
        all if all == delivered => format!(
            "none of the {delivered} acknowledged events was reported to the collector: either they are lost for good, or \
             the receiver does not report what it handles"
        ),
        count => format!(
            "lost for good, acknowledged and never handled: {}: {}",
            counted(count, "event"),
            list(names.into_iter())
        ),
    })
}

fn remedy(account: &Account) -> Option<String> {
    (!account.webhook.is_active()).then(|| {
        "to mend: the receiver first; then switch the webhook on, on the Dashboard or with PUT /v1/webhooks/:id. Give \
         `events` along with `active`: without it, the webhook is subscribed to every event there is"
            .to_owned()
    })
}

fn conclusion(account: &Account) -> String {
    let webhook = &account.webhook;
    let (delivered, attempts) = (counted(webhook.delivered(), "event"), counted(webhook.attempts(), "attempt"));
    let early = match account.ended {
        Ended::Early => "partial, ended early: ",
        Ended::OutOfTime => "partial, its time was over: ",
        Ended::Through | Ended::SwitchedOff => "",
    };
    let verdict = match (account.switched_off_at(), webhook.is_active()) {
        (None, _) => format!("never switched off in {}", span(account.time)),
        (Some(at), true) => format!("switched off after {}, and on again by itself", span(at)),
        (Some(at), false) if account.ended == Ended::SwitchedOff || account.ended == Ended::Through => {
            format!("switched off after {}, and not on again by itself", span(at))
        }
        (Some(at), false) => format!("switched off after {}, and still off", span(at)),
    };
    format!("{early}{verdict}; {delivered} acknowledged in {attempts}")
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// As many as can be read; the JSON report has all of them.
fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown}, and {more} more") }
}
