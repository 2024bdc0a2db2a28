//! What people do by hand with a table.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::Event;
use super::super::operate::{Counts, Entry, Filter, Operate, State};
use super::super::store::StoreError;
use super::connect::Connections;
use super::failure;
use super::statements::{self, whole_milliseconds};
use super::table::Table;

/// How many events are forgotten in one step.
const PURGE_STEP: i64 = 500;

/// Looks into the table of a store, and changes it, whether or not anybody has that open.
#[derive(Clone)]
pub struct PostgresOperator {
    connections: Connections,
    table: Arc<Table>,
    limit: Duration,
}

impl PostgresOperator {
    pub(super) fn new(connections: Connections, table: Table, limit: Duration) -> Self {
        Self { connections, table: Arc::new(table), limit }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        timeout(self.limit, work).await.unwrap_or_else(|_| Err(failure::no_answer(self.limit)))
    }

    async fn query(
        &self,
        statement: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        self.in_time(async {
            let connection = self.connections.get().await?;
            let rows = connection.query(&self.table.in_statement(statement), parameters).await;
            let rows = rows.map_err(|error| failure::explain(&error))?;
            connection.give_back();
            Ok(rows)
        })
        .await
    }

    async fn execute(
        &self,
        statement: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<usize, StoreError> {
        self.in_time(async {
            let connection = self.connections.get().await?;
            let changed = connection.execute(&self.table.in_statement(statement), parameters).await;
            let changed = changed.map_err(|error| failure::explain(&error))?;
            connection.give_back();
            Ok(usize::try_from(changed).unwrap_or(usize::MAX))
        })
        .await
    }
}

impl Operate for PostgresOperator {
    async fn list(&self, filter: Filter) -> Result<Vec<Entry>, StoreError> {
        let state = filter.state.map(State::as_str);
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        let rows = self
            .query(
                "SELECT id, state, event, subject, tenant, attempts, received_at, due_at, last_error FROM {events}
                 WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR event = $2) AND ($3::text IS NULL OR subject = $3)
                 ORDER BY id DESC LIMIT $4",
                &[&state, &filter.event, &filter.subject, &limit],
            )
            .await?;
        rows.iter().map(statements::entry).collect::<Result<_, _>>().map_err(|error| failure::explain(&error))
    }

    async fn get(&self, id: i64) -> Result<Option<(Entry, Event)>, StoreError> {
        let rows = self
            .query(
                "SELECT id, state, event, subject, tenant, attempts, received_at, due_at, last_error,
                     resource, token_fingerprint, key, method, uri, headers::text AS headers, body
                 FROM {events} WHERE id = $1",
                &[&id],
            )
            .await?;
        rows.first()
            .map(|row| Ok((statements::entry(row)?, statements::event(row)?)))
            .transpose()
            .map_err(|error| failure::explain(&error))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        // For each state there is an index that is small, or small beside the table.
        let statement = "
            SELECT 'ready', count(*), floor(extract(epoch FROM min(received_at)) * 1000)::bigint FROM {events} WHERE state = 'ready'
            UNION ALL SELECT 'running', count(*), NULL FROM {events} WHERE state = 'running' AND owner IS NOT NULL
            UNION ALL SELECT 'done', count(*), NULL FROM {events} WHERE state = 'done'
            UNION ALL SELECT 'dead', count(*), NULL FROM {events} WHERE state = 'dead'";
        let rows = self.query(statement, &[]).await?;
        let mut counts = Counts::default();
        for row in &rows {
            let wrong = |error: tokio_postgres::Error| failure::explain(&error);
            let count = u64::try_from(row.try_get::<_, i64>(1).map_err(wrong)?).unwrap_or(0);
            match State::from_name(row.try_get(0).map_err(wrong)?) {
                Some(State::Ready) => (counts.ready, counts.oldest_ready_ms) = (count, row.try_get(2).map_err(wrong)?),
                Some(State::Running) => counts.running = count,
                Some(State::Done) => counts.done = count,
                Some(State::Dead) => counts.dead = count,
                None => {}
            }
        }
        Ok(counts)
    }

    async fn replay(&self, ids: Vec<i64>) -> Result<usize, StoreError> {
        let replayed = self
            .execute(
                "UPDATE {events} SET state = 'ready', attempts = 0, interrupted = 0, owner = NULL, due_at = least(due_at, now()), updated_at = now()
                 WHERE id IN (SELECT id FROM {events} WHERE id = ANY($1) AND state <> 'running' AND body IS NOT NULL ORDER BY id FOR UPDATE)",
                &[&ids],
            )
            .await?;
        // Stores look on their own as well, only later.
        let _ = self.query("SELECT pg_notify($1, '')", &[&self.table.channel()]).await;
        Ok(replayed)
    }

    async fn discard(&self, ids: Vec<i64>) -> Result<usize, StoreError> {
        self.execute(
            "UPDATE {events} SET state = 'done', interrupted = 0, owner = NULL, updated_at = now(),
                 last_error = coalesce('discarded; ' || last_error, 'discarded')
             WHERE id IN (SELECT id FROM {events} WHERE id = ANY($1) AND state IN ('ready', 'dead') ORDER BY id FOR UPDATE)",
            &[&ids],
        )
        .await
    }

    async fn purge(&self, done_for: Duration) -> Result<usize, StoreError> {
        let keep = whole_milliseconds(done_for) as f64;
        let mut purged = 0;
        loop {
            // In steps, none of which holds anybody up for long.
            let step = self
                .execute(
                    "DELETE FROM {events} WHERE id IN (
                         SELECT id FROM {events} WHERE state = 'done' AND updated_at < now() - $1 * interval '1 ms'
                         ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED
                     )",
                    &[&keep, &PURGE_STEP],
                )
                .await?;
            purged += step;
            if step == 0 {
                return Ok(purged);
            }
        }
    }
}

impl fmt::Debug for PostgresOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOperator").field("table", &self.table).finish_non_exhaustive()
    }
}
