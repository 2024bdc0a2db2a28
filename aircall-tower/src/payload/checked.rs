//! Reading JSON that has been checked, once and from the front to the back.
//!
//! `serde_json` would read a value as often as it stands in others: whoever can fall back to what stands there needs its
//! text first, and finding where that ends is to read it. Here a reader begins at once, and goes back only where a value
//! has another type, which shows in its first byte or in one string. Nothing here calls itself for what has no type, so
//! nesting costs no stack.
//!
//! No rule of JSON is looked at again. What was not checked is read as something or nothing, without a panic.

use std::borrow::Cow;

use memchr::memchr2;

use super::Text;

/// A type that can be read from checked JSON.
pub(crate) trait FromChecked: Sized {
    /// Reads the value that begins here and goes past it. `None` if it has another type: then the place is lost.
    fn from_checked(json: &mut Checked<'_>) -> Option<Self>;
}

/// A place in JSON that was checked: the beginning of a value, or behind one.
#[derive(Debug, Clone)]
pub(crate) struct Checked<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(json: &'a str) -> Self {
        let mut checked = Self { json, at: 0 };
        checked.pass_white();
        checked
    }

    /// Returns the byte that stands here, and behind the end one that begins no value.
    pub(super) fn first(&self) -> u8 {
        self.json.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Goes past an object without members.
    pub(super) fn pass_empty_object(&mut self) -> bool {
        let mut inside = self.clone();
        inside.at += 1;
        inside.pass_white();
        let is_empty = self.first() == b'{' && inside.first() == b'}';
        if is_empty {
            self.at = inside.at + 1;
        }
        is_empty
    }

    /// Goes past a value of any type and returns its text.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.first() {
                b'"' => _ = self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                0 => return None,
                // Between values, inside of something: no need to know what it is.
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth > 0 => self.at += 1,
                _ => _ = self.word()?,
            }
            if depth == 0 {
                return self.json.get(start..self.at);
            }
        }
    }

    /// Goes past a number, `true`, `false` or `null` and returns it.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let rest = self.json.get(self.at..)?;
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':' | b'"' | b' ' | b'\n' | b'\r' | b'\t');
        let length = rest.as_bytes().iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).filter(|word| !word.is_empty())
    }

    /// Goes past a string; `None` if something else stands here.
    pub(crate) fn string(&mut self) -> Option<Quoted<'a>> {
        if self.first() != b'"' {
            return None;
        }
        let start = self.at;
        let mut at = start + 1;
        let mut is_plain = true;
        loop {
            let rest = self.json.as_bytes().get(at..)?;
            at += memchr2(b'"', b'\\', rest)? + 1;
            if self.json.as_bytes()[at - 1] == b'"' {
                break;
            }
            is_plain = false;
            at += 1;
        }
        self.at = at;
        Some(Quoted { json: self.json.get(start..at)?, is_plain })
    }

    /// Goes through the members of an object; `each` finds the place at the value and goes past it.
    pub(crate) fn object(&mut self, mut each: impl FnMut(Quoted<'a>, &mut Self) -> Option<()>) -> Option<()> {
        self.items(b'{', b'}', |json| {
            let key = json.string()?;
            json.pass_white();
            json.pass(b':')?;
            json.pass_white();
            each(key, json)
        })
    }

    /// Goes through the elements of an array; `each` goes past one.
    pub(super) fn array(&mut self, each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.items(b'[', b']', each)
    }

    #[inline]
    fn items(&mut self, open: u8, close: u8, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.pass(open)?;
        self.pass_white();
        if self.first() == close {
            return self.pass(close);
        }
        loop {
            each(self)?;
            self.pass_white();
            if self.first() == close {
                return self.pass(close);
            }
            self.pass(b',')?;
            self.pass_white();
        }
    }

    #[inline]
    fn pass(&mut self, byte: u8) -> Option<()> {
        let stands_here = self.first() == byte;
        self.at += usize::from(stands_here);
        stands_here.then_some(())
    }

    #[inline]
    fn pass_white(&mut self) {
        while matches!(self.first(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }
}

/// A string as it stands in JSON, quotes included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted<'a> {
    json: &'a str,
    is_plain: bool,
}

impl<'a> Quoted<'a> {
    /// Returns the string, if it is there without being decoded.
    pub(super) fn plain(self) -> Option<&'a str> {
        if self.is_plain { self.json.get(1..self.json.len() - 1) } else { None }
    }

    /// Decodes the string; `None` if no `str` can hold it.
    pub(crate) fn whole(self) -> Option<Cow<'a, str>> {
        match self.plain() {
            Some(plain) => Some(Cow::Borrowed(plain)),
            None => self.text().whole().map(|text| Cow::Owned(text.to_owned())),
        }
    }

    pub(super) fn text(self) -> Text {
        match self.plain() {
            Some(plain) => plain.into(),
            None => serde_json::from_str(self.json).unwrap_or_default(),
        }
    }
}

impl FromChecked for bool {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        json.word()?.parse().ok()
    }
}

impl FromChecked for i64 {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        // No integer holds the sign of `-0`.
        json.word().filter(|word| *word != "-0")?.parse().ok()
    }
}

impl<T: FromChecked> FromChecked for Box<T> {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        T::from_checked(json).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Call, Content, Decimal, Field, Id, List, RawJson, Time};
    use super::*;

    /// Reads and reports where the reader stood afterwards.
    fn read<T: FromChecked>(json: &str) -> Option<(T, usize)> {
        let mut checked = Checked::new(json);
        T::from_checked(&mut checked).map(|value| (value, checked.at))
    }

    #[test]
    fn a_value_is_passed_to_its_end_whatever_follows() {
        for value in
            [r#""""#, r#""a\"]}\\""#, "-1.5e+3", "true", "null", "[]", "{ }", r#"[[],{"a":["]",{"}":1}]} , 2 ]"#]
        {
            for behind in ["", " ", ",1", "]", "}", "\n}"] {
                let json = format!("{value}{behind}");
                let (raw, end) = read::<RawJson>(&json).unwrap();
                assert_eq!((raw.get(), end), (value, value.len()), "{json}");
                let (_, end) = read::<Field<List<Call>>>(&json).unwrap();
                assert_eq!(end, value.len(), "{json}");
            }
        }
    }

    #[test]
    fn integers_and_truths_are_those_of_serde_json() {
        for json in ["0", "-0", "7", "-7", "1.0", "1e3", "9223372036854775807", "9223372036854775808", "true", "\"1\""]
        {
            let ours = read::<i64>(json).map(|(value, _)| value);
            assert_eq!(ours, serde_json::from_str(json).ok(), "{json}");
        }
        for json in ["true", "false", "null", "0", "\"true\"", "[true]"] {
            let ours = read::<bool>(json).map(|(value, _)| value);
            assert_eq!(ours, serde_json::from_str(json).ok(), "{json}");
        }
    }

    #[test]
    fn what_was_not_checked_panics_nowhere() {
        let valid = r#"{"id":"7\u00e9","user":{"name":["é",{}]},"cost":-1.5,"started_at":"2026-09-21T14:13:20Z"}"#;
        for at in 0..=valid.len() {
            let Some(cut) = valid.get(..at) else { continue };
            for behind in ["", "\"", "\\", "]", "}", ",", ":", "\0", "é"] {
                let json = format!("{cut}{behind}");
                let _ = (read::<Call>(&json), read::<Field<Content>>(&json), read::<List<Id>>(&json));
                let _ = (read::<Time>(&json), read::<Decimal>(&json), read::<RawJson>(&json));
            }
        }
    }
}
