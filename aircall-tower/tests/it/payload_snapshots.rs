//! The typed form of every fixture, to be looked at: one snapshot for each folder of the fixtures.

use std::collections::BTreeMap;
use std::fmt::Write;

use aircall_fixtures::events;
use aircall_tower::Timestamp;
use aircall_tower::payload::Payload;

use crate::payload::parts;

#[test]
fn typed_fixtures() {
    let mut folders: BTreeMap<&str, String> = BTreeMap::new();
    for event in events() {
        let (name, data) = parts(event.body);
        let payload = Payload::new(&name, data.parse().unwrap());
        let folder = folders.entry(event.resource).or_default();
        writeln!(folder, "== {}\n{}{}", event.name, facts(&payload), shown(&payload)).unwrap();
    }
    for (folder, text) in folders {
        insta::assert_snapshot!(format!("payload_{folder}"), text);
    }
}

/// What the methods say.
fn facts(payload: &Payload) -> String {
    let Payload::Call(call) = payload else { return String::new() };
    let direction = match (call.is_inbound(), call.is_outbound()) {
        (true, false) => "inbound",
        (false, true) => "outbound",
        _ => "from nowhere",
    };
    let mut text = format!("-- {direction}");
    for (fact, word) in [(call.is_answered(), "answered"), (call.is_over(), "over"), (call.is_missed(), "missed")] {
        if fact {
            write!(text, ", {word}").unwrap();
        }
    }
    let name = call.agent().and_then(|agent| agent.name.get());
    write!(text, "; waited {:?}, talked {:?}", call.waiting_time(), call.talk_time()).unwrap();
    writeln!(text, "; with {:?}, agent {name:?}", call.other_party()).unwrap();
    for link in call.media() {
        let until = link.expires_at(Timestamp::from_seconds(1_790_000_000)).map(|end| end.to_string());
        writeln!(text, "-- {:?} until {until:?}", link.kind()).unwrap();
    }
    text
}

/// The debug form, two spaces a level, long lines and long bodies cut.
fn shown(payload: &Payload) -> String {
    const LINES: usize = 120;
    let shown = format!("{payload:#?}");
    let mut text = String::new();
    for line in shown.lines().take(LINES) {
        let inside = line.trim_start();
        let indent = (line.len() - inside.len()) / 2;
        let length = inside.chars().count();
        let start: String = inside.chars().take(100).collect();
        let rest = if length > 100 { format!(" … {length} characters") } else { String::new() };
        writeln!(text, "{:indent$}{start}{rest}", "").unwrap();
    }
    match shown.lines().count().checked_sub(LINES) {
        None | Some(0) => text,
        Some(more) => format!("{text}… {more} lines more\n"),
    }
}
