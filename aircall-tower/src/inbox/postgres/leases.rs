//! The leases that a store has handed out and not seen settled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::store::{Claimed, Lease};

/// Longer than any lease.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What this store holds. Which leases there are is in the table; here it is known which of them somebody works on.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: Mutex<HashMap<Lease, Held>>,
}

#[derive(Debug)]
struct Held {
    until: Instant,
    suspect: bool,
}

/// What a claim has to know of the leases before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) any: bool,
    /// One of them is for an event that may end the process.
    pub(super) suspect: bool,
}

impl Leases {
    pub(super) fn begin(&self, claimed: &[Claimed], time: Duration) {
        let now = Instant::now();
        let until = now.checked_add(time).unwrap_or(now + FAR);
        self.held()
            .extend(claimed.iter().map(|claimed| (claimed.lease, Held { until, suspect: claimed.interrupted > 1 })));
    }

    pub(super) fn end(&self, leases: impl Iterator<Item = Lease>) {
        let mut held = self.held();
        for lease in leases {
            held.remove(&lease);
        }
    }

    /// Forgets leases that have run out, and says what is left.
    pub(super) fn before(&self) -> Before {
        let mut held = self.held();
        let now = Instant::now();
        held.retain(|_, held| held.until > now);
        Before { any: !held.is_empty(), suspect: held.values().any(|held| held.suspect) }
    }

    /// The ids and the fences.
    pub(super) fn known(&self) -> (Vec<i64>, Vec<i64>) {
        self.held().keys().map(|lease| (lease.id, lease.fence)).unzip()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Lease, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
