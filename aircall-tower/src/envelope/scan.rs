//! The quick reading of an envelope: one pass that validates the JSON and finds the members of the top level.
//!
//! It only ever says yes. Whatever it does not take, for being broken or merely odd (a repeated key, an escape in a key
//! of the top level), is read once more by `serde_json`, whose word is final and who knows what to call the defect. So
//! all that has to hold here is that nothing is taken which `serde_json` refuses; tests and `benches` compare the two.
//!
//! Arrays and objects are kept apart by one bit a level, so nesting costs no stack, and 127 levels fit a number.

use std::ops::Range;

use super::MAX_NESTING;
use super::text::{self, Text};

/// The keys of the top level that matter.
pub(super) const NAMES: [&str; 6] = ["event", "event_name", "resource", "timestamp", "token", "data"];

/// Where the values of [`NAMES`] stand, in that order.
pub(super) type Places = [Option<Range<usize>>; NAMES.len()];

/// Finds the values of [`NAMES`] in a body that is an object in JSON, or `None` if that takes a closer look.
pub(super) fn members(body: &[u8]) -> Option<Places> {
    let mut places = Places::default();
    let mut at = token(body, 0);
    if byte(body, at) != b'{' {
        return None;
    }
    at = token(body, at + 1);
    if byte(body, at) == b'}' {
        return end(body, at + 1).then_some(places);
    }
    loop {
        let (key, value) = key(body, at)?;
        if key.escaped {
            return None;
        }
        let after = self::value(body, value)?;
        if let Some(index) = NAMES.iter().position(|name| name.as_bytes() == &body[at + 1..key.end - 1])
            && places[index].replace(value..after).is_some()
        {
            return None;
        }
        at = token(body, after);
        match byte(body, at) {
            b',' => at = token(body, at + 1),
            b'}' => return end(body, at + 1).then_some(places),
            _ => return None,
        }
    }
}

/// Goes past the value that begins here.
fn value(body: &[u8], mut at: usize) -> Option<usize> {
    // The innermost level is the lowest bit, and set for an object. The first bit set is that of the top level.
    let mut levels: u128 = 1;
    'value: loop {
        match byte(body, at) {
            b'"' => at = text::pass(body, at)?.end,
            open @ (b'{' | b'[') => {
                if levels >> (MAX_NESTING - 1) != 0 {
                    return None;
                }
                let object = open == b'{';
                levels = levels << 1 | u128::from(object);
                at = token(body, at + 1);
                if byte(body, at) == if object { b'}' } else { b']' } {
                    levels >>= 1;
                    at += 1;
                } else {
                    if object {
                        at = key(body, at)?.1;
                    }
                    continue 'value;
                }
            }
            b'-' | b'0'..=b'9' => at = number(body, at)?,
            b't' => at = word(body, at, b"true")?,
            b'f' => at = word(body, at, b"false")?,
            b'n' => at = word(body, at, b"null")?,
            _ => return None,
        }
        // Behind a value: more of what it stands in, or the end of that, or of several.
        loop {
            if levels == 1 {
                return Some(at);
            }
            let object = levels & 1 == 1;
            at = token(body, at);
            match byte(body, at) {
                b',' => {
                    at = token(body, at + 1);
                    if object {
                        at = key(body, at)?.1;
                    }
                    continue 'value;
                }
                b'}' if object => {}
                b']' if !object => {}
                _ => return None,
            }
            levels >>= 1;
            at += 1;
        }
    }
}

/// Goes past a key and its colon, to the value.
#[inline]
fn key(body: &[u8], at: usize) -> Option<(Text, usize)> {
    if byte(body, at) != b'"' {
        return None;
    }
    let key = text::pass(body, at)?;
    let colon = token(body, key.end);
    (byte(body, colon) == b':').then(|| (key, token(body, colon + 1)))
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
fn end(body: &[u8], at: usize) -> bool {
    token(body, at) == body.len()
}

/// Goes past white space, of which Aircall sends none.
#[inline]
fn token(body: &[u8], mut at: usize) -> usize {
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
