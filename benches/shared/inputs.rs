//! The bodies that everything is measured with.

use aircall_fixtures::{TOKEN, generate};
use bytes::Bytes;

/// A name to print, and a body.
pub(crate) type Input = (&'static str, Bytes);

/// Bodies over the range of sizes that a receiver meets, from the usual to the limit.
pub(crate) fn bodies() -> Vec<Input> {
    vec![
        ("user event", fixture("user.created.with-current-keys")),
        ("call", call()),
        ("64 kB", generate::user_event(TOKEN, 64 * 1024).into()),
        ("1 MiB", user_event_of_a_mebibyte()),
    ]
}

/// The call of 3.4 kB that counts of instructions and allocations are stated for.
pub(crate) fn call() -> Bytes {
    fixture("call.voicemail_left.with-current-keys")
}

/// Every event fixture, as text.
pub(crate) fn events() -> impl Iterator<Item = &'static str> {
    aircall_fixtures::events().iter().map(|event| event.body)
}

/// Authentic bodies of a mebibyte that are as dear as possible to read: each is the worst for some way of reading.
pub(crate) fn worst() -> Vec<Input> {
    const LENGTH: usize = 1024 * 1024;
    let of = |unit: &str, open: &str, close: &str| {
        let (head, tail) = (
            format!(
                r#"{{"resource":"call","event":"call.created","timestamp":1790000000,"token":"{TOKEN}","data":{open}"#
            ),
            format!("{close}}}"),
        );
        let times = (LENGTH - head.len() - tail.len() - 8) / unit.len();
        let units = unit.repeat(times);
        Bytes::from([head.as_str(), units.strip_suffix(',').unwrap_or(&units), &tail].concat())
    };
    vec![
        ("empty arrays", of("[],", "[", "]")),
        ("empty objects", of("{},", "[", "]")),
        ("arrays of one", of("[0],", "[", "]")),
        ("short members", of(r#"{"":0},"#, "[", "]")),
        ("short numbers", of("1,", "[", "]")),
        ("floats", of("1.7976931348623157e308,", "[", "]")),
        ("short strings", of(r#""a","#, "[", "]")),
        ("one long string", of("x", "\"", "\"")),
        ("escapes", of(r"\n", "\"", "\"")),
        ("unicode escapes", of(r"\u0000", "\"", "\"")),
        ("text beyond ASCII", of("\u{10ffff}", "\"", "\"")),
        ("numbers of one digit in objects", of(r#"{"a":{"a":{"a":{}}}},"#, "[", "]")),
        ("white space", of(" ", "0", "")),
        ("broken at the end", of("[],", "[", "],")),
        ("too deep", of("[", "", "")),
    ]
}

fn user_event_of_a_mebibyte() -> Bytes {
    // The event grows by whole numbers of a user; the padding makes up what is missing.
    let mut body = generate::user_event(TOKEN, 1000 * 1024);
    let room = 1024 * 1024 - body.len();
    body.splice(body.len() - 1..body.len() - 1, format!(r#","padding":"{}""#, "x".repeat(room - 13)).into_bytes());
    body.into()
}

fn fixture(name: &str) -> Bytes {
    let event = aircall_fixtures::find(name).expect("a fixture of this name");
    Bytes::from_static(event.body.as_bytes())
}
