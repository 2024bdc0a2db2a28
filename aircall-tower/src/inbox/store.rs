//! What an engine has to do for an inbox.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::Event;

/// A durable queue of events with a memory of what has passed through it.
///
/// It is batch first: an inbox puts whatever is waiting in one call, so the cost of making a batch durable is shared by
/// all of it. Implementations can be tested with the [contract](crate::inbox::contract) that those of this crate meet.
///
/// Methods are called at the same time from several tasks. Their futures may be dropped at any point, after a time
/// limit for instance: what was asked for may then still happen.
pub trait Store: Send + Sync + 'static {
    /// Stores a batch of events. It is all or nothing, and `Ok` only when all of it is durable: after a power cut at
    /// any later moment each event is still there.
    ///
    /// The answer holds one entry for each event, in their order. An event is a duplicate if one with the same key and
    /// tenant has been stored, and is not yet done, or has been done for less than the time for which keys are kept;
    /// also if that one stands earlier in the same batch. A duplicate changes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the batch, or it may be part of it, is not known to be durable.
    fn put(&self, batch: Vec<Event>) -> impl Future<Output = Result<Vec<Received>, StoreError>> + Send;

    /// Leases events that are due to a worker, oldest first, and counts the attempt before it returns.
    ///
    /// While a lease lasts, nobody else gets the event. It ends with [`settle`](Self::settle), when its time is over, or
    /// with the process that took it: after a crash what was running is due at once.
    ///
    /// An event whose process ended during the last two attempts at it, or more, is suspected of having caused that: it
    /// is claimed alone, and while it runs nothing else is, so that it takes no others to the dead letters with it.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing can be claimed now.
    fn claim(&self, claim: Claim) -> impl Future<Output = Result<Vec<Claimed>, StoreError>> + Send;

    /// Ends leases. One that has ended before is passed over.
    ///
    /// # Errors
    ///
    /// Returns an error if the batch was not taken, or it may be only in part. It can be put again.
    fn settle(&self, batch: Vec<(Lease, Settlement)>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Waits until it may be worth while to claim again: an event was put, or became due. It may return early, and
    /// returns at times on its own where others write to the same store.
    fn wait_due(&self) -> impl Future<Output = ()> + Send;

    /// Ends the store's work in this process in good order. What was put stays; later calls return
    /// [`Closed`](StoreErrorKind::Closed).
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Whether an event was new to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Received {
    /// It is stored now.
    New,
    /// It had been stored before.
    Duplicate,
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// How many events at most.
    pub max: usize,
    /// How long the leases last.
    pub lease: Duration,
    /// Whether to keep the order of each subject: an event is due only when none with the same
    /// [`subject`](Event::subject) that came earlier is running or waits to be tried again.
    pub in_order: bool,
}

/// An event that a worker has the lease of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The lease, to be settled.
    pub lease: Lease,
    /// The event.
    pub event: Event,
    /// Which attempt at it this is, counted from 1, those that ended with their process included.
    pub attempt: u32,
    /// How many attempts up to the latest ended with their process.
    pub interrupted: u32,
}

/// The right to work on an event for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The event, in the numbering of its store.
    pub id: i64,
    /// Which lease of the event it is, so that one that has ended cannot settle for a later one.
    pub fence: i64,
}

/// How an attempt at an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is done. Its key is kept so that duplicates are known; when its body goes is the store's affair.
    Done,
    /// It is to be tried again.
    Retry {
        /// How long from now.
        after: Duration,
        /// Why it was not done.
        reason: String,
    },
    /// It goes to the dead letters, where it stays until a person decides.
    Dead {
        /// Why it was given up.
        reason: String,
    },
}

/// Why a store did not do what it was asked.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: Cow<'static, str>,
}

/// What a [`StoreError`] means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// More is asked for at once than it takes. It was not stored.
    Busy,
    /// There is no room. It was not stored.
    Full,
    /// It cannot be reached, is locked, or gave no answer in time. It may or may not have been stored.
    Unavailable,
    /// What it stands on cannot be trusted or used: a damaged file, a wrong table, a setting that is not durable.
    Unusable,
    /// It has been closed.
    Closed,
}

impl StoreError {
    /// Makes an error. The message says what was found and what was expected, in lower case without a full stop.
    pub fn new(kind: StoreErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Returns what it means.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// To be read, since it is what a `main` prints that returns an error.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl std::error::Error for StoreError {}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Store`] behind a pointer, so that the layer needs no type parameter for it.
pub(crate) trait DynStore: Send + Sync {
    fn put(&self, batch: Vec<Event>) -> Answer<'_, Result<Vec<Received>, StoreError>>;
    fn claim(&self, claim: Claim) -> Answer<'_, Result<Vec<Claimed>, StoreError>>;
    fn settle(&self, batch: Vec<(Lease, Settlement)>) -> Answer<'_, Result<(), StoreError>>;
    fn wait_due(&self) -> Answer<'_, ()>;
    fn close(&self) -> Answer<'_, ()>;
}

impl<S: Store> DynStore for S {
    fn put(&self, batch: Vec<Event>) -> Answer<'_, Result<Vec<Received>, StoreError>> {
        Box::pin(Store::put(self, batch))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Result<Vec<Claimed>, StoreError>> {
        Box::pin(Store::claim(self, claim))
    }

    fn settle(&self, batch: Vec<(Lease, Settlement)>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(Store::settle(self, batch))
    }

    fn wait_due(&self) -> Answer<'_, ()> {
        Box::pin(Store::wait_due(self))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(Store::close(self))
    }
}
