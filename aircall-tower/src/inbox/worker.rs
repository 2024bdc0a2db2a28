//! Takes events out of a store and hands them to a service, at the service's own pace.

mod pool;
mod retries;
mod run;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use tokio::task;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tower::{BoxError, Service};

use self::pool::Pool;
pub use self::retries::Retries;
use self::run::Runner;
pub use self::run::{DoNotRetry, Run};
use super::store::{Claim, DynStore, Lease, Settlement, StoreError, StoreErrorKind};
use crate::body::RequestBody;
use crate::observe::inbox as observe;

/// How many handlers run at a time by default.
const CONCURRENCY: usize = 16;

/// How long a handler may take by default.
const TIME_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How long running handlers are waited for at the end by default. Supervisors give 10 s at the least (Docker) before
/// they kill.
const GRACE: Duration = Duration::from_secs(8);

/// Longer than any supervisor waits.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How much longer than its time limit an event is leased: the time it takes to settle it.
const SETTLING: Duration = Duration::from_secs(60);

/// How long a store may take to answer a worker.
const STORE_LIMIT: Duration = Duration::from_secs(10);

/// How long a store is left alone after it could not be asked: doubling, from this to that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Hands the events of an [`Inbox`](super::Inbox) to a tower service, each until it is done.
///
/// The service gets the request that was stored, with a [`Delivery`](crate::Delivery) and a [`Run`] in its extensions.
/// A 2xx says that the event is done; anything else, an error, a panic and a
/// handler that takes too long have it tried again, and at last put among the dead letters.
///
/// **An event reaches the service at least once.** It comes again if the process dies before what the handler answered is
/// on disk, so handlers whose work must not happen twice need to know by the [`DedupKey`](crate::DedupKey) what they have
/// done.
pub struct Worker<S> {
    store: Arc<dyn DynStore>,
    service: S,
    concurrency: usize,
    time_limit: Duration,
    grace: Duration,
    in_order: bool,
    retries: Retries,
}

/// What a worker did in its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Events that were done.
    pub done: u64,
    /// Attempts that will be followed by another.
    pub retried: u64,
    /// Events that went to the dead letters.
    pub dead: u64,
    /// Handlers that were stopped at the end because their grace was over, which are counted as retried as well. Their
    /// events are due again; those whose last attempt it was go to the dead letters then.
    pub stopped: u64,
}

impl<S> Worker<S> {
    pub(super) fn new(store: Arc<dyn DynStore>, service: S) -> Self {
        Self {
            store,
            service,
            concurrency: CONCURRENCY,
            time_limit: TIME_LIMIT,
            grace: GRACE,
            in_order: false,
            retries: Retries::default(),
        }
    }

    /// Sets how many handlers run at a time; 16 by default, and at least 1.
    ///
    /// No more events are taken out of the store than can be begun, since to be taken out counts as an attempt. So handlers
    /// that are done sooner than the store answers wait for it. For a crowd that never ends, of 256 senders at a time, 64 of
    /// them keep up with half of what comes, and 256 with all of it.
    #[must_use]
    pub fn with_concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers.max(1);
        self
    }

    /// Sets how long a handler may take, 5 min by default. One that takes longer is dropped, and its event tried again.
    #[must_use]
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// Sets how long running handlers are waited for at the end; 8 s by default.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets how often and how soon an event is tried again.
    #[must_use]
    pub fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Handles the events of one object, such as a call, one after the other in the order in which they arrived. One
    /// that is to be tried again holds those behind it up; one that is dead does not.
    ///
    /// Aircall itself keeps no order, so the first to arrive may not be the first that happened.
    ///
    /// The store has to be able to. SQLite and PostgreSQL are; **of queues in RabbitMQ a worker that wants the order gets
    /// nothing**, and says so with each claim, in the log and by a metric.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }
}

impl<S, R> Worker<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: Send + 'static,
{
    /// Works until `shutdown` is ready, then waits for the handlers that are running, for as long as their grace is.
    ///
    /// If the store cannot be asked, it is asked again later; nothing ends a worker but `shutdown`. Dropping this future
    /// stops the handlers where they are, and their events are due again once their leases are over.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime with its timer enabled.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Summary {
        let mut shutdown = pin!(shutdown);
        let mut shift = Shift::new(self);
        while !is_ready(shutdown.as_mut()).await {
            if shift.exchange().await {
                continue;
            }
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = shift.something() => {}
            }
        }
        shift.finish().await
    }
}

/// A worker at work.
struct Shift<S> {
    worker: Worker<S>,
    pool: Pool<Runner<S>>,
    unsettled: Vec<(Lease, Settlement)>,
    /// Nothing more was due when the store was last asked.
    idle: bool,
    /// Until when the store is left alone, and for how long it will be the next time.
    rest: Option<Instant>,
    pause: Duration,
    summary: Summary,
}

impl<S, R> Shift<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: Send + 'static,
{
    fn new(worker: Worker<S>) -> Self {
        let Worker { service, time_limit, retries, .. } = &worker;
        let runner = Runner { service: service.clone(), time_limit: *time_limit, retries: retries.clone() };
        Self {
            worker,
            pool: Pool::new(runner),
            unsettled: Vec::new(),
            idle: false,
            rest: None,
            pause: FIRST_PAUSE,
            summary: Summary::default(),
        }
    }

    /// Tells the store what has ended and takes what is due, in one go. Returns false if there was nothing to do.
    async fn exchange(&mut self) -> bool {
        // Those who are about to be done have their turn, so that they are settled together.
        task::yield_now().await;
        while let Some((lease, settlement)) = self.pool.try_ended() {
            self.ended(lease, settlement);
        }
        // Looked at once a turn: what is over here must not still be waited for below, nor the other way round.
        self.rest = self.rest.filter(|until| Instant::now() < *until);
        let room = self.worker.concurrency - self.pool.running();
        // What was settled may have been what others had to wait for.
        let claims = room > 0 && (!self.idle || !self.unsettled.is_empty());
        if self.rest.is_some() || !claims && self.unsettled.is_empty() {
            return false;
        }
        let lease = self.worker.time_limit.saturating_add(SETTLING);
        let claim = Claim { max: room, lease, in_order: self.worker.in_order };
        let (store, unsettled) = (&self.worker.store, &self.unsettled);
        let (settled, claimed) = tokio::join!(settle(store, unsettled), async {
            if claims { in_time(store.claim(claim)).await } else { Ok(Vec::new()) }
        });
        let failed = match &settled {
            Ok(()) => {
                self.unsettled.clear();
                claimed.as_ref().err()
            }
            Err(error) => Some(error),
        };
        self.rest(failed);
        if let Ok(claimed) = claimed {
            self.idle = claimed.len() < room;
            for claimed in claimed {
                self.pool.begin(claimed);
            }
        }
        true
    }

    /// Waits for whatever can make the next exchange worth while.
    async fn something(&mut self) {
        let rest = self.rest;
        let wants = self.idle && self.pool.running() < self.worker.concurrency && rest.is_none();
        tokio::select! {
            Some((lease, settlement)) = self.pool.ended() => self.ended(lease, settlement),
            () = sleep_until(rest.unwrap_or_else(Instant::now)), if rest.is_some() => {}
            () = self.worker.store.wait_due(), if wants => self.idle = false,
        }
    }

    fn ended(&mut self, lease: Lease, settlement: Settlement) {
        match &settlement {
            Settlement::Done => self.summary.done += 1,
            Settlement::Retry { .. } => self.summary.retried += 1,
            Settlement::Dead { .. } => self.summary.dead += 1,
        }
        self.unsettled.push((lease, settlement));
    }

    /// Leaves a store alone for a while that could not be asked.
    fn rest(&mut self, failed: Option<&StoreError>) {
        match failed {
            None => (self.rest, self.pause) = (None, FIRST_PAUSE),
            Some(error) => {
                observe::store_failed("the worker", error);
                self.rest = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Waits for the handlers that run, stops those that outlast their grace, and settles them all.
    async fn finish(mut self) -> Summary {
        let end = Instant::now() + self.worker.grace.min(FAR);
        while self.pool.running() > 0
            && let Ok(Some((lease, settlement))) = timeout_at(end, self.pool.ended()).await
        {
            self.ended(lease, settlement);
        }
        let (ended, stopped) = self.pool.stop().await;
        self.summary.stopped = stopped.len() as u64;
        for (lease, settlement) in ended {
            self.ended(lease, settlement);
        }
        for lease in stopped {
            self.ended(lease, Settlement::Retry { after: Duration::ZERO, reason: "the worker was stopped".to_owned() });
        }
        // What cannot be settled is not lost: it is due again once its lease is over.
        for _ in 0..3 {
            match settle(&self.worker.store, &self.unsettled).await {
                Ok(()) => break,
                Err(error) => observe::store_failed("the worker", &error),
            }
            sleep(FIRST_PAUSE).await;
        }
        self.summary
    }
}

async fn settle(store: &Arc<dyn DynStore>, batch: &[(Lease, Settlement)]) -> Result<(), StoreError> {
    if batch.is_empty() { Ok(()) } else { in_time(store.settle(batch.to_vec())).await }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(STORE_LIMIT, asked).await.unwrap_or_else(|_| {
        Err(StoreError::new(StoreErrorKind::Unavailable, format!("the store gave no answer within {STORE_LIMIT:?}")))
    })
}

/// Looks at a future that is asked again later.
async fn is_ready(mut future: Pin<&mut impl Future<Output = ()>>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

impl<S> fmt::Debug for Worker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("concurrency", &self.concurrency)
            .field("time_limit", &self.time_limit)
            .field("grace", &self.grace)
            .field("in_order", &self.in_order)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
