//! Which status answers what, and how often a refusal is dared.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use aircall_tower::{Delivery, OutcomeKind, Policy, PresentedToken, RequestBody, Tenant, Token, Tokens, WebhookLayer};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tower::{BoxError, Layer};

use crate::support::{
    Calls, End, Pieces, Reports, TOKEN, body, call, full, handler, layer, post, request, status, with_header,
};

#[tokio::test]
async fn the_always_preset_acknowledges_every_post_and_still_calls_no_handler_for_strangers() {
    let layer = layer().with_policy(Policy::always());
    let calls = Calls::default();
    for text in [body("wrong", "{}"), "{".into(), "".into(), "[]".into(), "x".repeat(2 * 1024 * 1024)] {
        let answer = post(&layer, &calls, text.clone()).await;
        assert_eq!(answer.status, 200, "{text:.60}");
        assert!(!answer.kind.is_authentic() && answer.body.is_empty());
    }
    let coded = with_header(request(full(body(TOKEN, "{}"))), "content-encoding", "br");
    assert_eq!(call(layer.layer(calls.handler()), coded).await.status, 200);
    let broken = request(Pieces::new(["{"], End::Broken));
    assert_eq!(call(layer.layer(calls.handler()), broken).await.status, 200);
    let mut get = request(full(""));
    *get.method_mut() = Method::GET;
    assert_eq!(call(layer.layer(calls.handler()), get).await.status, 405);
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn single_outcomes_can_be_answered_otherwise() {
    let policy = Policy::authentic()
        .with_status(OutcomeKind::Unauthenticated, StatusCode::FORBIDDEN)
        .and_then(|policy| policy.with_status(OutcomeKind::Malformed, StatusCode::NO_CONTENT))
        .and_then(|policy| policy.with_status(OutcomeKind::Rejected, StatusCode::INTERNAL_SERVER_ERROR))
        .unwrap();
    let layer = layer().with_policy(policy);
    let calls = Calls::default();
    assert_eq!(post(&layer, &calls, body("wrong", "{}")).await.status, 403);
    assert_eq!(post(&layer, &calls, "{").await.status, 204);
    let rejects = handler::<Full<Bytes>, _, _, Infallible>(|| async { Ok(status(404)) });
    for expected in 1..=12 {
        let answer = call(layer.layer(rejects.clone()), request(full(body(TOKEN, "{}")))).await;
        assert_eq!((answer.status, answer.kind), (500, OutcomeKind::Rejected), "always means always");
        assert_eq!(layer.handle().failures_in_a_row(), expected);
    }
    assert_eq!((layer.handle().failures_left(10), layer.handle().failures_left(50)), (0, 38));
}

#[tokio::test]
async fn the_budget_of_failures_is_kept_over_all_outcomes_and_ends_with_a_success() {
    let reports = Reports::default();
    let layer = reports.of(layer()).with_policy(
        Policy::authentic()
            .with_failure_budget(3)
            .retry(OutcomeKind::Rejected, StatusCode::SERVICE_UNAVAILABLE)
            .and_then(|policy| policy.retry(OutcomeKind::Panicked, StatusCode::INTERNAL_SERVER_ERROR))
            .unwrap(),
    );
    let handle = layer.handle();
    let next = Arc::new(AtomicU16::new(0));
    let current = Arc::clone(&next);
    let moody = handler::<Full<Bytes>, _, _, Infallible>(move || {
        let code = current.load(Ordering::SeqCst);
        async move { if code == 0 { panic!("out of order") } else { Ok(status(code)) } }
    });
    let mut answers = Vec::new();
    for code in [404, 0, 500, 0, 404, 200, 404] {
        next.store(code, Ordering::SeqCst);
        let answer = call(layer.layer(moody.clone()), request(full(body(TOKEN, "{}")))).await;
        answers.push((answer.status, handle.failures_in_a_row(), handle.failures_left(10)));
        // Strangers neither use the budget up nor restore it.
        assert_eq!(post(&layer, &Calls::default(), body("wrong", "{}")).await.status, 401);
    }
    assert_eq!(answers, [(503, 1, 9), (500, 2, 8), (503, 3, 7), (200, 0, 10), (503, 1, 9), (200, 0, 10), (503, 1, 9)]);
    assert_eq!(handle.failures_in_total(), 5);
}

#[tokio::test]
async fn an_authentic_delivery_that_broke_off_is_asked_for_again_within_the_budget() {
    let reports = Reports::default();
    let layer = reports.of(layer());
    let calls = Calls::default();
    let half = body(TOKEN, "{}")[..115].to_owned();
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let broken = request(Pieces::new([half.clone()], End::Broken));
        let answer = call(layer.layer(calls.handler()), broken).await;
        assert_eq!(answer.kind, OutcomeKind::Interrupted);
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [408, 408, 408, 408, 200, 408]);
    assert_eq!(reports.rows()[0], (OutcomeKind::Interrupted, false, Some(half.len())));
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn a_hook_that_panics_does_not_take_the_answer_with_it() {
    let layer = layer().on_outcome(|_| panic!("in the hook"));
    assert_eq!(post(&layer, &Calls::default(), body(TOKEN, "{}")).await.status, 200);
    assert_eq!(post(&layer, &Calls::default(), body("wrong", "{}")).await.status, 401);
}

#[tokio::test]
async fn the_hook_gets_the_delivery_or_at_least_the_body_and_nothing_of_strangers() {
    let reports = Reports::default();
    let layer = reports.of(layer());
    let calls = Calls::default();
    let (honest, half, stranger) = (body(TOKEN, "{}"), body(TOKEN, "{"), body("wrong", "{}"));
    for text in [&honest, &half, &stranger] {
        post(&layer, &calls, text.clone()).await;
    }
    assert_eq!(
        reports.rows(),
        [
            (OutcomeKind::Handled, false, Some(honest.len())),
            (OutcomeKind::Unreadable, false, Some(half.len())),
            (OutcomeKind::Unauthenticated, false, None),
        ]
    );
}

/// Aircall counts for each webhook, so what happens to one must not hide what happens to another.
#[tokio::test]
async fn each_webhook_has_a_budget_of_its_own() {
    let tokens = Tokens::new([Token::new("a").unwrap(), Token::new("b").unwrap()]).unwrap();
    let policy = Policy::authentic().retry(OutcomeKind::Rejected, StatusCode::SERVICE_UNAVAILABLE).unwrap();
    let layer = WebhookLayer::new(tokens).with_policy(policy);
    let only_b = tower::service_fn(|request: Request<RequestBody<Full<Bytes>>>| async move {
        let is_b = request.extensions().get::<Delivery>().unwrap().raw_data() == "\"b\"";
        Ok::<_, Infallible>(status(if is_b { 200 } else { 500 }))
    });
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(call(layer.layer(only_b), request(full(body("a", "\"a\"")))).await.status);
        assert_eq!(call(layer.layer(only_b), request(full(body("b", "\"b\"")))).await.status, 200);
    }
    assert_eq!(answers, [503, 503, 503, 503, 200, 503]);
    assert_eq!(layer.handle().failures_in_a_row(), 1);
}

#[tokio::test]
async fn strangers_can_neither_end_nor_hide_a_row_of_failed_lookups() {
    let works = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&works);
    let layer = WebhookLayer::with_resolver(move |token: PresentedToken| {
        let works = switch.load(Ordering::SeqCst);
        async move {
            match (works, token.expose()) {
                (false, _) => Err(BoxError::from("the database is down")),
                (true, TOKEN) => Ok(Some(Tenant::new("acme")?)),
                (true, _) => Ok(None),
            }
        }
    });
    let calls = Calls::default();
    let mut answers = Vec::new();
    for round in 0..15 {
        answers.push(post(&layer, &calls, body(TOKEN, "{}")).await.status);
        post(&layer, &calls, body(&format!("guess {round}"), "{}")).await;
    }
    let refused = answers.iter().filter(|status| **status == 503).count();
    assert!(refused <= 4, "Aircall saw {answers:?}");
    assert_eq!(answers[14], 200);

    works.store(true, Ordering::SeqCst);
    assert_eq!(post(&layer, &calls, body("guess", "{}")).await.status, 401);
    assert!(layer.handle().failures_in_a_row() > 0, "a wrong guess shows nothing");
    assert_eq!(post(&layer, &calls, body(TOKEN, "{}")).await.status, 200);
    assert_eq!((calls.count(), layer.handle().failures_in_a_row()), (1, 0));
}
