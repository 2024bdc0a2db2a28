//! What is said to the table.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use tokio_postgres::{Error, Row};

use super::super::Event;
use super::super::event::{milliseconds, text};
use super::super::operate::{Entry, State};
use super::super::store::{Claimed, Lease};
use super::table::Table;

/// Inserts events that are not there yet.
///
/// They are numbered in the order in which they came, and inserted in the order of their keys: two batches that share
/// some would otherwise wait for each other.
const PUT: &str = "
    WITH arrived AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('{events}', 'id')) AS id, batch.* FROM (
            SELECT * FROM unnest(
                $1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]
            ) WITH ORDINALITY AS batch (
                received_at, event, resource, subject, tenant, token_fingerprint, key, method, uri, headers, body, place
            ) ORDER BY place
        ) AS batch
    )
    INSERT INTO {events}
        (id, state, received_at, due_at, updated_at, event, resource, subject, tenant, token_fingerprint, key, method, uri, headers, body)
    SELECT id, 'ready', received_at, now(), now(), event, resource, subject, tenant, token_fingerprint, key, method, uri, headers::jsonb, body
    FROM arrived ORDER BY key, tenant, id
    ON CONFLICT (key, tenant) DO NOTHING
    RETURNING key, tenant";

/// Begins an attempt at the event that is suspected most of having ended a process, if this store holds nothing else, or
/// at those that have been due for longest.
///
/// A suspect is the affair of the store that found it. Only one that has been left alone for a while is anybody's, so
/// that not all stores wait until they hold nothing.
const CLAIM: &str = "
    WITH suspect AS MATERIALIZED (
        SELECT id FROM {events} AS later
        WHERE state = 'ready' AND interrupted > 1 AND due_at <= statement_timestamp()
            AND (owner = $1 OR owner IS NULL OR updated_at < statement_timestamp() - interval '10 s') {in_order}
        ORDER BY interrupted, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), due AS (
        SELECT id FROM {events} AS later
        WHERE state = 'ready' AND interrupted <= 1 AND due_at <= statement_timestamp()
            AND NOT EXISTS (SELECT FROM suspect) {in_order}
        ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE {events} SET state = 'running', attempts = least(attempts, 2147483646) + 1,
        fence = least(fence, 9223372036854775806) + 1, owner = $1, updated_at = statement_timestamp(),
        due_at = statement_timestamp() + $4 * interval '1 ms'
    WHERE id IN (SELECT id FROM suspect WHERE NOT $3 UNION ALL SELECT id FROM due)
    RETURNING id, fence, attempts, interrupted, {columns}";

/// Another of the same subject that runs, or that came earlier and waits. A later one can run, if it was the first to be
/// seen.
const IN_ORDER: &str = "AND NOT EXISTS (
        SELECT FROM {events} AS other
        WHERE other.state IN ('ready', 'running') AND left(other.subject, 100) = left(later.subject, 100)
            AND other.subject = later.subject AND (other.id < later.id OR other.state = 'running' AND other.id > later.id)
    )";

/// Lets claims in order come one after the other, until the end of the transaction: what one of them is about to run is
/// not to be seen by another until it is committed.
const ONE_AT_A_TIME: &str =
    "SELECT pg_advisory_xact_lock(1097429577, ('{events}'::regclass::oid::bigint & 2147483647)::integer)";

/// In how many milliseconds the next event that waits is due.
const NEXT_DUE: &str = "
    SELECT (extract(epoch FROM due_at - now()) * 1000)::float8 FROM {events}
    WHERE state = 'ready' AND due_at > now() ORDER BY due_at LIMIT 1";

/// Ends leases, and says how many were left because somebody else has them locked.
const SETTLE: &str = "
    WITH said AS MATERIALIZED (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[]) AS said (id, fence, state, after, reason)
    ), held AS MATERIALIZED (
        SELECT events.id FROM {events} AS events JOIN said ON events.id = said.id AND events.fence = said.fence
        WHERE events.state = 'running' ORDER BY events.id FOR UPDATE OF events SKIP LOCKED
    ), settled AS (
        UPDATE {events} AS events SET state = said.state, due_at = now() + said.after * interval '1 ms', updated_at = now(),
            interrupted = 0, owner = NULL, last_error = coalesce(said.reason, events.last_error),
            body = CASE WHEN $6 AND said.state = 'done' THEN NULL ELSE events.body END
        FROM said JOIN held ON held.id = said.id WHERE events.id = said.id
        RETURNING events.id
    )
    SELECT count(*) FROM said JOIN {events} AS events ON events.id = said.id AND events.fence = said.fence
    WHERE events.state = 'running' AND said.id NOT IN (SELECT id FROM settled)";

const SETTLE_IN: &str = "
    UPDATE {events} SET state = 'done', due_at = now(), updated_at = now(), interrupted = 0, owner = NULL,
        body = CASE WHEN $3 THEN NULL ELSE body END
    WHERE id = $1 AND fence = $2 AND state = 'running'";

/// Owners of events that are not there any more, and whether the server has only just been started.
const GONE: &str = "
    SELECT DISTINCT owner, now() - pg_postmaster_start_time() < interval '5 s' FROM {events} AS events
    WHERE owner IS NOT NULL AND owner <> $1 AND {gone}";

/// Makes due at once what was running when its process ended, and takes it over.
const RECOVER: &str = "
    UPDATE {events} SET state = 'ready', updated_at = now(),
        owner = CASE WHEN interrupted + CASE state WHEN 'running' THEN 1 ELSE 0 END > 1 THEN $1::bigint END,
        interrupted = interrupted + CASE state WHEN 'running' THEN 1 ELSE 0 END,
        due_at = CASE state WHEN 'running' THEN now() ELSE due_at END,
        last_error = CASE state WHEN 'running' THEN 'the process ended during the attempt' ELSE last_error END
    WHERE id IN (
        SELECT id FROM {events} AS events WHERE owner = ANY($2::bigint[]) AND {gone} FOR UPDATE SKIP LOCKED
    )";

/// Nobody holds the lock of the owner of an event.
const NOBODY_THERE: &str = "NOT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND classid = (events.owner >> 32)::oid AND objid = (events.owner & 4294967295)::oid
    )";

/// Makes due at once what was claimed here by a call that nobody waited for to the end.
const REGAIN: &str = "
    UPDATE {events} SET state = 'ready', due_at = now(), updated_at = now(), owner = CASE WHEN interrupted > 1 THEN owner END,
        last_error = 'the lease ran out, or nobody waited for the claim'
    WHERE owner = $1 AND state = 'running' AND (id, fence) NOT IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))";

/// Makes due what has been leased for long enough, be it by the clock of the server or, if that is behind, by ours.
const EXPIRE: &str = "
    UPDATE {events} SET state = 'ready', due_at = now(), updated_at = now(), interrupted = 0, owner = NULL, last_error = 'the lease ran out'
    WHERE id IN (
        SELECT id FROM {events} WHERE owner IS NOT NULL AND state = 'running' AND due_at <= least(now(), $1) FOR UPDATE SKIP LOCKED
    )";

/// Forgets events that have been done for so many milliseconds, so many at most.
const PRUNE: &str = "
    DELETE FROM {events} WHERE id IN (
        SELECT id FROM {events} WHERE state = 'done' AND updated_at < least(now(), $1) - $2 * interval '1 ms'
        ORDER BY updated_at LIMIT $3 FOR UPDATE SKIP LOCKED
    )";

/// What was written by a clock that has been set back since waits from now for as long as it was to wait then.
const SET_BACK: &str = "
    UPDATE {events} SET due_at = now() + (due_at - updated_at), updated_at = now()
    WHERE id IN (
        SELECT id FROM {events} WHERE updated_at > now() + interval '5 s'
            AND (state = 'ready' AND due_at > now() + interval '5 s' OR owner IS NOT NULL)
        FOR UPDATE SKIP LOCKED
    )";

/// Leases of an owner that were taken before the clock was put forward last for as much longer.
const PUT_FORWARD: &str = "
    UPDATE {events} SET due_at = due_at + $3 * interval '1 ms', updated_at = updated_at + $3 * interval '1 ms'
    WHERE id IN (SELECT id FROM {events} WHERE owner = $1 AND state = 'running' AND updated_at <= $2 FOR UPDATE SKIP LOCKED)";

/// Makes due at once what a store leaves behind that is closed in good order.
const LEAVE: &str = "
    UPDATE {events} SET state = 'ready', due_at = now(), updated_at = now(), owner = NULL WHERE owner = $1 AND state = 'running'";

const COLUMNS: &str = "received_at, event, resource, subject, tenant, token_fingerprint, key, method, uri, headers::text AS headers, body";

/// The statements, with the name of the table in them.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) put: String,
    pub(super) claim: String,
    pub(super) claim_in_order: String,
    pub(super) one_at_a_time: String,
    pub(super) next_due: String,
    pub(super) settle: String,
    pub(super) settle_in: String,
    pub(super) gone: String,
    pub(super) recover: String,
    pub(super) regain: String,
    pub(super) expire: String,
    pub(super) prune: String,
    pub(super) set_back: String,
    pub(super) put_forward: String,
    pub(super) leave: String,
}

impl Statements {
    pub(super) fn new(table: &Table) -> Self {
        let named = |statement: &str| table.in_statement(&statement.replace("{gone}", NOBODY_THERE));
        let claim = CLAIM.replace("{columns}", COLUMNS);
        Self {
            put: named(PUT),
            claim: named(&claim.replace("{in_order}", "")),
            claim_in_order: named(&claim.replace("{in_order}", IN_ORDER)),
            one_at_a_time: named(ONE_AT_A_TIME),
            next_due: named(NEXT_DUE),
            settle: named(SETTLE),
            settle_in: named(SETTLE_IN),
            gone: named(GONE),
            recover: named(RECOVER),
            regain: named(REGAIN),
            expire: named(EXPIRE),
            prune: named(PRUNE),
            set_back: named(SET_BACK),
            put_forward: named(PUT_FORWARD),
            leave: named(LEAVE),
        }
    }
}

/// Text as PostgreSQL can keep it: it has no place for U+0000, which is replaced.
///
/// One such event would otherwise have its whole batch refused.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

/// A time as milliseconds for a statement, and no longer than the server can add.
pub(super) fn whole_milliseconds(time: Duration) -> i64 {
    const FAR: i64 = 100 * 365 * 24 * 60 * 60 * 1000;
    i64::try_from(time.as_millis()).map_or(FAR, |milliseconds| milliseconds.min(FAR))
}

/// A moment that the server can keep: those of the years 1 to 9999.
pub(super) fn moment(milliseconds: i64) -> SystemTime {
    let milliseconds = milliseconds.clamp(-62_135_596_800_000, 253_402_300_799_999);
    let since = Duration::from_millis(milliseconds.unsigned_abs());
    if milliseconds < 0 { SystemTime::UNIX_EPOCH - since } else { SystemTime::UNIX_EPOCH + since }
}

/// An event in full.
pub(super) fn event(row: &Row) -> Result<Event, Error> {
    let tenant: String = row.try_get("tenant")?;
    Ok(Event {
        key: row.try_get("key")?,
        tenant: Some(tenant).filter(|tenant| !tenant.is_empty()),
        token_fingerprint: row.try_get("token_fingerprint")?,
        event: row.try_get("event")?,
        resource: row.try_get("resource")?,
        subject: row.try_get("subject")?,
        received_at_ms: milliseconds(row.try_get("received_at")?),
        method: text::to_method(row.try_get("method")?),
        uri: text::to_uri(row.try_get("uri")?),
        headers: text::to_headers(row.try_get("headers")?),
        body: row.try_get::<_, Option<String>>("body")?.unwrap_or_default(),
    })
}

/// An event in a list.
pub(super) fn entry(row: &Row) -> Result<Entry, Error> {
    let state = State::from_name(row.try_get("state")?).unwrap_or(State::Dead);
    let tenant: String = row.try_get("tenant")?;
    let due_at = milliseconds(row.try_get("due_at")?);
    Ok(Entry {
        id: row.try_get("id")?,
        state,
        event: row.try_get("event")?,
        subject: row.try_get("subject")?,
        tenant: Some(tenant).filter(|tenant| !tenant.is_empty()),
        attempts: count(row.try_get("attempts")?),
        received_at_ms: milliseconds(row.try_get("received_at")?),
        due_at_ms: (state == State::Ready).then_some(due_at),
        last_error: row.try_get("last_error")?,
    })
}

pub(super) fn claimed(row: &Row) -> Result<Claimed, Error> {
    Ok(Claimed {
        lease: Lease { id: row.try_get("id")?, fence: row.try_get("fence")? },
        event: event(row)?,
        attempt: count(row.try_get("attempts")?),
        interrupted: count(row.try_get("interrupted")?),
    })
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
