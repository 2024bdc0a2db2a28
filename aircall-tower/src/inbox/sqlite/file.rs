//! Opening the file, and refusing one that cannot be trusted.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::store::{StoreError, StoreErrorKind};
use super::OLDEST_SQLITE;

/// In the header of each file of ours: "AirI".
const APPLICATION_ID: i32 = 0x4169_7249;

/// The version of the table.
const VERSION: i32 = 1;

/// How long somebody else may hold the file before that is an error.
const BUSY: Duration = Duration::from_millis(500);

/// More than there are, so that each is prepared once.
const STATEMENTS: usize = 32;

const SCHEMA: &str = include_str!("schema.sql");

/// The right to be the one process that works on a file, for as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let lock = beside(path, ".lock");
        let file = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(&lock)
            .map_err(|error| unusable(&lock, &error))?;
        let patience = Instant::now() + BUSY;
        loop {
            match fs4::FileExt::try_lock(&file) {
                Ok(()) => return Ok(Self { file }),
                // The last one may be about to end; and a process that is just being started has, for a moment,
                // everything open that its parent has.
                Err(fs4::TryLockError::WouldBlock) if Instant::now() < patience => thread::sleep(BUSY / 50),
                Err(fs4::TryLockError::WouldBlock) => {
                    let found =
                        "is in use by another process, or opened twice in this one, expected to be the only one";
                    return Err(StoreError::new(StoreErrorKind::Unavailable, format!("{} {found}", path.display())));
                }
                Err(fs4::TryLockError::Error(error)) => return Err(unusable(&lock, &error)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that this process has just forked holds the lock as well, until it runs its program.
        let _ = fs4::FileExt::unlock(&self.file);
    }
}

/// Makes the file if there is none, readable by nobody else, since it is going to hold names and numbers of people.
/// Returns its one true path: by way of a link it would get a second lock.
pub(super) fn make(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(untrusted(path, "is no path, expected that of a file, which outlives the process"));
    }
    let made = private(OpenOptions::new().write(true).create_new(true)).open(path);
    match made {
        Ok(file) => {
            // A file whose name is not on disk is gone after a power cut.
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let synced =
                file.sync_all().and_then(|()| if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) });
            synced.map_err(|error| unusable(path, &error))?;
        }
        Err(_) if path.is_dir() => return Err(directory(path)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unusable(path, &error)),
    }
    path.canonicalize().map_err(|error| unusable(path, &error))
}

/// Opens the file for the one who writes, and sees to it that what is committed is on disk.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::new(
            StoreErrorKind::Unusable,
            format!(
                "this build has SQLite {}, expected 3.51.3 or later: earlier ones can damage the file",
                rusqlite::version()
            ),
        ));
    }
    let connection = connect(path)?;
    let wrong = |error: rusqlite::Error| explain(path, &error);
    // Before anything is changed: the journal mode is kept in the file, and that may be somebody else's.
    ours(path, &connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", (), |row| row.get(0)).map_err(wrong)?;
    if mode != "wal" {
        return Err(untrusted(
            path,
            &format!("has journal mode {mode:?}, expected \"wal\", which network file systems do not have"),
        ));
    }
    set_synchronous(&connection, Synchronous::Full).map_err(wrong)?;
    let level: i32 = connection.query_row("PRAGMA synchronous", (), |row| row.get(0)).map_err(wrong)?;
    if level != Synchronous::Full as i32 {
        return Err(untrusted(path, &format!("has synchronous level {level}, expected 2, which waits for the disk")));
    }
    // Where a plain fsync leaves things in the cache of the disk, which is on macOS alone.
    connection.execute_batch("PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1").map_err(wrong)?;
    // The log is moved by whoever writes, when nobody waits. What is written again soon is kept at hand, and no more: SQLite
    // looks through all of it at each commit.
    connection.execute_batch("PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-4000").map_err(wrong)?;
    prepare(path, &connection)?;
    sync_found(&connection).map_err(wrong)?;
    Ok(connection)
}

/// Sees to it that everything in the file is on disk, also what this process has not written.
///
/// A process that is killed between writing and syncing leaves events that were never acknowledged and that no disk has.
/// They are found all the same, and whoever sends them again is told that they are stored: without a write, and so
/// without a sync of its own.
fn sync_found(connection: &Connection) -> rusqlite::Result<()> {
    // The log is moved, and not only synced: after a sync that failed, the next one says that all is well.
    let (busy, log, moved): (bool, i64, i64) = connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if busy || moved < log {
        // Somebody reads what is older. Any commit syncs the log up to its own end.
        connection.execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version={VERSION}; COMMIT"))?;
    }
    Ok(())
}

/// Opens the file for somebody who works on it beside the one who writes, for a moment.
pub(super) fn open_beside(path: &Path, write: bool) -> Result<Connection, StoreError> {
    let access = if write { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let wrong = |error: rusqlite::Error| explain(path, &error);
    if path.is_dir() {
        return Err(directory(path));
    }
    // SQLite says only that it could not. To open it for a look would end the locks that this process has on it.
    std::fs::metadata(path).map_err(|error| unusable(path, &error))?;
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(wrong)?;
    connection.busy_timeout(BUSY * 10).map_err(wrong)?;
    if ours(path, &connection)? != Some(VERSION) {
        return Err(untrusted(path, "is no inbox, expected a file that an inbox has made"));
    }
    if write {
        // Checkpoints are the affair of the one who writes.
        connection.execute_batch("PRAGMA wal_autocheckpoint=0").map_err(wrong)?;
    }
    Ok(connection)
}

/// How much a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Synchronous {
    /// For nothing, ever.
    #[cfg(feature = "__weak")]
    Off = 0,
    /// For nothing: what it wrote is on disk after the next one that waits.
    Normal = 1,
    /// Until it is on disk.
    Full = 2,
}

pub(super) fn set_synchronous(connection: &Connection, level: Synchronous) -> rusqlite::Result<()> {
    connection.execute_batch(match level {
        #[cfg(feature = "__weak")]
        Synchronous::Off => "PRAGMA synchronous=OFF",
        Synchronous::Normal => "PRAGMA synchronous=NORMAL",
        Synchronous::Full => "PRAGMA synchronous=FULL",
    })
}

/// Looks through the whole file for damage.
pub(super) fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let found: String =
        connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(|error| explain(path, &error))?;
    if found == "ok" { Ok(()) } else { Err(untrusted(path, &format!("is damaged: {found}"))) }
}

/// What an error of SQLite means for whoever asked.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreErrorKind::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Unusable,
    };
    StoreError::new(kind, format!("{}: {error}", path.display()))
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(path, &error))?;
    connection.busy_timeout(BUSY).map_err(|error| explain(path, &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement with a limit is planned anew each time that another limit is given.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| explain(path, &error))?;
    Ok(connection)
}

/// The version of the table in the file, if that is ours, or `None` if the file is empty.
fn ours(path: &Path, connection: &Connection) -> Result<Option<i32>, StoreError> {
    let number = |pragma: &str| -> Result<i32, StoreError> {
        connection.query_row(pragma, (), |row| row.get(0)).map_err(|error| explain(path, &error))
    };
    match (number("PRAGMA application_id")?, number("SELECT count(*) FROM sqlite_schema")?) {
        (APPLICATION_ID, _) => number("PRAGMA user_version").map(Some),
        (0, 0) => Ok(None),
        _ => Err(untrusted(path, "is a SQLite file of something else, expected one of an inbox or none")),
    }
}

/// Makes the table if there is none, and refuses one of a later version.
fn prepare(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    match ours(path, connection)? {
        Some(VERSION) => Ok(()),
        Some(version) => Err(untrusted(path, &format!("has version {version} of the table, expected {VERSION}"))),
        None => connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT"
            ))
            .map_err(|error| explain(path, &error)),
    }
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    let kind =
        if error.kind() == std::io::ErrorKind::StorageFull { StoreErrorKind::Full } else { StoreErrorKind::Unusable };
    StoreError::new(kind, format!("{}: {error}", path.display()))
}

/// What to SQLite is an error of the disk.
fn directory(path: &Path) -> StoreError {
    untrusted(path, "is a directory, expected a file, or a name for one")
}

pub(super) fn untrusted(path: &Path, what: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, format!("{} {what}", path.display()))
}
