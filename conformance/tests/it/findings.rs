//! Receivers that are wrong as people make them wrong, each with exactly what has to be found: often more than one case.

use axum::{
    http::{Method, StatusCode},
    response::{IntoResponse, Redirect},
};

use crate::{
    good,
    receivers::{Received, TOKEN, check, deviations, judged, refuse, serve_app},
};

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_correct_receiver_is_conformant() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let report = check(&receiver.url).run().await.unwrap();
    assert_eq!(deviations(&report), NOTHING);
    assert!(report.is_conformant());
    assert!(report.latency.unwrap().count > aircall_fixtures::events().len());
}

#[tokio::test]
async fn a_signature_header_that_nobody_sends_is_required() {
    let found = judged(|request: Received| async move {
        if request.header("x-aircall-signature").is_empty() { refuse(401) } else { StatusCode::OK.into_response() }
    });
    assert_eq!(found.await, ["fail acknowledgement/plain-event: refused", "fail token/header-only: accepted-instead"]);
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
async fn bodies_over_100_kb_are_refused() {
    let found = judged(|request: Received| async move {
        if request.body.len() > 100 * 1024 { refuse(413) } else { request.due() }
    });
    assert_eq!(found.await, ["fail body/512-kib: refused", "lenient body/size-ladder: limited"]);
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

/// As with `String(token).trim().toLowerCase() == ...`, where an array of one is its element.
#[tokio::test]
async fn tokens_are_compared_loosely() {
    let found = judged(|request: Received| async move {
        let token: serde_json::Value = serde_json::from_str(&request.key("token")).unwrap_or_default();
        let text = match &token {
            serde_json::Value::Array(one) => one.first().and_then(|token| token.as_str()),
            other => other.as_str(),
        };
        let is_loose = request.method == Method::POST && text.is_some_and(|text| text.trim().to_lowercase() == TOKEN);
        if is_loose { StatusCode::OK.into_response() } else { request.due() }
    });
    let expected = [
        "fail token/array: let-in",
        "fail token/uppercase: let-in",
        "lenient token/leading-space: let-in",
        "lenient token/trailing-space: let-in",
        "lenient token/trailing-newline: let-in",
    ];
    assert_eq!(found.await, expected);
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
    let expected = ["null", "number", "zero", "true", "array", "object", "false", "empty-object"]
        .map(|id| format!("lenient token/{id}: broke-instead"));
    assert_eq!(found.await, expected);
}

#[tokio::test]
async fn what_is_no_object_breaks_it() {
    let found = judged(|request: Received| async move {
        let parsed = serde_json::from_slice::<serde_json::Value>(&request.body);
        if parsed.is_ok_and(|value| !value.is_object()) { refuse(500) } else { request.due() }
    });
    let expected = ["array", "string", "null"].map(|id| format!("lenient envelope/{id}: broke-instead"));
    assert_eq!(found.await, expected);
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
