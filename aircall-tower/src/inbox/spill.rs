//! The second store, for when the first does not take events, and the way back from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Event;
use super::door::{BATCH_BYTES, Door, PUT_LIMIT, Put, no_answer};
use super::store::{Claim, Claimed, Settlement, StoreError};
use crate::observe::inbox as observe;

/// How many events are moved at once.
const BATCH: usize = 256;

/// How long a batch that is being moved stays with the one who moves it. It is settled long before.
const LEASE: Duration = Duration::from_secs(60);

/// How long a store is left alone after it took nothing: doubling, from this to that.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// For how long an event at most that the store did not take.
const LONGEST_REST: Duration = Duration::from_secs(60);

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

    pub(super) fn put(&self, event: Event, deadline: Instant) -> Put {
        self.inner.spill.put(event, deadline)
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
    let (mut pause, mut most) = (FIRST_PAUSE, BATCH);
    loop {
        match forward_batch(&spill, &store, most).await {
            Ok(0) => spill.store().wait_due().await,
            Ok(_) => (pause, most) = (FIRST_PAUSE, (most * 2).min(BATCH)),
            Err(error) => {
                observe::store_failed("whoever moves events out of the spill", &error);
                sleep(pause).await;
                // It may be one of them that the store does not take: from here on it has to stand alone.
                (pause, most) = ((pause * 2).min(LONGEST_PAUSE), 1);
            }
        }
    }
}

/// Moves a batch of at most so many events, and says how many it was.
async fn forward_batch(spill: &Door, store: &Door, most: usize) -> Result<usize, StoreError> {
    let claim = Claim { max: most, lease: LEASE, in_order: false };
    let mut left = spill.store().claim(claim).await?;
    let count = left.len();
    // One that the store does not take lets others go ahead, for longer and longer.
    let rest = match &left[..] {
        [alone] => (FIRST_PAUSE * 2_u32.pow(alone.attempt.min(10))).min(LONGEST_REST),
        _ => Duration::ZERO,
    };
    while !left.is_empty() {
        let later = left.split_off(fit(&left));
        let (mut leases, events): (Vec<_>, Vec<_>) =
            left.into_iter().map(|claimed| (claimed.lease, claimed.event)).unzip();
        left = later;
        let moved = put(store, events).await;
        store.set_down(moved.is_err());
        if moved.is_err() {
            leases.extend(left.drain(..).map(|claimed| claimed.lease));
        }
        let settlement = || match &moved {
            Ok(()) => Settlement::Done,
            Err(error) => Settlement::Retry { after: rest, reason: error.to_string() },
        };
        let settled = spill.store().settle(leases.into_iter().map(|lease| (lease, settlement())).collect()).await;
        moved.and(settled)?;
    }
    Ok(count)
}

/// Puts all of these, in the time that a store has for it.
async fn put(store: &Door, events: Vec<Event>) -> Result<(), StoreError> {
    let count = events.len();
    let received = timeout(PUT_LIMIT, store.store().put(events)).await.unwrap_or_else(|_| Err(no_answer()))?;
    // An engine that answers for fewer than it was given has not said that the rest is durable.
    if received.len() < count { Err(no_answer()) } else { Ok(()) }
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
