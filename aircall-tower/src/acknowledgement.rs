//! The last station: one status for one outcome.
//!
//! Aircall takes any 2xx that comes within 5 s for success and everything else for a failure, and failures switch the
//! webhook off. So the status here does not describe how the work went. It says whether sending the event again would
//! help, and the default is that it would not.

mod answer;
mod attempt;
mod failures;
mod outcome;
mod policy;

pub(crate) use self::attempt::{Attempt, Ended};
pub(crate) use self::failures::{Account, Failures};
pub(crate) use self::outcome::Refusal;
pub use self::outcome::{Outcome, OutcomeKind};
pub use self::policy::Policy;
