//! A store that does what a test wants of it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aircall_tower::inbox::{Claim, Claimed, Event, Lease, Received, Settlement, Store, StoreError, StoreErrorKind};
use tokio::sync::Notify;

/// What a [`Scripted`] store does when it is put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Failing,
    Frozen,
    /// It takes the batch once it is told to.
    Waiting,
    /// It takes nothing, and does not say so.
    Mute,
    /// It takes no batch in which the event with this number stands.
    Without(u32),
}

#[derive(Clone)]
pub(crate) struct Scripted(Arc<Inner>);

struct Inner {
    mood: Mutex<Mood>,
    released: Notify,
    batches: Mutex<Vec<Vec<Event>>>,
    keys: Mutex<HashSet<String>>,
    called: Notify,
    claims: AtomicUsize,
}

impl Scripted {
    pub(crate) fn new(mood: Mood) -> Self {
        Self(Arc::new(Inner {
            mood: Mutex::new(mood),
            released: Notify::new(),
            batches: Mutex::default(),
            keys: Mutex::default(),
            called: Notify::new(),
            claims: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.0.mood.lock().unwrap() = mood;
        self.0.released.notify_waiters();
    }

    /// The sizes of the batches that were put.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.0.batches.lock().unwrap().iter().map(Vec::len).collect()
    }

    pub(crate) fn keys(&self) -> HashSet<String> {
        self.0.keys.lock().unwrap().clone()
    }

    /// How often somebody wanted events.
    pub(crate) fn claims(&self) -> usize {
        self.0.claims.load(Ordering::Relaxed)
    }

    /// Waits until somebody puts.
    pub(crate) async fn called(&self) {
        self.0.called.notified().await;
    }
}

impl Store for Scripted {
    async fn put(&self, batch: Vec<Event>) -> Result<Vec<Received>, StoreError> {
        self.0.called.notify_one();
        loop {
            let released = self.0.released.notified();
            let mood = *self.0.mood.lock().unwrap();
            match mood {
                Mood::Well => break,
                Mood::Failing => {
                    return Err(StoreError::new(StoreErrorKind::Unavailable, "the broker is down"));
                }
                Mood::Frozen => std::future::pending().await,
                Mood::Waiting => released.await,
                Mood::Mute => return Ok(Vec::new()),
                Mood::Without(number) => {
                    let refused = format!(r#""id":{number}}}"#);
                    if batch.iter().any(|event| event.body.contains(&refused)) {
                        return Err(StoreError::new(StoreErrorKind::Unusable, "that is not for me"));
                    }
                    break;
                }
            }
        }
        let mut keys = self.0.keys.lock().unwrap();
        let received = batch
            .iter()
            .map(|event| if keys.insert(event.key.clone()) { Received::New } else { Received::Duplicate })
            .collect();
        self.0.batches.lock().unwrap().push(batch);
        Ok(received)
    }

    async fn claim(&self, _: Claim) -> Result<Vec<Claimed>, StoreError> {
        self.0.claims.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    }

    async fn settle(&self, _: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn wait_due(&self) {
        std::future::pending::<()>().await;
    }

    async fn close(&self) {}
}
