//! The store in a PostgreSQL database: one table, shared by as many processes as there are.
//!
#![doc = include_str!("postgres/table.md")]

mod claims;
mod clock;
mod connect;
mod failure;
mod keeper;
mod leases;
mod operator;
mod options;
mod statements;
mod table;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
pub use tokio_postgres;
use tokio_postgres::Transaction;

use self::claims::Claimant;
use self::connect::Connections;
use self::keeper::Post;
use self::leases::Leases;
pub use self::operator::PostgresOperator;
pub use self::options::PostgresOptions;
use self::statements::{Statements, moment, storable, whole_milliseconds};
use super::Event;
use super::event::text;
use super::operate::State;
use super::store::{Claim, Claimed, Lease, Received, Settlement, Store, StoreError, StoreErrorKind};
use super::worker::Run;

/// How long at most until others who wrote to the table are noticed, should their word be lost.
const LOOK: Duration = Duration::from_secs(1);

/// How long events are left alone that are locked when they are to be settled: doubling, from this to that.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A store in a table of a PostgreSQL database. It is cheap to clone; clones are the same store.
///
/// A batch is put, and settled, in one statement.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Connections,
    statements: Arc<Statements>,
    operator: PostgresOperator,
    post: Arc<Post>,
    leases: Arc<Leases>,
    claimant: tokio::sync::Mutex<Claimant>,
    next_due: Mutex<Option<Instant>>,
    keeper: JoinHandle<()>,
    closed: AtomicBool,
    limit: Duration,
    forget_bodies: bool,
}

impl PostgresStore {
    /// Returns what people do by hand with the table.
    #[must_use]
    pub fn operator(&self) -> PostgresOperator {
        self.inner.operator.clone()
    }

    /// Notes in a transaction of the handler that its event is done, so that this becomes true together with what else the
    /// transaction does, or not at all.
    ///
    /// Returns false if the event is not that of this run any more, because the lease has run out: then the transaction
    /// should be rolled back. What the handler answers after a commit is passed over.
    ///
    /// The transaction can be on any connection to the same database, and has to find the table in its `search_path` unless
    /// a [schema](PostgresOptions::with_schema) was set.
    ///
    /// # Errors
    ///
    /// Returns an error if the statement fails. Nothing else can then be done in the transaction.
    pub async fn settle_in(&self, transaction: &Transaction<'_>, run: &Run) -> Result<bool, StoreError> {
        let settled = transaction
            .execute(
                &self.inner.statements.settle_in,
                &[&run.lease().id, &run.lease().fence, &self.inner.forget_bodies],
            )
            .await;
        settled.map(|settled| settled > 0).map_err(|error| failure::explain(&error))
    }

    /// Waits for work on the server, but not for ever.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.inner.closed.load(Ordering::SeqCst) {
            return Err(failure::closed());
        }
        timeout(self.inner.limit, work).await.unwrap_or_else(|_| Err(failure::no_answer(self.inner.limit)))
    }

    async fn insert(&self, batch: &[Event]) -> Result<Vec<Received>, StoreError> {
        let wrong = |error: tokio_postgres::Error| failure::explain(&error);
        let column = |of: fn(&Event) -> &str| batch.iter().map(|event| storable(of(event))).collect::<Vec<_>>();
        let nullable =
            |of: fn(&Event) -> Option<&str>| batch.iter().map(|event| of(event).map(storable)).collect::<Vec<_>>();
        let received_at: Vec<_> = batch.iter().map(|event| moment(event.received_at_ms)).collect();
        let tenants = column(|event| event.tenant.as_deref().unwrap_or_default());
        let keys = column(|event| &event.key);
        let uris: Vec<_> = batch.iter().map(|event| event.uri.to_string()).collect();
        let headers: Vec<_> = batch.iter().map(|event| text::of_headers(&event.headers)).collect();
        let connection = self.inner.connections.get().await?;
        let put = connection.prepare_cached(&self.inner.statements.put).await.map_err(wrong)?;
        let inserted = connection
            .query(
                &put,
                &[
                    &received_at,
                    &column(|event| &event.event),
                    &nullable(|event| event.resource.as_deref()),
                    &nullable(|event| event.subject.as_deref()),
                    &tenants,
                    &column(|event| &event.token_fingerprint),
                    &keys,
                    &column(|event| event.method.as_str()),
                    &uris,
                    &headers,
                    &column(|event| &event.body),
                ],
            )
            .await
            .map_err(wrong)?;
        connection.give_back();
        let mut new: HashSet<(&str, &str)> = HashSet::with_capacity(inserted.len());
        for row in &inserted {
            new.insert((row.try_get(0).map_err(wrong)?, row.try_get(1).map_err(wrong)?));
        }
        // Of several with the same key the first is the one that was inserted.
        let received = |(key, tenant)| if new.remove(&(key, tenant)) { Received::New } else { Received::Duplicate };
        Ok(keys.iter().map(AsRef::as_ref).zip(tenants.iter().map(AsRef::as_ref)).map(received).collect())
    }

    async fn end(&self, batch: &[(Lease, Settlement)]) -> Result<(), StoreError> {
        let wrong = |error: tokio_postgres::Error| failure::explain(&error);
        let ids: Vec<_> = batch.iter().map(|(lease, _)| lease.id).collect();
        let fences: Vec<_> = batch.iter().map(|(lease, _)| lease.fence).collect();
        let said = |(_, settlement): &(Lease, Settlement)| match settlement {
            Settlement::Done => (State::Done.as_str(), 0, None),
            Settlement::Retry { after, reason } => {
                (State::Ready.as_str(), whole_milliseconds(*after), Some(storable(reason).into_owned()))
            }
            Settlement::Dead { reason } => (State::Dead.as_str(), 0, Some(storable(reason).into_owned())),
        };
        let (mut states, mut afters, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
        for (state, after, reason) in batch.iter().map(said) {
            states.push(state);
            afters.push(after);
            reasons.push(reason);
        }
        let connection = self.inner.connections.get().await?;
        let settle = connection.prepare_cached(&self.inner.statements.settle).await.map_err(wrong)?;
        let mut pause = FIRST_PAUSE;
        loop {
            let left = connection
                .query_one(&settle, &[&ids, &fences, &states, &afters, &reasons, &self.inner.forget_bodies])
                .await
                .map_err(wrong)?;
            match left.try_get::<_, i64>(0).map_err(wrong)? {
                0 => break,
                left if pause > LONGEST_PAUSE => {
                    let of = ids.len();
                    return Err(failure::unavailable(format!(
                        "{left} of {of} events are locked by a transaction that has not ended"
                    )));
                }
                // Somebody who claims has looked at them as well, which takes a moment.
                _ => sleep(pause).await,
            }
            pause *= 2;
        }
        connection.give_back();
        self.inner.leases.end(batch.iter().map(|(lease, _)| *lease));
        Ok(())
    }

    /// Gives back what is still running, so that nobody takes it for the cause of a crash.
    async fn leave(&self) -> Result<(), StoreError> {
        let _claims = self.inner.claimant.lock().await;
        let connection = self.inner.connections.get().await?;
        let left = connection.execute(&self.inner.statements.leave, &[&self.inner.post.owner()]).await;
        left.map_err(|error| failure::explain(&error))?;
        connection.give_back();
        Ok(())
    }
}

impl Store for PostgresStore {
    async fn put(&self, batch: Vec<Event>) -> Result<Vec<Received>, StoreError> {
        let received =
            self.in_time(async { if batch.is_empty() { Ok(Vec::new()) } else { self.insert(&batch).await } });
        let received = received.await?;
        if received.contains(&Received::New) {
            self.inner.post.announce();
        }
        Ok(received)
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        let answer = async {
            let mut claimant = self.in_time(async { Ok(self.inner.claimant.lock().await) }).await?;
            self.in_time(claimant.look_after()).await?;
            self.in_time(claimant.claim(claim)).await
        };
        let answer = answer.await.map_err(|error| match error.kind() {
            StoreErrorKind::Unavailable => self.inner.post.why_not_held().unwrap_or(error),
            _ => error,
        })?;
        let next_due = answer.next_due.map(|after| Instant::now() + after);
        *self.inner.next_due.lock().unwrap_or_else(PoisonError::into_inner) = next_due;
        Ok(answer.claimed)
    }

    async fn settle(&self, batch: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        self.in_time(async { if batch.is_empty() { Ok(()) } else { self.end(&batch).await } }).await
    }

    async fn wait_due(&self) {
        let look = Instant::now() + LOOK;
        let next_due = *self.inner.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::select! {
            () = self.inner.post.news.notified() => {}
            () = sleep_until(next_due.map_or(look, |due| due.min(look))) => {}
        }
    }

    async fn close(&self) {
        if !self.inner.closed.swap(true, Ordering::SeqCst) {
            // What cannot be given back is due once this store is seen to be gone.
            let _ = timeout(self.inner.limit, self.leave()).await;
            self.inner.keeper.abort();
            self.inner.connections.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("operator", &self.inner.operator).finish_non_exhaustive()
    }
}
