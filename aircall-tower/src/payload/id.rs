//! The identifiers of everything Aircall knows.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Checked, FromChecked, RawJson};

/// Identifies an object: a number of up to 64 bits, a UUID or any other string.
///
/// The same id is a number in one event and a string of digits in another: `call_id` is so documented, and seen. So
/// both forms are equal and sort and hash alike, which makes an `Id` a key for a map; each is written back in the form
/// it had. Numbers sort by value and before all other ids. An integer of more than 64 bits keeps its digits.
///
/// ```
/// use aircall_tower::payload::Id;
///
/// let number: Id = serde_json::from_str("4223501188")?;
/// let text: Id = serde_json::from_str(r#""4223501188""#)?;
/// assert_eq!(number, text);
/// assert_eq!(text.as_u64(), Some(4_223_501_188));
/// assert_eq!(serde_json::to_string(&text)?, r#""4223501188""#);
///
/// let message: Id = serde_json::from_str(r#""b1a8f2c4-7d3e-4f50-9a61-0c2d4e6f8a1b""#)?;
/// assert_eq!(message.as_u64(), None);
/// assert!(number < message);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Id {
    value: Value,
    quoted: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Value {
    Number(u64),
    Text(Box<str>),
}

impl Id {
    /// Returns the id as a number, if it is one of up to 64 bits, in whichever form it arrived.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.value {
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        }
    }

    /// Tells whether it is a string on the wire.
    #[must_use]
    pub fn is_string(&self) -> bool {
        self.quoted
    }

    fn new(text: &str, quoted: bool) -> Self {
        // `007` is another string than `7`: only what is written back the same is a number.
        let canonical = match text.as_bytes() {
            [first, rest @ ..] => first.is_ascii_digit() && (*first != b'0' || rest.is_empty()),
            [] => false,
        };
        let value = match text.parse() {
            Ok(number) if canonical => Value::Number(number),
            _ => Value::Text(text.into()),
        };
        Self { value, quoted }
    }
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self { value: Value::Number(number), quoted: false }
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::new(text, true)
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Id {}

impl PartialEq<u64> for Id {
    fn eq(&self, other: &u64) -> bool {
        self.as_u64() == Some(*other)
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Number(number) => number.fmt(f),
            Value::Text(text) => f.pad(text),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted { write!(f, "{:?}", self.to_string()) } else { write!(f, "{self}") }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Number(number) if !self.quoted => serializer.serialize_u64(*number),
            Value::Text(digits) if !self.quoted => {
                digits.parse::<RawJson>().map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = RawJson::deserialize(deserializer)?.read_checked();
        id.ok_or_else(|| D::Error::custom("expected an id, an integer or a string without lone surrogates"))
    }
}

impl FromChecked for Id {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        if json.first() == b'"' {
            return json.string()?.whole().map(|text| Self::new(&text, true));
        }
        let number = json.word()?;
        let digits = number.strip_prefix('-').unwrap_or(number);
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| Self::new(number, false))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_form_is_written_back() {
        for json in [
            "0",
            "-7",
            "-0",
            "18446744073709551615",
            "18446744073709551616",
            r#""7""#,
            r#""007""#,
            r#""""#,
            r#""a\"b""#,
        ] {
            let id: Id = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
        }
        for json in ["1.0", "1e3", "null", "true", "[]", "{}", r#""\ud800""#] {
            assert!(serde_json::from_str::<Id>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn both_forms_are_one_id_and_others_are_not() {
        let ids: HashSet<Id> = ["7", r#""7""#, r#""07""#, "-7", r#""-7""#]
            .map(|json| serde_json::from_str(json).unwrap())
            .into_iter()
            .collect();
        assert_eq!(ids.len(), 3);
        let sorted = [Id::from(9), Id::from("10"), Id::from(u64::MAX), Id::from("0x")];
        assert!(sorted.is_sorted());
        assert_eq!(Id::from("12"), 12);
    }
}
