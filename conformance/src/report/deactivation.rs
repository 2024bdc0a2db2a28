use std::time::Duration;

/// What Aircall would have done about this webhook, by one reading of its rules: the honest deliveries of the run, played
/// to a sender with that policy on a clock of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deactivation {
    /// The name of the policy profile (`reference-50`).
    pub profile: String,
    /// What the profile rests on, in a sentence.
    pub basis: String,
    /// So many failures, as the profile counts them, switch the webhook off.
    pub limit: u32,
    /// The failures counted after each attempt.
    pub meter: Vec<Reading>,
    /// When the webhook was switched off, if it was.
    pub switched_off: Option<SwitchedOff>,
}

/// The failure counter after one attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Since the first delivery, on the sender's clock.
    pub at: Duration,
    /// The case whose event was sent.
    pub case: String,
    /// Whether it was acknowledged.
    pub acknowledged: bool,
    /// The failures counted by then.
    pub failures: u32,
    /// Whether the webhook was on after it.
    pub active: bool,
}

/// A webhook was switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchedOff {
    /// Since the first delivery, on the sender's clock.
    pub at: Duration,
    /// How many attempts had been made.
    pub attempts: usize,
    /// The case whose event was the last straw.
    pub case: String,
    /// When it was switched on again by itself, if it was.
    pub back_at: Option<Duration>,
}
