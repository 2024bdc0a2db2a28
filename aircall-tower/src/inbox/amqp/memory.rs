//! What the one who takes events out of the queue remembers of them: a broker does not know a duplicate.

#[cfg(feature = "sqlite")]
mod file;

use std::collections::HashMap;
use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::store::StoreError;
#[cfg(feature = "sqlite")]
use super::super::store::StoreErrorKind;
use super::message::{Copy, Key};

/// For how much longer than what is done an event is remembered that is not, or is dead: its message may have been removed
/// by hand, and then nothing is ever heard of it again.
const OPEN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Where an [`AmqpStore`](super::AmqpStore) keeps the keys of the events that it has handed out, so that a duplicate is not
/// handed out as well.
///
/// It is cheap to clone; clones are the same memory.
#[derive(Clone)]
pub struct Memory {
    place: Arc<Mutex<Place>>,
}

enum Place {
    Process(HashMap<Key, Trace>),
    #[cfg(feature = "sqlite")]
    File(file::File),
}

/// What is remembered of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) copy: Copy,
    pub(super) turn: u32,
    pub(super) attempts: u32,
    pub(super) interrupted: u32,
    pub(super) state: TraceState,
    /// When it became that, in milliseconds since 1970.
    pub(super) at_ms: i64,
}

/// Where an event was when it was last heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TraceState {
    /// It had been handed out.
    Running = 1,
    /// An attempt had ended in good order, and another is to come.
    Waiting = 2,
    Done = 3,
    Dead = 4,
}

impl Memory {
    /// Keeps the keys in a SQLite file, which is made if there is none. **This is what an inbox needs**: it lives as long as
    /// the queue does, and on a disk that does.
    ///
    /// One process at a time can have it open, and does from the first claim on. It holds some 60 bytes for each event of
    /// the last two days, and nothing of what is in them.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::File(file::File::new(path.into())))
    }

    /// Keeps the keys in this process.
    ///
    /// **It ends with the process**: after a restart, a duplicate of what was handed out before is handed out again, and
    /// for whatever the process had in reserve an attempt counts, as for what it had in hand, since nobody knows better.
    /// That is fine for a process that only takes events in, and for tests.
    #[must_use]
    pub fn process() -> Self {
        Self::at(Place::Process(HashMap::new()))
    }

    fn at(place: Place) -> Self {
        Self { place: Arc::new(Mutex::new(place)) }
    }

    /// Gets hold of what is remembered. Returns true if there is a memory of what earlier processes did.
    pub(super) async fn open(&self) -> Result<bool, StoreError> {
        self.with(|place| match place {
            Place::Process(_) => Ok(false),
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.open(),
        })
        .await
    }

    pub(super) async fn recall(&self, keys: Vec<Key>) -> Result<Vec<(Key, Option<Trace>)>, StoreError> {
        self.with(move |place| match place {
            Place::Process(traces) => Ok(keys.into_iter().map(|key| (key, traces.get(&key).copied())).collect()),
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.recall(&keys),
        })
        .await
    }

    pub(super) async fn keep(&self, batch: Vec<(Key, Trace)>) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.with(move |place| match place {
            Place::Process(traces) => {
                traces.extend(batch);
                Ok(())
            }
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.keep(&batch),
        })
        .await
    }

    /// Forgets what has been done since before a moment, and what has not been heard of for much longer. Returns how many
    /// events it was.
    pub(super) async fn prune(&self, done_before_ms: i64) -> Result<usize, StoreError> {
        let open = i64::try_from(OPEN.as_millis()).unwrap_or(i64::MAX);
        let open_before_ms = done_before_ms.saturating_sub(open);
        self.with(move |place| match place {
            Place::Process(traces) => {
                let before = traces.len();
                traces.retain(|_, trace| {
                    trace.at_ms >= if trace.state == TraceState::Done { done_before_ms } else { open_before_ms }
                });
                Ok(before - traces.len())
            }
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.prune(done_before_ms, open_before_ms),
        })
        .await
    }

    /// How many events are remembered as done.
    pub(super) async fn done(&self) -> Result<u64, StoreError> {
        self.with(|place| match place {
            Place::Process(traces) => {
                Ok(traces.values().filter(|trace| trace.state == TraceState::Done).count() as u64)
            }
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.done(),
        })
        .await
    }

    /// Lets go of the file, for another process to have it.
    pub(super) fn close(&self) {
        #[cfg(feature = "sqlite")]
        if let Place::File(file) = &mut *self.lock() {
            file.close();
        }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Place) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        #[cfg(feature = "sqlite")]
        if matches!(&*self.lock(), Place::File(_)) {
            let memory = self.clone();
            let done = tokio::task::spawn_blocking(move || work(&mut memory.lock())).await;
            return done.map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error.to_string()))?;
        }
        work(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}
