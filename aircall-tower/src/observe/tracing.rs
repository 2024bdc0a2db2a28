//! One span a delivery, one event an outcome.

use ::tracing::field::{Empty, display};
use ::tracing::instrument::{Instrument, Instrumented};
use ::tracing::{debug, error, info_span, warn};

use super::Report;
use crate::acknowledgement::OutcomeKind;
use crate::extension::Delivery;
use crate::layer::Config;

/// Under which name filters find everything from here.
pub(super) const TARGET: &str = "aircall_tower";

/// The span `aircall_delivery` of one attempt.
#[derive(Clone)]
pub(crate) struct Span(::tracing::Span);

impl Span {
    pub(crate) fn new(config: &Config) -> Self {
        Self(info_span!(
            target: TARGET,
            "aircall_delivery",
            webhook = &*config.name,
            event = Empty,
            resource = Empty,
            timestamp = Empty,
            tenant = Empty,
            bytes = Empty,
            outcome = Empty,
            status = Empty,
        ))
    }

    pub(crate) fn delivery(&self, delivery: &Delivery) {
        self.0.record("event", delivery.event().as_str());
        self.0.record("resource", delivery.resource());
        self.0.record("timestamp", delivery.timestamp().unix_seconds());
        self.0.record("tenant", delivery.tenant().map(display));
        self.0.record("bytes", delivery.body().len());
    }

    pub(crate) fn outcome(&self, report: &Report<'_>) {
        let outcome = report.outcome();
        self.0.record("outcome", outcome.kind().as_str());
        let status = outcome.status().map(|status| status.as_u16());
        if !report.is_late() {
            self.0.record("status", status);
        }
        let _entered = self.0.enter();
        let elapsed_ms = u64::try_from(report.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (kind, reason, late) = (outcome.kind().description(), outcome.reason(), report.is_late());
        match outcome.kind() {
            // Nobody is going to send it again, so this may be the only place that still has it.
            OutcomeKind::NotStored if outcome.status().is_some_and(|status| status.is_success()) => {
                let body = report.delivery().map(Delivery::body_without_token);
                error!(target: TARGET, status, reason, elapsed_ms, late, body, "{kind}, and was acknowledged");
            }
            // Something that was acknowledged, or may have been honest, was not handled.
            OutcomeKind::NotStored
            | OutcomeKind::Rejected
            | OutcomeKind::Failed
            | OutcomeKind::Panicked
            | OutcomeKind::Lost
            | OutcomeKind::Oversized
            | OutcomeKind::Unreadable
            | OutcomeKind::ResolverFailed => {
                error!(target: TARGET, status, reason, elapsed_ms, late, "{kind}");
            }
            // A wrong token is how a wrong configuration shows; the others are near misses.
            OutcomeKind::Unauthenticated
            | OutcomeKind::WrongUrlSecret
            | OutcomeKind::Overloaded
            | OutcomeKind::Interrupted
            | OutcomeKind::Deferred
            | OutcomeKind::HungUp => warn!(target: TARGET, status, reason, elapsed_ms, late, "{kind}"),
            _ => debug!(target: TARGET, status, reason, elapsed_ms, late, "{kind}"),
        }
    }

    pub(crate) fn hook_panicked(&self) {
        let _entered = self.0.enter();
        error!(target: TARGET, "the on_outcome hook panicked");
    }

    pub(crate) fn instrument<F: Future>(&self, future: F) -> Instrumented<F> {
        future.instrument(self.0.clone())
    }
}
