//! Acknowledge an event once it is durable, and work on it in peace.
//!
#![doc = include_str!("inbox/guide.md")]

// The way of an event: what is kept of it, the way into a store, the stores, and the worker that takes it out.
mod event;
mod door;
mod spill;
mod store;
mod worker;

#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub mod sqlite;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub mod postgres;

#[cfg(feature = "amqp")]
#[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
pub mod amqp;

// What people do by hand, and what any engine has to meet.
pub mod contract;
mod operate;

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::request::Parts;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use self::door::{Door, Put};
pub use self::event::Event;
pub use self::operate::{Counts, Entry, Filter, Operate, State};
use self::spill::Forwarder;
pub use self::store::{Claim, Claimed, Lease, Received, Settlement, Store, StoreError, StoreErrorKind};
pub use self::worker::{DoNotRetry, Retries, Run, Summary, Worker};
use crate::extension::Delivery;
use crate::handler::message;
use crate::layer::Config;

/// How long a store may take where there is a spill, so that the sender still has its answer with time to spare.
const SPILL_AFTER: Duration = Duration::from_secs(1);

type Redact = Arc<dyn Fn(&mut Event) + Send + Sync>;
type Subject = Arc<dyn Fn(&Delivery) -> Option<String> + Send + Sync>;

/// Where a [`WebhookLayer`](crate::WebhookLayer) puts events before it acknowledges them, and where a [`Worker`] gets
/// them from.
///
/// It is cheap to clone; clones are the same inbox.
#[derive(Clone)]
pub struct Inbox {
    store: Arc<Door>,
    spill: Option<Forwarder>,
    inline: bool,
    redact: Option<Redact>,
    subject: Subject,
}

impl Inbox {
    /// Makes an inbox of a store.
    pub fn new(store: impl Store) -> Self {
        Self {
            store: Door::new(Arc::new(store)),
            spill: None,
            inline: false,
            redact: None,
            subject: Arc::new(event::subject),
        }
    }

    /// Opens the embedded store: a SQLite file, which is made if there is none. Only one process can have it open; a file beside
    /// it with `.lock` at the end of its name sees to that.
    ///
    /// [`SqliteOptions`](sqlite::SqliteOptions) has what can be set.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, is held by another process, or cannot be trusted to keep what it
    /// is given.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, StoreError> {
        Ok(Self::new(sqlite::SqliteOptions::new().open(path)?))
    }

    /// Sets where events go when the store does not take them, such as a local file beside a server elsewhere. They are
    /// moved to the store once it does its work again, also those that an earlier process left there.
    ///
    /// Call it within the Tokio runtime: outside of one nothing is moved before the first delivery comes.
    #[must_use]
    pub fn with_spill(mut self, spill: impl Store) -> Self {
        self.spill = Some(Forwarder::new(Door::new(Arc::new(spill)), Arc::clone(&self.store)));
        self
    }

    /// Lets the service inside the layer handle an event that no store takes, while the sender waits for it.
    ///
    /// Only if that answers with a 2xx in time is the event acknowledged; otherwise it is the same as without. A handler
    /// that is not done at the deadline runs on, and Aircall sends again what it is working on.
    #[must_use]
    pub fn with_inline_handling(mut self) -> Self {
        self.inline = true;
        self
    }

    /// Sets a hook that may take more out of an event before it is stored. The token is out already.
    ///
    /// Not every body that Aircall may send is a `serde_json::Value`: half a character, or a number beyond `f64`, is none, and
    /// comes here all the same.
    ///
    /// ```
    /// # fn example(inbox: aircall_tower::inbox::Inbox) -> aircall_tower::inbox::Inbox {
    /// inbox.with_redaction(|event| {
    ///     event.headers.remove("x-forwarded-for");
    ///     match serde_json::from_str::<serde_json::Value>(&event.body) {
    ///         Ok(mut body) => {
    ///             if let Some(digits) = body.pointer_mut("/data/raw_digits") {
    ///                 *digits = "***".into();
    ///             }
    ///             event.body = body.to_string();
    ///         }
    ///         Err(_) => event.clear_data(),
    ///     }
    /// })
    /// # }
    /// ```
    ///
    /// The key stays that of the delivery, so duplicates are still known. A body that is no envelope any more cannot be
    /// delivered and goes to the dead letters. An event about which it panics is [not stored](crate::OutcomeKind::NotStored).
    #[must_use]
    pub fn with_redaction(mut self, redact: impl Fn(&mut Event) + Send + Sync + 'static) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Sets what an event is about, for workers that [keep the order](Worker::in_order) of each such object.
    ///
    /// By default that is the call, where `data` is one or has a `call_id`, and the resource with its id elsewhere. An event
    /// about which it panics has none.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Fn(&Delivery) -> Option<String> + Send + Sync + 'static) -> Self {
        self.subject = Arc::new(subject);
        self
    }

    /// Makes a worker that hands the events of this inbox to a service.
    ///
    /// It need not be in the process that takes them in, if the store can be used by several.
    pub fn worker<S>(&self, service: S) -> Worker<S> {
        Worker::new(Arc::clone(self.store.store()), service)
    }

    /// Ends the intake in good order: what is being stored is seen through, and what comes later is refused as
    /// [`NotStored`](crate::OutcomeKind::NotStored). Stop the worker first.
    pub async fn close(&self) {
        if let Some(spill) = &self.spill {
            spill.close().await;
        }
        self.store.close().await;
    }

    /// Returns true if the store did not take an event when it was last asked to.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.store.is_down()
    }

    pub(crate) fn handles_inline(&self) -> bool {
        self.inline
    }

    /// Takes from a request what is going to be stored, or says why it cannot be.
    pub(crate) fn event(&self, parts: Parts, config: &Config, delivery: &Delivery) -> Result<Event, String> {
        // An event that is not about anything is better than none.
        let subject = catch_unwind(AssertUnwindSafe(|| (self.subject)(delivery))).unwrap_or_default();
        let mut event = Event::new(parts, config, delivery, subject);
        if let Some(redact) = &self.redact {
            // What was not redacted to the end is not for the store.
            catch_unwind(AssertUnwindSafe(|| redact(&mut event)))
                .map_err(|panic| format!("the redaction panicked: {}", message(&*panic)))?;
        }
        Ok(event)
    }

    /// Stores an event, wherever that can be done before the deadline, if there is one to be stored.
    pub(crate) fn accept(&self, event: Result<Event, String>, deadline: Instant) -> Accepting {
        let event = match event {
            Ok(event) => event,
            Err(why) => return Accepting::Impossible { why },
        };
        match &self.spill {
            None => Accepting::Putting { put: self.store.put(event, deadline) },
            Some(spill) => {
                let (inbox, spill) = (self.clone(), spill.clone());
                let put = Box::pin(async move { inbox.accept_somewhere(&spill, event, deadline).await });
                Accepting::PuttingSomewhere { put }
            }
        }
    }

    async fn accept_somewhere(&self, spill: &Forwarder, event: Event, deadline: Instant) -> Result<Received, String> {
        spill.start();
        let now = Instant::now();
        // However late it is: neither leaves the other without time.
        let share = SPILL_AFTER.min(deadline.saturating_duration_since(now) / 2);
        if self.store.is_down() {
            // Only what is moved there from the spill, or put, shows that the store works again; so a spill that takes
            // nothing must not be the last word.
            let soon = deadline.checked_sub(share).unwrap_or(deadline);
            return match spill.put(event.clone(), soon).await {
                Ok(received) => Ok(received),
                Err(error) => {
                    self.store.put(event, deadline).await.map_err(|why| format!("{why}; and the spill: {error}"))
                }
            };
        }
        match self.store.put(event.clone(), now + share).await {
            Ok(received) => Ok(received),
            Err(why) => spill.put(event, deadline).await.map_err(|error| format!("{why}; and the spill: {error}")),
        }
    }
}

pin_project! {
    /// Waits for an event to be stored. `Ok` means that it is durable.
    #[project = AcceptingProj]
    pub(crate) enum Accepting {
        Putting {
            #[pin]
            put: Put,
        },
        // In a box: otherwise every event without a spill would be moved about in room for three.
        PuttingSomewhere { put: Pin<Box<dyn Future<Output = Result<Received, String>> + Send>> },
        Impossible { why: String },
    }
}

impl Future for Accepting {
    type Output = Result<Received, String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AcceptingProj::Putting { put } => put.poll(cx).map_err(|error| error.to_string()),
            AcceptingProj::PuttingSomewhere { put } => put.as_mut().poll(cx),
            AcceptingProj::Impossible { why } => Poll::Ready(Err(mem::take(why))),
        }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("down", &self.is_down())
            .field("spill", &self.spill.is_some())
            .finish_non_exhaustive()
    }
}
