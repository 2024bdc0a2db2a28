//! The memory in a SQLite file.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use super::super::super::store::{StoreError, StoreErrorKind};
use super::super::message::{Copy, Key};
use super::{Trace, TraceState};

/// In the header of each file of ours: "AirM".
const APPLICATION_ID: i32 = 0x4169_724d;

const VERSION: i32 = 1;

/// How long the process before this one may take to let go of the file.
const BUSY: Duration = Duration::from_millis(500);

const SCHEMA: &str = "
    CREATE TABLE keys (
        key         BLOB    PRIMARY KEY,
        copy        BLOB    NOT NULL,
        turn        INTEGER NOT NULL,
        attempts    INTEGER NOT NULL,
        interrupted INTEGER NOT NULL,
        state       INTEGER NOT NULL,
        at          INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX keys_at ON keys (state, at);";

/// How much is forgotten in one transaction, so that others get their turn.
const PRUNE_STEP: usize = 1000;

pub(super) struct File {
    path: PathBuf,
    connection: Option<Connection>,
    /// Whether the file held what processes before this one did, when this one first opened it.
    inherited: Option<bool>,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, connection: None, inherited: None }
    }

    pub(super) fn open(&mut self) -> Result<bool, StoreError> {
        if self.connection.is_none() {
            let opened = connect(&self.path).map_err(|error| self.explain(&error))?;
            let (id, version, tables) = opened.found;
            let inherited = match (id, version, tables) {
                (APPLICATION_ID, VERSION, _) => true,
                (0, 0, 0) => {
                    let make = format!(
                        "BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT"
                    );
                    opened.connection.execute_batch(&make).map_err(|error| self.explain(&error))?;
                    false
                }
                _ => {
                    let what = format!(
                        "{} is a file of something else, expected version {VERSION} of a memory or none",
                        self.path.display()
                    );
                    return Err(StoreError::new(StoreErrorKind::Unusable, what));
                }
            };
            self.connection = Some(opened.connection);
            self.inherited.get_or_insert(inherited);
        }
        Ok(self.inherited == Some(true))
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
    }

    pub(super) fn recall(&mut self, keys: &[Key]) -> Result<Vec<(Key, Option<Trace>)>, StoreError> {
        self.run(|connection| {
            let mut select = connection.prepare_cached("SELECT * FROM keys WHERE key = ?")?;
            keys.iter().map(|key| Ok((*key, select.query_row([key.0], trace).optional()?))).collect()
        })
    }

    pub(super) fn keep(&mut self, batch: &[(Key, Trace)]) -> Result<(), StoreError> {
        self.run(|connection| {
            let transaction = connection.unchecked_transaction()?;
            {
                let mut replace = transaction.prepare_cached("REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)")?;
                for (Key(key), trace) in batch {
                    replace.execute((
                        key,
                        trace.copy.0,
                        trace.turn,
                        trace.attempts,
                        trace.interrupted,
                        trace.state as u8,
                        trace.at_ms,
                    ))?;
                }
            }
            transaction.commit()
        })
    }

    pub(super) fn prune(&mut self, done_before_ms: i64, open_before_ms: i64) -> Result<usize, StoreError> {
        self.run(|connection| {
            let mut delete = connection.prepare_cached(
                "DELETE FROM keys WHERE key IN (SELECT key FROM keys WHERE state = ? AND at < ? ORDER BY at LIMIT ?)",
            )?;
            let mut pruned = 0;
            for state in [TraceState::Done, TraceState::Running, TraceState::Waiting, TraceState::Dead] {
                let before = if state == TraceState::Done { done_before_ms } else { open_before_ms };
                pruned += delete.execute((state as u8, before, PRUNE_STEP as i64))?;
            }
            Ok(pruned)
        })
    }

    pub(super) fn done(&mut self) -> Result<u64, StoreError> {
        self.run(|connection| {
            let count = "SELECT count(*) FROM keys WHERE state = ?";
            connection.query_row(count, [TraceState::Done as u8], |row| row.get::<_, i64>(0))
        })
        .map(i64::unsigned_abs)
    }

    fn run<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.open()?;
        let Some(connection) = &self.connection else {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "the memory is not open"));
        };
        let done = work(connection).map_err(|error| self.explain(&error));
        if done.is_err() {
            // Whatever it was, it is not gone on with.
            self.connection = None;
        }
        done
    }

    fn explain(&self, error: &rusqlite::Error) -> StoreError {
        let (kind, hint) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (StoreErrorKind::Full, ""),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (StoreErrorKind::Unavailable, ", which is in use by another process, expected to be the only one")
            }
            _ => (StoreErrorKind::Unusable, ""),
        };
        StoreError::new(kind, format!("{}: {error}{hint}", self.path.display()))
    }
}

struct Opened {
    connection: Connection,
    found: (i32, i32, i32),
}

fn connect(path: &std::path::Path) -> rusqlite::Result<Opened> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // Exclusive: two who hand out events without knowing of each other hand out duplicates. What a commit wrote is there
    // after the process has died; after a power cut the latest may be missing, and its duplicates are handed out again.
    connection.execute_batch(
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE; COMMIT",
    )?;
    let number = |query: &str| connection.query_row(query, (), |row| row.get::<_, i32>(0));
    let found = (
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
        number("SELECT count(*) FROM sqlite_schema")?,
    );
    Ok(Opened { connection, found })
}

fn trace(row: &Row<'_>) -> rusqlite::Result<Trace> {
    Ok(Trace {
        copy: Copy(row.get("copy")?),
        turn: row.get("turn")?,
        attempts: row.get("attempts")?,
        interrupted: row.get("interrupted")?,
        state: match row.get("state")? {
            1 => TraceState::Running,
            3 => TraceState::Done,
            4 => TraceState::Dead,
            _ => TraceState::Waiting,
        },
        at_ms: row.get("at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_trace(state: TraceState, at_ms: i64) -> Trace {
        Trace { copy: Copy([7; 16]), turn: 1, attempts: 2, interrupted: 3, state, at_ms }
    }

    #[test]
    fn what_is_kept_is_recalled_by_the_next_and_forgotten_in_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("memory.sqlite");
        let mut file = File::new(path.clone());
        assert_eq!(file.open(), Ok(false));
        let (done, open) = (a_trace(TraceState::Done, 1000), a_trace(TraceState::Running, 1000));
        file.keep(&[(Key([1; 16]), done), (Key([2; 16]), open)]).unwrap();
        let error = File::new(path.clone()).open().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        drop(file);

        let mut file = File::new(path);
        assert_eq!(file.open(), Ok(true));
        let asked = vec![Key([1; 16]), Key([2; 16]), Key([3; 16])];
        let expected = vec![(Key([1; 16]), Some(done)), (Key([2; 16]), Some(open)), (Key([3; 16]), None)];
        assert_eq!(file.recall(&asked), Ok(expected));
        assert_eq!(file.done(), Ok(1));
        assert_eq!(file.prune(1000, 0), Ok(0));
        assert_eq!(file.prune(1001, 0), Ok(1));
        assert_eq!(file.prune(1001, 1001), Ok(1));
        assert_eq!(file.recall(&[Key([1; 16])]), Ok(vec![(Key([1; 16]), None)]));
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert_eq!(File::new(path).open().unwrap_err().kind(), StoreErrorKind::Unusable);
    }
}
