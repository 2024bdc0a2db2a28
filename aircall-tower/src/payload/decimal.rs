//! Numbers with a fraction, and money.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Checked, FromChecked, RawJson};

/// Holds a number as the digits it was written with, be it a JSON number or a string that spells one.
///
/// No digit passes through a float, so `"2.30"` stays that. Two are equal if their digits are: `2.3` is another one.
///
/// ```
/// use aircall_tower::payload::Decimal;
///
/// let cost: Decimal = serde_json::from_str(r#""2.30""#)?;
/// assert_eq!(cost.as_str(), "2.30");
/// assert_eq!(cost.to_f64(), 2.3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Decimal(RawJson);

impl Decimal {
    /// Returns the digits, without the quotes of a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.plain_string().unwrap_or(self.0.get())
    }

    /// Returns the nearest float, an infinite one beyond their range.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.as_str().parse().unwrap_or(f64::NAN)
    }

    /// Tells whether it is a string on the wire.
    #[must_use]
    pub fn is_string(&self) -> bool {
        self.0.plain_string().is_some()
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let decimal = RawJson::deserialize(deserializer)?.read_checked();
        decimal.ok_or_else(|| D::Error::custom("expected a number, plain or in a string"))
    }
}

impl FromChecked for Decimal {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        let starts = |first: u8| first == b'-' || first.is_ascii_digit();
        if starts(json.first()) {
            return RawJson::from_checked(json).map(Self);
        }
        let mut beginning = json.clone();
        let digits = json.string()?.plain()?.as_bytes();
        let bounded =
            digits.first().is_some_and(|first| starts(*first)) && digits.last().is_some_and(u8::is_ascii_digit);
        // Of JSON values only a number begins and ends so, which leaves the grammar to `serde_json`.
        let is_number = bounded && serde_json::from_slice::<IgnoredAny>(digits).is_ok();
        if is_number { RawJson::from_checked(&mut beginning).map(Self) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_and_nothing_else_passes() {
        for json in ["0", "-0.10", "1e999", r#""0.0""#, r#""2.34""#, "123456789012345678901234567890.5"] {
            let decimal: Decimal = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&decimal).unwrap(), json);
            assert!(!decimal.to_f64().is_nan());
        }
        for json in
            [r#""""#, r#"" 1""#, r#""1 ""#, r#""1,5""#, r#""01""#, r#""NaN""#, r#""1 2""#, r#""-""#, "true", "[1]"]
        {
            assert!(serde_json::from_str::<Decimal>(json).is_err(), "{json}");
        }
    }
}
