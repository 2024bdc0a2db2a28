//! Counters, histograms and gauges, through the `metrics` facade. The crate's documentation lists them.

use std::sync::Arc;
use std::time::Duration;

use ::metrics::{SharedString, counter, gauge, histogram};

use super::Report;
use crate::extension::Delivery;
use crate::layer::Config;

/// The smallest number of failures at which the vendor says that a webhook is switched off.
const DEACTIVATION: u32 = 10;

pub(super) fn in_flight(config: &Config, more: f64) {
    gauge!("aircall_in_flight", "webhook" => webhook(&config.name)).increment(more);
}

pub(super) fn unauthenticated(name: &Arc<str>, more: f64) {
    gauge!("aircall_unauthenticated_bytes", "webhook" => webhook(name)).increment(more);
}

pub(super) fn handler_took(config: &Config, delivery: Option<&Delivery>, took: Duration) {
    histogram!("aircall_handler_seconds", "webhook" => webhook(&config.name), "event" => event(delivery))
        .record(took.as_secs_f64());
}

pub(super) fn report(config: &Config, report: &Report<'_>) {
    let outcome = report.outcome().kind().as_str();
    let event = event(report.delivery());
    let webhook = || webhook(&config.name);
    counter!("aircall_outcomes_total", "webhook" => webhook(), "outcome" => outcome, "event" => event.clone())
        .increment(1);
    if !report.is_late() {
        let seconds = report.elapsed().as_secs_f64();
        histogram!("aircall_answer_seconds", "webhook" => webhook(), "outcome" => outcome).record(seconds);
        if let Some(delivery) = report.delivery() {
            let bytes = delivery.body().len() as f64;
            histogram!("aircall_body_bytes", "webhook" => webhook(), "event" => event).record(bytes);
        }
    }
    let failures = config.shared.failures.in_a_row();
    gauge!("aircall_failures_in_a_row", "webhook" => webhook()).set(f64::from(failures));
    gauge!("aircall_failures_left", "webhook" => webhook()).set(f64::from(DEACTIVATION.saturating_sub(failures)));
}

fn webhook(name: &Arc<str>) -> SharedString {
    SharedString::from_shared(Arc::clone(name))
}

/// A label whose values are bounded in number, whatever a sender calls its events.
fn event(delivery: Option<&Delivery>) -> String {
    delivery.map_or("none", |delivery| delivery.event().label()).to_owned()
}
