//! The token of a body that may not be there as a whole.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use crate::json::Octets;

/// What the beginning of a body says about its first `token` of the top level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// It is this string.
    Text(Vec<u8>),
    /// It is no string.
    NoText,
    /// So far there is none.
    None,
    /// That cannot be said, because the body is no JSON before its token, or ends in it.
    Unclear,
}

/// Looks for the first token of a body's beginning.
#[must_use]
pub fn first(beginning: &[u8]) -> First {
    let mut first = First::None;
    let mut reader = serde_json::Deserializer::from_slice(beginning);
    let end = reader.deserialize_map(Finder(&mut first)).and_then(|()| reader.end());
    match (first, end.map_err(|error| error.classify())) {
        // What ends where an object may go on says nothing yet.
        (First::None, Ok(()) | Err(Category::Eof)) => First::None,
        // Another value than an object, but a whole one, has no members.
        (First::None, Err(Category::Data)) if serde_json::from_slice::<IgnoredAny>(beginning).is_ok() => First::None,
        (First::None, Err(_)) => First::Unclear,
        (first, _) => first,
    }
}

struct Finder<'a>(&'a mut First);

impl<'de> Visitor<'de> for Finder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Octets)? {
            if key == b"token" && *self.0 == First::None {
                // Until its value has been read.
                *self.0 = First::Unclear;
                map.next_value_seed(Value(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Value<'a>(&'a mut First);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // As bytes, since a string with half a character in it is one as well.
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, text: &[u8]) -> Result<(), E> {
        *self.0 = First::Text(text.to_vec());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        *self.0 = First::NoText;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}
