//! One value of an object, whatever stands in its place.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Checked, FromChecked, RawJson};

/// Holds what stands under a key: the value, one of four kinds of nothing, or JSON of another type.
///
/// On the wire a value that does not apply is a missing key, `null`, `{}` or `[]`, by event and by year. Most handlers
/// want [`get`](Self::get), to which all of them are `None`. What has an unexpected type does not spoil its neighbours:
/// it is [`Other`](Self::Other), and its JSON is kept. Every state is written back as it was read.
///
/// In a type of your own, let a missing key be `Absent`, and stay so:
///
/// ```
/// use aircall_tower::payload::{Field, Text};
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Mine {
///     #[serde(default, skip_serializing_if = "Field::is_absent")]
///     name: Field<Text>,
/// }
///
/// let mine: Mine = serde_json::from_str(r#"{"name":7}"#)?;
/// assert_eq!(mine.name.get(), None);
/// assert_eq!(mine.name.other().unwrap().get(), "7");
/// assert_eq!(serde_json::to_string(&mine)?, r#"{"name":7}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// The key is missing.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// `{}`, which stands for a missing person, among others. A type that could be read from it is not tried.
    EmptyObject,
    /// `[]` where something else than a list is expected.
    EmptyArray,
    /// A value of the expected type.
    Value(T),
    /// JSON of another type.
    Other(RawJson),
}

impl<T> Field<T> {
    /// Returns the value, if there is one of the expected type.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the value to be changed, if there is one of the expected type.
    #[must_use]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the value without the field around it, if there is one of the expected type.
    #[must_use]
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the JSON of what has another type than the expected one.
    #[must_use]
    pub fn other(&self) -> Option<&RawJson> {
        match self {
            Self::Other(raw) => Some(raw),
            _ => None,
        }
    }

    /// Tells whether the key is missing.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Tells whether something stands there, be it of the expected type or of another.
    #[must_use]
    pub fn is_given(&self) -> bool {
        matches!(self, Self::Value(_) | Self::Other(_))
    }
}

impl<T: FromChecked> FromChecked for Field<T> {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        match json.first() {
            b'n' => return json.word().map(|_| Self::Null),
            b'{' if json.pass_empty_object() => return Some(Self::EmptyObject),
            _ => {}
        }
        let beginning = json.clone();
        if let Some(value) = T::from_checked(json) {
            return Some(Self::Value(value));
        }
        *json = beginning;
        json.value()
            .map(|json| if is_empty(json, '[', ']') { Self::EmptyArray } else { Self::Other(RawJson::checked(json)) })
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Null => f.write_str("Null"),
            Self::EmptyObject => f.write_str("EmptyObject"),
            Self::EmptyArray => f.write_str("EmptyArray"),
            Self::Value(value) => value.fmt(f),
            Self::Other(raw) => write!(f, "Other({raw})"),
        }
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // Whoever asks has a place to fill; objects leave the key out instead.
            Self::Absent | Self::Null => serializer.serialize_unit(),
            Self::EmptyObject => serializer.serialize_map(Some(0))?.end(),
            Self::EmptyArray => serializer.collect_seq(std::iter::empty::<()>()),
            Self::Value(value) => value.serialize(serializer),
            Self::Other(raw) => raw.serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The type may be any that `serde` can read, so its place has to be known before that is tried.
        let raw = RawJson::deserialize(deserializer)?;
        let json = raw.get();
        if json == "null" {
            return Ok(Self::Null);
        }
        if is_empty(json, '{', '}') {
            return Ok(Self::EmptyObject);
        }
        Ok(match raw.read() {
            Ok(value) => Self::Value(value),
            Err(_) if is_empty(json, '[', ']') => Self::EmptyArray,
            Err(_) => Self::Other(raw),
        })
    }
}

fn is_empty(text: &str, open: char, close: char) -> bool {
    text.strip_prefix(open).and_then(|text| text.strip_suffix(close)).is_some_and(|inside| inside.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::{List, Text};
    use super::*;

    #[test]
    fn each_state_is_told_apart_and_written_back() {
        let read = |json: &str| serde_json::from_str::<Field<Text>>(json).unwrap();
        for (json, field) in [
            ("null", Field::Null),
            ("{}", Field::EmptyObject),
            ("[]", Field::EmptyArray),
            (r#""a""#, Field::Value("a".into())),
            ("1.50", Field::Other("1.50".parse().unwrap())),
            (r#"{"a":[]}"#, Field::Other(r#"{"a":[]}"#.parse().unwrap())),
        ] {
            assert_eq!(read(json), field, "{json}");
            assert_eq!(serde_json::to_string(&field).unwrap(), json);
        }
        assert_eq!(read("{ \n}"), Field::EmptyObject);
        assert_eq!(serde_json::from_str::<Field<List<Text>>>("[]").unwrap(), Field::Value(List::default()));
        assert_eq!(serde_json::to_string(&Field::<Text>::Absent).unwrap(), "null");
    }
}
