//! The close reading of an envelope: by `serde_json`, which knows every rule and what to call a breach of it.

use std::fmt;
use std::ops::Range;

use memchr::memchr2;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::MAX_NESTING;
use super::error::{Defect, EnvelopeError};
use super::scan::{NAMES, Places};

/// Finds the values of [`NAMES`] in a body, or what is wrong with it.
pub(super) fn members(body: &[u8]) -> Result<Places, EnvelopeError> {
    if body.is_empty() {
        return Err(Defect::Empty.into());
    }
    let text = std::str::from_utf8(body).map_err(|error| Defect::NotUtf8 { at: error.valid_up_to() })?;
    let defect = |error: serde_json::Error| match error.classify() {
        Category::Data => Defect::NotAnObject,
        Category::Eof => Defect::EndsEarly { bytes: text.len() },
        // To say what stands there instead of an object, `serde_json` decodes it, and halts at what can stand in JSON and
        // in no `str` or `f64`.
        Category::Syntax if is_no_object(text) => Defect::NotAnObject,
        Category::Syntax | Category::Io => Defect::NotJson { line: error.line(), column: error.column() },
    };
    let members: Members<'_> = serde_json::from_str(text).map_err(defect)?;
    if members.odd_key {
        // This reader is strict about keys, and knows no names.
        serde_json::from_str::<&RawValue>(text).map_err(defect)?;
    }
    if too_deep(body) {
        return Err(Defect::TooDeep.into());
    }
    if let Some(field) = members.repeated {
        return Err(Defect::Repeated(field).into());
    }
    Ok(members.values.map(|value| value.map(|value| position(text, value.get()))))
}

/// Returns true if this is JSON, and another value than an object.
fn is_no_object(text: &str) -> bool {
    !text.trim_ascii_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Returns true if a document in JSON is nested deeper than [`MAX_NESTING`]. Counting costs one number, where a reader
/// that calls itself would pay with its stack.
fn too_deep(body: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(distance) = body.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
                    at += distance + 1;
                    if body[at - 1] == b'"' {
                        break;
                    }
                    at += 1;
                }
            }
            _ => {}
        }
        if depth > MAX_NESTING {
            return true;
        }
    }
    false
}

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

/// Where `part`, which was borrowed from `whole`, begins and ends in it.
fn position(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}
