use std::time::Duration;

use super::{Attempt, Generated, Happening, Policy, Reply, Simulation, Subscription};
use crate::report::{Deactivation, Reading, SwitchedOff};

/// An honest delivery of a run, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The case whose event it was.
    pub case: String,
    /// Whether it was acknowledged.
    pub acknowledged: bool,
    /// When it began, since the first delivery.
    pub at: Duration,
    /// How long it took.
    pub elapsed: Duration,
}

/// Tells what Aircall would have done about a webhook with these honest deliveries, under each built-in policy.
///
/// Each delivery is taken for an event that is generated when it began. An event that failed fails again at every retry,
/// one that was acknowledged is acknowledged. After the last delivery time goes on, without other events, until nothing
/// is left to be sent.
#[must_use]
pub fn forecast(sent: &[Sent]) -> Vec<Deactivation> {
    Policy::all().into_iter().map(|policy| under(policy, sent)).collect()
}

fn under(policy: Policy, sent: &[Sent]) -> Deactivation {
    let patience = policy.attempt_timeout;
    let stream = sent.iter().map(|delivery| Generated::new(delivery.at, &*delivery.case));
    let mut sorted: Vec<_> = sent.iter().collect();
    sorted.sort_by_key(|delivery| delivery.at);
    let answer = |attempt: &Attempt| {
        let delivery = sorted[attempt.event];
        let elapsed = match attempt.number {
            1 => delivery.elapsed,
            // Whole seconds, or which retry is the last straw would hang on microseconds of the run.
            _ => Duration::from_secs(delivery.elapsed.as_secs()),
        };
        // The run may have been more patient than Aircall is; what it took for an acknowledgement stays one.
        Reply::status(if delivery.acknowledged { 204 } else { 500 }).after(elapsed.min(patience))
    };
    let mut simulation = Simulation::new(stream);
    simulation.subscribe(Subscription::new(policy), answer);
    let played = simulation.run();
    let end = sorted.last().map(|delivery| delivery.at + delivery.elapsed).unwrap_or_default();
    played
        .first()
        .map(|webhook| deactivation(webhook, &|event: usize| sorted[event].case.clone(), end))
        .unwrap_or_default()
}

fn deactivation(webhook: &Subscription, case: &dyn Fn(usize) -> String, end: Duration) -> Deactivation {
    let policy = webhook.policy();
    let mut meter: Vec<Reading> = vec![];
    let mut switched_off: Option<SwitchedOff> = None;
    for entry in webhook.timeline() {
        match entry.what {
            Happening::Attempted { event, attempt, acknowledged, failures, while_off, .. } => meter.push(Reading {
                at: entry.at,
                case: case(event),
                attempt,
                acknowledged,
                failures,
                active: !while_off,
            }),
            Happening::SwitchedOff { event, attempts } => {
                // A sender that waits for each answer before the next delivery may lag behind the run; only a retry comes after it.
                let is_retry = meter.last().is_some_and(|last| last.attempt > 1);
                if let Some(last) = meter.last_mut() {
                    last.active = false;
                }
                let off = SwitchedOff {
                    at: entry.at,
                    attempts,
                    case: case(event),
                    back_at: None,
                    is_after_run: is_retry && entry.at > end,
                };
                switched_off.get_or_insert(off);
            }
            Happening::SwitchedOn(_) => {
                if let Some(last) = meter.last_mut() {
                    last.active = true;
                }
                if let Some(off) = &mut switched_off {
                    off.back_at.get_or_insert(entry.at);
                }
            }
            _ => {}
        }
    }
    Deactivation {
        profile: policy.name.clone(),
        basis: policy.basis.clone(),
        rule: policy.rule(),
        assumptions: policy.assumptions.clone(),
        limit: policy.disable_after,
        meter,
        switched_off,
        lost: webhook.never_acknowledged().into_iter().map(case).collect(),
        run: end,
    }
}
