//! The store in RabbitMQ: quorum queues that an admin can look at with the tools at hand.
//!
#![doc = include_str!("amqp/topology.md")]

// Down to the broker: the names there, what a message holds, the connections. And up to the worker: what is remembered, what
// may be handed out, what people do.
mod topology;
mod message;
mod link;
mod publisher;
mod consumer;
mod memory;
mod desk;
mod engine;
mod operator;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::uri::AMQPUri;

use self::engine::Engine;
pub use self::memory::Memory;
pub use self::operator::AmqpOperator;
use self::topology::Topology;
use super::Event;
use super::store::{Claim, Claimed, Lease, Received, Settlement, Store, StoreError, StoreErrorKind};

/// How long it is waited for a broker when a store is opened.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// Names of queues have at most 255 bytes, and the longest of ours ends like this.
const LONGEST_QUEUE: usize = 255 - ".delay.4096s".len();

/// What can be set about an [`AmqpStore`].
#[derive(Debug, Clone)]
pub struct AmqpOptions {
    memory: Memory,
    queue: String,
    prefetch: u16,
    delivery_limit: u32,
    keep_done: Duration,
}

impl AmqpOptions {
    /// What is right for most: a queue named `aircall`, 256 events in reserve, a delivery limit of 50, and keys that are
    /// kept for 48 h. Only where they are kept has to be said.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            queue: "aircall".to_owned(),
            prefetch: 256,
            delivery_limit: 50,
            keep_done: Duration::from_secs(48 * 60 * 60),
        }
    }

    /// Sets the name of the queue, with which the names of the others begin.
    #[must_use]
    pub fn with_queue(mut self, name: impl Into<String>) -> Self {
        self.queue = name.into();
        self
    }

    /// Sets how many events the broker sends before it hears what became of them: those that are being handled, and a reserve
    /// so that nobody waits for the next. It has to be more than the handlers that run at a time; at least 2.
    #[must_use]
    pub fn with_prefetch(mut self, events: u16) -> Self {
        self.prefetch = events.max(2);
        self
    }

    /// Sets how often the broker hands an event out in vain before it moves it to the dead letters by itself.
    ///
    /// That is the last resort where a worker cannot count, and counts more than a worker does: also what was only in
    /// reserve when a connection ended. **It cannot be changed for a queue that is there**, except by a policy.
    #[must_use]
    pub fn with_delivery_limit(mut self, deliveries: u32) -> Self {
        self.delivery_limit = deliveries;
        self
    }

    /// Sets for how long an event that is done is remembered, so that a duplicate of it is known.
    ///
    /// Aircall sends again for up to 12 h, and what it sends late may itself be late here: less than 48 h is not wise.
    #[must_use]
    pub fn with_keep_done(mut self, time: Duration) -> Self {
        self.keep_done = time;
        self
    }

    /// Opens the queue at a broker, such as `amqp://user:password@host:5672/vhost`, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the broker cannot be reached within 10 s, refuses, or has a queue of the same name that was
    /// declared in another way, such as a classic one.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime with its timer and its I/O enabled.
    pub async fn open(self, uri: &str) -> Result<AmqpStore, StoreError> {
        let store = self.open_later(uri)?;
        store.engine.first(OPEN_LIMIT).await?;
        Ok(store)
    }

    /// Opens the queue at a broker as soon as that can be reached. Until then nothing is put or claimed, which an inbox with a
    /// [spill](crate::inbox::Inbox::with_spill) can stand.
    ///
    /// # Errors
    ///
    /// Returns an error if the URI or the name of the queue is not valid.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime with its timer and its I/O enabled.
    pub fn open_later(self, uri: &str) -> Result<AmqpStore, StoreError> {
        let wrong = |what: String| StoreError::new(StoreErrorKind::Unusable, what);
        // What is wrong with it is said without it: there is a password in it.
        let uri: AMQPUri = uri.parse().map_err(|error| wrong(format!("the URI of the broker: {error}")))?;
        if self.queue.is_empty() || self.queue.len() > LONGEST_QUEUE {
            let found = self.queue.len();
            return Err(wrong(format!("the name of the queue has {found} bytes, expected 1 to {LONGEST_QUEUE}")));
        }
        let topology = Topology::new(self.queue, self.delivery_limit);
        let engine = Engine::start(uri, topology, self.memory, self.prefetch, self.keep_done);
        Ok(AmqpStore { engine: Arc::new(engine) })
    }
}

/// A store in RabbitMQ. It is cheap to clone; clones are the same store.
///
/// It keeps up two connections, the second from the first claim on, and makes a new one of each that ends. While there is
/// none, [`put`](Store::put) and [`claim`](Store::claim) return an error at once.
///
/// It works in the runtime that it was opened in, until the last clone is dropped or it is closed.
#[derive(Clone)]
pub struct AmqpStore {
    engine: Arc<Engine>,
}

impl AmqpStore {
    /// Returns what people do by hand with the queue.
    #[must_use]
    pub fn operator(&self) -> AmqpOperator {
        AmqpOperator::new(Arc::clone(&self.engine))
    }
}

impl Store for AmqpStore {
    /// Publishes a batch. `Ok` means that the broker has confirmed all of it; of a batch that failed, any part may be there.
    ///
    /// It never answers [`Duplicate`](Received::Duplicate): a queue does not know what is in it. Duplicates are dropped when
    /// they are taken out.
    async fn put(&self, batch: Vec<Event>) -> Result<Vec<Received>, StoreError> {
        self.engine.put(batch).await
    }

    /// Leases events that are due. Asked to keep the order, it returns an error: a message that waits to be tried again is in
    /// another queue, and does not hold up those behind it.
    async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        Engine::claim(&self.engine, claim).await
    }

    async fn settle(&self, batch: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        Engine::settle(&self.engine, batch).await
    }

    async fn wait_due(&self) {
        self.engine.wait_due().await;
    }

    async fn close(&self) {
        self.engine.close().await;
    }
}

impl fmt::Debug for AmqpStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpStore").field("queue", &self.engine.queue()).finish_non_exhaustive()
    }
}
