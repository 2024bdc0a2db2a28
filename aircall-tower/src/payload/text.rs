//! Strings, the broken ones included.

use std::fmt;
use std::fmt::Write as _;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::checked::Quoted;
use super::{Checked, FromChecked, RawJson};

/// Holds a string of the wire, and reads as a `str`.
///
/// JSON can spell half a character, a lone surrogate such as `\ud83d`, where a sender cut an emoji in two. No Rust
/// string can hold it and `serde_json` refuses it. Here each becomes U+FFFD, and is written back as it was.
///
/// ```
/// use aircall_tower::payload::Text;
///
/// let text: Text = serde_json::from_str(r#""Thanks \ud83d""#)?;
/// assert_eq!(text, "Thanks \u{fffd}");
/// assert_eq!(serde_json::to_string(&text)?, r#""Thanks \ud83d""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text {
    text: Box<str>,
    /// The JSON of a string that no `str` can hold.
    broken: Option<Box<str>>,
}

impl Text {
    /// Returns the string, with U+FFFD for each lone surrogate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether the string on the wire holds lone surrogates.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// The string, unless it is broken.
    pub(super) fn whole(&self) -> Option<&str> {
        self.broken.is_none().then_some(&self.text)
    }

    /// Reads UTF-8 in which a lone surrogate is encoded as if it were a character, the form `serde_json` gives it.
    fn from_wtf8(mut bytes: &[u8]) -> Self {
        let mut text = String::new();
        let mut json = String::from("\"");
        let mut broken = false;
        loop {
            let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            text.push_str(valid);
            let quoted = serde_json::to_string(valid).unwrap_or_default();
            json.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
            bytes = bytes.get(valid.len()..).unwrap_or_default();
            bytes = match bytes {
                [] => break,
                [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, rest @ ..] => {
                    let surrogate = 0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F);
                    let _ = write!(json, "\\u{surrogate:04x}");
                    rest
                }
                // Bytes that are no text at all do not come out of JSON that was checked.
                [_, rest @ ..] => {
                    json.push(char::REPLACEMENT_CHARACTER);
                    rest
                }
            };
            text.push(char::REPLACEMENT_CHARACTER);
            broken = true;
        }
        json.push('"');
        Self { text: text.into(), broken: broken.then(|| json.into()) }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { text: text.into(), broken: None }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text: text.into(), broken: None }
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.text.into()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.text == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.text == **other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Text {
    /// Shows a broken string as its JSON, the broken places included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.broken {
            None => fmt::Debug::fmt(&*self.text, f),
            Some(json) => f.write_str(json),
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.broken {
            None => serializer.serialize_str(&self.text),
            Some(json) => json.parse::<RawJson>().map_err(serde::ser::Error::custom)?.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes, because `serde_json` refuses lone surrogates in a `str`. It takes the same strings for keys.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

impl FromChecked for Text {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        json.string().map(Quoted::text)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
        Ok(text.into())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => Text::from_wtf8(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_characters_survive_where_they_stand() {
        for (json, text) in [
            (r#""""#, ""),
            (r#""a\nb\u0001""#, "a\nb\u{1}"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\"é\ud83dx\n\"😀\udfff\"""#, "\"é\u{fffd}x\n\"😀\u{fffd}\""),
            ("\"\u{fffd}\"", "\u{fffd}"),
        ] {
            let read: Text = serde_json::from_str(json).unwrap();
            assert_eq!(read, text, "{json}");
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
        let pair: Text = serde_json::from_str(r#""\ud83d\ude00""#).unwrap();
        assert_eq!((pair.as_str(), pair.is_broken()), ("😀", false));
    }
}
