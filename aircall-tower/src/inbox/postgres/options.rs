//! What can be set about a store.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};

use super::super::store::StoreError;
use super::claims::Claimant;
use super::connect::{Connections, Dialler, Setup, with_defaults};
use super::keeper::{Keeper, Post};
use super::leases::Leases;
use super::statements::Statements;
use super::table::Table;
use super::{Inner, PostgresOperator, PostgresStore, failure};

/// What can be set about a [`PostgresStore`].
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    config: Config,
    schema: Option<String>,
    table: String,
    connections: usize,
    limit: Duration,
    keep_done: Duration,
    forget_bodies: bool,
    name: String,
}

impl PostgresOptions {
    /// What is right for most: the table `aircall_events`, 4 connections besides the one that a store keeps to itself, 3 s
    /// for any call, and events that are done are kept for 48 h.
    ///
    /// Where the configuration does not say otherwise, a server that is gone without a word is noticed after about 10 s.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            schema: None,
            table: "aircall_events".to_owned(),
            connections: 4,
            limit: Duration::from_secs(3),
            keep_done: Duration::from_secs(48 * 60 * 60),
            forget_bodies: false,
            name: "aircall-inbox".to_owned(),
        }
    }

    /// As [`new`](Self::new), from a URL or from `key=value` pairs, as `psql` takes them.
    ///
    /// # Errors
    ///
    /// Returns an error if that cannot be read.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        // The text of the error is about the URL, which has a password in it.
        url.parse().map(Self::new).map_err(|_| failure::untrusted("what was given is no PostgreSQL URL".to_owned()))
    }

    /// Sets the schema that the table is in. Without, it is the first of the `search_path`.
    #[must_use]
    pub fn with_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Sets the name of the table: ASCII letters, digits and underscores.
    #[must_use]
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// Sets how many connections there are at most, besides the one that a store keeps to itself; 4 by default, and at
    /// least 1.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Sets how long any call may take before it fails as [`Unavailable`](super::super::StoreErrorKind::Unavailable), and
    /// how long the server works on a statement; 3 s by default, which is what an inbox gives a store.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets for how long an event that is done is remembered, so that a duplicate of it is known.
    ///
    /// Aircall sends again for up to 12 h, and what it sends late may itself be late here: less than 48 h is not wise. All
    /// stores of one table should agree on it.
    #[must_use]
    pub fn with_keep_done(mut self, time: Duration) -> Self {
        self.keep_done = time;
        self
    }

    /// Forgets the body of an event as soon as that is done, and keeps only what tells a duplicate.
    #[must_use]
    pub fn forget_bodies(mut self) -> Self {
        self.forget_bodies = true;
        self
    }

    /// Sets what the connections are called in `pg_stat_activity`, if their configuration does not say it;
    /// `aircall-inbox` by default.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Returns the statements that make the table, for where the program may not do that itself.
    ///
    /// # Errors
    ///
    /// Returns an error if a name cannot be used.
    pub fn schema(&self) -> Result<String, StoreError> {
        Ok(Table::new(self.schema.as_deref(), &self.table)?.schema())
    }

    /// Opens the store: connects, and makes the table if there is none. `tls` is
    /// [`NoTls`](super::tokio_postgres::NoTls), or the connector of a crate such as `tokio-postgres-rustls`.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot be reached, or if it or the table cannot be trusted to keep what they are given.
    pub async fn open<T>(self, tls: T) -> Result<PostgresStore, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + Sync,
        T::TlsConnect: Send + Sync,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let limit = self.limit;
        let store = self.open_unseen(tls)?;
        let connected = async {
            store.inner.connections.get().await?.give_back();
            store.inner.post.held().await;
            Ok(())
        };
        let late = || store.inner.post.why_not_held().unwrap_or_else(|| failure::no_answer(limit));
        timeout(limit, connected).await.unwrap_or_else(|_| Err(late()))?;
        Ok(store)
    }

    /// Opens the store without waiting for the server, which may not be there yet. With a
    /// [spill](super::super::Inbox::with_spill) beside it, events can be taken in all the same.
    ///
    /// What [`open`](Self::open) would find wrong is then found by each call.
    ///
    /// # Errors
    ///
    /// Returns an error if a name cannot be used.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime.
    pub fn open_unseen<T>(self, tls: T) -> Result<PostgresStore, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + Sync,
        T::TlsConnect: Send + Sync,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let table = Table::new(self.schema.as_deref(), &self.table)?;
        let statements = Arc::new(Statements::new(&table));
        let config = with_defaults(self.config, &self.name, self.limit);
        let setup = Setup { table: table.clone(), make: true, limit: self.limit };
        let post = Post::new(number());
        let heard = {
            let post = Arc::clone(&post);
            Arc::new(move |payload: &str| post.heard(payload))
        };
        let dialler = Dialler { tls, heard };
        let connections = Connections::new(config.clone(), dialler.clone(), setup.clone(), self.connections)?;
        let keeper = Keeper {
            config,
            connect: Box::new(dialler),
            setup,
            statements: Arc::clone(&statements),
            post: Arc::clone(&post),
        };
        let leases = Arc::new(Leases::default());
        let claimant = Claimant::new(
            connections.clone(),
            Arc::clone(&statements),
            Arc::clone(&post),
            Arc::clone(&leases),
            self.keep_done,
        );
        let inner = Inner {
            operator: PostgresOperator::new(connections.clone(), table, self.limit),
            connections,
            statements,
            post,
            leases,
            claimant: tokio::sync::Mutex::new(claimant),
            next_due: Mutex::default(),
            keeper: tokio::spawn(keeper.keep()),
            closed: AtomicBool::new(false),
            limit: self.limit,
            forget_bodies: self.forget_bodies,
        };
        Ok(PostgresStore { inner: Arc::new(inner) })
    }

    /// Makes what people do by hand with a table that is there already. It connects when it is asked for something.
    ///
    /// # Errors
    ///
    /// Returns an error if a name cannot be used.
    pub fn operator<T>(self, tls: T) -> Result<PostgresOperator, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + Sync,
        T::TlsConnect: Send + Sync,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let table = Table::new(self.schema.as_deref(), &self.table)?;
        let config = with_defaults(self.config, &self.name, self.limit);
        let setup = Setup { table: table.clone(), make: false, limit: self.limit };
        let dialler = Dialler { tls, heard: Arc::new(|_: &str| {}) };
        Ok(PostgresOperator::new(Connections::new(config, dialler, setup, 1)?, table, self.limit))
    }
}

/// A number for a store, which none before it has had, nor will any after it: not from the clock, which may be wrong.
fn number() -> i64 {
    // Each `RandomState` has keys of its own.
    let random = RandomState::new().hash_one(std::process::id());
    i64::try_from(random >> 1).unwrap_or(i64::MAX)
}
