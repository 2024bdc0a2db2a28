//! Reading the top level of a body that is there as a whole.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::error::{Defect, EnvelopeError};
use super::{Dialect, Envelope};
use crate::extension::{EventName, Timestamp};

impl Envelope {
    /// Reads the envelope of a whole body.
    ///
    /// `too_deep` is what the scan of the same bytes found on its way: nesting costs that scan one number, where a
    /// recursive reader would pay with its stack.
    pub(crate) fn parse(body: Bytes, too_deep: bool) -> Result<Self, EnvelopeError> {
        if body.is_empty() {
            return Err(Defect::Empty.into());
        }
        let text = std::str::from_utf8(&body).map_err(|error| Defect::NotUtf8 { at: error.valid_up_to() })?;
        let defect = |error: serde_json::Error| match error.classify() {
            Category::Data => Defect::NotAnObject,
            Category::Eof => Defect::EndsEarly { bytes: text.len() },
            Category::Syntax | Category::Io => Defect::NotJson { line: error.line(), column: error.column() },
        };
        let members: Members<'_> = serde_json::from_str(text).map_err(defect)?;
        if members.odd_key {
            // This reader is strict about keys, and knows no names.
            serde_json::from_str::<&RawValue>(text).map_err(defect)?;
        }
        if too_deep {
            return Err(Defect::TooDeep.into());
        }
        if let Some(field) = members.repeated {
            return Err(Defect::Repeated(field).into());
        }

        let [event, event_name, resource, timestamp, token, data] = members.values;
        let (dialect, name, event) = match (event, event_name) {
            (Some(event), _) => (Dialect::Webhook, "event", event),
            (None, Some(event_name)) => (Dialect::MessageCallback, "event_name", event_name),
            (None, None) => return Err(Defect::Missing("event").into()),
        };
        let event = string(event, name)?;
        let resource = match (resource, dialect) {
            (Some(resource), _) => Some(known_resource(string(resource, "resource")?)),
            // The documentation of message callbacks names no `resource`.
            (None, Dialect::MessageCallback) => None,
            (None, Dialect::Webhook) => return Err(Defect::Missing("resource").into()),
        };
        let timestamp = timestamp.ok_or(Defect::Missing("timestamp"))?;
        let timestamp = timestamp
            .get()
            .parse::<i64>()
            .map_err(|_| Defect::WrongType { field: "timestamp", expected: "an integer of at most 64 bits" })?;
        let data = data.ok_or(Defect::Missing("data"))?;
        let token = token.ok_or(Defect::Missing("token"))?;

        let event = EventName::from(event);
        let data = position(text, data.get());
        let token = position(text, token.get());
        let timestamp = match dialect {
            Dialect::Webhook => Timestamp::from_seconds(timestamp),
            Dialect::MessageCallback => Timestamp::from_millis(timestamp),
        };
        Ok(Self { body, dialect, event, resource, timestamp, data, token })
    }
}

/// The keys of the top level that matter.
const NAMES: [&str; 6] = ["event", "event_name", "resource", "timestamp", "token", "data"];

/// What stands under [`NAMES`], in that order, each as the JSON that stands there.
#[derive(Default)]
struct Members<'a> {
    values: [Option<&'a RawValue>; NAMES.len()],
    repeated: Option<&'static str>,
    /// Whether some key has to be looked at more closely.
    odd_key: bool,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Name(index) => {
                    // Going on, so that a body that is no JSON further down is called just that.
                    if members.values[index].replace(map.next_value()?).is_some() {
                        members.repeated.get_or_insert(NAMES[index]);
                    }
                }
                Key::Other { odd } => {
                    members.odd_key |= odd;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(members)
    }
}

/// A key of the top level: the index of its name if it is one of the envelope's.
enum Key {
    Name(usize),
    Other { odd: bool },
}

/// Reads a key as bytes, because a key with a lone surrogate is no `str` and still no reason to refuse an event.
///
/// `serde_json` does not check such bytes for raw control characters, which JSON forbids. A key that holds one, raw or
/// escaped, is marked as odd.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E: Error>(self, key: &[u8]) -> Result<Key, E> {
        Ok(match NAMES.iter().position(|name| name.as_bytes() == key) {
            Some(index) => Key::Name(index),
            None => Key::Other { odd: key.iter().any(|byte| *byte < b' ') },
        })
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
        self.visit_bytes(key.as_bytes())
    }
}

/// Decodes a JSON string; a lone surrogate in it becomes U+FFFD.
fn string<'a>(raw: &'a RawValue, field: &'static str) -> Result<Cow<'a, str>, EnvelopeError> {
    struct Text;

    impl<'de> Visitor<'de> for Text {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_borrowed_bytes<E>(self, text: &'de [u8]) -> Result<Self::Value, E> {
            Ok(String::from_utf8_lossy(text))
        }

        fn visit_bytes<E>(self, text: &[u8]) -> Result<Self::Value, E> {
            Ok(Cow::Owned(String::from_utf8_lossy(text).into_owned()))
        }
    }

    // `deserialize_bytes` would take an array of numbers as well.
    if !raw.get().starts_with('"') {
        return Err(Defect::WrongType { field, expected: "a string" }.into());
    }
    serde_json::Deserializer::from_str(raw.get())
        .deserialize_bytes(Text)
        .map_err(|_| Defect::WrongType { field, expected: "a string" }.into())
}

/// The values of `resource` seen or documented on the wire, which then need no allocation.
fn known_resource(resource: Cow<'_, str>) -> Cow<'static, str> {
    const KNOWN: [&str; 12] = [
        "call",
        "contact",
        "number",
        "user",
        "team",
        "message",
        "group_message",
        "integration",
        "conversation_intelligence",
        "ai_voice_agent",
        "analytics",
        "outbound_campaign",
    ];
    match KNOWN.iter().find(|known| **known == resource) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(resource.into_owned()),
    }
}

/// Where `part`, which was borrowed from `whole`, begins and ends in it.
fn position(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}
