//! What is said to the table, each within the transaction of the caller.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::Event;
use super::super::event::text;
use super::super::operate::{Entry, State};
use super::super::store::{Lease, Settlement};

/// What is read of an event in a list: [`entry`] knows these by their places.
macro_rules! listed {
    () => {
        "event_states.id, state, attempts, received_at, due_at, event, subject, tenant, last_error"
    };
}

/// What is read of an event in full: [`event`] knows these by their places.
macro_rules! in_full {
    () => {
        concat!(
            listed!(),
            ", resource, token_fingerprint, key, method, uri, headers, body
             FROM event_states LEFT JOIN event_requests USING (id)"
        )
    };
}

pub(super) const LIST: &str = concat!(
    "SELECT ",
    listed!(),
    " FROM event_states WHERE (:state IS NULL OR state = :state) AND (:event IS NULL OR event = :event)
     AND (:subject IS NULL OR subject = :subject) ORDER BY id DESC LIMIT :limit"
);

pub(super) const ONE: &str = concat!("SELECT ", in_full!(), " WHERE event_states.id = ?");

/// Inserts events that are not there yet, and returns the numbers of those that were not.
pub(super) fn put(connection: &Connection, batch: &[Event], now: i64) -> rusqlite::Result<Vec<Option<i64>>> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO event_states (state, received_at, due_at, updated_at, event, resource, subject, tenant, token_fingerprint, key)
         VALUES ('ready', ?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key, tenant) DO NOTHING",
    )?;
    let mut insert_request = connection
        .prepare_cached("INSERT INTO event_requests (id, method, uri, headers, body) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    batch
        .iter()
        .map(|event| {
            let inserted = insert.execute(params![
                event.received_at_ms,
                now,
                event.event,
                event.resource,
                event.subject,
                event.tenant.as_deref().unwrap_or_default(),
                event.token_fingerprint,
                event.key,
            ])?;
            if inserted == 0 {
                return Ok(None);
            }
            let id = connection.last_insert_rowid();
            let (uri, headers) = (event.uri.to_string(), text::of_headers(&event.headers));
            insert_request.execute(params![id, event.method.as_str(), uri, headers, event.body])?;
            Ok(Some(id))
        })
        .collect()
}

/// That no other of the same subject that came earlier is running or waits to be tried again.
macro_rules! first_of_its_subject {
    () => {
        "NOT EXISTS (
             SELECT 1 FROM event_states AS earlier
             WHERE earlier.state IN ('ready', 'running') AND earlier.subject = later.subject AND earlier.id < later.id
         )"
    };
}

/// The event that is suspected of having ended a process, and due; the least suspected first.
pub(super) fn suspect(connection: &Connection, in_order: bool, now: i64) -> rusqlite::Result<Option<i64>> {
    const PLAIN: &str = "SELECT id FROM event_states WHERE state = 'ready' AND interrupted > 1 AND due_at <= ?
         ORDER BY interrupted, id LIMIT 1";
    const IN_ORDER: &str = concat!(
        "SELECT id FROM event_states AS later WHERE state = 'ready' AND interrupted > 1 AND due_at <= ? AND ",
        first_of_its_subject!(),
        " ORDER BY interrupted, id LIMIT 1"
    );
    let mut suspect = connection.prepare_cached(if in_order { IN_ORDER } else { PLAIN })?;
    suspect.query_row([now], |row| row.get(0)).optional()
}

/// An attempt that has been begun.
pub(super) struct Begun {
    pub(super) lease: Lease,
    pub(super) attempt: u32,
    pub(super) interrupted: u32,
}

/// What is due, as it is before its next attempt is begun.
macro_rules! due {
    ($and:expr) => {
        concat!(
            "SELECT id, fence, attempts, interrupted FROM event_states AS later WHERE state = 'ready' AND ",
            $and,
            " AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2"
        )
    };
}

/// Begins an attempt at one event.
pub(super) fn claim_one(connection: &Connection, id: i64, now: i64) -> rusqlite::Result<Vec<Begun>> {
    const ONE: &str = "SELECT id, fence, attempts, interrupted FROM event_states WHERE state = 'ready' AND id = ?";
    let ready = connection.prepare_cached(ONE)?.query_map([id], begun)?.collect::<rusqlite::Result<Vec<_>>>()?;
    begin(connection, &ready, now)?;
    Ok(ready)
}

/// Begins an attempt at each of the events that have been due for longest. They are in the order of their numbers.
pub(super) fn claim(connection: &Connection, max: usize, in_order: bool, now: i64) -> rusqlite::Result<Vec<Begun>> {
    const PLAIN: &str = due!("interrupted <= 1");
    const IN_ORDER: &str = due!(concat!("interrupted <= 1 AND ", first_of_its_subject!()));
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let mut due = connection.prepare_cached(if in_order { IN_ORDER } else { PLAIN })?;
    let mut due = due.query_map([now, max], begun)?.collect::<rusqlite::Result<Vec<_>>>()?;
    due.sort_unstable_by_key(|begun| begun.lease.id);
    begin(connection, &due, now)?;
    Ok(due)
}

/// Begins an attempt at each of these, which are ready and in the order of their numbers. Those that follow each other are
/// changed in one go, which takes a third of the time.
fn begin(connection: &Connection, ready: &[Begun], now: i64) -> rusqlite::Result<()> {
    let mut begin = connection.prepare_cached(
        "UPDATE event_states SET state = 'running', attempts = attempts + (attempts < 9223372036854775807),
             fence = fence + (fence < 9223372036854775807), updated_at = ?1 WHERE id BETWEEN ?2 AND ?3",
    )?;
    for run in ready.chunk_by(|one, next| one.lease.id.checked_add(1) == Some(next.lease.id)) {
        begin.execute([now, run[0].lease.id, run[run.len() - 1].lease.id])?;
    }
    Ok(())
}

/// Reads an event in full.
pub(super) fn read(connection: &Connection, id: i64) -> rusqlite::Result<Event> {
    connection.prepare_cached(ONE)?.query_row([id], event)
}

/// Makes the index that claims in order need. Without such claims there is none: it would be changed at every step of
/// each event.
pub(super) fn keep_open(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS events_open ON event_states (subject, id) WHERE state IN ('ready', 'running')",
    )
}

/// When the next event that waits is due.
pub(super) fn next_due(connection: &Connection, now: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT due_at FROM event_states WHERE state = 'ready' AND due_at > ? ORDER BY due_at LIMIT 1")?
        .query_row([now], |row| row.get(0))
        .optional()
}

/// Ends leases, one after the other.
pub(super) fn settle<'a>(
    connection: &Connection,
    batch: impl IntoIterator<Item = &'a (Lease, Settlement)>,
    keep_bodies: bool,
    now: i64,
) -> rusqlite::Result<()> {
    let mut done = Vec::new();
    for (lease, settlement) in batch {
        let (state, due_at, reason) = match settlement {
            Settlement::Done => {
                done.push(*lease);
                continue;
            }
            Settlement::Retry { after, reason } => {
                let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
                (State::Ready, now.saturating_add(after), reason)
            }
            Settlement::Dead { reason } => (State::Dead, now, reason),
        };
        settle_done(connection, &mut done, keep_bodies, now)?;
        connection
            .prepare_cached(
                "UPDATE event_states SET state = ?3, due_at = ?4, updated_at = ?5, interrupted = 0, last_error = ?6
                 WHERE id = ?1 AND state = 'running' AND fence = ?2",
            )?
            .execute(params![lease.id, lease.fence, state.as_str(), due_at, now, reason])?;
    }
    settle_done(connection, &mut done, keep_bodies, now)
}

/// Events that follow each other are changed in one go, which takes half the time, as long as it need not be known which of them
/// it were.
fn settle_done(connection: &Connection, done: &mut Vec<Lease>, keep_bodies: bool, now: i64) -> rusqlite::Result<()> {
    done.sort_unstable_by_key(|lease| lease.id);
    let mut settle = connection.prepare_cached(
        "UPDATE event_states SET state = 'done', due_at = ?4, updated_at = ?4, interrupted = 0
         WHERE id BETWEEN ?1 AND ?2 AND state = 'running' AND fence = ?3",
    )?;
    let together =
        |one: &Lease, next: &Lease| keep_bodies && one.id.checked_add(1) == Some(next.id) && one.fence == next.fence;
    for run in done.chunk_by(together) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let settled = settle.execute([first.id, last.id, first.fence, now])?;
        if !keep_bodies && settled > 0 {
            connection.prepare_cached("DELETE FROM event_requests WHERE id = ?")?.execute([first.id])?;
        }
    }
    done.clear();
    Ok(())
}

/// Makes an event due whose lease ran out while its process lived.
pub(super) fn release(connection: &Connection, lease: Lease, now: i64) -> rusqlite::Result<()> {
    let settlement = Settlement::Retry { after: Duration::ZERO, reason: "the lease ran out".to_owned() };
    settle(connection, &[(lease, settlement)], true, now)
}

/// Makes due at once what is running without that anybody here holds the lease of it.
pub(super) fn regain(connection: &Connection, held: &HashSet<Lease>, now: i64) -> rusqlite::Result<()> {
    let mut running = connection.prepare("SELECT id, fence FROM event_states WHERE state = 'running'")?;
    let leases = running.query_map((), |row| Ok(Lease { id: row.get(0)?, fence: row.get(1)? }))?;
    let lost: Vec<Lease> =
        leases.filter(|lease| !lease.as_ref().is_ok_and(|lease| held.contains(lease))).collect::<Result<_, _>>()?;
    for lease in lost {
        let reason = "the claim failed, and was found to have been noted".to_owned();
        settle(connection, &[(lease, Settlement::Retry { after: Duration::ZERO, reason })], true, now)?;
    }
    Ok(())
}

/// Makes due at once what was running when the last process ended, and what that had put off by a clock that was wrong.
pub(super) fn recover(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE event_states SET state = 'ready', interrupted = interrupted + 1, due_at = ?1, updated_at = ?1,
             last_error = 'the process ended during the attempt' WHERE state = 'running'",
        [now],
    )?;
    connection.execute(
        "UPDATE event_states SET due_at = ?1, updated_at = ?1 WHERE state = 'ready' AND updated_at > ?1",
        [now],
    )?;
    Ok(())
}

/// Forgets events that have been done since before a moment, so many at most, and says how many it were.
pub(super) fn prune(connection: &Connection, before: i64, max: usize) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM event_states WHERE id IN (SELECT id FROM event_states WHERE state = 'done' AND updated_at < ?1 ORDER BY updated_at LIMIT ?2)",
        )?
        .execute([before, i64::try_from(max).unwrap_or(i64::MAX)])
}

/// How many bytes of the file are in use.
pub(super) fn used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma: &str| connection.prepare_cached(pragma)?.query_row((), |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
    Ok(u64::try_from(pages * number("PRAGMA page_size")?).unwrap_or(0))
}

/// Changes whenever somebody else has changed the file.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))
}

/// How many pages of the log have not been moved into the file.
pub(super) fn log(connection: &Connection) -> rusqlite::Result<u64> {
    left_after(connection, "PRAGMA wal_checkpoint(NOOP)")
}

/// Moves of the log into the file what nobody reads any more, and says how many pages are left.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<u64> {
    left_after(connection, "PRAGMA wal_checkpoint(PASSIVE)")
}

fn left_after(connection: &Connection, pragma: &str) -> rusqlite::Result<u64> {
    let pages = |row: &Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (log, moved) = connection.prepare_cached(pragma)?.query_row((), pages)?;
    Ok((log - moved).unsigned_abs())
}

/// An event in a list.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let state = State::from_name(row.get_ref(1)?.as_str()?).unwrap_or(State::Dead);
    Ok(Entry {
        id: row.get(0)?,
        state,
        attempts: count(row, 2)?,
        received_at_ms: row.get(3)?,
        due_at_ms: if state == State::Ready { Some(row.get(4)?) } else { None },
        event: string(row, 5)?,
        subject: nullable(row, 6)?,
        tenant: tenant(row)?,
        last_error: nullable(row, 8)?,
    })
}

/// An event in full, or as much of it as is still there.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        received_at_ms: row.get(3)?,
        event: string(row, 5)?,
        subject: nullable(row, 6)?,
        tenant: tenant(row)?,
        resource: nullable(row, 9)?,
        token_fingerprint: string(row, 10)?,
        key: string(row, 11)?,
        method: text::to_method(&string(row, 12)?),
        uri: text::to_uri(string(row, 13)?),
        headers: text::to_headers(&string(row, 14)?),
        body: string(row, 15)?,
    })
}

fn tenant(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    Ok(nullable(row, 7)?.filter(|tenant| !tenant.is_empty()))
}

fn string(row: &Row<'_>, place: usize) -> rusqlite::Result<String> {
    nullable(row, place).map(Option::unwrap_or_default)
}

/// SQLite takes any bytes for text that a hand gives it: one such row must not be an error for all that are claimed with it.
fn nullable(row: &Row<'_>, place: usize) -> rusqlite::Result<Option<String>> {
    Ok(row.get_ref(place)?.as_bytes_or_null()?.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

/// What an attempt is to be begun at, as it is going to be then.
fn begun(row: &Row<'_>) -> rusqlite::Result<Begun> {
    let lease = Lease { id: row.get(0)?, fence: row.get::<_, i64>(1)?.saturating_add(1) };
    Ok(Begun { lease, attempt: count(row, 2)?.saturating_add(1), interrupted: count(row, 3)? })
}

/// A hand may have written any number.
fn count(row: &Row<'_>, place: usize) -> rusqlite::Result<u32> {
    row.get::<_, i64>(place).map(|count| u32::try_from(count.max(0)).unwrap_or(u32::MAX))
}
