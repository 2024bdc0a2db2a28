//! The quick reading of an envelope: one pass that validates the JSON and finds the members of the top level.
//!
//! It only ever says yes. Whatever it does not take, for being broken or merely odd (a repeated key, an escape in a key
//! of the top level), is read once more by `serde_json`, whose word is final and who knows what to call the defect. So
//! all that has to hold here is that nothing is taken which `serde_json` refuses; tests and `benches` compare the two.
//!
//! Arrays and objects are kept apart by one bit a level, so nesting costs no stack, and 127 levels fit a number.

use std::ops::Range;

use super::MAX_NESTING;
use super::text;

/// The keys of the top level that matter.
pub(super) const NAMES: [&str; 6] = ["event", "event_name", "resource", "timestamp", "token", "data"];

/// Where the token stands in [`NAMES`].
const TOKEN: usize = 4;

/// Where the values of [`NAMES`] stand, in that order.
pub(super) type Places = [Option<Range<usize>>; NAMES.len()];

/// A reading that has come as far as the token, to be gone on with when the rest has arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    places: Places,
    /// Behind the value of the last member that was read.
    at: usize,
}

/// Finds the values of [`NAMES`] in a body that is an object in JSON, or `None` if that takes a closer look.
///
/// What has `begun` was read off the first bytes of this body.
pub(super) fn members(body: &[u8], begun: Option<Begun>) -> Option<Places> {
    let mut begun = match begun {
        Some(begun) => begun,
        None => {
            let at = opened(body)?;
            if byte(body, at) == b'}' {
                return ends(body, at + 1).then_some(Places::default());
            }
            let mut begun = Begun::default();
            begun.member(body, at)?;
            begun
        }
    };
    loop {
        let at = token(body, begun.at);
        match byte(body, at) {
            b',' => begun.member(body, token(body, at + 1))?,
            b'}' => return ends(body, at + 1).then_some(begun.places),
            _ => return None,
        };
    }
}

/// Finds the string that is the first `token` of the top level, or `None` if that takes a closer look, or more bytes.
pub(super) fn first_token(beginning: &[u8]) -> Option<(Range<usize>, Begun)> {
    let mut at = opened(beginning)?;
    let mut begun = Begun::default();
    loop {
        if begun.member(beginning, at)? == Some(TOKEN) {
            let token = begun.places[TOKEN].clone()?;
            return (beginning[token.start] == b'"').then_some((token, begun));
        }
        at = token(beginning, begun.at);
        if byte(beginning, at) != b',' {
            return None;
        }
        at = token(beginning, at + 1);
    }
}

impl Begun {
    /// Goes past the member that begins here, and returns which of [`NAMES`] its key is.
    fn member(&mut self, body: &[u8], at: usize) -> Option<Option<usize>> {
        let (key_end, begin) = key(body, at)?;
        let begin = token(body, begin);
        let end = value(body, begin)?;
        self.at = end;
        let name = &body[at + 1..key_end - 1];
        let index = NAMES.iter().position(|known| known.as_bytes() == name);
        match index {
            Some(index) if self.places[index].replace(begin..end).is_some() => None,
            None if name.contains(&b'\\') => None,
            _ => Some(index),
        }
    }
}

/// Goes past the beginning of an object.
fn opened(body: &[u8]) -> Option<usize> {
    let at = token(body, 0);
    (byte(body, at) == b'{').then(|| token(body, at + 1))
}

/// Goes past the value that begins here.
fn value(body: &[u8], mut at: usize) -> Option<usize> {
    // The innermost level is the lowest bit, and set for an object. The highest bit that is set marks the end of the
    // levels, and the one below it stands for the top level, whose keys are not read here.
    const TOP: u128 = 0b10;
    let mut levels = TOP;
    'item: loop {
        if levels & 1 == 1 {
            at = key(body, at)?.1;
        }
        'value: loop {
            match byte(body, at) {
                b'"' => at = text::pass(body, at)?,
                open @ (b'{' | b'[') => {
                    if levels >> MAX_NESTING != 0 {
                        return None;
                    }
                    let object = open == b'{';
                    at = token(body, at + 1);
                    if byte(body, at) != if object { b'}' } else { b']' } {
                        levels = levels << 1 | u128::from(object);
                        continue 'item;
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => at = number(body, at)?,
                b't' => at = word(body, at, b"true")?,
                b'f' => at = word(body, at, b"false")?,
                b'n' => at = word(body, at, b"null")?,
                b' ' | b'\n' | b'\r' | b'\t' => {
                    at = token(body, at);
                    continue 'value;
                }
                _ => return None,
            }
            break;
        }
        // Behind a value: the end of what it stands in, or of several, or one more.
        while levels != TOP {
            match byte(body, at) {
                b',' => {
                    at += 1;
                    continue 'item;
                }
                b'}' if levels & 1 == 1 => levels >>= 1,
                b']' if levels & 1 == 0 => levels >>= 1,
                b' ' | b'\n' | b'\r' | b'\t' => {}
                _ => return None,
            }
            at += 1;
        }
        return Some(at);
    }
}

/// Goes past a key and its colon; returns where the key ends and where the value or white space before it begins.
#[inline(always)]
fn key(body: &[u8], mut at: usize) -> Option<(usize, usize)> {
    // Where white space is possible, what usually stands there is tried first.
    if byte(body, at) != b'"' {
        at = token(body, at);
        if byte(body, at) != b'"' {
            return None;
        }
    }
    let end = text::pass(body, at)?;
    let mut colon = end;
    if byte(body, colon) != b':' {
        colon = token(body, colon);
        if byte(body, colon) != b':' {
            return None;
        }
    }
    Some((end, colon + 1))
}

/// Goes past a number.
fn number(body: &[u8], mut at: usize) -> Option<usize> {
    if byte(body, at) == b'-' {
        at += 1;
    }
    at = match byte(body, at) {
        b'0' => at + 1,
        b'1'..=b'9' => digits(body, at + 1),
        _ => return None,
    };
    if byte(body, at) == b'.' {
        at = some_digits(body, at + 1)?;
    }
    if matches!(byte(body, at), b'e' | b'E') {
        at += 1;
        if matches!(byte(body, at), b'+' | b'-') {
            at += 1;
        }
        at = some_digits(body, at)?;
    }
    Some(at)
}

#[inline]
fn digits(body: &[u8], mut at: usize) -> usize {
    while byte(body, at).is_ascii_digit() {
        at += 1;
    }
    at
}

fn some_digits(body: &[u8], at: usize) -> Option<usize> {
    let end = digits(body, at);
    (end > at).then_some(end)
}

fn word(body: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    body.get(at..)?.starts_with(word).then_some(at + word.len())
}

/// Returns true if nothing but white space follows.
fn ends(body: &[u8], at: usize) -> bool {
    token(body, at) == body.len()
}

/// Goes past white space, of which Aircall sends none.
#[inline]
fn token(body: &[u8], mut at: usize) -> usize {
    if byte(body, at) > b' ' {
        return at;
    }
    while matches!(byte(body, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

/// The byte at this place, or behind the end one that stands nowhere outside of a string.
#[inline]
fn byte(body: &[u8], at: usize) -> u8 {
    body.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::closely;
    use super::*;

    /// Bodies at the edges of the grammar, each also cut off everywhere and with every byte replaced by some others.
    #[test]
    fn the_token_has_its_place() {
        assert_eq!(NAMES[TOKEN], "token");
    }

    #[test]
    fn what_is_taken_is_what_serde_json_takes() {
        let deep = |levels: usize| format!(r#"{{"data":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        let bodies = [
            " {\t\"event\" :\r\"a\" ,\n\"data\":{} } ".to_owned(),
            r#"{"event":"call.created","token":"x\"y","data":{"a":[1,{"b":null}],"c":"\ud800\/\u00e9"}}"#.to_owned(),
            r#"{"data":[-0,0.5,-12e+3,1E-9,0e0,123456789012345678901234567890],"timestamp":1}"#.to_owned(),
            r#"{"data":[true,false,null,"",[],{}],"resource":"é€😀","other":"0123456789abcdef0123456789abcdef"}"#
                .to_owned(),
            r#"{"data":1,"data":2}"#.to_owned(),
            r#"{"d\u0061ta":1}"#.to_owned(),
            "{}".to_owned(),
            deep(MAX_NESTING - 1),
            deep(MAX_NESTING),
        ];
        let mut taken = 0;
        let mut check = |body: &[u8]| match members(body, None) {
            Some(places) => {
                taken += 1;
                if let Some((_, begun)) = first_token(body) {
                    assert_eq!(members(body, Some(begun)), Some(places.clone()));
                }
                assert_eq!(closely::members(body), Ok(places), "{}", String::from_utf8_lossy(body));
            }
            None => {
                let odd = body.contains(&b'\\') || closely::members(body).is_err();
                assert!(odd, "not taken: {}", String::from_utf8_lossy(body));
            }
        };
        for body in bodies {
            let body = body.as_bytes();
            for at in 0..body.len() {
                check(&body[..at]);
                let mut changed = body.to_vec();
                for byte in *b"\"\\{}[],:0-.eEtu \x00\x1f\x7f\x80\xc3\xff" {
                    changed[at] = byte;
                    check(&changed);
                }
            }
            check(body);
        }
        assert!(taken > 500, "{taken}");
    }
}
