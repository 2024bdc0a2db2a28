//! The second store, for when the first does not take events, and the way back from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Event;
use super::door::{BATCH_BYTES, Door, PUT_LIMIT};
use super::store::{Claim, Claimed, Received, Settlement, StoreError};

/// How many events are moved at once.
const BATCH: usize = 256;

/// How long a batch that is being moved stays with the one who moves it. It is settled long before.
const LEASE: Duration = Duration::from_secs(60);

/// How long a store is left alone after it took nothing: doubling, from this to that.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Keeps events for a store that does not take them, and moves them there once it does.
#[derive(Clone)]
pub(super) struct Forwarder {
    inner: Arc<Inner>,
}

struct Inner {
    spill: Arc<Door>,
    store: Arc<Door>,
    mover: Mutex<Mover>,
}

/// Whoever moves events.
enum Mover {
    /// Nobody so far.
    None,
    Task(JoinHandle<()>),
    /// Nobody any more.
    Closed,
}

impl Mover {
    fn end(&mut self) {
        // Wherever it is stopped, an event is in one store or in both, where its key makes it one.
        if let Self::Task(task) = std::mem::replace(self, Self::Closed) {
            task.abort();
        }
    }
}

/// Without an inbox there is nobody to move events for, and nobody else has the stores.
impl Drop for Inner {
    fn drop(&mut self) {
        self.mover.get_mut().unwrap_or_else(PoisonError::into_inner).end();
    }
}

impl Forwarder {
    pub(super) fn new(spill: Arc<Door>, store: Arc<Door>) -> Self {
        let forwarder = Self { inner: Arc::new(Inner { spill, store, mover: Mutex::new(Mover::None) }) };
        // What an earlier process left in the spill must not wait for the next event.
        if tokio::runtime::Handle::try_current().is_ok() {
            forwarder.start();
        }
        forwarder
    }

    /// Sees to it that there is somebody who moves events.
    pub(super) fn start(&self) {
        let mut mover = self.mover();
        let is_missing = match &*mover {
            Mover::None => true,
            Mover::Task(task) => task.is_finished(),
            Mover::Closed => false,
        };
        if is_missing {
            let (spill, store) = (Arc::clone(&self.inner.spill), Arc::clone(&self.inner.store));
            *mover = Mover::Task(tokio::spawn(forward(spill, store)));
        }
    }

    pub(super) async fn put(&self, event: Event, deadline: Instant) -> Result<Received, StoreError> {
        self.inner.spill.put(event, deadline).await
    }

    pub(super) async fn close(&self) {
        self.mover().end();
        self.inner.spill.close().await;
    }

    fn mover(&self) -> MutexGuard<'_, Mover> {
        self.inner.mover.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn forward(spill: Arc<Door>, store: Arc<Door>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match forward_batch(&spill, &store).await {
            Ok(0) => spill.store().wait_due().await,
            Ok(_) => pause = FIRST_PAUSE,
            Err(_) => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Moves a batch, and says how many events it was.
async fn forward_batch(spill: &Door, store: &Door) -> Result<usize, ()> {
    let claim = Claim { max: BATCH, lease: LEASE, in_order: false };
    let mut left = spill.store().claim(claim).await.map_err(drop)?;
    let count = left.len();
    while !left.is_empty() {
        let rest = left.split_off(fit(&left));
        let (mut leases, events): (Vec<_>, Vec<_>) =
            left.into_iter().map(|claimed| (claimed.lease, claimed.event)).unzip();
        left = rest;
        let moved = matches!(timeout(PUT_LIMIT, store.store().put(events)).await, Ok(Ok(_)));
        store.set_down(!moved);
        if !moved {
            leases.extend(left.drain(..).map(|claimed| claimed.lease));
        }
        let settlement = || match moved {
            true => Settlement::Done,
            false => Settlement::Retry { after: Duration::ZERO, reason: "the store does not take it yet".to_owned() },
        };
        let settled = spill.store().settle(leases.into_iter().map(|lease| (lease, settlement())).collect()).await;
        if !moved || settled.is_err() {
            return Err(());
        }
    }
    Ok(count)
}

/// How many of these, at least one, are put in one call: the store has to be done with it in time.
fn fit(claimed: &[Claimed]) -> usize {
    let mut bytes = 0;
    let over = claimed.iter().position(|claimed| {
        let before = bytes;
        bytes += claimed.event.body.len();
        before >= BATCH_BYTES
    });
    over.unwrap_or(claimed.len())
}
