//! Looking for the token while a body is still arriving.
//!
//! A wrong token need not be paid for with the rest of its body, and a body too long to hold is authentic all the same
//! if its beginning proves it. So the pieces are scanned as they come for the first member `token` of the top level.
//! The scan knows JSON's strings, brackets and commas and nothing else; whether the whole is JSON is decided later by
//! a reader that validates everything. Its answer depends on the bytes alone, never on how they were cut into pieces.
//! What follows the token is none of its business: it stops there, in a real delivery after some hundred bytes.

use std::borrow::Cow;

use memchr::memchr2;

use super::scan::{self, Begun};

/// A scan over the pieces of a body that stops at the end of each and goes on in the next.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    is_under_way: bool,
    depth: usize,
    string: Option<Open>,
    place: Place,
    found: bool,
    begun: Option<Begun>,
}

/// What a scan came upon in a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    /// No member `token` yet.
    Nothing,
    /// The JSON string that is its value, quotes included.
    Token(Cow<'a, [u8]>),
    /// A value that is no string.
    NoString,
}

/// A string whose end has not been found.
#[derive(Debug, Default)]
struct Open {
    /// What stood of it in earlier pieces, if it matters what it says.
    carried: Vec<u8>,
    /// Whether a piece ended with a backslash that escapes the first byte of the next.
    is_escaped: bool,
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

    /// Scans one more piece, up to the first token.
    pub(crate) fn advance<'a>(&mut self, piece: &'a [u8]) -> Seen<'a> {
        if self.found || piece.is_empty() {
            return Seen::Nothing;
        }
        // A quicker reader finds the token of what begins as Aircall writes it. It has no memory, so it looks once.
        if !std::mem::replace(&mut self.is_under_way, true)
            && let Some((token, begun)) = scan::first_token(piece)
        {
            self.found = true;
            self.begun = Some(begun);
            return Seen::Token(Cow::Borrowed(&piece[token]));
        }
        // Where the open string begins in this piece, and how far the scan has come.
        let (mut start, mut at) = (0, 0);
        loop {
            if let Some(string) = &mut self.string {
                let Some(end) = string.end(piece, at) else {
                    if self.depth == 1 && matches!(self.place, Place::Key | Place::Value { token: true }) {
                        string.carry(&piece[start..]);
                    }
                    return Seen::Nothing;
                };
                at = end;
                let quoted = std::mem::take(string).with(&piece[start..end]);
                self.string = None;
                if self.depth == 1 && self.pass_string(&quoted) {
                    self.found = true;
                    return Seen::Token(quoted);
                }
                continue;
            }
            if self.depth > 1 {
                at = self.pass_inside(piece, at);
            }
            let Some(&byte) = piece.get(at) else { return Seen::Nothing };
            let here = at;
            at += 1;
            if self.place == (Place::Value { token: true }) && !matches!(byte, b'"' | b' ' | b'\t' | b'\n' | b'\r') {
                // The first byte of a value tells that it is no string.
                self.found = true;
                return Seen::NoString;
            }
            match byte {
                b'"' => {
                    self.string = Some(Open::default());
                    start = here;
                }
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
    }

    /// Returns how much memory it takes to remember a string that has come in part.
    pub(crate) fn room(&self) -> usize {
        self.string.as_ref().map_or(0, |string| string.carried.capacity())
    }

    /// Returns what the quick reader has read of the body already.
    pub(crate) fn into_begun(self) -> Option<Begun> {
        self.begun
    }

    /// Goes past what stands in a value of the top level, up to a string, or to where the value may end.
    fn pass_inside(&mut self, piece: &[u8], mut at: usize) -> usize {
        // Who nests deep is up to no good, and is to pay more for that than this receiver: too deep to come up again
        // within a block, all that has to be known of one is how many brackets there are.
        while self.depth > BLOCK + 1
            && let Some(block) = piece.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>)
        {
            // Each kind of bracket differs from the other in one bit.
            let count = |bracket: u8| block.iter().map(|byte| u8::from(byte | 0x20 == bracket)).sum::<u8>();
            if block.contains(&b'"') {
                break;
            }
            self.depth = self.depth + usize::from(count(b'{')) - usize::from(count(b'}'));
            at += BLOCK;
        }
        while let Some(byte) = piece.get(at) {
            match byte {
                b'"' => break,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == 2 => break,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            at += 1;
        }
        at
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

impl Open {
    /// Returns where the string ends in this piece, if it does.
    fn end(&mut self, piece: &[u8], mut at: usize) -> Option<usize> {
        if std::mem::take(&mut self.is_escaped) {
            at += 1;
        }
        while let Some(distance) = memchr2(b'"', b'\\', piece.get(at..)?) {
            let here = at + distance;
            if piece[here] == b'"' {
                return Some(here + 1);
            }
            if here + 1 == piece.len() {
                self.is_escaped = true;
                return None;
            }
            at = here + 2;
        }
        None
    }

    /// Keeps what stands of it in a piece. One that is longer than any token or key is not kept to its end, and so is no
    /// string to whoever reads it.
    fn carry(&mut self, part: &[u8]) {
        let room = CARRIED - self.carried.len();
        let part = &part[..part.len().min(room)];
        if self.carried.capacity() < self.carried.len() + part.len() {
            // Doubled, and no further.
            self.carried.reserve_exact(part.len().max(self.carried.len()).min(room));
        }
        self.carried.extend_from_slice(part);
    }

    /// Returns the whole string, whose last part this is.
    fn with(mut self, end: &[u8]) -> Cow<'_, [u8]> {
        if self.carried.is_empty() {
            return Cow::Borrowed(end);
        }
        self.carry(end);
        Cow::Owned(self.carried)
    }
}

/// How much is looked at together where it is deep.
const BLOCK: usize = 32;

/// How much of a string is carried from piece to piece: more than a token has if each of its bytes is an escape.
const CARRIED: usize = 4 * 1024;

fn is_token(quoted: &[u8]) -> bool {
    const PLAIN: &[u8] = b"\"token\"";
    // Only a key with an escape in it, which Aircall never sends, has to be decoded.
    quoted == PLAIN
        || (quoted.contains(&b'\\') && serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == "token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(body: &str) -> Seen<'_> {
        let seen = Prefix::new().advance(body.as_bytes());
        // The quick reader has nothing to go by if the first byte comes alone.
        let mut slowly = Prefix::new();
        slowly.advance(&body.as_bytes()[..1]);
        assert_eq!(slowly.advance(&body.as_bytes()[1..]), seen, "{body}");
        seen
    }

    fn token(body: &str) -> Option<String> {
        match scan(body) {
            Seen::Token(quoted) => Some(String::from_utf8_lossy(&quoted).into_owned()),
            _ => None,
        }
    }

    #[test]
    fn the_first_token_of_the_top_level_is_found() {
        assert_eq!(token(r#"{"resource":"call","token":"abc","data":{"#).as_deref(), Some(r#""abc""#));
        assert_eq!(token(r#" { "token" : "a\"b" "#).as_deref(), Some(r#""a\"b""#));
        assert_eq!(token(r#"{"data":{"token":"inner"},"token":"outer"}"#).as_deref(), Some(r#""outer""#));
        assert_eq!(token(r#"{"a":["token",{"token":1}],"\u0074oken":"x"}"#).as_deref(), Some(r#""x""#));
        assert_eq!(token(r#"{"event":"token","token":"x","token":"y"}"#).as_deref(), Some(r#""x""#));
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
    fn a_string_that_is_too_long_for_a_token_is_none_however_it_is_cut() {
        let body = format!(r#"{{"token":"{}\""#, "x".repeat(3 * CARRIED));
        for cut in [10, 11, CARRIED, 2 * CARRIED, body.len() - 1] {
            let mut prefix = Prefix::new();
            assert_eq!(prefix.advance(&body.as_bytes()[..cut]), Seen::Nothing);
            assert_eq!(prefix.advance(&body.as_bytes()[cut..]), Seen::Nothing);
            let Seen::Token(quoted) = prefix.advance(b"y\"") else { panic!("no string at {cut}") };
            assert!(quoted.len() <= CARRIED && serde_json::from_slice::<String>(&quoted).is_err(), "{cut}");
        }
    }

    #[test]
    fn every_cut_gives_the_same_answer() {
        for body in [
            r#"{"resource":"call","event":"call.created","timestamp":1,"token":"a\\","data":{}}"#,
            r#"{"data":{"a":[{},"]"]},"tok\u0065n":"\"","token":"second"}"#,
            r#"{"token":{"token":"x"},"token":"y"}"#,
            r#"{"token":12}"#,
            &format!(r#"{{"d":{}"]"{},"token":"deep"}}"#, "[{".repeat(40), "}]".repeat(40)),
        ] {
            let whole = scan(body);
            for first in 0..=body.len() {
                for second in first..=body.len() {
                    let mut prefix = Prefix::new();
                    let seen = [0..first, first..second, second..body.len()]
                        .into_iter()
                        .map(|piece| prefix.advance(&body.as_bytes()[piece]))
                        .find(|seen| *seen != Seen::Nothing);
                    assert_eq!(seen.unwrap_or(Seen::Nothing), whole, "{body} cut at {first} and {second}");
                }
            }
        }
    }
}
