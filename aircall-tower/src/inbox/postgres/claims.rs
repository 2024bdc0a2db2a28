//! Claiming, and the upkeep of the table that goes with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::super::store::{Claim, Claimed, StoreError};
use super::connect::{Connection, Connections};
use super::failure::explain;
use super::keeper::Post;
use super::leases::Leases;
use super::statements::{self, Statements, whole_milliseconds};

/// How often it is looked whether something ran out, was left behind, or can be forgotten.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);

/// For how long another store has to be gone before what it was running is taken over: as long as it takes to connect
/// again after the server was restarted or a line was cut. The first look of a store is at what a process before it may
/// have left, and waits for nothing.
pub(super) const GONE_FOR: Duration = Duration::from_secs(2);

/// How long the server may take to say when the next event is due. Who asks gets events at the same time.
const MOMENT: Duration = Duration::from_millis(250);

/// How many events are forgotten in one step, and how many steps there are at a time.
const PRUNE_STEP: i64 = 500;
const PRUNE_STEPS: usize = 4;

/// The one who claims for a store. Claims of one store come one after the other.
pub(super) struct Claimant {
    pub(super) connections: Connections,
    pub(super) statements: Arc<Statements>,
    pub(super) post: Arc<Post>,
    pub(super) leases: Arc<Leases>,
    keep_done: Duration,
    upkeep_at: Option<Instant>,
    /// Stores whose locks nobody held when they were looked for, and since when.
    gone: HashMap<i64, Instant>,
}

/// What came of a claim.
pub(super) struct Answer {
    pub(super) claimed: Vec<Claimed>,
    /// In which time the next event is due, if that is known.
    pub(super) next_due: Option<Duration>,
}

impl Claimant {
    pub(super) fn new(
        connections: Connections,
        statements: Arc<Statements>,
        post: Arc<Post>,
        leases: Arc<Leases>,
        keep_done: Duration,
    ) -> Self {
        Self { connections, statements, post, leases, keep_done, upkeep_at: None, gone: HashMap::new() }
    }

    /// Looks after the table, if it is time for that.
    ///
    /// It is not part of a claim, whose attempts are counted even if it took so long that nobody waited for it to the end.
    pub(super) async fn look_after(&mut self) -> Result<(), StoreError> {
        if self.upkeep_at.is_some_and(|at| at > Instant::now()) {
            return Ok(());
        }
        let held_since = self.post.held().await;
        let connection = self.connections.get().await?;
        self.upkeep(&connection, held_since).await?;
        connection.give_back();
        self.upkeep_at = Some(Instant::now() + UPKEEP_EVERY);
        Ok(())
    }

    pub(super) async fn claim(&mut self, claim: Claim) -> Result<Answer, StoreError> {
        // Nobody but the living may hold a lease.
        self.post.held().await;
        let mut connection = self.connections.get().await?;
        let before = self.leases.before();
        let claimed = if before.suspect { Vec::new() } else { self.lease(&mut connection, claim, before.any).await? };
        let mut next_due = None;
        let known = claimed.len() >= claim.max || {
            // Not to know it is no reason to withhold what was claimed.
            let asked = timeout(MOMENT, self.next_due(&connection)).await;
            asked.is_ok_and(|answer| answer.map(|due| next_due = due).is_ok())
        };
        if known {
            connection.give_back();
        }
        // Nothing is waited for after this: what is held here has been handed out.
        self.leases.begin(&claimed, claim.lease);
        Ok(Answer { claimed, next_due })
    }

    async fn lease(&self, connection: &mut Connection, claim: Claim, holds: bool) -> Result<Vec<Claimed>, StoreError> {
        let wrong = |error: tokio_postgres::Error| explain(&error);
        let max = i64::try_from(claim.max).unwrap_or(i64::MAX);
        let lease = whole_milliseconds(claim.lease) as f64;
        let owner = self.post.owner();
        let rows = if claim.in_order {
            let transaction = connection.transaction().await.map_err(wrong)?;
            let lock = transaction.prepare_cached(&self.statements.one_at_a_time).await.map_err(wrong)?;
            let claim = transaction.prepare_cached(&self.statements.claim_in_order).await.map_err(wrong)?;
            transaction.execute(&lock, &[]).await.map_err(wrong)?;
            let rows = transaction.query(&claim, &[&owner, &max, &holds, &lease]).await.map_err(wrong)?;
            transaction.commit().await.map_err(wrong)?;
            rows
        } else {
            let claim = connection.prepare_cached(&self.statements.claim).await.map_err(wrong)?;
            connection.query(&claim, &[&owner, &max, &holds, &lease]).await.map_err(wrong)?
        };
        let mut claimed = rows.iter().map(statements::claimed).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        claimed.sort_by_key(|claimed| claimed.lease.id);
        Ok(claimed)
    }

    /// In which time the next event is due.
    async fn next_due(&self, connection: &Connection) -> Result<Option<Duration>, tokio_postgres::Error> {
        let next_due = connection.prepare_cached(&self.statements.next_due).await?;
        let Some(row) = connection.query_opt(&next_due, &[]).await? else { return Ok(None) };
        let milliseconds: f64 = row.try_get(0)?;
        Ok(Duration::try_from_secs_f64(milliseconds / 1000.0).ok())
    }

    async fn upkeep(&mut self, connection: &Connection, held_since: Instant) -> Result<(), StoreError> {
        self.recover(connection, held_since).await.map_err(|error| explain(&error))?;
        self.expire(connection).await.map_err(|error| explain(&error))
    }

    /// Takes over what stores were running that are gone.
    async fn recover(&mut self, connection: &Connection, held_since: Instant) -> Result<(), tokio_postgres::Error> {
        let owner = self.post.owner();
        let look = connection.prepare_cached(&self.statements.gone).await?;
        let found = connection.query(&look, &[&owner]).await?;
        let now = Instant::now();
        let mut gone = HashMap::new();
        let mut just_started = false;
        for row in &found {
            let other = row.try_get(0)?;
            just_started |= row.try_get::<_, bool>(1)?;
            // When this store could not be reached, it is no wonder that others could not.
            let since = self.gone.get(&other).map_or(now, |since| *since.max(&held_since));
            gone.insert(other, since);
        }
        let at_once = self.upkeep_at.is_none() && !just_started;
        let dead: Vec<i64> =
            gone.iter().filter(|(_, since)| at_once || now - **since >= GONE_FOR).map(|(other, _)| *other).collect();
        self.gone = gone;
        if !dead.is_empty() {
            let recover = connection.prepare_cached(&self.statements.recover).await?;
            connection.execute(&recover, &[&owner, &dead]).await?;
        }
        Ok(())
    }

    /// Ends leases that have run out or that nobody here knows of, and forgets what has been done for long enough.
    async fn expire(&self, connection: &Connection) -> Result<(), tokio_postgres::Error> {
        let latest = self.post.latest();
        if let Some(latest) = latest {
            let expire = connection.prepare_cached(&self.statements.expire).await?;
            connection.execute(&expire, &[&latest]).await?;
        }
        let (ids, fences) = self.leases.known();
        let regain = connection.prepare_cached(&self.statements.regain).await?;
        connection.execute(&regain, &[&self.post.owner(), &ids, &fences]).await?;
        if let Some(latest) = latest {
            let prune = connection.prepare_cached(&self.statements.prune).await?;
            let keep = whole_milliseconds(self.keep_done) as f64;
            for _ in 0..PRUNE_STEPS {
                if connection.execute(&prune, &[&latest, &keep, &PRUNE_STEP]).await? < PRUNE_STEP as u64 {
                    break;
                }
            }
        }
        Ok(())
    }
}
