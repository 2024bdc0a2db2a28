//! Looking at a layer while it runs.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::acknowledgement::Failures;
use crate::limit::Budget;

/// A view of a running layer: how near the webhook is to being switched off, and what is still under way.
///
/// It is cheap to clone and stays valid for as long as anybody holds it.
#[derive(Clone)]
pub struct WebhookHandle {
    shared: Arc<Shared>,
}

/// What all clones of a layer, and all services it made, have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) failures: Failures,
    pub(crate) budget: Arc<Budget>,
    in_flight: AtomicUsize,
    running: AtomicUsize,
    idle: Notify,
}

impl WebhookHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Returns the longest row of answers, up to the latest, that Aircall has to count as failures of one webhook.
    ///
    /// Counted for each valid token are refusals, and attempts whose sender hung up before it had its answer. Attempts
    /// whose token could not be looked up make one more row, which strangers may have added to. A delivery whose token is
    /// not known here is not counted, though Aircall may have sent it.
    #[must_use]
    pub fn failures_in_a_row(&self) -> u32 {
        self.shared.failures.in_a_row()
    }

    /// Returns how many such failures there have been since the layer was made.
    #[must_use]
    pub fn failures_in_total(&self) -> u64 {
        self.shared.failures.total()
    }

    /// Returns how many more failures in a row it takes to reach `limit`, such as 10, the smallest number at which the
    /// vendor says that a webhook is switched off.
    #[must_use]
    pub fn failures_left(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.failures_in_a_row())
    }

    /// Returns how many requests are under way, running handlers included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Returns how many handlers are running, among them those that run on after the answer.
    #[must_use]
    pub fn running(&self) -> usize {
        self.shared.running.load(Ordering::SeqCst)
    }

    /// Returns how many bytes of unauthenticated bodies are held.
    #[must_use]
    pub fn unauthenticated_bytes(&self) -> usize {
        self.shared.budget.held()
    }

    /// Waits until no handler is running.
    ///
    /// Await this after the server has stopped taking connections and before the runtime goes down: a handler that
    /// runs on after its answer has nobody else who waits for it.
    pub async fn drained(&self) {
        loop {
            let mut idle = pin!(self.shared.idle.notified());
            // Registered before looking, so that a handler which ends in between is not missed.
            idle.as_mut().enable();
            if self.running() == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl fmt::Debug for WebhookHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookHandle")
            .field("failures_in_a_row", &self.failures_in_a_row())
            .field("in_flight", &self.in_flight())
            .field("running", &self.running())
            .field("unauthenticated_bytes", &self.unauthenticated_bytes())
            .finish()
    }
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            failures: Failures::default(),
            budget: Budget::new(),
            in_flight: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            idle: Notify::new(),
        })
    }
}

/// Counts one request as under way for as long as it lives.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Shared>);

impl InFlight {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts one handler as running for as long as it lives.
#[derive(Debug)]
pub(crate) struct Running(Arc<Shared>);

impl Running {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
