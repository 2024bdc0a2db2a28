//! What people do with a store by hand.

use std::future::Future;
use std::time::Duration;

use super::{Event, StoreError};

/// Looking into a store, and what a person decides about events in it.
pub trait Operate: Send + Sync + 'static {
    /// Lists events, newest first, without their bodies.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be read.
    fn list(&self, filter: Filter) -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send;

    /// Returns one event in full, or `None` if there is none of that number.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be read.
    fn get(&self, id: i64) -> impl Future<Output = Result<Option<(Entry, Event)>, StoreError>> + Send;

    /// Returns how many events there are in each state.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be read.
    fn counts(&self) -> impl Future<Output = Result<Counts, StoreError>> + Send;

    /// Makes events due at once, with all attempts before them: dead ones, ones that wait, and ones that are done and whose
    /// body is still there. Returns how many there were; one that is running is left alone.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be written.
    fn replay(&self, ids: Vec<i64>) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Settles events for good without a handler: dead ones, and ones that wait. Their keys are kept, so a duplicate does
    /// not bring them back. Returns how many there were; one that is running is left alone.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be written.
    fn discard(&self, ids: Vec<i64>) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Forgets events that have been done for so long, keys included. Returns how many there were.
    ///
    /// **A duplicate that comes after this is a new event.** Aircall sends again for up to 12 h.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be written.
    fn purge(&self, done_for: Duration) -> impl Future<Output = Result<usize, StoreError>> + Send;
}

/// What is to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only events in this state.
    pub state: Option<State>,
    /// Only events of this name.
    pub event: Option<String>,
    /// Only events about this object, such as `call/4223501188`.
    pub subject: Option<String>,
    /// How many at most.
    pub limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { state: None, event: None, subject: None, limit: 50 }
    }
}

/// Where an event is on its way through a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It waits to be handled, for the first time or again.
    Ready,
    /// A worker has the lease of it.
    Running,
    /// It has been handled, or discarded.
    Done,
    /// It was given up, and waits for a person.
    Dead,
}

impl State {
    /// Every state, in the order of the way.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Running, Self::Done, Self::Dead];

    /// Returns the word for it in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// Returns the state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// An event in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the store.
    pub id: i64,
    /// Where it is.
    pub state: State,
    /// Its name.
    pub event: String,
    /// What it is about.
    pub subject: Option<String>,
    /// Whose token it carried.
    pub tenant: Option<String>,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it arrived, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// When it is due, in milliseconds since 1970, where it waits.
    pub due_at_ms: Option<i64>,
    /// How the latest attempt that failed did so.
    pub last_error: Option<String>,
}

/// How many events there are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// That wait.
    pub ready: u64,
    /// That are being handled.
    pub running: u64,
    /// That are done and still remembered.
    pub done: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest that waits arrived, in milliseconds since 1970.
    pub oldest_ready_ms: Option<i64>,
}
