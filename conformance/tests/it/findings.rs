//! Receivers that are wrong in one thing, each with exactly what has to be found.

use axum::{
    http::{Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    good,
    receivers::{Received, TOKEN, check, deviations, judged, serve_app},
};

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_correct_receiver_is_conformant() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let report = check(&receiver.url).run().await.unwrap();
    assert_eq!(deviations(&report), NOTHING);
    assert!(report.is_conformant());
    assert_eq!(report.latency.unwrap().count, aircall_fixtures::events().len() + 8);
}

#[tokio::test]
async fn the_receivers_here_are_right_but_for_one_thing() {
    assert_eq!(judged(|request: Received| async move { request.due() }).await, NOTHING);
}

#[tokio::test]
async fn a_signature_header_that_nobody_sends_is_required() {
    let found = judged(|request: Received| async move {
        if request.header("x-aircall-signature").is_empty() { refuse(401) } else { StatusCode::OK.into_response() }
    });
    assert_eq!(found.await, ["fail acknowledgement/plain-event: refused", "fail token/header-only: accepted-instead"]);
}

#[tokio::test]
async fn unknown_events_are_refused() {
    let found = judged(|request: Received| async move {
        let event = request.key("event");
        if request.is_authentic() && event == r#""call.on_hold""# { refuse(400) } else { request.due() }
    });
    assert_eq!(found.await, ["fail envelope/unknown-event: refused"]);
}

#[tokio::test]
async fn unknown_resources_are_refused() {
    let found = judged(|request: Received| async move {
        if request.is_authentic() && request.key("resource") == r#""fax""# { refuse(422) } else { request.due() }
    });
    assert_eq!(found.await, ["fail envelope/unknown-resource: refused"]);
}

#[tokio::test]
async fn unknown_keys_are_refused() {
    let found = judged(|request: Received| async move {
        if request.key("attempt").is_empty() { request.due() } else { refuse(422) }
    });
    assert_eq!(found.await, ["fail envelope/unknown-key: refused"]);
}

#[tokio::test]
async fn the_token_is_looked_for_before_the_data_only() {
    let found = judged(|request: Received| async move {
        let text = String::from_utf8_lossy(&request.body);
        let is_late = text.find(r#""data":"#) < text.find(r#""token":"#);
        if request.is_authentic() && is_late { refuse(401) } else { request.due() }
    });
    assert_eq!(found.await, ["fail envelope/token-last: refused"]);
}

#[tokio::test]
async fn every_call_is_expected_to_have_a_user() {
    let found = judged(|request: Received| async move {
        let is_answered =
            request.key("event") != r#""call.answered""# || request.key("data").contains(r#""user":{"id""#);
        if is_answered { request.due() } else { refuse(500) }
    });
    assert_eq!(found.await, NOTHING, "an answered call has one");

    let found = judged(|request: Received| async move {
        let is_ended = request.key("event") == r#""call.voicemail_left""#;
        if is_ended && !request.key("data").contains(r#""user":{"id""#) { refuse(500) } else { request.due() }
    });
    let expected =
        ["fail payload/call.voicemail_left: refused", "fail payload/call.voicemail_left.with-current-keys: refused"];
    assert_eq!(found.await, expected);
}

#[tokio::test]
async fn message_callbacks_are_refused() {
    let found = judged(|request: Received| async move {
        if request.key("event_name").is_empty() { request.due() } else { refuse(400) }
    });
    let expected = [
        "lenient payload/message.received.as-callback: refused",
        "lenient payload/message.updated.as-callback: refused",
    ];
    assert_eq!(found.await, expected);
}

#[tokio::test]
async fn bodies_over_100_kb_are_refused() {
    let found = judged(|request: Received| async move {
        if request.body.len() > 100 * 1024 { refuse(413) } else { request.due() }
    });
    assert_eq!(found.await, ["fail body/512-kib: refused"]);
}

#[tokio::test]
async fn chunked_bodies_are_refused() {
    let found = judged(|request: Received| async move {
        let has_length = request.method != Method::POST || request.headers.contains_key(header::CONTENT_LENGTH);
        if has_length { request.due() } else { refuse(411) }
    });
    assert_eq!(found.await, ["lenient body/chunked: refused"]);
}

#[tokio::test]
async fn a_charset_is_refused() {
    let found = judged(|request: Received| async move {
        if request.header("content-type").contains(';') { refuse(415) } else { request.due() }
    });
    assert_eq!(found.await, ["lenient http/content-type-charset: refused"]);
}

#[tokio::test]
async fn the_token_is_taken_from_a_header_too() {
    let found = judged(|request: Received| async move {
        let by_header = request.header("authorization") == format!("Bearer {TOKEN}");
        if by_header { StatusCode::OK.into_response() } else { request.due() }
    });
    assert_eq!(found.await, ["fail token/header-only: let-in"]);
}

#[tokio::test]
async fn the_token_is_taken_from_the_query_too() {
    let found = judged(|request: Received| async move {
        let by_query = request.uri.query() == Some(&format!("token={TOKEN}"));
        if by_query { StatusCode::OK.into_response() } else { request.due() }
    });
    assert_eq!(found.await, ["fail token/query-only: let-in"]);
}

/// Who answers 2xx to everything lets nobody see what it lets in.
#[tokio::test]
async fn the_token_is_perhaps_not_checked_at_all() {
    let found = judged(|request: Received| async move {
        if request.method == Method::POST { StatusCode::OK.into_response() } else { request.due() }
    });
    let found = found.await;
    assert!(found.contains(&"inconclusive token/wrong: may-be-handled".to_owned()), "{found:?}");
    assert!(found.iter().all(|found| found.starts_with("inconclusive")), "{found:?}");
}

/// As with nginx's `return 444`: nobody is let in, and nobody is told why.
#[tokio::test]
async fn strangers_are_hung_up_on() {
    let found = judged(|request: Received| async move {
        assert!(request.key("event").is_empty() || request.is_authentic() || request.method != Method::POST);
        request.due()
    });
    let found = found.await;
    assert!(found.contains(&"lenient token/wrong: hung-up-instead".to_owned()), "{found:?}");
    assert!(found.iter().all(|found| found.starts_with("lenient")), "{found:?}");
}

#[tokio::test]
async fn tokens_are_compared_loosely() {
    for (token, id) in [
        ("", "missing"),
        ("null", "null"),
        ("0", "zero"),
        ("true", "true"),
        (r#""""#, "empty"),
        (&format!("\"{}\"", TOKEN.to_uppercase()), "uppercase"),
        (&format!("\"{}\"", &TOKEN[..31]), "prefix"),
        (&format!("\"{TOKEN}0\""), "suffix"),
        (&format!("[\"{TOKEN}\"]"), "array"),
    ] {
        let token = token.to_owned();
        let found = judged(move |request: Received| {
            // What has no token in the body has it elsewhere in two cases, which are other cases.
            let is_plain = request.header("authorization").is_empty() && request.uri.query().is_none();
            let is_event = !request.key("event").is_empty();
            let is_loose = is_plain && is_event && request.key("token") == token;
            async move { if is_loose { StatusCode::OK.into_response() } else { request.due() } }
        });
        assert_eq!(found.await, [format!("fail token/{id}: let-in")]);
    }
}

#[tokio::test]
async fn odd_tokens_break_it() {
    let found = judged(|request: Received| async move {
        let token = request.key("token");
        if request.key("event").is_empty() || token.is_empty() || token.starts_with('"') {
            request.due()
        } else {
            refuse(500)
        }
    });
    let expected =
        ["null", "number", "zero", "true", "array", "object"].map(|id| format!("lenient token/{id}: broke-instead"));
    assert_eq!(found.await, expected);
}

#[tokio::test]
async fn what_is_no_object_breaks_it() {
    let found = judged(|request: Received| async move {
        let is_object = request.method != Method::POST || request.body.starts_with(b"{");
        if is_object { request.due() } else { refuse(500) }
    });
    let expected =
        ["not-json", "empty-body", "array", "null"].map(|id| format!("lenient envelope/{id}: broke-instead"));
    assert_eq!(found.await, expected);
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_dropped() {
    let found = judged(|request: Received| async move {
        if request.body.starts_with(b"{") && !request.body.ends_with(b"}") {
            panic!("the end is missing")
        } else {
            request.due()
        }
    });
    assert_eq!(found.await, ["fail envelope/truncated-json: dropped"]);
}

#[tokio::test]
async fn whatever_is_long_is_read() {
    let found = judged(|request: Received| async move {
        if request.body.len() > 1024 * 1024 { StatusCode::OK.into_response() } else { request.due() }
    });
    assert_eq!(found.await, ["inconclusive body/over-long: may-be-handled"]);
}

#[tokio::test]
async fn a_get_is_answered_with_success() {
    let found = judged(|request: Received| async move {
        if request.method == Method::GET { StatusCode::OK.into_response() } else { request.due() }
    });
    assert_eq!(found.await, ["lenient http/get: method-accepted"]);
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_login_page() {
    let found = judged(|request: Received| async move {
        let due = request.due();
        if due.status() == StatusCode::UNAUTHORIZED { Redirect::to("/login").into_response() } else { due }
    });
    let found = found.await;
    assert!(found.contains(&"lenient token/wrong: redirected-instead".to_owned()), "{found:?}");
    assert!(found.iter().all(|found| found.starts_with("lenient token/")), "{found:?}");
}

#[tokio::test]
async fn strangers_are_told_to_come_less_often() {
    let found =
        judged(
            |request: Received| async move { if request.key("token") == "null" { refuse(429) } else { request.due() } },
        );
    assert_eq!(found.await, ["inconclusive token/null: too-often"]);
}

#[tokio::test]
async fn the_token_is_sent_back_in_a_body() {
    let found = judged(|request: Received| async move {
        if request.key("event") == r#""user.created""# { request.body.clone().into_response() } else { request.due() }
    });
    assert_eq!(found.await, ["fail acknowledgement/no-token-in-response: token-in-responses"]);
}

#[tokio::test]
async fn the_token_is_sent_back_in_a_header() {
    let found = judged(|request: Received| async move {
        if request.key("event") == r#""user.created""# {
            ([("x-debug", TOKEN)], "").into_response()
        } else {
            request.due()
        }
    });
    assert_eq!(found.await, ["fail acknowledgement/no-token-in-response: token-in-responses"]);
}

fn refuse(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap().into_response()
}
