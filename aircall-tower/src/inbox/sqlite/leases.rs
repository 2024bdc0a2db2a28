//! Who has what, in this process: a lease ends by a clock that nobody sets.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::super::store::Lease;
use super::statements::Begun;

/// Longer than any lease.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The leases that have not been settled, by the number of their event.
#[derive(Clone, Default)]
pub(super) struct Leases(HashMap<i64, Held>);

#[derive(Clone)]
struct Held {
    lease: Lease,
    until: Instant,
    suspect: bool,
}

impl Leases {
    pub(super) fn begin(&mut self, begun: &Begun, now: Instant, time: Duration) {
        let until = now.checked_add(time).unwrap_or(now + FAR);
        self.0.insert(begun.lease.id, Held { lease: begun.lease, until, suspect: begun.interrupted > 1 });
    }

    /// Ends a lease, unless there has been a later one of the event.
    pub(super) fn end(&mut self, lease: Lease) {
        if self.0.get(&lease.id).is_some_and(|held| held.lease == lease) {
            self.0.remove(&lease.id);
        }
    }

    /// Those whose time is over.
    pub(super) fn over(&self, now: Instant) -> Vec<Lease> {
        self.0.values().filter(|held| held.until <= now).map(|held| held.lease).collect()
    }

    /// Returns true if an event is being handled that is suspected of having ended a process.
    pub(super) fn suspect_runs(&self, now: Instant) -> bool {
        self.0.values().any(|held| held.suspect && held.until > now)
    }

    pub(super) fn is_held(&self, id: i64) -> bool {
        self.0.contains_key(&id)
    }

    pub(super) fn held(&self) -> HashSet<Lease> {
        self.0.values().map(|held| held.lease).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
