//! The embedded store: one SQLite file, nothing to install, and a table that people can read.
//!
#![doc = include_str!("sqlite/table.md")]

mod clock;
mod file;
mod fresh;
mod identity;
mod leases;
mod log;
mod operator;
mod statements;
mod writer;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use self::file::Synchronous;
pub use self::operator::SqliteOperator;
use self::writer::{Command, Writer};
use super::Event;
use super::store::{Claim, Claimed, Lease, Received, Settlement, Store, StoreError, StoreErrorKind};

/// The oldest SQLite that is trusted: before it, a checkpoint at the wrong moment could damage the file.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long at most until others who wrote to the file are noticed.
const LOOK: Duration = Duration::from_secs(1);

/// How many commands wait for the thread that writes. One that is given up while it waits for a place here takes its
/// events with it; in here it stays, for as long as a disk that hangs does.
const WAITING: usize = 32;

/// What can be set about a [`SqliteStore`].
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    free_space: u64,
    capacity: u64,
    keep_done: Duration,
    keep_bodies: bool,
    synchronous: Synchronous,
}

impl SqliteOptions {
    /// What is right for most: 64 MiB of the disk are left free, the file grows to 4 GiB, and events that are done are
    /// kept for 48 h.
    #[must_use]
    pub fn new() -> Self {
        Self {
            free_space: 64 * 1024 * 1024,
            capacity: 4 * 1024 * 1024 * 1024,
            keep_done: Duration::from_secs(48 * 60 * 60),
            keep_bodies: true,
            synchronous: Synchronous::Full,
        }
    }

    /// Sets how many bytes have to be free on the disk for new events to be taken, so that there is room for finishing
    /// what has been taken. The log is moved into the file before it has two thirds of that, or 4 MiB if that is more, so less
    /// than 8 MiB is not wise.
    #[must_use]
    pub fn with_free_space(mut self, bytes: u64) -> Self {
        self.free_space = bytes;
        self
    }

    /// Sets to how many bytes the file may grow with new events. What is done and forgotten makes room again.
    #[must_use]
    pub fn with_capacity(mut self, bytes: u64) -> Self {
        self.capacity = bytes;
        self
    }

    /// Sets for how long an event that is done is remembered, so that a duplicate of it is known.
    ///
    /// Aircall sends again for up to 12 h, and what it sends late may itself be late here: less than 48 h is not wise.
    #[must_use]
    pub fn with_keep_done(mut self, time: Duration) -> Self {
        self.keep_done = time;
        self
    }

    /// Forgets the body of an event as soon as that is done, and keeps only what tells a duplicate.
    #[must_use]
    pub fn forget_bodies(mut self) -> Self {
        self.keep_bodies = false;
        self
    }

    /// Waits less for the disk than is promised, so that a test of power cuts can be seen to notice.
    #[cfg(feature = "__weak")]
    #[doc(hidden)]
    #[must_use]
    pub fn weakened(mut self, level: &str) -> Self {
        self.synchronous = if level == "off" { Synchronous::Off } else { Synchronous::Normal };
        self
    }

    /// Opens a file, which is made, for its owner alone, if there is none.
    ///
    /// Beside it there will be files with `-wal`, `-shm` and `.lock` at the end of their names. They belong to it: moved
    /// or copied without its `-wal`, a file lacks its latest events.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, is held by another process, belongs to something else, or cannot be
    /// trusted to keep what it is given, as on most network file systems.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let path = path.as_ref();
        let wake = Arc::new(Wake::default());
        let (commands, received) = mpsc::channel(WAITING);
        Writer::start(path, self, received, Arc::clone(&wake))?;
        Ok(SqliteStore { path: path.into(), commands, wake })
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A store in a SQLite file. It is cheap to clone; clones are the same store.
///
/// One thread alone writes to the file, and makes each batch durable (`synchronous=FULL` in WAL mode) before it says so.
/// What can be done over again after a power cut, such as noting that an event is done, costs no wait for the disk.
#[derive(Clone)]
pub struct SqliteStore {
    path: Arc<Path>,
    commands: mpsc::Sender<Command>,
    wake: Arc<Wake>,
}

/// What calls a worker to the store.
#[derive(Debug, Default)]
struct Wake {
    news: Notify,
    next_due: Mutex<Option<Instant>>,
}

impl Wake {
    fn set_next_due(&self, next_due: Option<Instant>) {
        *self.next_due.lock().unwrap_or_else(PoisonError::into_inner) = next_due;
    }

    async fn wait(&self) {
        let next_due = *self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        let look = Instant::now() + LOOK;
        tokio::select! {
            () = self.news.notified() => {}
            () = sleep_until(next_due.map_or(look, |due| due.min(look))) => {}
        }
    }
}

impl SqliteStore {
    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what people do by hand with the file.
    #[must_use]
    pub fn operator(&self) -> SqliteOperator {
        SqliteOperator::new(PathBuf::from(&*self.path))
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = || StoreError::new(StoreErrorKind::Closed, "the store has been closed");
        self.commands.send(command(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Store for SqliteStore {
    async fn put(&self, batch: Vec<Event>) -> Result<Vec<Received>, StoreError> {
        self.ask(|answer| Command::Put(batch, answer)).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        self.ask(|answer| Command::Claim(claim, answer)).await
    }

    async fn settle(&self, batch: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        self.ask(|answer| Command::Settle(batch, answer)).await
    }

    fn wait_due(&self) -> impl Future<Output = ()> + Send {
        self.wake.wait()
    }

    async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.commands.send(Command::Close(answer)).await.is_ok() {
            // An error means that it has been closed already.
            let _ = answered.await;
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
