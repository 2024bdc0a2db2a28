//! What the reports look like. What varies is hidden at its width.

use aircall_conformance::{Detail, Report};
use axum::{
    http::{Method, StatusCode},
    response::IntoResponse,
};

use crate::receivers::{Received, TOKEN, check, serve};

/// A receiver with something of everything.
async fn report() -> Report {
    let receiver = serve(|request: Received| async move {
        match &*request.key("token") {
            _ if request.method == Method::GET => return "alive".into_response(),
            "null" => return (StatusCode::INTERNAL_SERVER_ERROR, "<h1>Error</h1>\nTypeError: null").into_response(),
            "true" => return StatusCode::OK.into_response(),
            _ => {}
        }
        match &*request.key("event") {
            r#""team.created""# | r#""team.destroyed""# => (StatusCode::BAD_REQUEST, "unknown event").into_response(),
            r#""user.created""# if request.is_authentic() => request.body.clone().into_response(),
            _ => request.due(),
        }
    });
    let receiver = receiver.await;
    check(&receiver.url).with_timeout(std::time::Duration::from_secs(5)).run().await.unwrap()
}

#[tokio::test]
async fn for_a_person() {
    let report = report().await;
    insta::with_settings!({ filters => filters() }, {
        insta::assert_snapshot!("human", report.human());
    });
    let styled = report.styled(Detail::Findings);
    assert!(styled.contains("\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m"), "{styled:?}");
    assert!(report.human().lines().all(|line| line.chars().count() <= 80), "{}", report.human());
}

#[tokio::test]
async fn for_a_person_with_every_case() {
    let report = report().await;
    let text = anstream::adapter::strip_str(&report.styled(Detail::Everything)).to_string();
    for result in &report.results {
        assert!(text.contains(&*result.case.id), "{}", result.case.id);
    }
}

#[tokio::test]
async fn for_a_program() {
    let report = report().await;
    let mut json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["cases"].as_array().unwrap().len(), report.results.len());
    assert!(!report.json().contains(TOKEN));
    // The fields of all, the values of a few.
    let kept = ["acknowledgement/plain-event", "payload/team.created", "token/null", "token/true", "http/https"];
    json["cases"].as_array_mut().unwrap().retain(|case| kept.contains(&case["id"].as_str().unwrap()));
    insta::with_settings!({ filters => filters() }, {
        insta::assert_snapshot!("json", serde_json::to_string_pretty(&json).unwrap());
    });
}

pub(crate) fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r#"("timestamp":)\d{10}"#, "$1[time]"),
        (r"under 1 ms|\d+ ms|\d\.\d s\b", "[time]"),
        (r"(?s)half of them in .* are\s+allowed", "half of them in [times] are allowed"),
        (r#""(elapsed_ms|p50|p95|p99|max)": [\d.]+"#, r#""$1": "[time]""#),
        (r#""curl": "curl (?:[^"\\]|\\.)*""#, r#""curl": "[curl]""#),
        (r#""at_s": [\d.]+"#, r#""at_s": "[time]""#),
        (r#""slowest": "[^"]+""#, r#""slowest": "[case]""#),
        (r#"(?s)\[\s*"date",\s*"[^"]+"\s*\]"#, r#"["date", "[date]"]"#),
        (r#""version": "[\d.]+""#, r#""version": "[version]""#),
    ]
}

/// Receivers quote the URL in their error pages, and users put secrets there.
#[tokio::test]
async fn secrets_in_the_url_stay_out_of_every_report() {
    let receiver = serve(|request: Received| async move {
        let quoted = request.uri.to_string();
        (StatusCode::NOT_FOUND, [("x-path", quoted.clone())], format!("Cannot POST {quoted}")).into_response()
    });
    let receiver = receiver.await;
    let report = check(&format!("{}?key=hunter2%2Fsecret&v=1", receiver.url)).run().await.unwrap();
    for text in [report.human(), report.styled(Detail::Everything), report.json(), format!("{report:?}")] {
        assert!(text.contains("404"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(report.human().contains("[secret]"), "{}", report.human());
}
