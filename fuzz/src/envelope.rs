//! What makes a body an envelope, by the words of the documentation of `aircall-tower`.

use aircall_tower::stations::Members;
use aircall_tower::{Dialect, MAX_NESTING, Timestamp};

use crate::json;

/// What is to be thought of a body.
#[derive(Debug)]
pub enum Judgement {
    /// It is one, and says this.
    Envelope(Members),
    /// It is an object, and all of this is wrong with it. Which of it is named is left open.
    Flawed(Vec<String>),
    /// It is no object in JSON, or one that is nested too deep, and is called one of these.
    NoObject(Vec<String>),
}

/// A UTF-8 byte order mark, which is taken off.
pub const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Judges a whole body.
#[must_use]
pub fn judge(body: &[u8]) -> Judgement {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    if body.is_empty() {
        return Judgement::NoObject(vec!["the body is empty, expected a JSON object".to_owned()]);
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            return Judgement::NoObject(vec![format!("the body is not UTF-8 at byte {}", error.valid_up_to())]);
        }
    };
    let no_object = "the body is not a JSON object".to_owned();
    if !json::is_json(text) {
        // A reader may stop at the first byte of an array, or look whether it is one at all.
        let cut = format!("the body ends after {} bytes in the middle of its JSON", body.len());
        return Judgement::NoObject(vec![no_object, cut, "the body is not JSON at line".to_owned()]);
    }
    if !text.trim_ascii().starts_with('{') {
        return Judgement::NoObject(vec![no_object]);
    }
    if json::is_deeper_than(MAX_NESTING, text) {
        return Judgement::NoObject(vec![format!("the body is nested deeper than {MAX_NESTING} levels")]);
    }
    match members(text) {
        Ok(members) => Judgement::Envelope(members),
        Err(flaws) => Judgement::Flawed(flaws),
    }
}

fn members(text: &str) -> Result<Members, Vec<String>> {
    let all = json::members(text);
    let mut flaws = Vec::new();
    let mut only = |name: &'static str| {
        let mut values = all.iter().filter(|(key, _)| key.iter().copied().eq(name.encode_utf16()));
        let value = values.next().map(|(_, value)| value.get());
        if values.next().is_some() {
            flaws.push(format!("the field `{name}` stands in the body more than once, so its value is ambiguous"));
        }
        value
    };
    let [event, event_name, resource, timestamp, token, data] =
        ["event", "event_name", "resource", "timestamp", "token", "data"].map(&mut only);
    if !flaws.is_empty() {
        return Err(flaws);
    }

    let dialect = if event.is_none() && event_name.is_some() { Dialect::MessageCallback } else { Dialect::Webhook };
    let (name, event) = match dialect {
        Dialect::MessageCallback => ("event_name", event_name),
        _ => ("event", event),
    };
    let mut missing = |name: &str| flaws.push(format!("the field `{name}` is missing"));
    if event.is_none() {
        missing(name);
    }
    if resource.is_none() && dialect == Dialect::Webhook {
        missing("resource");
    }
    for (name, value) in [("timestamp", timestamp), ("token", token), ("data", data)] {
        if value.is_none() {
            missing(name);
        }
    }
    for (name, value) in [(name, event), ("resource", resource)] {
        if value.is_some_and(|value| !value.starts_with('"')) {
            flaws.push(format!("the field `{name}` is not a string"));
        }
    }
    if timestamp.is_some_and(|timestamp| integer(timestamp).is_none()) {
        flaws.push("the field `timestamp` is not an integer of at most 64 bits".to_owned());
    }
    let (Some(event), Some(timestamp), Some(token), Some(data), true) =
        (event, timestamp.and_then(integer), token, data, flaws.is_empty())
    else {
        return Err(flaws);
    };

    let place = |part: &str| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        start..start + part.len()
    };
    let string = |quoted: &str| String::from_utf16_lossy(&json::utf16(quoted));
    Ok(Members {
        dialect,
        event: string(event),
        resource: resource.map(string),
        timestamp: match dialect {
            Dialect::MessageCallback => Timestamp::from_millis(timestamp),
            _ => Timestamp::from_seconds(timestamp),
        },
        token: place(token),
        data: place(data),
    })
}

/// Reads an integer that is written as one: without a fraction, an exponent or quotes.
fn integer(written: &str) -> Option<i64> {
    let digits = written.strip_prefix('-').unwrap_or(written);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    i64::try_from(written.parse::<i128>().ok()?).ok()
}
