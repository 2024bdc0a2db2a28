//! The inputs to begin with: the fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use aircall_fixtures::{events, hostile};
use aircall_tower::EventName;
use aircall_tower::payload::*;

use crate::script::BASE;

/// The variable that names a folder. If it is set, a target writes its seeds there before it begins.
pub const FOLDER: &str = "FUZZ_SEEDS";

/// Writes the seeds of a target if somebody has asked for them.
///
/// # Panics
///
/// Panics if they cannot be written.
pub fn write<I: IntoIterator<Item = (String, Vec<u8>)>>(seeds: fn() -> I) {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("no folder {}: {error}", folder.display()));
    for (name, seed) in seeds() {
        let file = folder.join(Path::new(&name.replace('/', "-")));
        fs::write(&file, seed).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    }
}

/// Every body, as it stands on the wire, and a few that no fixture is like.
pub fn envelope() -> impl Iterator<Item = (String, Vec<u8>)> {
    let odd = ODD.iter().enumerate().map(|(number, body)| (format!("odd-{number}"), body.as_bytes().to_vec()));
    let events = events().iter().map(|event| (event.name.to_owned(), event.body.as_bytes().to_vec()));
    let hostile = hostile().iter().map(|hostile| (hostile.name.to_owned(), hostile.body.to_vec()));
    events.chain(hostile).chain(odd)
}

const ODD: [&str; 6] = [
    r#"{"event":"a\ud83d","resource":"\udc00\u0021","timestamp":-0,"token":"5f1d0c7a9b3e42688d0e6f7a1b2c3d4e","data":[]}"#,
    "\u{feff}{\"token\":\"5f1d0c7a9b3e42688d0e6f7a1b2c3d4e\",\"event\":\"call.created\",\"resource\":\"call\",\"timestamp\":1,\"data\":1}",
    r#"{"event_name":"message.updated","timestamp":1790000000123,"tok\u0065n":"x","data":{"a":1,"a":2}}"#,
    r#"{"event":"","event_name":7,"resource":null,"timestamp":1e3,"token":[],"data":-1.5E+3,"\ud800":{}}"#,
    r#"[1]{"token":"5f1d0c7a9b3e42688d0e6f7a1b2c3d4e"}"#,
    r#"{"token":"5f1d0c7a9b3e42688d0e6f7a1b2c3d4e","data":"cut off"#,
];

/// Every body as it comes, and one with each script.
pub fn road() -> impl Iterator<Item = (String, Vec<u8>)> {
    let body = |number: usize| {
        let small: Vec<_> = events().iter().filter(|event| event.body.len() < 1000).collect();
        small[number % small.len()].body.as_bytes()
    };
    let scripted = scripts()
        .into_iter()
        .enumerate()
        .map(move |(number, script)| (format!("script-{number}"), [body(number), b"\0", &script].concat()));
    envelope().chain(scripted)
}

/// A script for each choice that can be made, and some steps.
fn scripts() -> Vec<Vec<u8>> {
    let usual = [BASE; crate::script::CHOICES];
    let mut scripts = Vec::new();
    for place in 0..usual.len() {
        for choice in 1..16 {
            let mut script = usual.to_vec();
            script[place] = BASE + choice;
            script.extend(b"1a3 4511d3 6 1z");
            scripts.push(script);
        }
    }
    // Who knows the tokens, what the handler does, how the body ends and when the sender hangs up, each with each other.
    let places = [(6, 6), (8, 12), (12, 3), (11, 5)];
    for (number, (one, choices)) in places.iter().enumerate() {
        for (other, others) in &places[..number] {
            for (choice, second) in (1..*choices).flat_map(|choice| (1..*others).map(move |second| (choice, second))) {
                let mut script = usual.to_vec();
                (script[*one], script[*other]) = (BASE + choice, BASE + second);
                script.extend(b"1a41");
                scripts.push(script);
            }
        }
    }
    for steps in ["1\u{1}1\u{1}1\u{1}", "7\u{3}", "2\u{1}7\u{9}", "1z5\u{2a}5\u{1}", "6 1z6 ", "1z7\u{2}"] {
        scripts.push([&usual[..], steps.as_bytes()].concat());
    }
    scripts
}

/// The `data` of every event, and of each object one with every odd value under all of its keys. Behind a NUL stands
/// which event it is of.
pub fn payload() -> impl Iterator<Item = (String, Vec<u8>)> {
    let of = |event: &str, data: &str| {
        let number = EventName::KNOWN.iter().position(|name| name == event)?;
        Some([data.as_bytes(), &[0, u8::try_from(number).ok()?]].concat())
    };
    let fixtures = events().iter().filter_map(move |event| {
        // Whatever else stands in the envelope stands before it, and no string in there is called so.
        let data = event.body.split_once(r#""data":"#)?.1.strip_suffix('}')?;
        Some((event.name.to_owned(), of(event.event, data)?))
    });
    let odd = OBJECTS.iter().flat_map(move |(event, keys)| {
        ODD_VALUES.iter().enumerate().filter_map(move |(number, value)| {
            let members: Vec<String> = keys.iter().map(|key| format!(r#""{key}":{value}"#)).collect();
            Some((format!("{event}.odd-{number}"), of(event, &format!("{{{}}}", members.join(",")))?))
        })
    });
    fixtures.chain(odd)
}

/// An event for each kind of object.
const OBJECTS: [(&str, &[&str]); 13] = [
    ("call.ended", Call::KEYS),
    ("contact.updated", Contact::KEYS),
    ("number.opened", Number::KEYS),
    ("user.opened", UserV1::KEYS),
    ("user.opened.v2", User::KEYS),
    ("team.created", Team::KEYS),
    ("message.received", Message::KEYS),
    ("group_message.received", GroupMessage::KEYS),
    ("integration.deleted", Integration::KEYS),
    ("summary.created", Intelligence::KEYS),
    ("realtime_transcription.utterances_received", RealtimeTranscription::KEYS),
    ("ai_voice_agent.summary", AiVoiceAgent::KEYS),
    ("analytics.report_created", Analytics::KEYS),
];

const ODD_VALUES: [&str; 32] = [
    "null",
    "{ }",
    "[\t]",
    "true",
    "-0",
    "0.50",
    "1e999",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999",
    "-100000000000",
    "9223372036854775808",
    r#""""#,
    r#""007""#,
    r#""7""#,
    r#""\u0037""#,
    r#""-0""#,
    r#""1e5""#,
    r#""\ud83d\udc00x""#,
    r#""INBOUND""#,
    r#""\u0069nbound""#,
    r#""+44 (20) 7946-0123""#,
    r#""2026-02-29 23:59:60""#,
    r#""2026-09-21T14:13:20,123456+02:00""#,
    r#""0000-01-01T00:00:00-23:59""#,
    r#""9999-12-31T23:59:59.999-23:59""#,
    r#""https://x/?X-Amz-Date=20260921T141320Z&X-Amz-Expires=9223372036854775807""#,
    r#"[null,"a",7,{},[],{"id":"007","id":7}]"#,
    r#"{"id":1,"\ud800":2,"id":"2","users":[{"name":"n"},3]}"#,
    r#"{"utterances":[{"text":"a","start_time":0.10}]}"#,
    r#"{"question":["q",null,"r"],"answer":[1,{},"s"],"other":2}"#,
    r#"[{"type":"user","kind":"external","phone_number":"+12125550142","value":"+3","participant_type":"agent"}]"#,
];
