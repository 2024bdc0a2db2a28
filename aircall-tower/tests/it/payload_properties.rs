//! What holds for any payload: it is read without a panic, and written as the JSON it was.

use std::fmt;

use aircall_fixtures::events;
use aircall_tower::payload::{
    AiVoiceAgent, Analytics, Call, Intelligence, Message, Number, Payload, RawJson, User, UserV1,
};
use aircall_tower::{EventName, Timestamp};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::payload::parts;
use crate::properties::json;

/// JSON, compared without regard to the order of keys and to nothing else: digits count, and halves of characters.
#[derive(Debug, PartialEq)]
enum Tree {
    Text(Vec<u8>),
    /// A number or a literal.
    Token(String),
    Array(Vec<Tree>),
    Object(Vec<(Vec<u8>, Tree)>),
}

struct Octets;

impl Visitor<'_> for Octets {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

impl<'de> DeserializeSeed<'de> for Octets {
    type Value = Vec<u8>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(Vec<u8>, Tree)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key_seed(Octets)? {
            pairs.push((key, tree(map.next_value::<&RawValue>()?.get())));
        }
        // The sort is stable: values of a repeated key keep their order, which decides which of them counts.
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(pairs)
    }
}

fn tree(json: &str) -> Tree {
    let json = json.trim();
    let mut reader = serde_json::Deserializer::from_str(json);
    match json.as_bytes()[0] {
        b'"' => Tree::Text(Octets.deserialize(&mut reader).unwrap()),
        b'[' => {
            Tree::Array(Vec::<&RawValue>::deserialize(&mut reader).unwrap().iter().map(|raw| tree(raw.get())).collect())
        }
        b'{' => Tree::Object(reader.deserialize_map(Pairs).unwrap()),
        _ => Tree::Token(json.to_owned()),
    }
}

/// Asks for everything that can be asked.
fn ask(payload: &Payload) {
    let at = Timestamp::from_millis(i64::MAX);
    let _ = (format!("{payload:?}"), payload.call_id());
    match payload {
        Payload::Call(call) => {
            let _ = (call.is_missed(), call.talk_time(), call.waiting_time(), call.other_party(), call.ivr_choice());
            call.media().for_each(|link| _ = link.expires_at(at));
        }
        Payload::Message(message) => _ = (message.other_party(), message.text(), message.agent()),
        Payload::GroupMessage(message) => message.other_parties().for_each(drop),
        Payload::Number(number) => _ = number.e164(),
        Payload::Contact(contact) => _ = contact.display_name(),
        Payload::AiVoiceAgent(agent) => agent.answers().for_each(drop),
        Payload::Analytics(report) => _ = (report.expires_at(), report.failure(), report.id()),
        Payload::RealtimeTranscription(realtime) => realtime.utterances().for_each(drop),
        other => {
            if let Some(result) = other.intelligence() {
                let _ = (result.text(), result.transcript(), result.topics().count());
            }
        }
    }
}

fn check(event: &EventName, data: &str) {
    let payload = Payload::new(event, data.parse().unwrap());
    let written = serde_json::to_string(&payload).unwrap();
    assert_eq!(tree(&written), tree(data), "{event} {data} became {written}");
    let again = Payload::new(event, written.parse().unwrap());
    assert_eq!(again, payload);
    assert_eq!(serde_json::to_string(&again).unwrap(), written, "the second time is as the first");
    ask(&payload);
}

#[test]
fn every_fixture_is_written_back() {
    for event in events() {
        let (name, data) = parts(event.body);
        check(&name, data);
        // Read as what it is not, it is kept as well.
        for other in ["call.ended", "user.opened", "contact.updated", "topics.created", "ai_voice_agent.summary", "x"] {
            check(&EventName::from(other), data);
        }
    }
}

/// A key that some object has a field for, or another.
fn key() -> impl Strategy<Value = String> {
    let known =
        [Call::KEYS, User::KEYS, UserV1::KEYS, Number::KEYS, Message::KEYS, Intelligence::KEYS, Analytics::KEYS];
    let nested =
        ["question", "answer", "utterances", "value", "label", "posted_by", "tagged_by", "phone_number", "key"];
    let known: Vec<&str> = known.concat().into_iter().chain(AiVoiceAgent::KEYS.iter().copied()).chain(nested).collect();
    prop_oneof![
        8 => prop::sample::select(known).prop_map(|key| format!("\"{key}\"")),
        1 => any::<String>().prop_map(|key| serde_json::to_string(&key).unwrap()),
        1 => r#"(\\u[dD][89a-fA-F][0-9a-f]{2}|[a-z]){1,3}"#.prop_map(|key| format!("\"{key}\"")),
    ]
}

/// What stands in payloads, and anything else.
fn value() -> impl Strategy<Value = String> {
    let usual: Vec<&str> = vec![
        "null",
        "{}",
        "[]",
        "{ }",
        "[\n]",
        "true",
        "0",
        "-0",
        "20",
        "1790000000",
        "1790000000520",
        "-1.50",
        "1e999",
        "18446744073709551616",
        r#""""#,
        r#""inbound""#,
        r#""\u0069nbound""#,
        r#""done""#,
        r#""0.0""#,
        r#""7""#,
        r#""+44 20 7946 0123""#,
        r#""2026-09-21T14:13:20.520Z""#,
        r#""2026-09-21T14:13:20+02:00""#,
        r#""\ud83d""#,
        r#""always_opened""#,
        r#""https://x/?X-Amz-Date=20260921T141320Z&X-Amz-Expires=600""#,
    ];
    let leaf = prop_oneof![3 => prop::sample::select(usual).prop_map(str::to_owned), 1 => json()];
    leaf.prop_recursive(4, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((key(), inner), 0..8).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

proptest! {
    #[test]
    fn anything_is_written_back(
        event in prop::sample::select(EventName::KNOWN),
        members in prop::collection::vec((key(), value()), 0..24),
    ) {
        check(&event, &object(&members));
    }

    #[test]
    fn anything_at_all_is_written_back(event in prop::sample::select(EventName::KNOWN), data in json()) {
        prop_assume!(data.parse::<RawJson>().is_ok());
        check(&event, &data);
    }

    /// Integers are told apart by size, and both ways back lead to the same number.
    #[test]
    fn any_integer_is_an_id_and_a_time(number: i64) {
        let text = number.to_string();
        let id: aircall_tower::payload::Id = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(id.to_string(), text.as_str());
        let time: aircall_tower::payload::Time = serde_json::from_str(&text).unwrap();
        let (seconds, millis) = (time.timestamp().unix_seconds(), time.timestamp().unix_millis());
        prop_assert!(seconds == number || millis == number);
    }

    /// What `Timestamp` shows is what `Time` reads.
    #[test]
    fn a_time_that_is_shown_can_be_read(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
        let timestamp = Timestamp::from_millis(millis);
        let time: aircall_tower::payload::Time = serde_json::from_str(&format!("\"{timestamp}\"")).unwrap();
        prop_assert_eq!(time.timestamp(), timestamp);
    }
}
