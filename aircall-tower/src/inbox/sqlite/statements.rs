//! What is said to the table, each within the transaction of the caller.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::super::Event;
use super::super::operate::{Entry, State};
use super::super::store::{Claimed, Lease, Received, Settlement};

/// Inserts events that are not there yet.
pub(super) fn put(connection: &Connection, batch: &[Event], now: i64) -> rusqlite::Result<Vec<Received>> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (state, received_at, due_at, updated_at, event, resource, subject, tenant, token_fingerprint, key, method, uri, headers, body)
         VALUES ('ready', :received_at, :now, :now, :event, :resource, :subject, :tenant, :token_fingerprint, :key, :method, :uri, :headers, :body)
         ON CONFLICT (key, tenant) DO NOTHING",
    )?;
    batch
        .iter()
        .map(|event| {
            let headers = serde_json::to_string(&event.headers).unwrap_or_default();
            let inserted = insert.execute(named_params! {
                ":received_at": event.received_at_ms,
                ":now": now,
                ":event": event.event,
                ":resource": event.resource,
                ":subject": event.subject,
                ":tenant": event.tenant.as_deref().unwrap_or_default(),
                ":token_fingerprint": event.token_fingerprint,
                ":key": event.key,
                ":method": event.method,
                ":uri": event.uri,
                ":headers": headers,
                ":body": event.body,
            })?;
            Ok(if inserted == 0 { Received::Duplicate } else { Received::New })
        })
        .collect()
}

/// The event that is suspected of having ended a process, and due; the least suspected first.
pub(super) fn suspect(connection: &Connection, now: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM events WHERE state = 'ready' AND interrupted > 1 AND due_at <= ? ORDER BY interrupted, id LIMIT 1",
        )?
        .query_row([now], |row| row.get(0))
        .optional()
}

/// Begins an attempt at one event.
pub(super) fn claim_one(connection: &Connection, id: i64, now: i64) -> rusqlite::Result<Vec<Claimed>> {
    connection
        .prepare_cached(
            "UPDATE events SET state = 'running', attempts = attempts + 1, updated_at = ?2 WHERE id = ?1 RETURNING *",
        )?
        .query_map([id, now], claimed)?
        .collect()
}

/// Begins an attempt at each of the events that have been due for longest.
pub(super) fn claim(connection: &Connection, max: usize, in_order: bool, now: i64) -> rusqlite::Result<Vec<Claimed>> {
    const PLAIN: &str = "UPDATE events SET state = 'running', attempts = attempts + 1, updated_at = ?2
         WHERE id IN (SELECT id FROM events WHERE state = 'ready' AND interrupted <= 1 AND due_at <= ?2 ORDER BY due_at, id LIMIT ?1)
         RETURNING *";
    const IN_ORDER: &str = "UPDATE events SET state = 'running', attempts = attempts + 1, updated_at = ?2
         WHERE id IN (
             SELECT id FROM events AS later WHERE state = 'ready' AND interrupted <= 1 AND due_at <= ?2 AND NOT EXISTS (
                 SELECT 1 FROM events AS earlier
                 WHERE earlier.state IN ('ready', 'running') AND earlier.subject = later.subject AND earlier.id < later.id
             ) ORDER BY due_at, id LIMIT ?1
         )
         RETURNING *";
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let mut claimed: Vec<Claimed> = connection
        .prepare_cached(if in_order { IN_ORDER } else { PLAIN })?
        .query_map([max, now], claimed)?
        .collect::<rusqlite::Result<_>>()?;
    claimed.sort_by_key(|claimed| claimed.lease.id);
    Ok(claimed)
}

/// When the next event that waits is due.
pub(super) fn next_due(connection: &Connection, now: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT due_at FROM events WHERE state = 'ready' AND due_at > ? ORDER BY due_at LIMIT 1")?
        .query_row([now], |row| row.get(0))
        .optional()
}

/// Ends a lease.
pub(super) fn settle(
    connection: &Connection,
    lease: Lease,
    settlement: &Settlement,
    keep_body: bool,
    now: i64,
) -> rusqlite::Result<()> {
    let (state, due_at, reason, forget) = match settlement {
        Settlement::Done => (State::Done, now, None, !keep_body),
        Settlement::Retry { after, reason } => {
            let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
            (State::Ready, now.saturating_add(after), Some(reason), false)
        }
        Settlement::Dead { reason } => (State::Dead, now, Some(reason), false),
    };
    connection
        .prepare_cached(
            "UPDATE events SET state = :state, due_at = :due_at, updated_at = :now, interrupted = 0,
                 last_error = coalesce(:reason, last_error), body = iif(:forget, NULL, body)
             WHERE id = :id AND state = 'running' AND attempts = :fence",
        )?
        .execute(named_params! {
            ":state": state.as_str(),
            ":due_at": due_at,
            ":now": now,
            ":reason": reason,
            ":forget": forget,
            ":id": lease.id,
            ":fence": lease.fence,
        })?;
    Ok(())
}

/// Makes an event due whose lease ran out while its process lived.
pub(super) fn release(connection: &Connection, lease: Lease, now: i64) -> rusqlite::Result<()> {
    let settlement = Settlement::Retry { after: std::time::Duration::ZERO, reason: "the lease ran out".to_owned() };
    settle(connection, lease, &settlement, true, now)
}

/// Makes due at once what was running when the last process ended, and what that had put off by a clock that was wrong.
pub(super) fn recover(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE events SET state = 'ready', interrupted = interrupted + 1, due_at = ?1, updated_at = ?1,
             last_error = 'the process ended during the attempt' WHERE state = 'running'",
        [now],
    )?;
    connection
        .execute("UPDATE events SET due_at = ?1, updated_at = ?1 WHERE state = 'ready' AND updated_at > ?1", [now])?;
    Ok(())
}

/// Forgets events that have been done since before a moment, so many at most, and says how many it were.
pub(super) fn prune(connection: &Connection, before: i64, max: usize) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE state = 'done' AND updated_at < ?1 ORDER BY updated_at LIMIT ?2)",
        )?
        .execute([before, i64::try_from(max).unwrap_or(i64::MAX)])
}

/// How many bytes of the file are in use.
pub(super) fn used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma: &str| connection.query_row(pragma, (), |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
    Ok(u64::try_from(pages * number("PRAGMA page_size")?).unwrap_or(0))
}

/// An event in full.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let headers: String = row.get("headers")?;
    let tenant: String = row.get("tenant")?;
    Ok(Event {
        key: row.get("key")?,
        tenant: Some(tenant).filter(|tenant| !tenant.is_empty()),
        token_fingerprint: row.get("token_fingerprint")?,
        event: row.get("event")?,
        resource: row.get("resource")?,
        subject: row.get("subject")?,
        received_at_ms: row.get("received_at")?,
        method: row.get("method")?,
        uri: row.get("uri")?,
        headers: serde_json::from_str(&headers).unwrap_or_default(),
        body: row.get::<_, Option<String>>("body")?.unwrap_or_default(),
    })
}

/// An event in a list.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let state = State::from_name(row.get_ref("state")?.as_str()?).unwrap_or(State::Dead);
    let tenant: String = row.get("tenant")?;
    Ok(Entry {
        id: row.get("id")?,
        state,
        event: row.get("event")?,
        subject: row.get("subject")?,
        tenant: Some(tenant).filter(|tenant| !tenant.is_empty()),
        attempts: row.get("attempts")?,
        received_at_ms: row.get("received_at")?,
        due_at_ms: if state == State::Ready { Some(row.get("due_at")?) } else { None },
        last_error: row.get("last_error")?,
    })
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<Claimed> {
    let attempts: i64 = row.get("attempts")?;
    Ok(Claimed {
        lease: Lease { id: row.get("id")?, fence: attempts },
        event: event(row)?,
        attempt: u32::try_from(attempts).unwrap_or(u32::MAX),
        interrupted: row.get("interrupted")?,
    })
}
