//! What holds for any bytes, any JSON, any order of keys, and however they are cut into pieces.

use std::fmt;

use aircall_tower::{MAX_NESTING, OutcomeKind, PresentedToken, Tenant, WebhookLayer};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use tower::{BoxError, Layer};

use crate::support::{Calls, End, Pieces, TOKEN, call, layer, request};

/// What the layer made of a body: the answer, and how often the handler was called.
#[derive(Debug, PartialEq)]
struct Verdict {
    status: u16,
    kind: OutcomeKind,
    reason: Option<String>,
    calls: usize,
}

fn verdict(layer: &WebhookLayer, pieces: Vec<Bytes>) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let calls = Calls::default();
        let answer = call(layer.layer(calls.handler()), request(Pieces::new(pieces, End::Whole))).await;
        Verdict { status: answer.status, kind: answer.kind, reason: answer.reason, calls: calls.count() }
    })
}

/// A layer that knows the same token, but has to ask for it.
fn resolving() -> WebhookLayer {
    WebhookLayer::with_resolver(|token: PresentedToken| async move {
        tokio::task::yield_now().await;
        Ok::<_, BoxError>(if token.expose() == TOKEN { Some(Tenant::new("acme")?) } else { None })
    })
}

fn cut(body: &[u8], cuts: &[Index]) -> Vec<Bytes> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    ends.push(body.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| Bytes::copy_from_slice(&body[std::mem::replace(&mut start, end)..end])).collect()
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A second opinion on who may come in, from a reader that shares nothing with the layer's but `serde_json`'s grammar:
/// the first member `token` of the top level, if the whole is JSON.
fn first_token(body: &[u8]) -> Option<Option<Value>> {
    struct First(Option<Value>);
    impl<'de> Deserialize<'de> for First {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Members;
            impl<'de> Visitor<'de> for Members {
                type Value = First;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<First, A::Error> {
                    let mut first = None;
                    while let Some((key, value)) = map.next_entry::<String, Value>()? {
                        if key == "token" && first.is_none() {
                            first = Some(value);
                        }
                    }
                    Ok(First(first))
                }
            }
            deserializer.deserialize_map(Members)
        }
    }
    let body = body.strip_prefix(BOM).unwrap_or(body);
    serde_json::from_slice::<First>(body).ok().map(|First(token)| token)
}

fn check(body: &[u8], cuts: &[Index]) -> Result<(), TestCaseError> {
    let whole = verdict(&layer(), vec![Bytes::copy_from_slice(body)]);
    prop_assert_eq!(&whole, &verdict(&layer(), cut(body, cuts)), "another verdict when cut");
    prop_assert_eq!(&whole, &verdict(&resolving(), cut(body, cuts)), "another verdict with a resolver");
    prop_assert!(whole.calls <= 1);
    prop_assert_eq!(whole.calls == 1, whole.kind == OutcomeKind::Handled);
    prop_assert_eq!((200..300).contains(&whole.status), whole.kind.is_authentic());
    match first_token(body) {
        Some(Some(Value::String(token))) if token == TOKEN => prop_assert!(whole.kind.is_authentic(), "{:?}", whole),
        Some(_) => prop_assert!(!whole.kind.is_authentic(), "{:?}", whole),
        // No JSON, or nothing that `Value` can hold.
        None => {
            let is_json = serde_json::from_slice::<&RawValue>(body.strip_prefix(BOM).unwrap_or(body)).is_ok();
            let holds_the_token = body.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
            prop_assert!(whole.calls == 0 || (is_json && holds_the_token), "{:?}", whole);
        }
    }
    Ok(())
}

/// Any JSON, odd numbers and halves of characters included.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| format!("{value:e}")),
        "[0-9]{1,60}".prop_map(|digits| format!("1{digits}")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        r"(\\u[dD][89a-fA-F][0-9a-f]{2}|\\u00[0-7][0-9a-f]|\\n|[a-z{}\[\],: ]){0,12}"
            .prop_map(|text| format!("\"{text}\"")),
        Just(format!("\"{TOKEN}\"")),
        (1..MAX_NESTING - 12).prop_map(|levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels))),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name(), inner), 0..6).prop_map(|members| object(&members)),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["token", "event", "resource", "timestamp", "data", "event_name"]).prop_map(quoted),
        any::<String>().prop_map(|name| quoted(&name)),
        Just(r#""\u0074oken""#.to_owned()),
        Just(r#""\ud800""#.to_owned()),
    ]
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{name} : {value}")).collect();
    format!("{{ {} }}", members.join(" ,"))
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 0..8)
}

/// A member that is none of the envelope's.
fn stranger() -> impl Strategy<Value = (String, String)> {
    (any::<String>().prop_map(|name| quoted(&format!("x{name}"))), json())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..300), cuts in cuts()) {
        check(&body, &cuts)?;
    }

    #[test]
    fn any_json(body in json(), cuts in cuts()) {
        check(body.as_bytes(), &cuts)?;
    }

    #[test]
    fn any_object_with_any_members_of_an_envelope(members in prop::collection::vec((name(), json()), 0..9), cuts in cuts()) {
        check(object(&members).as_bytes(), &cuts)?;
    }

    #[test]
    fn an_envelope_with_the_valid_token_is_handled_in_any_order_of_keys(
        data in json(),
        event in any::<String>(),
        resource in any::<String>(),
        timestamp in any::<i64>(),
        strangers in prop::collection::vec(stranger(), 0..4),
        order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle(),
        cuts in cuts(),
    ) {
        let mut members = vec![
            ("\"event\"".to_owned(), quoted(&event)),
            ("\"resource\"".to_owned(), quoted(&resource)),
            ("\"timestamp\"".to_owned(), timestamp.to_string()),
            ("\"token\"".to_owned(), quoted(TOKEN)),
            ("\"data\"".to_owned(), data),
        ];
        members.extend(strangers);
        let mut shuffled: Vec<_> = order.into_iter().zip(members).collect();
        shuffled.sort();
        let shuffled: Vec<_> = shuffled.into_iter().map(|(_, member)| member).collect();
        let body = object(&shuffled);
        check(body.as_bytes(), &cuts)?;
        let verdict = verdict(&layer(), cut(body.as_bytes(), &cuts));
        prop_assert_eq!((verdict.status, verdict.kind), (200, OutcomeKind::Handled), "{:?} {}", verdict.reason, body);
    }

    #[test]
    fn any_fixture_with_bytes_flipped_dropped_or_repeated(
        fixture in any::<Index>(),
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4_u8), 0..4),
        cuts in cuts(),
    ) {
        let events = aircall_fixtures::events();
        let mut body = fixture.get(events).body.as_bytes().to_vec();
        for (place, byte, edit) in edits {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            match edit {
                0 => body[at] = byte,
                1 => { body.remove(at); }
                2 => body.insert(at, byte),
                _ => body.truncate(at),
            }
        }
        check(&body, &cuts)?;
    }
}

#[test]
fn the_second_opinion_can_tell() {
    assert_eq!(first_token(br#"{"token":"a","token":"b"}"#), Some(Some(Value::from("a"))));
    assert_eq!(first_token(br#"{"data":{"token":"a"}}"#), Some(None));
    assert_eq!(first_token(b"{"), None);
}
