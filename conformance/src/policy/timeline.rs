use std::time::Duration;

/// Something that happened to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// On the sender's clock.
    pub at: Duration,
    /// What happened.
    pub what: Happening,
}

/// What happened to a webhook. Events are told by their number in the stream, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// An attempt ended.
    Attempted {
        /// The event.
        event: usize,
        /// Which attempt it was, counted from 1.
        attempt: u32,
        /// Whether it was acknowledged.
        acknowledged: bool,
        /// The failures counted after it.
        failures: u32,
        /// Whether the webhook was off when it ended.
        while_off: bool,
        /// Whether the event had been acknowledged already, and came again.
        is_duplicate: bool,
    },
    /// The webhook was switched off.
    SwitchedOff {
        /// The event that was the last straw.
        event: usize,
        /// How many attempts had been made by then.
        attempts: usize,
    },
    /// The webhook was switched on again.
    SwitchedOn(By),
    /// An event that failed is not sent again.
    GivenUp {
        /// The event.
        event: usize,
        /// Why.
        why: Loss,
    },
    /// An event was generated while the webhook was off, or waited to be sent for the first time when it was switched off.
    Dropped {
        /// The event.
        event: usize,
    },
}

/// What switched a webhook on again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// A retry of this event, which was acknowledged.
    Success {
        /// The event.
        event: usize,
    },
    /// Somebody, on the Dashboard or through the REST API.
    Hand,
}

/// Why an event that failed is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// It had all its retries.
    Exhausted,
    /// The webhook is off, and the time in which failed events are still sent is over.
    OffTooLong,
    /// The webhook was switched on again, and what waited is not sent again.
    NotReplayed,
}

impl Loss {
    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::OffTooLong => "off-too-long",
            Self::NotReplayed => "not-replayed",
        }
    }
}
