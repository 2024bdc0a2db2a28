//! What people do by hand with a file, also while its process runs.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, named_params};

use super::super::Event;
use super::super::event::milliseconds;
use super::super::operate::{Counts, Entry, Filter, Operate, State};
use super::super::store::{StoreError, StoreErrorKind};
use super::{file, statements};

/// Looks into the file of a store, and changes it for a moment at a time, whether or not a process has it open.
#[derive(Debug, Clone)]
pub struct SqliteOperator {
    path: PathBuf,
}

impl SqliteOperator {
    /// Names the file. It is opened at each call.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn with<T: Send + 'static>(
        &self,
        write: bool,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = file::open_beside(&path, write)?;
            work(&mut connection).map_err(|error| file::explain(&path, &error))
        });
        done.await.map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error.to_string()))?
    }

    /// Runs a statement for each event of a list, and counts those that it applied to.
    async fn each(&self, ids: Vec<i64>, statement: &'static str) -> Result<usize, StoreError> {
        self.with(true, move |connection| {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let now = milliseconds(SystemTime::now());
            let mut changed = 0;
            for id in ids {
                changed += transaction.execute(statement, [id, now])?;
            }
            transaction.commit()?;
            Ok(changed)
        })
        .await
    }
}

impl Operate for SqliteOperator {
    async fn list(&self, filter: Filter) -> Result<Vec<Entry>, StoreError> {
        self.with(false, move |connection| {
            connection
                .prepare(statements::LIST)?
                .query_map(
                    named_params! {
                        ":state": filter.state.map(State::as_str),
                        ":event": filter.event,
                        ":subject": filter.subject,
                        ":limit": i64::try_from(filter.limit).unwrap_or(i64::MAX),
                    },
                    statements::entry,
                )?
                .collect()
        })
        .await
    }

    async fn get(&self, id: i64) -> Result<Option<(Entry, Event)>, StoreError> {
        self.with(false, move |connection| {
            connection
                .query_row(statements::ONE, [id], |row| Ok((statements::entry(row)?, statements::event(row)?)))
                .optional()
        })
        .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.with(false, |connection| {
            let mut counts = Counts::default();
            let mut states =
                connection.prepare("SELECT state, count(*), min(received_at) FROM event_states GROUP BY state")?;
            let mut rows = states.query(())?;
            while let Some(row) = rows.next()? {
                let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
                match State::from_name(row.get_ref(0)?.as_str()?) {
                    Some(State::Ready) => (counts.ready, counts.oldest_ready_ms) = (count, row.get(2)?),
                    Some(State::Running) => counts.running = count,
                    Some(State::Done) => counts.done = count,
                    Some(State::Dead) => counts.dead = count,
                    None => {}
                }
            }
            Ok(counts)
        })
        .await
    }

    async fn replay(&self, ids: Vec<i64>) -> Result<usize, StoreError> {
        self.each(
            ids,
            "UPDATE event_states SET state = 'ready', attempts = 0, interrupted = 0, due_at = min(due_at, ?2), updated_at = ?2
             WHERE id = ?1 AND state != 'running' AND EXISTS (SELECT 1 FROM event_requests WHERE id = ?1)",
        )
        .await
    }

    async fn discard(&self, ids: Vec<i64>) -> Result<usize, StoreError> {
        self.each(
            ids,
            "UPDATE event_states SET state = 'done', updated_at = ?2, last_error = coalesce('discarded; ' || last_error, 'discarded')
             WHERE id = ?1 AND state IN ('ready', 'dead')",
        )
        .await
    }

    async fn purge(&self, done_for: Duration) -> Result<usize, StoreError> {
        let keep = i64::try_from(done_for.as_millis()).unwrap_or(i64::MAX);
        let before = milliseconds(SystemTime::now()).saturating_sub(keep);
        let mut purged = 0;
        loop {
            // In steps, so that the one who writes gets its turn.
            let step = self.with(true, move |connection| statements::prune(connection, before, 500)).await?;
            purged += step;
            if step == 0 {
                return Ok(purged);
            }
        }
    }
}
