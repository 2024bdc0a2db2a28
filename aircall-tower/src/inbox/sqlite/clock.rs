//! The time that the table is written with.

use std::time::{Instant, SystemTime};

use super::super::event::milliseconds;

/// The time since 1970 in milliseconds, as it was when the file was opened and as it has gone on since: setting the
/// clock of the machine neither hurries nor holds up what waits.
pub(super) struct Clock {
    opened: Instant,
    opened_at: i64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { opened: Instant::now(), opened_at: milliseconds(SystemTime::now()) }
    }

    pub(super) fn now(&self) -> i64 {
        self.opened_at.saturating_add(i64::try_from(self.opened.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
