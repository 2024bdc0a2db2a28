//! The payload of any event, from any `data`.

#![no_main]

use aircall_fuzz::ask::Ask;
use aircall_fuzz::bound::bounded;
use aircall_fuzz::json::{Tree, is_deeper_than, is_json};
use aircall_fuzz::seeds;
use aircall_tower::payload::RawJson;
use aircall_tower::{EventName, MAX_NESTING, Payload};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(init: seeds::write(seeds::payload), |input: &[u8]| {
    // The event stands behind the last NUL, which JSON cannot hold.
    let (data, number) = match input.iter().rposition(|byte| *byte == 0) {
        Some(at) => (&input[..at], input.get(at + 1).copied().unwrap_or(0)),
        None => (input, 0),
    };
    let unknown = EventName::from("call.teleported");
    let known = EventName::KNOWN;
    let event = known.get(usize::from(number) % (known.len() + 1)).unwrap_or(&unknown);
    let Ok(data) = std::str::from_utf8(data) else { return };
    let read: Result<RawJson, _> = data.parse();
    assert_eq!(read.is_ok(), is_json(data));
    let Ok(raw) = read else { return };

    let (payload, written) = bounded(data.len(), || {
        let payload = Payload::new(event, raw.clone());
        let written = serde_json::to_string(&payload).expect("what was read can be written");
        (payload, written)
    });
    let is_object = data.trim_ascii().starts_with('{');
    assert_eq!(matches!(payload, Payload::Unknown(_)), !is_object || *event == unknown);
    bounded(data.len(), || payload.ask());

    // What is deeper is no delivery's, and the second opinion calls itself for each level.
    if !is_deeper_than(MAX_NESTING, data) {
        assert_eq!(Tree::of(&written), Tree::of(data), "written as {written}");
    }
    if let Ok(value) = serde_json::from_str::<Value>(data) {
        assert_eq!(serde_json::from_str::<Value>(&written).ok(), Some(value), "written as {written}");
    }

    let again = Payload::new(event, written.parse().expect("JSON"));
    assert_eq!(again, payload);
    assert_eq!(serde_json::to_string(&again).expect("what was read can be written"), written);
});
