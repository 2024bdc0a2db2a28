//! Counters, histograms and gauges, through the `metrics` facade. The crate's documentation lists them.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::Report;
use crate::extension::Delivery;
use crate::layer::Config;

/// The smallest number of failures at which the vendor says that a webhook is switched off.
const DEACTIVATION: u32 = 10;

pub(super) fn arrived() {
    gauge!("aircall_in_flight").increment(1.0);
}

pub(super) fn departed(config: &Config) {
    gauge!("aircall_in_flight").decrement(1.0);
    gauge!("aircall_unauthenticated_bytes").set(config.shared.budget.held() as f64);
}

pub(super) fn handler_took(delivery: Option<&Delivery>, took: Duration) {
    histogram!("aircall_handler_seconds", "event" => event(delivery)).record(took.as_secs_f64());
}

pub(super) fn report(config: &Config, report: &Report<'_>) {
    let outcome = report.outcome();
    let event = event(report.delivery());
    counter!("aircall_outcomes_total", "outcome" => outcome.kind().as_str(), "event" => event.clone()).increment(1);
    if !report.is_late() {
        histogram!("aircall_answer_seconds", "outcome" => outcome.kind().as_str())
            .record(report.elapsed().as_secs_f64());
        if let Some(delivery) = report.delivery() {
            histogram!("aircall_body_bytes", "event" => event).record(delivery.body().len() as f64);
        }
    }
    let failures = config.shared.failures.in_a_row();
    gauge!("aircall_failures_in_a_row").set(f64::from(failures));
    gauge!("aircall_failures_left").set(f64::from(DEACTIVATION.saturating_sub(failures)));
}

/// A label whose values are bounded in number, whatever a sender calls its events.
fn event(delivery: Option<&Delivery>) -> String {
    delivery.map_or("none", |delivery| delivery.event().label()).to_owned()
}
