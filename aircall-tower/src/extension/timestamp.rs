//! The time that an envelope states.

use std::time::{Duration, SystemTime};

/// When Aircall built the body of a delivery, by Aircall's clock.
///
/// Webhooks state whole seconds, so two events of one call may bear the same time; message callbacks state
/// milliseconds. It is not the time of sending: Aircall sends a failed event again for up to twelve hours, presumably
/// unchanged, so an age check on it would refuse honest deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp {
    millis: i64,
}

impl Timestamp {
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self { millis: seconds.saturating_mul(1000) }
    }

    pub(crate) fn from_millis(millis: i64) -> Self {
        Self { millis }
    }

    /// Returns the seconds since 1970-01-01 00:00 UTC, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.millis.div_euclid(1000)
    }

    /// Returns the milliseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.millis
    }

    /// Returns this time as the system's type, or `None` where that cannot represent it.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_millis(self.millis.unsigned_abs());
        if self.millis < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_milliseconds_meet() {
        assert_eq!(Timestamp::from_seconds(1_790_000_005), Timestamp::from_millis(1_790_000_005_000));
        assert_eq!(Timestamp::from_millis(-1).unix_seconds(), -1);
        assert_eq!(Timestamp::from_seconds(i64::MAX).unix_millis(), i64::MAX);
        let time = Timestamp::from_millis(1_790_000_005_250).to_system_time().unwrap();
        assert_eq!(time.duration_since(SystemTime::UNIX_EPOCH).unwrap(), Duration::from_millis(1_790_000_005_250));
        for extreme in [i64::MIN, i64::MAX] {
            let _ = Timestamp::from_millis(extreme).to_system_time();
        }
    }
}
