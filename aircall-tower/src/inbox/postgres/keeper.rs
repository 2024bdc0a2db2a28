//! The connection that a store keeps to itself: while it stands, the store is alive to others.
//!
//! It holds a lock whose number is that of the store, hears of what others put, and watches the clock of the server.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use deadpool_postgres::Connect;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::{Client, Config};

use super::super::store::StoreError;
use super::clock::{Clock, Set};
use super::connect::Setup;
use super::failure;
use super::statements::{Statements, whole_milliseconds};
use super::table::Unprepared;

/// How long until the connection is made again once it is lost. Others take the store for dead after
/// [`GONE_FOR`](super::claims::GONE_FOR).
const AGAIN: Duration = Duration::from_millis(250);

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What the rest of a store knows of its keeper.
#[derive(Debug)]
pub(super) struct Post {
    owner: i64,
    /// Since when the lock has been held, or why it is not.
    held: watch::Sender<Result<Instant, StoreError>>,
    clock: Mutex<Clock>,
    /// Somebody should look at the table.
    pub(super) news: Notify,
    /// Others should be told of something new.
    tell: Notify,
}

impl Post {
    pub(super) fn new(owner: i64) -> Arc<Self> {
        let held = watch::Sender::new(Err(failure::unavailable("the server has not been reached yet")));
        Arc::new(Self { owner, held, clock: Mutex::default(), news: Notify::new(), tell: Notify::new() })
    }

    /// The number of the store among those that use the table.
    pub(super) fn owner(&self) -> i64 {
        self.owner
    }

    /// Waits until the store is alive to others, and says since when it has been.
    pub(super) async fn held(&self) -> Instant {
        let mut held = self.held.subscribe();
        loop {
            if let Ok(since) = *held.borrow_and_update() {
                return since;
            }
            if held.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Why the store is not alive to others.
    pub(super) fn why_not_held(&self) -> Option<StoreError> {
        self.held.borrow().as_ref().err().cloned()
    }

    /// Says that something new was put.
    pub(super) fn announce(&self) {
        self.news.notify_one();
        self.tell.notify_one();
    }

    /// Takes in what another store said.
    pub(super) fn heard(&self, payload: &str) {
        // It is told of its own as well.
        if payload != self.owner.to_string() {
            self.news.notify_one();
        }
    }

    /// The latest moment, by the clock of the server, at which something can have ended by now.
    pub(super) fn latest(&self) -> Option<SystemTime> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).latest(Instant::now())
    }

    fn look(&self, says: SystemTime) -> Set {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).look(says, Instant::now())
    }
}

/// The one who keeps the connection, and makes it again whenever it is lost.
pub(super) struct Keeper {
    pub(super) config: Config,
    pub(super) connect: Box<dyn Connect>,
    pub(super) setup: Setup,
    pub(super) statements: Arc<Statements>,
    pub(super) post: Arc<Post>,
}

impl Keeper {
    /// Keeps the connection until it is aborted.
    pub(super) async fn keep(self) {
        loop {
            let Err(error) = self.connected().await;
            self.post.held.send_modify(|held| *held = Err(error));
            sleep(AGAIN).await;
        }
    }

    async fn connected(&self) -> Result<Infallible, StoreError> {
        let limit = self.setup.limit;
        let (mut client, mut line) = timeout(limit, self.begin()).await.map_err(|_| failure::no_answer(limit))??;
        self.lock(&client).await?;
        let wrong = |error: tokio_postgres::Error| failure::explain(&error);
        client.batch_execute(&format!("LISTEN \"{}\"", self.setup.table.channel())).await.map_err(wrong)?;
        self.look(&mut client).await.map_err(wrong)?;
        self.post.held.send_modify(|held| *held = Ok(Instant::now()));
        // Something may have been put before anybody listened.
        self.post.news.notify_one();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = &mut line.driver => return Err(failure::unavailable("the connection was lost")),
                () = self.post.tell.notified() => self.tell(&client).await.map_err(wrong)?,
                _ = looks.tick() => self.look(&mut client).await.map_err(wrong)?,
            }
        }
    }

    async fn begin(&self) -> Result<(Client, Line), StoreError> {
        let wrong = |error: tokio_postgres::Error| failure::explain(&error);
        let (mut client, driver) = self.connect.connect(&self.config).await.map_err(wrong)?;
        let line = Line { driver };
        self.setup.apply(&mut client).await.map_err(|unprepared| match unprepared {
            Unprepared::Failed(error) => wrong(error),
            Unprepared::Untrusted(what) => failure::untrusted(what),
        })?;
        // A server that has stood still for a while has not been lost: what was asked of it here may take its time.
        client.batch_execute("SET statement_timeout = 0").await.map_err(wrong)?;
        Ok((client, line))
    }

    /// Takes the lock. If the server has not noticed yet that an earlier connection of this store is gone, it is told.
    async fn lock(&self, client: &Client) -> Result<(), StoreError> {
        let wrong = |error: tokio_postgres::Error| failure::explain(&error);
        let owner = self.post.owner;
        for _ in 0..20 {
            let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&owner]).await.map_err(wrong)?;
            if row.try_get(0).map_err(wrong)? {
                return Ok(());
            }
            let end = "SELECT pg_terminate_backend(pid) FROM pg_locks
                WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid <> pg_backend_pid()
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND classid = ($1::bigint >> 32)::oid AND objid = ($1::bigint & 4294967295)::oid";
            client.execute(end, &[&owner]).await.map_err(wrong)?;
            sleep(Duration::from_millis(50)).await;
        }
        Err(failure::unavailable("an earlier connection of this store still has its lock"))
    }

    async fn tell(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let (channel, owner) = (self.setup.table.channel(), self.post.owner.to_string());
        client.execute("SELECT pg_notify($1, $2)", &[&channel, &owner]).await.map(drop)
    }

    /// Looks at the clock, and sees to what was put off or hurried if that was set.
    async fn look(&self, client: &mut Client) -> Result<(), tokio_postgres::Error> {
        let says = client.query_one("SELECT clock_timestamp()", &[]).await?.try_get(0)?;
        match self.post.look(says) {
            Set::Not => Ok(()),
            Set::Back => client.execute(&self.statements.set_back, &[]).await.map(drop),
            Set::Forward { by, otherwise } => {
                let by = whole_milliseconds(by) as f64;
                client.execute(&self.statements.put_forward, &[&self.post.owner, &otherwise, &by]).await.map(drop)
            }
        }
    }
}

/// The task that drives a connection, which ends when that is lost, and is ended when nobody wants it any more.
struct Line {
    driver: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
