//! What a turn cost, for each event.

use std::fs;

use crate::{syncs, usage};

/// What this process has used up to a moment, or between two, divided by a number of events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// How often the disk was waited for.
    pub(crate) syncs: f64,
    /// Seconds of CPU time, the callers' included.
    pub(crate) cpu: f64,
    /// Bytes written to files.
    pub(crate) written: f64,
}

impl Cost {
    pub(crate) fn until_now() -> Self {
        let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
        Self {
            syncs: syncs::count().map_or(f64::NAN, |count| count as f64),
            cpu: usage::cpu(std::process::id()).as_secs_f64(),
            written: written.unwrap_or(f64::NAN),
        }
    }

    /// Returns what one event has cost since then, if there have been so many.
    pub(crate) fn per_event(self, events: usize) -> Self {
        let (now, events) = (Self::until_now(), events as f64);
        Self {
            syncs: (now.syncs - self.syncs) / events,
            cpu: (now.cpu - self.cpu) / events,
            written: (now.written - self.written) / events,
        }
    }
}
