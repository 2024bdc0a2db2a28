use std::collections::BTreeMap;

use serde::Serialize;

use super::{Account, Event};
use crate::policy::{By, Entry, Happening};

/// The number of the format. Fields may be added under the same number; none is taken away, renamed or given another
/// meaning.
const FORMAT: u32 = 1;

pub(super) fn write(account: &Account) -> String {
    // Nothing in it can fail to be written: every map has text for keys, and every number is finite.
    serde_json::to_string_pretty(&Document::of(account)).unwrap_or_default()
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    endpoint: &'a str,
    policy: &'a str,
    rule: String,
    assumptions: &'a [String],
    ended: &'static str,
    time_s: f64,
    switched_off_at_s: Option<f64>,
    active: bool,
    came_back: bool,
    attempts: usize,
    delivered: usize,
    waiting: usize,
    failed_with: &'a BTreeMap<String, usize>,
    never_acknowledged: Vec<EventJson<'a>>,
    never_handled: Option<Vec<EventJson<'a>>>,
    timeline: Vec<EntryJson>,
}

#[derive(Serialize)]
struct EventJson<'a> {
    event: usize,
    name: &'a str,
    call_id: u64,
}

#[derive(Serialize)]
struct EntryJson {
    at_s: f64,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<usize>,
    #[serde(flatten)]
    attempt: Option<AttemptJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

#[derive(Serialize)]
struct AttemptJson {
    attempt: u32,
    acknowledged: bool,
    failures: u32,
    while_off: bool,
    duplicate: bool,
}

impl<'a> Document<'a> {
    fn of(account: &'a Account) -> Self {
        let (policy, webhook) = (account.policy(), &account.webhook);
        Self {
            format: FORMAT,
            endpoint: &account.endpoint,
            policy: &policy.name,
            rule: policy.rule(),
            assumptions: &policy.assumptions,
            ended: account.ended.as_str(),
            time_s: account.time.as_secs_f64(),
            switched_off_at_s: account.switched_off_at().map(|at| at.as_secs_f64()),
            active: webhook.is_active(),
            came_back: account.came_back(),
            attempts: webhook.attempts(),
            delivered: webhook.delivered(),
            waiting: account.waiting(),
            failed_with: &account.failed_with,
            never_acknowledged: account.never_acknowledged().map(EventJson::of).collect(),
            never_handled: account.never_handled().map(|events| events.into_iter().map(EventJson::of).collect()),
            timeline: webhook.timeline().iter().map(EntryJson::of).collect(),
        }
    }
}

impl<'a> EventJson<'a> {
    fn of(event: &'a Event) -> Self {
        Self { event: event.number, name: &event.name, call_id: event.call_id }
    }
}

impl EntryJson {
    fn of(entry: &Entry) -> Self {
        let new = |what, event: Option<usize>| Self {
            at_s: entry.at.as_secs_f64(),
            what,
            event: event.map(|event| event + 1),
            attempt: None,
            why: None,
        };
        match entry.what {
            Happening::Attempted { event, attempt, acknowledged, failures, while_off, is_duplicate } => {
                let attempt = AttemptJson { attempt, acknowledged, failures, while_off, duplicate: is_duplicate };
                Self { attempt: Some(attempt), ..new("attempted", Some(event)) }
            }
            Happening::SwitchedOff { event, .. } => new("switched-off", Some(event)),
            Happening::SwitchedOn(By::Success { event }) => {
                Self { why: Some("success"), ..new("switched-on", Some(event)) }
            }
            Happening::SwitchedOn(By::Hand) => Self { why: Some("by-hand"), ..new("switched-on", None) },
            Happening::GivenUp { event, why } => Self { why: Some(why.as_str()), ..new("given-up", Some(event)) },
            Happening::Dropped { event } => new("dropped", Some(event)),
        }
    }
}
