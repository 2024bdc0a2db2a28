//! The times inside payloads.

mod iso;

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) use self::iso::parse_iso;
use super::{Checked, FromChecked, RawJson};
use crate::Timestamp;

/// Holds a time in whichever form it was written: seconds, milliseconds or ISO 8601.
///
/// All three are on the wire, by object and by year. An integer of less than 10^11 counts seconds since 1970, any other
/// milliseconds. A string is a date and a time of day; without an offset it is read as UTC, which no source shows to
/// occur and every sample suggests. Two are equal if they are the same moment, and each is written back as it was.
/// Fractions finer than a millisecond are read over, and stay in [`written`](Self::written).
///
/// ```
/// use aircall_tower::payload::Time;
///
/// let seconds: Time = serde_json::from_str("1790000000")?;
/// let millis: Time = serde_json::from_str("1790000000000")?;
/// let iso: Time = serde_json::from_str(r#""2026-09-21T14:13:20.000Z""#)?;
/// assert!(seconds == millis && millis == iso);
/// assert_eq!(iso.timestamp().unix_seconds(), 1_790_000_000);
/// assert_eq!(serde_json::to_string(&iso)?, r#""2026-09-21T14:13:20.000Z""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Time {
    timestamp: Timestamp,
    written: RawJson,
}

impl Time {
    /// Returns the moment, which converts to the types of other crates.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns the JSON that stands for it.
    #[must_use]
    pub fn written(&self) -> &RawJson {
        &self.written
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.timestamp == other.timestamp
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.timestamp.cmp(&other.timestamp)
    }
}

impl Hash for Time {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.timestamp.hash(state);
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp.fmt(f)
    }
}

impl fmt::Debug for Time {
    /// Shows what is written and how it was understood.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.written, self.timestamp)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = RawJson::deserialize(deserializer)?.read_checked();
        time.ok_or_else(|| D::Error::custom("expected a time, in seconds, milliseconds or ISO 8601"))
    }
}

impl FromChecked for Time {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        let mut beginning = json.clone();
        let timestamp = match json.first() {
            b'"' => parse_iso(json.string()?.plain()?),
            _ => json.word()?.parse().ok().map(by_size),
        }?;
        Some(Self { timestamp, written: RawJson::from_checked(&mut beginning)? })
    }
}

/// Seconds reach this number in the year 5138, milliseconds left it behind in March 1973.
const FIRST_MILLIS: u64 = 100_000_000_000;

fn by_size(number: i64) -> Timestamp {
    if number.unsigned_abs() < FIRST_MILLIS { Timestamp::from_seconds(number) } else { Timestamp::from_millis(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart_by_their_size() {
        let read = |json: &str| serde_json::from_str::<Time>(json).map(|time| time.timestamp().unix_millis()).ok();
        assert_eq!(read("99999999999"), Some(99_999_999_999_000));
        assert_eq!(read("100000000000"), Some(100_000_000_000));
        assert_eq!(read("-1"), Some(-1000));
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
        for json in ["1.5", "1e9", "9223372036854775808", "true", r#""soon""#, r#""""#, "[]", r#""\ud800""#] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
