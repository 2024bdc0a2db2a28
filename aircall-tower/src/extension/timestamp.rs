//! A moment by Aircall's clock.

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod convert;

use std::fmt;
use std::time::{Duration, SystemTime};

/// A moment by Aircall's clock, to the millisecond: when the body of a delivery was built, or a time inside of it.
///
/// Of a delivery: webhooks state whole seconds, so two events of one call may bear the same time; message callbacks
/// state milliseconds. It is not the time of sending: Aircall sends a failed event again for up to twelve hours,
/// presumably unchanged, so an age check on it would refuse honest deliveries.
///
/// It is shown as in RFC 3339, and converts to the types of `jiff`, `time` and `chrono` with the features of their
/// names.
///
/// ```
/// let timestamp = aircall_tower::Timestamp::from_seconds(1_790_000_000);
/// assert_eq!(timestamp.to_string(), "2026-09-21T14:13:20.000Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp {
    millis: i64,
}

impl Timestamp {
    /// Makes one from the seconds since 1970-01-01 00:00 UTC, or the nearest that 64 bits of milliseconds can hold.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self { millis: seconds.saturating_mul(1000) }
    }

    /// Makes one from the milliseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
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

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.unix_seconds();
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years begin in March here, so that the odd month is the last; a cycle of the calendar is 400 years.
        let days = days + 719_468;
        let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = cycle * 400 + year + next;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let millis = self.millis.rem_euclid(1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_a_date() {
        for (millis, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), shown);
        }
        for extreme in [i64::MIN, i64::MAX] {
            assert!(Timestamp::from_millis(extreme).to_string().ends_with('Z'));
        }
    }

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
