//! What a handler reads from `data`, typed.

use aircall_fixtures::{events, find};
use aircall_tower::payload::{
    CallStatus, Content, Direction, Field, Id, List, MediaKind, MissedCallReason, Payload, RawJson, Substatus, Time,
};
use aircall_tower::{EventName, Timestamp};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::support::{Calls, End, Pieces, TOKEN, body, call, layer, request};

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(alias = "event_name")]
    event: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Event and `data` of a body, by another road than the layer's.
pub(crate) fn parts(body: &str) -> (EventName, &str) {
    let parts: Parts<'_> = serde_json::from_str(body).unwrap();
    (EventName::from(parts.event.as_str()), parts.data.get())
}

pub(crate) fn payload(event: &str, data: &str) -> Payload {
    Payload::new(&EventName::from(event), data.parse().unwrap())
}

fn fixture(name: &str) -> Payload {
    let (event, data) = parts(find(name).unwrap().body);
    Payload::new(&event, data.parse().unwrap())
}

macro_rules! object {
    ($variant:ident, $payload:expr) => {
        match $payload {
            Payload::$variant(object) => object,
            other => panic!("{other:?}"),
        }
    };
}

#[tokio::test]
async fn every_fixture_that_is_delivered_has_a_payload_and_none_is_unknown() {
    for event in events() {
        let calls = Calls::default();
        let pieces = vec![Bytes::from_static(event.body.as_bytes())];
        call(tower::Layer::layer(&layer(), calls.handler()), request(Pieces::new(pieces, End::Whole))).await;
        let delivered = calls.only().0.payload();
        let (name, data) = parts(event.body);
        assert_eq!(delivered, Payload::new(&name, data.parse().unwrap()), "{}", event.name);
        assert!(!matches!(delivered, Payload::Unknown(_)), "{}", event.name);
        // The token stands beside `data`, and stays there.
        assert!(!format!("{delivered:?}").contains(TOKEN), "{}", event.name);
    }
}

/// The tables are complete: what the fixtures hold at the top level has a field, questions and one evaluation aside.
#[test]
fn no_key_of_a_fixture_is_without_a_field() {
    for event in events() {
        let shown = format!("{:?}", fixture(event.name));
        let excepted = event.name.starts_with("ai_voice_agent.summary");
        assert!(excepted || !shown.contains("others:"), "{}: {shown}", event.name);
        assert!(!shown.contains("Other(") && !shown.contains("Unknown("), "{}: {shown}", event.name);
    }
}

#[tokio::test]
async fn a_payload_never_decides_about_the_acknowledgement() {
    for data in ["7", "null", "[]", r#""\ud800""#, r#"{"id":{"a":1e999},"user":[[]],"\ud800":0}"#] {
        let calls = Calls::default();
        let pieces = vec![Bytes::from(body(TOKEN, data))];
        let answer =
            call(tower::Layer::layer(&layer(), calls.handler()), request(Pieces::new(pieces, End::Whole))).await;
        assert_eq!(answer.status, 200);
        let payload = calls.only().0.payload();
        assert_eq!(matches!(payload, Payload::Unknown(_)), !data.starts_with('{'), "{data}");
        assert_eq!(serde_json::to_string(&payload).unwrap(), data);
    }
}

#[test]
fn the_event_names_the_object() {
    for event in EventName::KNOWN {
        let payload = Payload::new(event, "{}".parse().unwrap());
        let shown = format!("{payload:?}");
        let variant = shown.split('(').next().unwrap();
        let group = event.as_str().split('.').next().unwrap().replace('_', "");
        let expected = match group.as_str() {
            "user" if event.as_str().ends_with(".v2") => "userv2",
            "user" => "userv1",
            other => other,
        };
        assert_eq!(variant.to_lowercase(), expected, "{event}");
    }
    let unknown = payload("call.teleported", r#"{"id":1}"#);
    let Payload::Unknown(raw) = unknown else { panic!("{unknown:?}") };
    assert_eq!(raw.read::<aircall_tower::payload::Call>().unwrap().id.get(), Some(&Id::from(1)));
}

/// The field-level fallback: each key of each fixture in turn takes every wrong type, and no neighbour notices.
#[test]
fn a_wrong_type_in_one_field_loses_no_other() {
    // The fields of the object as they are shown, each with all of its lines.
    fn shown(payload: &Payload) -> Vec<String> {
        let shown = format!("{payload:#?}");
        let mut fields: Vec<String> = Vec::new();
        for line in shown.lines().skip(2) {
            match line.strip_prefix("        ") {
                Some(field) if !field.starts_with([' ', '}', ']', ')']) => fields.push(field.to_owned()),
                Some(more) => fields.last_mut().unwrap().push_str(more),
                None => {}
            }
        }
        fields
    }

    for event in events() {
        let (name, data) = parts(event.body);
        let members: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(data) {
            Ok(members) => members,
            // `Value` cannot hold the lone surrogate, which is tested on its own.
            Err(_) => continue,
        };
        for key in members.keys().filter(|_| !event.name.contains("100-numbers")) {
            let mut without = members.clone();
            without.remove(key);
            let without = shown(&Payload::new(&name, serde_json::to_string(&without).unwrap().parse().unwrap()));
            for wrong in ["true", "-1.5", r#""\u0000""#, r#"[[{}],"x"]"#, r#"{"a":{"b":[null]}}"#, "null"] {
                let mut with = members.clone();
                with.insert(key.clone(), serde_json::from_str(wrong).unwrap());
                let with = shown(&Payload::new(&name, serde_json::to_string(&with).unwrap().parse().unwrap()));
                let kept = with.iter().filter(|field| without.contains(field)).count();
                assert_eq!((kept, with.len()), (without.len(), without.len() + 1), "{} {key} {wrong}", event.name);
            }
        }
    }
}

#[test]
fn what_is_wrong_can_be_reached() {
    let call = object!(
        Call,
        payload(
            "call.ended",
            r#"{"id":12.50,"direction":7,"status":"parked","user":"Kim","tags":[{"id":1,"name":[]},"vip",null],"teams":{}}"#
        )
    );
    assert_eq!(call.id.other().unwrap().get(), "12.50");
    assert_eq!(call.direction.other().unwrap().get(), "7");
    assert_eq!(call.status.get(), Some(&CallStatus::Unknown("parked".into())));
    assert_eq!(call.user.other().unwrap().read::<String>().unwrap(), "Kim");
    assert_eq!(call.teams, Field::EmptyObject);
    let tags = call.tags.get().unwrap();
    assert_eq!(tags.iter().map(|tag| tag.id.get().unwrap().as_u64()).collect::<Vec<_>>(), [Some(1)]);
    assert_eq!(tags.iter().next().unwrap().name, Field::EmptyArray);
    assert_eq!(tags.fields()[1].other().unwrap().get(), r#""vip""#);
    assert_eq!(tags.fields()[2], Field::Null);
}

#[test]
fn half_a_character_is_replaced_in_the_text_and_kept_in_the_json() {
    let body = find("call.commented.with-lone-surrogate").unwrap().body;
    let (event, data) = parts(body);
    let call = object!(Call, Payload::new(&event, data.parse().unwrap()));
    let comments = call.comments.get().unwrap();
    let content = comments.iter().find_map(|comment| comment.content.get()).unwrap();
    assert!(content.is_broken() && content.contains('\u{fffd}'), "{content}");
    assert!(serde_json::to_string(&call).unwrap().contains(r"\ud83d"));

    let odd = r#"{"\ud800":1,"id":2,"\udfff\"":[1.0]}"#;
    let contact = object!(Contact, payload("contact.created", odd));
    assert_eq!(contact.id.get(), Some(&Id::from(2)));
    assert_eq!(contact.others.get("\u{fffd}"), None, "it is no such key");
    assert_eq!(serde_json::to_string(&contact).unwrap(), r#"{"id":2,"\ud800":1,"\udfff\"":[1.0]}"#);
}

#[test]
fn the_last_of_a_repeated_key_counts_and_none_is_lost() {
    let contact = object!(Contact, payload("contact.created", r#"{"id":1,"x":1,"id":2,"x":2,"id":3}"#));
    assert_eq!(contact.id.get(), Some(&Id::from(3)));
    assert_eq!(contact.others.get("x").unwrap().get(), "2");
    let written = serde_json::to_string(&contact).unwrap();
    assert_eq!(written, r#"{"id":1,"id":2,"id":3,"x":1,"x":2}"#);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap()["id"], 3);
}

#[test]
fn one_id_in_two_forms_joins_the_events_of_a_call() {
    let ended = fixture("call.ended");
    let summary = fixture("summary.created");
    assert!(summary.call_id().unwrap().is_string() && !ended.call_id().unwrap().is_string());
    assert_eq!(payload("call.ended", r#"{"id":4223501188}"#).call_id(), summary.call_id());
    let large = fixture("call.created.with-large-id");
    assert_eq!(large.call_id().unwrap().as_u64(), Some(4_294_967_400));
    for name in ["ai_voice_agent.started", "realtime_transcription.utterances_received.with-content"] {
        assert_eq!(fixture(name).call_id(), summary.call_id(), "{name}");
    }
    assert!(fixture("outbound_campaign.outcome_recorded").call_id().is_some());
    assert_eq!(fixture("contact.created").call_id(), None);
}

#[test]
fn the_facts_of_a_call() {
    let answered = object!(Call, fixture("call.ended"));
    assert!(answered.is_answered() && answered.is_over() && !answered.is_missed());
    assert_eq!(answered.talk_time().unwrap().as_secs(), 15);
    assert_eq!(answered.waiting_time().unwrap().as_secs(), 5);
    assert_eq!(answered.agent().unwrap().name.get().unwrap(), "Kim Sample");

    let missed = object!(Call, fixture("call.hungup.with-missed-call"));
    assert!(missed.is_missed() && missed.is_inbound() && !missed.is_outbound() && !missed.is_answered());
    assert_eq!(missed.missed_call_reason.get(), Some(&MissedCallReason::AgentsDidNotAnswer));
    assert_eq!((missed.talk_time(), missed.agent().is_none()), (None, true));
    assert_eq!(missed.waiting_time().unwrap().as_secs(), 17);
    assert_eq!(missed.other_party().as_deref(), Some("+442079460123"));

    // A callback was asked for: no reason, and missed all the same.
    let archived = object!(Call, fixture("call.archived"));
    assert_eq!(archived.missed_call_reason, Field::Null);
    assert!(archived.is_missed());

    let ringing = object!(Call, fixture("call.ringing_on_agent"));
    assert!(!ringing.is_missed() && !ringing.is_over() && ringing.agent().is_some());
    let anonymous = object!(Call, fixture("call.created.with-anonymous-caller"));
    assert_eq!(anonymous.other_party(), None);
    let empty = object!(Call, fixture("call.created.with-empty-people"));
    assert_eq!((&empty.user, empty.agent()), (&Field::EmptyObject, None));

    let odd =
        object!(Call, payload("call.ended", r#"{"started_at":20,"answered_at":10,"ended_at":"9999-12-31T23:59:59Z"}"#));
    assert_eq!(odd.waiting_time(), None, "it ends before it begins");
    assert!(odd.talk_time().unwrap().as_secs() > 1 << 37);
    let participants = r#"{"raw_digits":"anonymous","participants":[{"type":"user","phone_number":"+12125550100"},
        {"type":"external","phone_number":"+1 212-555-0142"}]}"#;
    assert_eq!(object!(Call, payload("call.ended", participants)).other_party().as_deref(), Some("+12125550142"));
}

#[test]
fn media_links_and_their_end() {
    let (_, data) = parts(find("call.voicemail_left").unwrap().body);
    let call = object!(Call, payload("call.voicemail_left", data));
    let links: Vec<_> = call.media().collect();
    let built_at = Timestamp::from_seconds(1_790_000_050);
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].kind(), MediaKind::Voicemail);
    assert_eq!(links[0].expires_at(built_at), Some(Timestamp::from_seconds(1_790_000_650)));

    let short = r#"{"recording_short_url":"https://short-urls.aircall.io/v1/0","recording":null,"voicemail":""}"#;
    let call = object!(Call, payload("call.ended", short));
    let links: Vec<_> = call.media().collect();
    assert_eq!((links.len(), links[0].kind()), (1, MediaKind::Recording));
    assert_eq!(links[0].expires_at(built_at), Some(Timestamp::from_seconds(1_790_000_050 + 3 * 3600)));

    let report = object!(Analytics, fixture("analytics.report_created"));
    assert_eq!(report.expires_at().unwrap().to_string(), "2026-09-21T15:14:00.000Z");
    let stated_by_link = format!(r#"{{"download_url":"{}"}}"#, report.url().unwrap());
    let other = object!(Analytics, payload("analytics.report_created", &stated_by_link));
    assert_eq!((other.expires_at(), other.url()), (report.expires_at(), report.url()));
}

#[test]
fn both_spellings_are_read_where_sources_conflict() {
    let message =
        object!(Message, payload("message.received", r#"{"id":7,"content":"hi","from":"+1","sent_at":1790000000000}"#));
    assert_eq!((message.text(), message.id.get().unwrap().as_u64()), (Some("hi"), Some(7)));
    assert_eq!(message.sent_at.get().unwrap().timestamp(), Timestamp::from_seconds(1_790_000_000));
    let integer = object!(Message, fixture("message.received.with-integer-external-number"));
    assert!(integer.other_party().unwrap().starts_with('+'));
    let bare = object!(Message, payload("message.received", r#"{"external_number":12125550142}"#));
    assert_eq!(bare.other_party().as_deref(), Some("+12125550142"));

    let group =
        object!(GroupMessage, payload("group_message.sent", r#"{"participants":["12125550142","+12125550177","x"]}"#));
    assert!(group.other_parties().eq(["+12125550142", "+12125550177"]));

    for side in ["type", "participant_type"] {
        let data = format!(r#"{{"participants":[{{"{side}":"external"}}]}}"#);
        let sentiment = object!(Sentiment, payload("sentiment.created", &data));
        let side = sentiment.participants.get().unwrap().iter().next().unwrap().side().unwrap().clone();
        assert_eq!(side.as_str(), "external");
    }

    let two = [fixture("ai_voice_agent.summary"), fixture("ai_voice_agent.summary.with-answer-map")];
    let [arrays, map] = two.each_ref().map(|payload| {
        let Payload::AiVoiceAgent(agent) = payload else { panic!("{payload:?}") };
        agent.answers().map(|(question, answer)| format!("{question} {answer}")).collect::<Vec<_>>()
    });
    assert_eq!(arrays, map);
    assert_eq!(arrays.len(), 2);

    let call = object!(Call, payload("call.ended", r#"{"sid":"CA0"}"#));
    assert_eq!(call.uuid(), Some("CA0"));
    assert_eq!(Substatus::from(aircall_tower::payload::Text::from("always_opened")).meaning(), Substatus::AlwaysOpen);

    let realtime = [
        r#"{"call":{"id":1},"utterances":[{"text":"Hello?"}]}"#,
        r#"{"call_id":"1","content":{"utterances":[{"text":"Hello?"}]}}"#,
    ];
    for data in realtime {
        let realtime = object!(RealtimeTranscription, payload("realtime_transcription.utterances_received", data));
        assert_eq!(realtime.call_id(), Some(&Id::from(1)));
        assert_eq!(realtime.utterances().next().unwrap().text.get().unwrap(), "Hello?");
    }
}

#[test]
fn the_content_of_conversation_intelligence_is_told_by_its_type() {
    assert!(object!(Topics, fixture("topics.created")).topics().count() > 0);
    assert!(object!(Summary, fixture("summary.created")).text().is_some());
    let transcription = fixture("transcription.created.with-utterances");
    let utterances = &transcription.intelligence().unwrap().transcript().unwrap().utterances;
    assert_eq!(utterances.get().unwrap().iter().next().unwrap().start_time.get().unwrap().as_str(), "2.4");
    let evaluation = object!(CallEvaluation, fixture("call_evaluation.created"));
    let Some(Content::Object(members)) = evaluation.content.get() else { panic!("{evaluation:?}") };
    assert_eq!(members.get("score").unwrap().get(), "4");
    let odd = object!(Summary, payload("summary.created", r#"{"content":7}"#));
    assert_eq!(odd.content.other().unwrap().get(), "7");
}

#[test]
fn depth_and_size_cost_no_stack() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let objects = format!("{}1{}", r#"{"users":[{"numbers":["#.repeat(50_000), "]}]}".repeat(50_000));
    for key in ["user", "tags", "number", "x", "content", "numbers", "participants", "extracted_data"] {
        for value in [&deep, &objects] {
            let data: RawJson = format!(r#"{{"id":1,"{key}":{value}}}"#).parse().unwrap();
            for event in ["call.ended", "user.created", "number.created", "topics.created", "ai_voice_agent.summary"] {
                let payload = Payload::new(&EventName::from(event), data.clone());
                let written = serde_json::to_string(&payload).unwrap();
                assert_eq!(written.len(), data.get().len());
                assert!(payload == payload.clone() && !format!("{payload:?}").is_empty());
            }
        }
    }
}

#[test]
fn the_parts_serve_types_of_ones_own() {
    #[derive(Deserialize)]
    struct Mine {
        id: Id,
        direction: Direction,
        #[serde(default)]
        ended_at: Field<Time>,
        #[serde(default)]
        teams: List<aircall_tower::payload::Team>,
    }
    let (_, data) = parts(find("call.ended").unwrap().body);
    let mine: Mine = serde_json::from_str(data).unwrap();
    assert!(mine.id.as_u64().is_some() && mine.direction.as_str().ends_with("bound"));
    assert!(mine.ended_at.get().is_some() && mine.teams.is_empty());

    // Values that were parsed before are a source as well.
    let value: serde_json::Value = serde_json::from_str(data).unwrap();
    let call: aircall_tower::payload::Call = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&call).unwrap(), value);
}

#[test]
fn objects_can_be_made_by_hand() {
    let mut call = aircall_tower::payload::Call::default();
    call.id = Id::from(7).into();
    call.status = CallStatus::Done.into();
    call.teams = List::default().into();
    call.others.push("mood", "\"sunny\"".parse().unwrap());
    assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"id":7,"status":"done","teams":[],"mood":"sunny"}"#);
}

#[cfg(all(feature = "jiff", feature = "time", feature = "chrono"))]
#[test]
fn times_become_those_of_other_crates() {
    let timestamp = Timestamp::from_millis(1_790_000_000_520);
    assert_eq!(timestamp.to_jiff().unwrap().as_millisecond(), 1_790_000_000_520);
    assert_eq!(timestamp.to_time().unwrap().unix_timestamp_nanos(), 1_790_000_000_520_000_000);
    assert_eq!(timestamp.to_chrono().unwrap().timestamp_millis(), 1_790_000_000_520);
    for extreme in [i64::MIN, i64::MAX].map(Timestamp::from_millis) {
        assert!(extreme.to_jiff().is_none() && extreme.to_time().is_none() && extreme.to_chrono().is_none());
    }
}
