//! The keys and values of an object, none of them read yet.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::object::ObjectWriter;
use super::{RawJson, Text};

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

    /// Gives the members away from the last to the first, so that the last of a repeated key is met first.
    pub(super) fn into_iter_rev(self) -> impl Iterator<Item = (Text, RawJson)> {
        self.0.into_iter().rev()
    }

    /// Puts what came from the last to the first in order again, earlier values of repeated keys in front.
    ///
    /// It is the order in which they are written, so that an object that is read again equals the first.
    pub(super) fn order(&mut self, repeated: &[&str]) {
        self.0.reverse();
        self.0.sort_by_key(|(key, _)| !repeated.contains(&key.as_str()));
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
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(member) = map.next_entry()? {
            members.0.push(member);
        }
        Ok(members)
    }
}
