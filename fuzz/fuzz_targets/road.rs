//! The whole layer in process: any request, in any pieces, to any handler.

#![no_main]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use aircall_fixtures::TOKEN;
use aircall_fuzz::bound::bounded;
use aircall_fuzz::envelope::{BOM, Judgement, judge};
use aircall_fuzz::forecast::{DEADLINE, READ_TIMEOUT, forecast, status};
use aircall_fuzz::frames::{Frames, Sent};
use aircall_fuzz::inner::{Call, DONE, Inner};
use aircall_fuzz::script::{self, Handler, Setup, URL_SECRET, Verifier};
use aircall_fuzz::seeds;
use aircall_tower::{
    Accepted, Limits, Outcome, OutcomeKind, Policy, PresentedToken, Tenant, Token, Tokens, WebhookHandle, WebhookLayer,
};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body::Body;
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;
use tokio::time::Instant;
use tower::{BoxError, Layer, ServiceExt};

/// What the hook was told: which way it ended, whether that came after the answer, and the body.
type Row = (OutcomeKind, bool, Option<Bytes>);

/// What came of a request.
#[derive(Debug)]
struct Seen {
    answer: Option<Answer>,
    calls: Vec<Call>,
    rows: Vec<Row>,
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    body: Bytes,
    outcome: Option<Outcome>,
}

/// When all that ends at all has ended.
const LATER: Duration = Duration::from_secs(10);

fuzz_target!(init: seeds::write(seeds::road), |input: &[u8]| {
    let (body, setup, steps) = script::read(input);
    let arrive = || Frames::new(body, &steps, setup.end, setup.hint, READ_TIMEOUT);
    let (unread, sent) = arrive();
    let hint = unread.size_hint();
    let lengths = setup.lengths(body.len());
    let length = input.len() + sent.bytes.len();
    let seen = bounded(length, || send(&setup, &lengths, arrive().0));
    if setup.passing {
        check_passing(&sent, &seen);
        return;
    }
    check_calls(&setup, &sent, &seen);
    if let Some(answer) = &seen.answer {
        let forecast = forecast(&setup, &sent, &lengths, hint.lower());
        let outcome = answer.outcome.as_ref().expect("every answer has its outcome");
        let kind = outcome.kind();
        assert!(forecast.allows(kind), "{kind}, expected {forecast:?}");
        check_answer(&setup, answer);
        check_rows(&setup, &sent, kind, &seen);

        // However it was cut, it comes to the same.
        if !forecast.or_overloaded && sent.end == setup.end && sent.took.is_zero() {
            let at_once = send(&setup, &lengths, Frames::whole(&sent, hint));
            assert_eq!(at_once.answer, seen.answer, "another answer in one piece");
            let bodies = |seen: &Seen| seen.calls.iter().map(|call| call.body.clone()).collect::<Vec<_>>();
            assert_eq!(bodies(&at_once), bodies(&seen));
        }
    } else {
        check_hung_up(&setup, &seen);
    }
});

/// Sends one request through a layer of its own, in a time that passes as fast as nothing happens.
fn send(setup: &Setup, lengths: &[String], frames: Frames) -> Seen {
    let rows: Arc<Mutex<Vec<Row>>> = Arc::default();
    let told = Arc::clone(&rows);
    let layer = layer(setup).on_outcome(move |report| {
        let row = (report.outcome().kind(), report.is_late(), report.body().cloned());
        told.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    });
    let handle = layer.handle();
    let inner = Inner::new(setup.handler);
    let service = layer.layer(inner.clone());
    let request = request(setup, lengths, frames);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime can be built");
    let answer = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut future = Box::pin(service.oneshot(request));
            if let Some(polls) = setup.hang_up {
                for _ in 0..polls {
                    let mut cx = Context::from_waker(Waker::noop());
                    if future.as_mut().poll(&mut cx).is_ready() {
                        break;
                    }
                    tokio::time::sleep(script::PAUSE).await;
                }
                drop(future);
                tokio::time::sleep(LATER).await;
                return None;
            }
            let begun = Instant::now();
            let response = match tokio::time::timeout(LATER, future).await {
                Ok(Ok(response)) => response,
                // What passes through may fail as the inner service does, and take as long.
                _ if setup.passing => return None,
                Ok(Err(error)) => panic!("no answer but {error}"),
                Err(_) => panic!("no answer"),
            };
            assert!(setup.passing || begun.elapsed() <= DEADLINE, "answered after {:?}", begun.elapsed());
            let (parts, body) = response.into_parts();
            let body = tokio::time::timeout(LATER, body.collect()).await;
            tokio::time::sleep(LATER).await;
            Some(Answer {
                status: parts.status.as_u16(),
                body: body.map_or_else(
                    |_| Bytes::from("no end"),
                    |body| body.map_or_else(|_| "an error".into(), http_body_util::Collected::to_bytes),
                ),
                outcome: parts.extensions.get::<Outcome>().cloned(),
            })
        })
    }));
    // What passes through may panic as the inner service does.
    let answer = answer.unwrap_or_else(|panic| if setup.passing { None } else { resume_unwind(panic) });
    check_accounts(&handle);
    drop(runtime);
    assert_eq!((handle.in_flight(), handle.unauthenticated_bytes()), (0, 0), "nothing is under way without a runtime");
    let calls = inner.calls().clone();
    let rows = rows.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Seen { answer, calls, rows }
}

fn layer(setup: &Setup) -> WebhookLayer {
    let token = || Token::new(TOKEN).expect("a token");
    let tenant = || Tenant::new("acme").expect("a tenant");
    let layer = match setup.verifier {
        Verifier::One => WebhookLayer::new(token()),
        Verifier::Many => {
            let others = (0..20).map(|number| Accepted::from(Token::new(format!("token {number}")).expect("a token")));
            let tokens = Tokens::new(others.chain([Accepted::from((token(), tenant()))]));
            WebhookLayer::new(tokens.expect("no token stands there twice"))
        }
        Verifier::Asked(time) => WebhookLayer::with_resolver(move |asked: PresentedToken| async move {
            tokio::time::sleep(time).await;
            Ok::<_, BoxError>((asked.expose() == TOKEN).then(tenant))
        }),
        Verifier::Failing => WebhookLayer::with_resolver(|_: PresentedToken| async {
            Err::<Option<Tenant>, BoxError>("out of order".into())
        }),
        Verifier::Silent => {
            WebhookLayer::with_resolver(|_: PresentedToken| std::future::pending::<Result<Option<Tenant>, BoxError>>())
        }
    };
    let limits = Limits::default()
        .with_body_bytes(setup.body_bytes)
        .with_unauthenticated_bytes(setup.unauthenticated_bytes)
        .with_read_timeout(READ_TIMEOUT);
    let mut layer = layer.with_limits(limits);
    if setup.always {
        layer = layer.with_policy(Policy::always());
    }
    if setup.query.is_some() {
        let (name, secret) = URL_SECRET;
        layer = layer.with_url_secret(name, Token::new(secret).expect("a secret")).expect("a name");
    }
    if setup.passing {
        layer = layer.at("/aircall/webhook").expect("a path");
    }
    layer
}

fn request(setup: &Setup, lengths: &[String], frames: Frames) -> Request<Frames> {
    let query = setup.query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut request = Request::builder().method(setup.method).uri(format!("/elsewhere{query}"));
    for coding in setup.codings {
        request = request.header(header::CONTENT_ENCODING, HeaderValue::from_bytes(coding).expect("a value"));
    }
    for length in lengths {
        request = request.header(header::CONTENT_LENGTH, HeaderValue::from_bytes(length.as_bytes()).expect("a value"));
    }
    request.body(frames).expect("a request")
}

fn check_accounts(handle: &WebhookHandle) {
    assert_eq!(handle.unauthenticated_bytes(), 0, "what strangers held is given back");
}

/// What has another path reaches the inner service as it came.
fn check_passing(sent: &Sent, seen: &Seen) {
    assert!(seen.rows.is_empty());
    for call in &seen.calls {
        assert!(call.delivery.is_none());
        // The inner service has all the time it wants.
        let body = call.body.as_ref();
        assert!(body.is_none_or(|body| body.starts_with(&sent.bytes)), "{body:?}, expected {:?}", sent.bytes);
    }
    assert!(seen.answer.as_ref().is_none_or(|answer| answer.outcome.is_none()));
}

/// The handler is called at most once, only for an envelope with the valid token, and sees just what was sent.
fn check_calls(setup: &Setup, sent: &Sent, seen: &Seen) {
    assert!(seen.calls.len() <= 1);
    let Some(call) = seen.calls.first() else { return };
    let body = without_mark(&sent.bytes);
    assert_eq!(call.body.as_ref(), Some(&body), "another body than was sent");
    let Judgement::Envelope(expected) = judge(&body) else { panic!("handled without an envelope") };
    let token: Result<String, _> = serde_json::from_slice(&body[expected.token]);
    assert_eq!(token.ok().as_deref(), Some(TOKEN), "handled without the valid token");
    let delivery = call.delivery.as_ref().expect("no handler is called without a delivery");
    assert_eq!(*delivery.body(), body);
    assert_eq!(delivery.event().as_str(), expected.event);
    assert_eq!(delivery.resource(), expected.resource.as_deref());
    assert_eq!((delivery.dialect(), delivery.timestamp()), (expected.dialect, expected.timestamp));
    assert_eq!(delivery.raw_data().as_bytes(), &body[expected.data]);
    assert_eq!(delivery.tenant().is_some(), !matches!(setup.verifier, Verifier::One));
    assert!(call.lengths.is_empty() || call.lengths == [body.len().to_string()], "{:?}", call.lengths);
    // It shows the names that stand in the body, and who knows the token may have put it there.
    let mut named = [Some(delivery.event().as_str()), delivery.resource()].into_iter().flatten();
    if !named.any(|name| name.contains(TOKEN)) {
        assert!(!format!("{delivery:?}").contains(TOKEN));
    }
    let compact = delivery.clone().compact();
    assert_eq!((compact.raw_data(), compact.dedup_key()), (delivery.raw_data(), delivery.dedup_key()));
}

/// The status is that of the outcome, and the sender learns nothing else.
fn check_answer(setup: &Setup, answer: &Answer) {
    let outcome = answer.outcome.as_ref().expect("every answer has its outcome");
    assert_eq!(outcome.status().map(|status| status.as_u16()), Some(answer.status));
    match status(outcome.kind(), setup.always) {
        Some(status) => assert_eq!((answer.status, &answer.body[..]), (status, &b""[..]), "{outcome:?}"),
        None => {
            assert!((200..300).contains(&answer.status));
            assert_eq!(answer.body, DONE);
        }
    }
    assert!(!format!("{outcome:?} {outcome}").contains(TOKEN));
}

/// The hook is told once before the answer, and once more of what ran on; what was acknowledged can be kept.
fn check_rows(setup: &Setup, sent: &Sent, kind: OutcomeKind, seen: &Seen) {
    let [(first, late, body), others @ ..] = &seen.rows[..] else { panic!("the hook was not told of {kind}") };
    assert_eq!((*first, *late), (kind, false));
    check_late_rows(setup, kind, others);
    let whole = without_mark(&sent.bytes);
    if kind.is_authentic() {
        let kept = without_mark(body.as_ref().expect("an authentic body goes to the hook"));
        match kind {
            OutcomeKind::Oversized | OutcomeKind::Interrupted => {
                assert!(whole.starts_with(&kept), "{kept:?}, expected of {whole:?}");
            }
            _ => assert_eq!(kept, whole),
        }
    }
    if seen.calls.is_empty() {
        use OutcomeKind::*;
        assert!(!matches!(kind, Handled | Rejected), "{kind} without a call");
    }
}

/// A sender that hangs up is told nothing; the hook is, of that and of what ran on.
fn check_hung_up(setup: &Setup, seen: &Seen) {
    let [(kind, late, _), others @ ..] = &seen.rows[..] else { panic!("the hook was told of nothing") };
    assert!(!late);
    assert!(!matches!(kind, OutcomeKind::Lost), "lost without having run on");
    check_late_rows(setup, *kind, others);
}

/// What runs on ends as the handler does, or is lost with the runtime.
fn check_late_rows(setup: &Setup, kind: OutcomeKind, rows: &[Row]) {
    let runs_on = matches!(kind, OutcomeKind::Deferred | OutcomeKind::HungUp);
    assert_eq!(rows.len(), usize::from(runs_on), "{kind}, then {rows:?}");
    for (end, late, body) in rows {
        let expected = match setup.handler {
            Handler::Never | Handler::NeverReady => OutcomeKind::Lost,
            _ => OutcomeKind::Handled,
        };
        assert!(*late && body.is_some());
        assert_eq!(*end, expected, "after {kind}");
    }
}

fn without_mark(body: &Bytes) -> Bytes {
    body.slice(if body.starts_with(BOM) { BOM.len() } else { 0 }..)
}
