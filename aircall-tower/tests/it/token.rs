//! Who is let in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aircall_fixtures::{Demand, hostile};
use aircall_tower::{Limits, OutcomeKind, Policy, PresentedToken, ResolveToken, Tenant, Token, Tokens, WebhookLayer};
use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::time::Instant;
use tower::{BoxError, Layer, ServiceExt};

use crate::support::{
    Answer, Calls, End, Pieces, Reports, TOKEN, Unprintable, body, call, full, layer, post, request, with_header,
};

/// Bodies whose token is not the configured one, though each resembles it somehow.
fn lookalikes() -> Vec<String> {
    let with = |value: &str| body("x", "{}").replace(r#""token":"x""#, &format!(r#""token":{value}"#));
    let mut bodies: Vec<String> =
        ["true", "false", "0", "1", "-1.5e9", "null", "{}", "[]", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\""]
            .into_iter()
            .map(with)
            .collect();
    for text in [
        TOKEN.to_uppercase(),
        TOKEN[..31].to_owned(),
        TOKEN[1..].to_owned(),
        format!("{TOKEN}0"),
        format!("{TOKEN} "),
        format!(" {TOKEN}"),
        format!("{TOKEN}\\n"),
        format!("{TOKEN}\\u0000"),
        format!("{TOKEN}{TOKEN}"),
        TOKEN.replace('5', "\u{ff15}"),
        "0".repeat(32),
        "x".repeat(100_000),
    ] {
        bodies.push(with(&format!("\"{text}\"")));
    }
    bodies.push(with(&format!("[\"{TOKEN}\"]")));
    bodies.push(with(&format!("{{\"token\":\"{TOKEN}\"}}")));
    bodies.push(with("null").replace("{}", &format!(r#"{{"token":"{TOKEN}"}}"#)));
    // Only in another place, or under another name.
    bodies.push(body("x", "{}").replace(r#""token":"x","#, ""));
    bodies.push(body("x", "{}").replace(r#""token":"x""#, &format!(r#""Token":"{TOKEN}""#)));
    // First a wrong one, then the right one.
    bodies.push(body("x", "{}").replace(r#""token":"x""#, &format!(r#""token":"x","token":"{TOKEN}""#)));
    bodies
}

#[tokio::test]
async fn what_resembles_a_token_is_not_one() {
    for text in lookalikes() {
        let calls = Calls::default();
        let answer = post(&layer(), &calls, text.clone()).await;
        assert_eq!((answer.status, answer.kind), (401, OutcomeKind::Unauthenticated), "{text:.200}");
        assert!(answer.body.is_empty() && answer.headers.contains_key("www-authenticate"));
        assert_eq!(calls.count(), 0, "{text:.200}");
    }
}

#[tokio::test]
async fn the_right_token_is_let_in_however_it_is_written() {
    let escaped: String = TOKEN.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    for text in [body(TOKEN, "{}"), body(&escaped, "{}"), body(TOKEN, "{}").replace("\"token\"", "\"\\u0074oken\"")] {
        let calls = Calls::default();
        assert_eq!(post(&layer(), &calls, text.clone()).await.kind, OutcomeKind::Handled, "{text}");
        assert_eq!(calls.count(), 1);
    }
}

#[tokio::test]
async fn no_hostile_fixture_reaches_the_handler_unless_it_is_authentic() {
    let mut refused = 0;
    for hostile in hostile() {
        let calls = Calls::default();
        let answer = post(&layer(), &calls, hostile.body).await;
        match hostile.demand {
            Demand::Refuse => {
                assert_eq!(calls.count(), 0, "{}: {answer:?}", hostile.name);
                refused += 1;
            }
            Demand::Accept => assert_eq!((answer.status, calls.count()), (200, 1), "{}: {answer:?}", hostile.name),
            _ => assert!(answer.status < 500, "{}: {answer:?}", hostile.name),
        }
    }
    assert!(refused > 10, "{refused}");
}

#[tokio::test]
async fn a_token_in_a_header_or_the_query_is_no_token() {
    let calls = Calls::default();
    for name in ["authorization", "x-aircall-token", "token"] {
        let request = with_header(request(full(body("wrong", "{}"))), name, TOKEN);
        assert_eq!(call(layer().layer(calls.handler()), request).await.status, 401, "{name}");
    }
    let request = Request::post(format!("/aircall/webhook?token={TOKEN}")).body(full(body("wrong", "{}"))).unwrap();
    assert_eq!(call(layer().layer(calls.handler()), request).await.status, 401);
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn a_wrong_token_is_not_paid_for_with_the_rest_of_the_body() {
    for beginning in [r#"{"token":"wrong""#, r#"{"token":1"#, r#"{"resource":"call","token":["#] {
        let calls = Calls::default();
        let pieces = Pieces::new([beginning, ",\"data\":", "1", "}"], End::Never);
        let taken = pieces.taken();
        let answer = call(layer().layer(calls.handler()), request(pieces)).await;
        assert_eq!((answer.status, answer.kind), (401, OutcomeKind::Unauthenticated));
        assert_eq!(taken.load(Ordering::SeqCst), 1, "{beginning}");
    }
}

#[tokio::test]
async fn each_token_has_its_tenant_and_can_be_exchanged_while_running() {
    let pair = |token: &str, tenant: &str| (Token::new(token).unwrap(), Tenant::new(tenant.to_owned()).unwrap());
    let tokens = Tokens::new([pair("one", "first"), pair("two", "second")]).unwrap();
    let layer = WebhookLayer::new(tokens.clone());
    for (token, tenant) in [("one", "first"), ("two", "second")] {
        let calls = Calls::default();
        assert_eq!(post(&layer, &calls, body(token, "{}")).await.kind, OutcomeKind::Handled);
        assert_eq!(calls.only().0.tenant().map(Tenant::as_str), Some(tenant));
    }

    tokens.replace([pair("two", "second"), pair("three", "first")]).unwrap();
    let calls = Calls::default();
    assert_eq!(post(&layer, &calls, body("one", "{}")).await.status, 401);
    assert_eq!(post(&layer, &calls, body("three", "{}")).await.status, 200);
    assert_eq!(calls.only().0.tenant().map(Tenant::as_str), Some("first"));
}

async fn resolved<R: ResolveToken>(resolver: R, calls: &Calls, reports: &Reports) -> Answer {
    post(&reports.of(WebhookLayer::with_resolver(resolver)), calls, body(TOKEN, "{}")).await
}

#[tokio::test(start_paused = true)]
async fn a_resolver_says_whose_token_it_is_or_that_it_cannot_say() {
    let (calls, reports) = (Calls::default(), Reports::default());
    let answer = resolved(
        |token: PresentedToken| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(token.expose(), TOKEN);
            Ok::<_, BoxError>(Some(Tenant::new("acme")?))
        },
        &calls,
        &reports,
    )
    .await;
    assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Handled));
    assert_eq!(calls.only().0.tenant().map(Tenant::as_str), Some("acme"));

    let calls = Calls::default();
    let nobody = |_: PresentedToken| async { Ok::<_, BoxError>(None) };
    assert_eq!(resolved(nobody, &calls, &reports).await.kind, OutcomeKind::Unauthenticated);

    let fails = |token: PresentedToken| async move {
        Err::<Option<Tenant>, BoxError>(format!("no row for {}", token.expose()).into())
    };
    let answer = resolved(fails, &calls, &reports).await;
    assert_eq!((answer.status, answer.kind), (503, OutcomeKind::ResolverFailed));
    assert_eq!(answer.reason.as_deref(), Some("no row for ***"));

    let panics = |token: PresentedToken| async move {
        if !token.expose().is_empty() {
            panic!("what is {}", token.expose());
        }
        Ok::<_, BoxError>(None)
    };
    let answer = resolved(panics, &calls, &reports).await;
    assert_eq!((answer.status, answer.reason.as_deref()), (503, Some("the resolver panicked: what is ***")));

    let panics_at_once = |token: PresentedToken| {
        assert!(token.expose().is_empty(), "before there is a future");
        async { Ok::<_, BoxError>(None) }
    };
    let answer = resolved(panics_at_once, &calls, &reports).await;
    let reason = Some("the resolver panicked: before there is a future");
    assert_eq!((answer.status, answer.reason.as_deref()), (503, reason));

    let answer = resolved(|_: PresentedToken| async { Err(Unprintable) }, &calls, &reports).await;
    assert_eq!((answer.status, answer.kind), (503, OutcomeKind::ResolverFailed));

    let started = Instant::now();
    let hangs = |_: PresentedToken| std::future::pending::<Result<Option<Tenant>, BoxError>>();
    let answer = resolved(hangs, &calls, &reports).await;
    assert_eq!((answer.status, answer.reason.as_deref()), (503, Some("no answer in time")));
    assert_eq!(started.elapsed(), Duration::from_secs(3), "as long as a body may take to arrive");
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn what_could_not_be_resolved_is_refused_within_the_budget_and_then_kept() {
    let (calls, reports) = (Calls::default(), Reports::default());
    let fails = |_: PresentedToken| async { Err::<Option<Tenant>, BoxError>("the database is down".into()) };
    let layer = reports.of(WebhookLayer::with_resolver(fails).with_policy(Policy::authentic().with_failure_budget(2)));
    let whole = body(TOKEN, &format!("\"{}\"", "x".repeat(10_000)));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        // In pieces, so that the token is looked up long before the rest is there.
        let pieces = Pieces::new(whole.as_bytes().chunks(1_000).map(Bytes::copy_from_slice), End::Whole);
        statuses.push(call(layer.layer(calls.handler()), request(pieces)).await.status);
    }
    assert_eq!(statuses, [503, 503, 200, 200], "refusing goes on only once lookups work again");
    for (kind, late, kept) in reports.rows() {
        assert_eq!(
            (kind, late, kept),
            (OutcomeKind::ResolverFailed, false, Some(whole.len())),
            "the hook gets all of it"
        );
    }
    assert_eq!(calls.count(), 0);
}

/// The time of a lookup is not the sender's: a body whose rest comes after it is as good as one that came in one piece.
#[tokio::test(start_paused = true)]
async fn a_slow_lookup_does_not_cost_the_rest_of_the_body() {
    let layer = WebhookLayer::with_resolver(|_: PresentedToken| async {
        tokio::time::sleep(Duration::from_millis(2_400)).await;
        Ok::<_, BoxError>(Some(Tenant::new("acme")?))
    });
    let whole = body(TOKEN, &format!("\"{}\"", "x".repeat(500)));
    for piece in [1, 50, 200, 10_000] {
        let calls = Calls::default();
        let pieces = Pieces::new(whole.as_bytes().chunks(piece).map(Bytes::copy_from_slice), End::Whole)
            .every(Duration::from_micros(200));
        let answer = call(layer.layer(calls.handler()), request(pieces)).await;
        assert_eq!((answer.status, answer.kind, calls.count()), (200, OutcomeKind::Handled, 1), "pieces of {piece}");
    }

    // One that hangs leaves the body in the hook's hands, whatever had arrived by then.
    let reports = Reports::default();
    let hangs =
        WebhookLayer::with_resolver(|_: PresentedToken| std::future::pending::<Result<Option<Tenant>, BoxError>>());
    let hangs = reports.of(hangs);
    for (pieces, end) in [(vec![whole.clone()], End::Whole), (vec![whole[..200].to_owned()], End::Never)] {
        let answer = call(hangs.layer(Calls::default().handler()), request(Pieces::new(pieces, end))).await;
        assert_eq!((answer.status, answer.kind), (503, OutcomeKind::ResolverFailed));
    }
    let kept: Vec<_> = reports.rows().into_iter().map(|(_, _, kept)| kept).collect();
    assert_eq!(kept, [Some(whole.len()), Some(200)]);
    assert_eq!(hangs.handle().failures_in_a_row(), 2);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_wait_for_a_lookup_are_on_the_account_and_their_tokens_are_no_longer_than_any_configured() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let layer = WebhookLayer::with_resolver(move |_: PresentedToken| {
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<Result<Option<Tenant>, BoxError>>()
    })
    .with_limits(Limits::default().with_unauthenticated_bytes(1_000_000));
    let calls = Calls::default();
    let stranger = || request(full(body("guess", &format!("\"{}\"", "x".repeat(400_000)))));
    let waiting: Vec<_> = (0..2).map(|_| tokio::spawn(layer.layer(calls.handler()).oneshot(stranger()))).collect();
    while asked.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(layer.handle().unauthenticated_bytes() > 700_000);
    assert_eq!(call(layer.layer(calls.handler()), stranger()).await.kind, OutcomeKind::Overloaded);
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().unwrap().status(), 503);
    }
    assert_eq!(post(&layer, &calls, body(&"x".repeat(257), "{}")).await.kind, OutcomeKind::Unauthenticated);
    assert_eq!((asked.load(Ordering::SeqCst), layer.handle().unauthenticated_bytes()), (2, 0));
}

#[tokio::test]
async fn a_resolver_is_asked_once_and_never_about_nothing() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let layer = WebhookLayer::with_resolver(move |_: PresentedToken| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(Some(Tenant::new("any")?)) }
    });
    let calls = Calls::default();
    assert_eq!(post(&layer, &calls, body("", "{}")).await.kind, OutcomeKind::Unauthenticated);
    assert_eq!(post(&layer, &calls, body(r"\ud800", "{}")).await.kind, OutcomeKind::Unauthenticated);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let twice = body("a", "{}").replace(r#","data""#, r#","token":"b","data""#);
    assert_eq!(post(&layer, &calls, twice).await.kind, OutcomeKind::Unreadable);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_url_secret_is_checked_before_the_body_is_read() {
    let layer = layer().with_url_secret("key", Token::new("s3cret").unwrap()).unwrap();
    for (query, expected) in [
        ("?key=s3cret", StatusCode::OK),
        ("?a=b&key=s3cret", StatusCode::OK),
        ("?key=wrong", StatusCode::UNAUTHORIZED),
        ("?KEY=s3cret", StatusCode::UNAUTHORIZED),
        ("", StatusCode::UNAUTHORIZED),
    ] {
        let calls = Calls::default();
        let pieces = Pieces::new([body(TOKEN, "{}")], End::Whole);
        let taken = pieces.taken();
        let request = Request::post(format!("/aircall/webhook{query}")).body(pieces).unwrap();
        let answer = call(layer.layer(calls.handler()), request).await;
        assert_eq!(answer.status, expected.as_u16(), "{query}");
        assert_eq!(taken.load(Ordering::SeqCst) > 0, expected.is_success(), "{query}");
        assert_eq!(calls.count() > 0, expected.is_success(), "{query}");
    }
}
