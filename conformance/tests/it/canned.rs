//! Receivers that answer everything alike.

use aircall_conformance::{Conclusion, case::Expectation, verdict::Verdict};
use axum::{http::StatusCode, response::IntoResponse};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::receivers::{Received, check, deviations, serve};

async fn canned(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

#[tokio::test]
async fn what_depends_on_a_refused_event_is_not_told_again() {
    for (status, reason) in
        [(500, "refused"), (404, "refused"), (401, "refused"), (400, "refused"), (302, "redirected")]
    {
        let server = canned(ResponseTemplate::new(status).insert_header("location", "/elsewhere")).await;
        let report = check(&server.uri()).run().await.unwrap();
        assert_eq!(deviations(&report), [format!("fail acknowledgement/plain-event: {reason}")], "{status}");
        assert_eq!(report.conclusion(), Conclusion::PlainEventRefused);
        let sent = report.results.iter().filter(|result| result.observation().is_some());
        assert!(
            sent.skip(1).all(|result| result.case.section() == "token"),
            "only what shows where the token is looked for"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = canned(ResponseTemplate::new(307).insert_header("location", "/aircall/webhook/")).await;
    let report = check(&server.uri()).run().await.unwrap();
    let received = server.received_requests().await.unwrap();
    assert_eq!(received.len(), report.requests);
    assert!(received.iter().all(|request| request.url.path() == "/"));
    let first = report.results[0].observation().unwrap();
    assert_eq!(first.outcome.to_string(), "307 Temporary Redirect to /aircall/webhook/");
}

#[tokio::test]
async fn success_for_everything_leaves_open_who_is_let_in() {
    // Not wiremock, which takes only methods and headers that it knows.
    let server = serve(|_: Received| async { StatusCode::OK.into_response() }).await;
    let report = check(&server.url).run().await.unwrap();
    assert_eq!(report.count(Verdict::Fail), 0);
    let open: Vec<_> = report.with(Verdict::Inconclusive).map(|result| &*result.case.id).collect();
    let refusals = report.results.iter().filter(|result| result.case.expectation == Expectation::Refuse);
    assert_eq!(open.iter().filter(|id| id.starts_with("token/")).count(), refusals.count());
    assert!(open.contains(&"body/over-long"));
    assert!(matches!(report.conclusion(), Conclusion::NothingFailed(_)));
    assert!(!report.is_conformant());
}
