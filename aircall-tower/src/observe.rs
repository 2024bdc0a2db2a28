//! Seeing what happens: every report of an attempt goes through here, to the hook, to `tracing` and to `metrics`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::acknowledgement::Outcome;
use crate::extension::Delivery;
use crate::layer::Config;

#[cfg(feature = "inbox")]
pub(crate) mod inbox;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "tracing")]
pub(crate) use self::tracing::Span;

/// What the hook set with [`on_outcome`](crate::WebhookLayer::on_outcome) is told about an attempt.
///
/// Here is the place to keep what was acknowledged but not handled: the [`delivery`](Self::delivery) where there is
/// one, else the [`body`](Self::body) of whatever carried a valid token.
pub struct Report<'a> {
    outcome: &'a Outcome,
    delivery: Option<&'a Delivery>,
    body: Option<&'a Bytes>,
    elapsed: Duration,
    late: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(
        outcome: &'a Outcome,
        delivery: Option<&'a Delivery>,
        body: Option<&'a Bytes>,
        elapsed: Duration,
        late: bool,
    ) -> Self {
        Self { outcome, delivery, body, elapsed, late }
    }

    /// Returns how the attempt ended, or what it has come to.
    #[must_use]
    pub fn outcome(&self) -> &'a Outcome {
        self.outcome
    }

    /// Returns the delivery, if it got as far as being one.
    #[must_use]
    pub fn delivery(&self) -> Option<&'a Delivery> {
        self.delivery
    }

    /// Returns the body, **with the token in it**, or as much of it as was held.
    ///
    /// It is there for deliveries, for whatever else carried a valid token, and where the token could not be looked up.
    /// A stranger's body is not kept, nor what had arrived when a sender hung up in the middle of its body.
    #[must_use]
    pub fn body(&self) -> Option<&'a Bytes> {
        self.body
    }

    /// Returns the time since the request arrived.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns true if this attempt has been reported before, as `Deferred` or `HungUp`, and this is how its handler
    /// ended after that.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.late
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("outcome", &self.outcome)
            .field("delivery", &self.delivery)
            .field("body_bytes", &self.body.map(Bytes::len))
            .field("elapsed", &self.elapsed)
            .field("late", &self.late)
            .finish()
    }
}

/// The hook that is told of every outcome.
pub(crate) type Hook = Arc<dyn Fn(&Report<'_>) + Send + Sync>;

pub(crate) fn report(config: &Config, span: &Span, report: &Report<'_>) {
    span.outcome(report);
    #[cfg(feature = "metrics")]
    metrics::report(config, report);
    if let Some(hook) = &config.hook
        && catch_unwind(AssertUnwindSafe(|| hook(report))).is_err()
    {
        // The panic has been printed by the panic hook; here it must not take the answer with it.
        span.hook_panicked();
    }
}

pub(crate) fn arrived(config: &Config) {
    #[cfg(feature = "metrics")]
    metrics::in_flight(config, 1.0);
    #[cfg(not(feature = "metrics"))]
    let _ = config;
}

pub(crate) fn departed(config: &Config) {
    #[cfg(feature = "metrics")]
    metrics::in_flight(config, -1.0);
    #[cfg(not(feature = "metrics"))]
    let _ = config;
}

pub(crate) fn handler_took(config: &Config, delivery: Option<&Delivery>, took: Duration) {
    #[cfg(feature = "metrics")]
    metrics::handler_took(config, delivery, took);
    #[cfg(not(feature = "metrics"))]
    let _ = (config, delivery, took);
}

/// Takes note of how many more bytes of unauthenticated bodies are held, or how many fewer.
pub(crate) fn unauthenticated(name: &Arc<str>, more: f64) {
    #[cfg(feature = "metrics")]
    metrics::unauthenticated(name, more);
    #[cfg(not(feature = "metrics"))]
    let _ = (name, more);
}

/// Stands in for the span where the feature `tracing` is off.
#[cfg(not(feature = "tracing"))]
#[derive(Clone)]
pub(crate) struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn new(_: &Config) -> Self {
        Self
    }

    pub(crate) fn delivery(&self, _: &Delivery) {}

    pub(crate) fn outcome(&self, _: &Report<'_>) {}

    pub(crate) fn hook_panicked(&self) {}

    pub(crate) fn instrument<F: Future>(&self, future: F) -> F {
        future
    }
}
