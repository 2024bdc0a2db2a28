//! How Aircall counts failures, tries again and switches a webhook off: nobody outside knows it whole, so a policy is data.
//!
//! A [`Policy`] is one reading of Aircall's rules. A [`Subscription`] is one webhook under such a policy, without a clock
//! and without a network: it is told what happened and says what is due. Three things play it:
//!
//! - [`Simulation`]: a receiver that is a function, and a clock that jumps; twelve hours of retries take milliseconds.
//! - [`Rehearsal`]: a real [`Endpoint`](crate::Endpoint), in wall time or with the waits skipped.
//! - [`forecast`]: the honest deliveries of a check, under every built-in policy.
//!
//! ```
//! use std::time::Duration;
//! use aircall_conformance::policy::{Generated, Policy, Reply, Simulation, Subscription};
//!
//! let policy = Policy::named("reference-50")?;
//! let events = (0..60).map(|second| Generated::new(Duration::from_secs(second), "call.created"));
//! let mut simulation = Simulation::new(events);
//! let an_hour = Duration::from_secs(3600);
//! simulation.subscribe(Subscription::new(policy), move |attempt| Reply::status(if attempt.at < an_hour { 500 } else { 204 }));
//! let played = &simulation.run()[0];
//!
//! assert!(played.switched_off_at().is_some());
//! assert!(played.is_active(), "a retry that succeeded has switched it on again");
//! # Ok::<_, aircall_conformance::policy::InvalidPolicy>(())
//! ```

mod span;
mod parameter;
mod error;
mod backoff;
mod read;
mod chance;
mod counter;
mod timeline;
mod subscription;
mod course;
mod simulation;
mod traffic;
mod rehearsal;
mod account;
mod forecast;

use std::{ops::RangeInclusive, time::Duration};

pub use account::{Account, Ended};
pub use backoff::Backoff;
pub use course::Generated;
pub use error::InvalidPolicy;
pub use forecast::{Sent, forecast};
pub use rehearsal::{Clock, Meter, Rehearsal, Webhook};
pub use simulation::{Reply, Simulation};
pub(crate) use span::{clock, span};
pub use subscription::{Attempt, Subscription};
pub use timeline::{By, Entry, Happening, Loss};
pub use traffic::Traffic;

/// One reading of how Aircall delivers, counts failures, and switches a webhook off and on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Unique name (`reference-50`).
    pub name: String,
    /// The month the knowledge is from (`2026-09`), or nothing.
    pub as_of: String,
    /// What it rests on, in one sentence, or nothing.
    pub basis: String,
    /// The parameters that somebody had to assume.
    pub assumptions: Vec<String>,
    /// The statuses that count as delivered.
    pub success: RangeInclusive<u16>,
    /// How long a response may take until it is whole.
    pub attempt_timeout: Duration,
    /// How often an event is sent again.
    pub max_retries: u32,
    /// The time before each retry.
    pub backoff: Backoff,
    /// What counts as one failure.
    pub failure_unit: FailureUnit,
    /// Which failures are added up.
    pub failure_count: FailureCount,
    /// So many failures switch the webhook off.
    pub disable_after: u32,
    /// Whether a success sets the count to 0.
    pub reset_on_success: bool,
    /// Failures older than that are forgotten; `None` if none is.
    pub failure_window: Option<Duration>,
    /// For so long after the switch-off failed events are sent again.
    pub retry_while_disabled: Duration,
    /// Whether retries while the webhook is off use up the retries of an event.
    pub disabled_retries_count_to_max: bool,
    /// Whether a success while the webhook is off switches it on.
    pub reenable_on_success: bool,
    /// The failures counted when the webhook is switched on again.
    pub count_after_reenable: u32,
    /// What becomes of waiting retries when the webhook is switched on again.
    pub replay_after_reenable: Replay,
    /// What becomes of events that are generated while the webhook is off.
    pub new_events_while_disabled: NewEvents,
    /// So many attempts are under way at once at most.
    pub max_in_flight: usize,
    /// Whether events may overtake each other.
    pub is_unordered: bool,
    /// Whether an event that was acknowledged may come again.
    pub may_duplicate: bool,
}

impl Policy {
    /// Returns every built-in policy, by name.
    #[must_use]
    pub fn all() -> Vec<Self> {
        // A test reads each of them.
        aircall_fixtures::profiles().iter().filter_map(|profile| Self::of(profile).ok()).collect()
    }

    /// Returns the built-in policy of this name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, InvalidPolicy> {
        match aircall_fixtures::find_profile(name) {
            Some(profile) => Self::of(profile),
            None => Err(InvalidPolicy::no_profile(name)),
        }
    }

    /// Reads a profile of the fixtures.
    ///
    /// # Errors
    ///
    /// When a parameter is not understood; the profiles of the fixtures of this version are.
    pub fn of(profile: &aircall_fixtures::Profile) -> Result<Self, InvalidPolicy> {
        read::profile(profile)
    }

    /// Reads a file of the form of the built-in profiles. A parameter may also stand there as a bare value
    /// (`disable_after = 20`), and `backoff` as a list of seconds. What is left out has the value that is common to the
    /// built-in ones.
    ///
    /// # Errors
    ///
    /// When it is not TOML, when a parameter is unknown, missing, or not of the form that is expected, and when two
    /// contradict each other.
    pub fn parse(toml: &str) -> Result<Self, InvalidPolicy> {
        read::file(toml)
    }

    /// Tells whether a response of this status counts as delivered.
    #[must_use]
    pub fn accepts(&self, status: u16) -> bool {
        self.success.contains(&status)
    }

    /// Says in a sentence what switches the webhook off.
    #[must_use]
    pub fn rule(&self) -> String {
        let count = self.disable_after;
        let what = match (self.failure_unit, count) {
            (FailureUnit::Attempt, 1) => "the first failure".to_owned(),
            (FailureUnit::Attempt, _) => format!("{count} failures"),
            (FailureUnit::ExhaustedEvent, 1) => "the first event that fails after all its retries".to_owned(),
            (FailureUnit::ExhaustedEvent, _) => format!("{count} events that fail after all their retries"),
        };
        let how = match (self.failure_count, count) {
            (_, 1) => "",
            (FailureCount::Consecutive, _) => " in a row",
            (FailureCount::Total, _) if self.reset_on_success => " without a success between",
            (FailureCount::Total, _) => " in all",
        };
        format!("{what}{how}")
    }
}

/// What counts as one failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureUnit {
    /// Every attempt that failed.
    Attempt,
    /// An event that has failed after all its retries.
    ExhaustedEvent,
}

/// Which failures are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCount {
    /// All since the webhook was switched on.
    Total,
    /// Those without a success between them.
    Consecutive,
}

/// What becomes of waiting retries when a webhook is switched on again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Replay {
    /// They are given up.
    None,
    /// They go on.
    PendingRetries,
}

/// What becomes of events that are generated while a webhook is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NewEvents {
    /// They are never sent.
    Dropped,
    /// They are sent when it is switched on again.
    Queued,
    /// They are sent as if it were on.
    Sent,
}
