//! JSON as it is meant: strings decoded, numbers by their digits, keys in any order.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value, equal to another if no reader that keeps every digit could tell them apart.
///
/// Strings are in UTF-16, which can hold the halves of characters that JSON can spell.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A string.
    Text(Vec<u16>),
    /// A number or a literal, as it is written.
    Token(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object by its keys, the values of a repeated one in their order.
    Object(Vec<(Vec<u16>, Tree)>),
}

impl Tree {
    /// Reads a value that is known to be JSON, nested no deeper than a call stack bears.
    #[must_use]
    pub fn of(json: &str) -> Self {
        let json = json.trim_ascii();
        match json.as_bytes()[0] {
            b'"' => Self::Text(utf16(json)),
            b'[' => Self::Array(items(json).into_iter().map(|item| Self::of(item.get())).collect()),
            b'{' => {
                let mut members: Vec<_> =
                    members(json).into_iter().map(|(key, value)| (key, Self::of(value.get()))).collect();
                // Stable, so that it still shows which value of a repeated key is the last.
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Object(members)
            }
            _ => Self::Token(json.to_owned()),
        }
    }
}

/// Returns whether this is one value in JSON with nothing behind it.
#[must_use]
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Returns whether a value that is known to be JSON has more levels of arrays and objects than these.
#[must_use]
pub fn is_deeper_than(levels: usize, json: &str) -> bool {
    let json = json.trim_ascii();
    match (json.as_bytes()[0], levels) {
        (b'[' | b'{', 0) => true,
        (b'[', _) => items(json).into_iter().any(|item| is_deeper_than(levels - 1, item.get())),
        (b'{', _) => members(json).into_iter().any(|(_, value)| is_deeper_than(levels - 1, value.get())),
        _ => false,
    }
}

/// Returns the members of an object that is known to be JSON.
#[must_use]
pub fn members(object: &str) -> Vec<(Vec<u16>, &RawValue)> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Vec<u16>, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(key) = map.next_key_seed(Octets)? {
                members.push((from_wtf8(&key), map.next_value()?));
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(object).deserialize_map(Members).expect("an object in JSON")
}

fn items(array: &str) -> Vec<&RawValue> {
    serde_json::from_str(array).expect("an array in JSON")
}

/// Decodes a string that is known to be JSON, quotes included.
#[must_use]
pub fn utf16(quoted: &str) -> Vec<u16> {
    let mut units = Vec::new();
    let mut rest = quoted[1..quoted.len() - 1].chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        units.push(match rest.next().expect("something is escaped") {
            'b' => 8,
            't' => 9,
            'n' => 10,
            'f' => 12,
            'r' => 13,
            'u' => rest.by_ref().take(4).fold(0, |unit, digit| unit << 4 | digit.to_digit(16).expect("a digit") as u16),
            other => other as u16,
        });
    }
    units
}

/// A string or a key as the bytes that `serde_json` makes of it: UTF-8, in which half a character is written as a whole.
pub(crate) struct Octets;

impl<'de> DeserializeSeed<'de> for Octets {
    type Value = Vec<u8>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Octets {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

fn from_wtf8(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let valid = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        units.extend(valid.encode_utf16());
        rest = &rest[valid.len()..];
        if let [0xED, second, third, after @ ..] = rest {
            units.push(0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F));
            rest = after;
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_the_same_and_nothing_else() {
        assert_eq!(Tree::of(r#"{"a":"\u0041\/","b":[1]}"#), Tree::of(r#" {"b" : [1],"\u0061":"A/"}"#));
        for (one, other) in [("1", "1.0"), (r#""\ud800""#, r#""\ufffd""#), (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#)] {
            assert_ne!(Tree::of(one), Tree::of(other));
        }
        assert_eq!(members(r#"{"\ud83d\ude00\ud83d":1}"#)[0].0, utf16(r#""😀\ud83d""#));
        assert!(is_deeper_than(1, "[{}]") && !is_deeper_than(2, "[{},[]]"));
    }
}
