//! Looking for the token while a body is still arriving.
//!
//! A wrong token need not be paid for with the rest of its body, and a body too long to hold is authentic all the same
//! if its beginning proves it. So the pieces are scanned as they come for the first member `token` of the top level.
//! The scan knows JSON's strings, brackets and commas and nothing else; whether the whole is JSON is decided later by
//! a reader that validates everything. Its answer depends on the bytes alone, never on how they were cut into pieces.
//! What follows the token is none of its business: it stops there, in a real delivery after some hundred bytes.

use std::ops::Range;

use memchr::memchr2;

use super::scan::{self, Begun};

/// A scan over the bytes of a body that stops at the end of what has arrived and goes on from there.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    at: usize,
    depth: usize,
    /// Where the string begins whose end has not arrived.
    string: Option<usize>,
    place: Place,
    found: bool,
    begun: Option<Begun>,
}

/// What a scan came upon in the bytes that were new to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No member `token` yet.
    Nothing,
    /// The JSON string that is its value, quotes included.
    Token(Range<usize>),
    /// A value that is no string.
    NoString,
}

/// What stands next, or stands open, in the top-level object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Outside,
    Key,
    AfterKey {
        token: bool,
    },
    Value {
        token: bool,
    },
}

impl Prefix {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Scans the bytes of `body` that were not there at the last call, up to the first token.
    pub(crate) fn advance(&mut self, body: &[u8]) -> Seen {
        if self.found {
            return Seen::Nothing;
        }
        // A quicker reader finds the token of what begins as Aircall writes it. It has no memory, so it looks once.
        if self.at == 0
            && let Some((token, begun)) = scan::first_token(body)
        {
            self.found = true;
            self.begun = Some(begun);
            return Seen::Token(token);
        }
        while let Some(&byte) = body.get(self.at) {
            if let Some(start) = self.string {
                let Some(end) = self.end_of_string(body) else { return Seen::Nothing };
                self.string = None;
                if self.depth == 1 && self.pass_string(&body[start..end]) {
                    self.found = true;
                    return Seen::Token(start..end);
                }
                continue;
            }
            let here = self.at;
            self.at += 1;
            if self.place == (Place::Value { token: true }) && !matches!(byte, b'"' | b' ' | b'\t' | b'\n' | b'\r') {
                // The first byte of a value tells that it is no string.
                self.found = true;
                return Seen::NoString;
            }
            match byte {
                b'"' => self.string = Some(here),
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth == 1 && byte == b'{' {
                        self.place = Place::Key;
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.place = Place::Outside;
                    }
                }
                b':' if self.depth == 1 => {
                    if let Place::AfterKey { token } = self.place {
                        self.place = Place::Value { token };
                    }
                }
                b',' if self.depth == 1 && self.place != Place::Outside => self.place = Place::Key,
                _ => {}
            }
        }
        Seen::Nothing
    }

    /// Returns what the quick reader has read of the body already.
    pub(crate) fn into_begun(self) -> Option<Begun> {
        self.begun
    }

    /// Goes to the end of the open string and returns it, or as far as the string has arrived.
    fn end_of_string(&mut self, body: &[u8]) -> Option<usize> {
        while let Some(distance) = body.get(self.at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            let here = self.at + distance;
            if body[here] == b'"' {
                self.at = here + 1;
                return Some(self.at);
            }
            if here + 1 == body.len() {
                // The escaped byte has not arrived: the escape is looked at again with it.
                self.at = here;
                return None;
            }
            self.at = here + 2;
        }
        self.at = body.len();
        None
    }

    /// Goes past a string of the top level; true if it is the value of the first `token`.
    fn pass_string(&mut self, quoted: &[u8]) -> bool {
        match self.place {
            Place::Key => self.place = Place::AfterKey { token: is_token(quoted) },
            Place::Value { token } => {
                self.place = Place::Value { token: false };
                return token;
            }
            Place::Outside | Place::AfterKey { .. } => {}
        }
        false
    }
}

fn is_token(quoted: &[u8]) -> bool {
    const PLAIN: &[u8] = b"\"token\"";
    // Only a key with an escape in it, which Aircall never sends, has to be decoded.
    quoted == PLAIN
        || (quoted.contains(&b'\\') && serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == "token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(body: &str) -> Seen {
        let seen = Prefix::new().advance(body.as_bytes());
        // The quick reader has nothing to go by if the first byte comes alone.
        let mut slowly = Prefix::new();
        slowly.advance(&body.as_bytes()[..1]);
        assert_eq!(slowly.advance(body.as_bytes()), seen, "{body}");
        seen
    }

    fn token(body: &str) -> Option<&str> {
        match scan(body) {
            Seen::Token(range) => Some(&body[range]),
            _ => None,
        }
    }

    #[test]
    fn the_first_token_of_the_top_level_is_found() {
        assert_eq!(token(r#"{"resource":"call","token":"abc","data":{"#), Some(r#""abc""#));
        assert_eq!(token(r#" { "token" : "a\"b" "#), Some(r#""a\"b""#));
        assert_eq!(token(r#"{"data":{"token":"inner"},"token":"outer"}"#), Some(r#""outer""#));
        assert_eq!(token(r#"{"a":["token",{"token":1}],"\u0074oken":"x"}"#), Some(r#""x""#));
        assert_eq!(token(r#"{"event":"token","token":"x","token":"y"}"#), Some(r#""x""#));
        assert_eq!(token(r#"{"a":"token","b":"x"}"#), None);
        assert_eq!(token(r#"[{"token":"x"}]"#), None);
        assert_eq!(token(r#"["token":"x"]"#), None);
        assert_eq!(token(r#"{"a\":{"token":"x"}"#), None);
    }

    #[test]
    fn a_value_that_is_no_string_shows_in_its_first_byte() {
        for value in ["1", "-", "true", "null", "{\"token\":\"x\"}", "[\"x\"]", "}", ","] {
            assert_eq!(scan(&format!("{{\"token\": {value}")), Seen::NoString, "{value}");
        }
        assert_eq!(scan(r#"{"token": "#), Seen::Nothing);
        assert_eq!(scan(r#"{"token":"abc"#), Seen::Nothing);
    }

    #[test]
    fn every_cut_gives_the_same_answer() {
        for body in [
            r#"{"resource":"call","event":"call.created","timestamp":1,"token":"a\\","data":{}}"#,
            r#"{"data":{"a":[{},"]"]},"tok\u0065n":"\"","token":"second"}"#,
            r#"{"token":{"token":"x"},"token":"y"}"#,
            r#"{"token":12}"#,
        ] {
            let whole = scan(body);
            for first in 0..=body.len() {
                for second in first..=body.len() {
                    let mut prefix = Prefix::new();
                    let seen = [first, second, body.len()]
                        .into_iter()
                        .map(|end| prefix.advance(&body.as_bytes()[..end]))
                        .find(|seen| *seen != Seen::Nothing);
                    assert_eq!(seen.unwrap_or(Seen::Nothing), whole, "{body} cut at {first} and {second}");
                }
            }
        }
    }
}
