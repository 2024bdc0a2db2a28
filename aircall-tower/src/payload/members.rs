//! The keys and values of an object, none of them read yet.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::object::{ObjectWriter, deserialize};
use super::{Checked, FromChecked, RawJson, Text};

/// Keeps members of an object in their order: those that no field describes, or all of an object without a table.
///
/// A key may stand there twice, as JSON allows.
///
/// ```
/// use aircall_tower::payload::Call;
///
/// let call: Call = serde_json::from_str(r#"{"id":7,"mood":"sunny","weight":1.50}"#)?;
/// assert_eq!(call.others.get("weight").unwrap().get(), "1.50");
/// assert_eq!(call.others.get("mood").unwrap().read::<String>()?, "sunny");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Members(Vec<(Text, RawJson)>);

impl Members {
    /// Returns the value under a key, the last one if the key repeats.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&RawJson> {
        self.0.iter().rev().find(|(name, _)| name.whole() == Some(key)).map(|(_, value)| value)
    }

    /// Returns keys and values in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Text, &RawJson)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Tells how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a member at the end.
    pub fn push(&mut self, key: impl Into<Text>, value: RawJson) {
        self.0.push((key.into(), value));
    }

    /// Finds the earlier values of those of these keys that an object repeats.
    pub(super) fn repeated(mut object: Checked<'_>, keys: &[&str]) -> Option<Self> {
        let mut members = Vec::new();
        object.object(|key, json| {
            let value = json.value()?;
            if let Some(place) = key.whole().and_then(|key| keys.iter().position(|known| *known == key)) {
                members.push((place, value));
            }
            Some(())
        })?;
        let mut seen = vec![false; keys.len()];
        members.reverse();
        members.retain(|(place, _)| std::mem::replace(&mut seen[*place], true));
        Some(Self(
            members.into_iter().rev().map(|(place, value)| (keys[place].into(), RawJson::checked(value))).collect(),
        ))
    }

    /// Puts earlier values of repeated keys before the others.
    ///
    /// It is the order in which they are written, so that an object that is read again equals the first.
    pub(super) fn put_in_front(&mut self, repeated: Self) {
        self.0.splice(..0, repeated.0);
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ObjectWriter::new(serializer, self, &[])?.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

impl FromChecked for Members {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        let mut members = Self::default();
        json.object(|key, json| {
            members.push(key.text(), RawJson::from_checked(json)?);
            Some(())
        })?;
        Some(members)
    }
}
