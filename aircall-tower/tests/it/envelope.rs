//! What counts as an envelope.

use aircall_tower::{Dialect, EventName, MAX_NESTING, OutcomeKind};

use crate::support::{Calls, TOKEN, body, layer, post};

#[derive(serde::Deserialize)]
struct Stated {
    timestamp: i64,
}

#[tokio::test]
async fn every_fixture_arrives_as_what_it_is() {
    for event in aircall_fixtures::events() {
        let calls = Calls::default();
        let answer = post(&layer(), &calls, event.body).await;
        assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Handled), "{}", event.name);
        let (delivery, _, handed_on) = calls.only();
        assert_eq!(handed_on, event.body, "{}", event.name);
        assert_eq!(delivery.event().as_str(), event.event, "{}", event.name);
        assert!(!matches!(delivery.event(), EventName::Unknown(_)), "{}", event.name);
        let stated: Stated = serde_json::from_str(event.body).unwrap();
        match event.dialect {
            aircall_fixtures::Dialect::Webhook => {
                assert_eq!(delivery.dialect(), Dialect::Webhook);
                assert_eq!(delivery.resource(), Some(event.resource), "{}", event.name);
                assert_eq!(delivery.timestamp().unix_seconds(), stated.timestamp, "{}", event.name);
            }
            _ => {
                assert_eq!(delivery.dialect(), Dialect::MessageCallback, "{}", event.name);
                assert_eq!(delivery.timestamp().unix_millis(), stated.timestamp, "{}", event.name);
            }
        }
        let data = event.body.find(r#""data":"#).unwrap() + r#""data":"#.len();
        assert!(event.body[data..].starts_with(delivery.raw_data()), "{}", event.name);
        assert_eq!(delivery.raw_data_bytes(), delivery.raw_data().as_bytes());
        let shared = handed_on.as_ptr_range();
        assert!(shared.contains(&delivery.raw_data_bytes().as_ptr()), "{}: `data` was copied", event.name);
    }
}

#[tokio::test]
async fn the_order_of_keys_and_keys_nobody_knows_do_not_matter() {
    let members = [
        r#""event":"call.created""#.to_owned(),
        r#""resource":"call""#.to_owned(),
        r#""timestamp":1790000000"#.to_owned(),
        format!(r#""token":"{TOKEN}""#),
        r#""data":{"id":1,"token":"inner","event":[]}"#.to_owned(),
        r#""later":{"\ud800":[1,{"token":null}]}"#.to_owned(),
        r#""\udfff\n\u0000":null"#.to_owned(),
    ];
    for rotation in 0..members.len() {
        let mut members = members.clone();
        members.rotate_left(rotation);
        let calls = Calls::default();
        let answer = post(&layer(), &calls, format!(" {{ {} }}\r\n", members.join(" ,\t"))).await;
        assert_eq!(answer.kind, OutcomeKind::Handled, "{members:?}: {:?}", answer.reason);
        assert_eq!(calls.only().0.raw_data(), r#"{"id":1,"token":"inner","event":[]}"#);
    }
}

#[tokio::test]
async fn unknown_events_and_resources_pass_with_their_text() {
    let calls = Calls::default();
    let text = body(TOKEN, "{}").replace("call.created", "fax.jammed").replace(r#""call""#, r#""fax\u0021""#);
    assert_eq!(post(&layer(), &calls, text).await.kind, OutcomeKind::Handled);
    let (delivery, ..) = calls.only();
    assert_eq!(*delivery.event(), EventName::Unknown("fax.jammed".into()));
    assert_eq!(delivery.resource(), Some("fax!"));
}

#[tokio::test]
async fn half_a_character_in_a_name_is_one_replacement_character() {
    for (written, read) in [(r"fax.\ud83d", "fax.\u{fffd}"), (r"\udc00\ud83dx\u0021", "\u{fffd}\u{fffd}x!")] {
        let calls = Calls::default();
        let text = body(TOKEN, "{}").replace("call.created", written).replace(r#""call""#, &format!("\"{written}\""));
        assert_eq!(post(&layer(), &calls, text).await.kind, OutcomeKind::Handled);
        let (delivery, ..) = calls.only();
        assert_eq!((delivery.event().as_str(), delivery.resource()), (read, Some(read)));
    }
}

#[tokio::test]
async fn what_stands_in_data_never_sinks_an_event() {
    let nines = "9".repeat(400);
    for data in [
        r#"{"comment":"\ud83d cut in half \udc00"}"#.to_owned(),
        format!(r#"[{nines},-{nines}.{nines}e{nines},1e-{nines}]"#),
        "null".to_owned(),
        "[]".to_owned(),
        r#""text""#.to_owned(),
        "-0.0E+0".to_owned(),
        r#"{"a":1,"a":2}"#.to_owned(),
        "\"\u{10ffff}\u{feff}\"".to_owned(),
        format!("{}{}", "[".repeat(MAX_NESTING - 1), "]".repeat(MAX_NESTING - 1)),
    ] {
        let calls = Calls::default();
        let answer = post(&layer(), &calls, body(TOKEN, &data)).await;
        assert_eq!(answer.kind, OutcomeKind::Handled, "{data:.60}: {:?}", answer.reason);
        let (delivery, _, handed_on) = calls.only();
        assert_eq!(delivery.raw_data(), data);
        if data.starts_with("[[") {
            serde_json::from_slice::<serde_json::Value>(&handed_on).expect("what passes can be read by a handler");
        }
    }
}

/// Bodies that carry the valid token and are no envelope: acknowledged, since sending them again would not help, with
/// the reason for the operator, and never handled.
#[tokio::test]
async fn an_authentic_body_that_is_no_envelope_is_acknowledged_and_named() {
    let whole = body(TOKEN, "{}");
    let deep = |levels: usize| body(TOKEN, &format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (whole.replace(r#""event":"call.created","#, "").into(), "the field `event` is missing"),
        (whole.replace(r#""resource":"call","#, "").into(), "the field `resource` is missing"),
        (whole.replace(r#""timestamp":1790000000,"#, "").into(), "the field `timestamp` is missing"),
        (whole.replace(r#","data":{}"#, "").into(), "the field `data` is missing"),
        (whole.replace(r#""call.created""#, "null").into(), "the field `event` is not a string"),
        (whole.replace(r#""call.created""#, "[99,97]").into(), "the field `event` is not a string"),
        (
            whole.replace("1790000000", "1790000000.5").into(),
            "the field `timestamp` is not an integer of at most 64 bits",
        ),
        (
            whole.replace("1790000000", r#""1790000000""#).into(),
            "the field `timestamp` is not an integer of at most 64 bits",
        ),
        (
            whole.replace("1790000000", &"9".repeat(30)).into(),
            "the field `timestamp` is not an integer of at most 64 bits",
        ),
        (
            whole.replace(r#","data""#, r#","data":1,"data""#).into(),
            "the field `data` stands in the body more than once, so its value is ambiguous",
        ),
        (
            whole.replace(r#","data""#, r#","event":"x","data""#).into(),
            "the field `event` stands in the body more than once, so its value is ambiguous",
        ),
        (
            whole.replace(r#","data""#, r#","tok\u0065n":"x","data""#).into(),
            "the field `token` stands in the body more than once, so its value is ambiguous",
        ),
        (whole[..whole.len() - 1].into(), "the body ends after 117 bytes in the middle of its JSON"),
        (format!("{whole}x").into(), "the body is not JSON at line 1 column 119"),
        (whole.replace("{}", "{]").into(), "the body is not JSON at line 1 column 117"),
        (whole.replace("{}", "\"\u{0}\"").into(), "the body is not JSON at line 1 column 116"),
        ([whole.replace("{}}", "\"").as_bytes(), b"\xff\"}"].concat(), "the body is not UTF-8 at byte 116"),
        (whole.replace("\"data\"", "\"a\nb\":1,\"data\"").into(), "the body is not JSON at line 1 column 110"),
        (whole.replace("\"data\"", "\"\\u0041\u{1f}\":1,\"data\"").into(), "the body is not JSON at line 1 column 115"),
        (deep(MAX_NESTING).into(), "the body is nested deeper than 127 levels"),
        (deep(100_000).into(), "the body is nested deeper than 127 levels"),
    ];
    for (text, reason) in cases {
        let calls = Calls::default();
        let shown = String::from_utf8_lossy(&text[..text.len().min(150)]).into_owned();
        let answer = post(&layer(), &calls, text).await;
        assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Unreadable), "{shown}");
        assert_eq!(answer.reason.as_deref(), Some(reason), "{shown}");
        assert_eq!(calls.count(), 0, "{shown}");
    }
}

#[tokio::test]
async fn a_strangers_body_that_is_no_object_is_refused() {
    for (text, reason) in [
        ("[1]", "the body is not a JSON object"),
        ("\"token\"", "the body is not a JSON object"),
        ("null", "the body is not a JSON object"),
        (r#" "half \ud83d""#, "the body is not a JSON object"),
        ("-1e999", "the body is not a JSON object"),
        ("\"half \\ud83d\"}", "the body is not JSON at line 1 column 13"),
        ("{", "the body ends after 1 bytes in the middle of its JSON"),
        ("{'token':1}", "the body is not JSON at line 1 column 2"),
        ("token=abc", "the body is not JSON at line 1 column 2"),
        (&"[".repeat(100_000), "the body is not a JSON object"),
    ] {
        let calls = Calls::default();
        let answer = post(&layer(), &calls, text.to_owned()).await;
        assert_eq!((answer.status, answer.kind), (400, OutcomeKind::Malformed), "{text:.60}");
        assert_eq!(answer.reason.as_deref(), Some(reason), "{text:.60}");
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn the_dialect_of_message_callbacks_is_told_apart() {
    let calls = Calls::default();
    let callback =
        format!(r#"{{"event_name":"message.updated","timestamp":1790000000123,"token":"{TOKEN}","data":{{}}}}"#);
    assert_eq!(post(&layer(), &calls, callback).await.kind, OutcomeKind::Handled);
    let (delivery, ..) = calls.only();
    assert_eq!(delivery.dialect(), Dialect::MessageCallback);
    assert_eq!(*delivery.event(), EventName::MessageUpdated);
    assert_eq!((delivery.timestamp().unix_millis(), delivery.resource()), (1_790_000_000_123, None));

    let calls = Calls::default();
    let both = body(TOKEN, "{}").replace(r#""event""#, r#""event_name":"message.updated","event""#);
    assert_eq!(post(&layer(), &calls, both).await.kind, OutcomeKind::Handled);
    assert_eq!(calls.only().0.dialect(), Dialect::Webhook);
}
