//! What operators see, and what nobody may see.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::{Debug, Write as _};
use std::io;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use aircall_tower::{
    Accepted, ConfigError, DedupKey, Delivery, Dialect, Limits, MissingDelivery, MissingTenant, Outcome, Payload,
    Policy, PresentedToken, Report, RequestBody, ResponseBody, ResponseFuture, Tenant, Timestamp, Token, Tokens,
    Webhook, WebhookHandle, WebhookLayer,
};
use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{BoxError, Layer, Service};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::{Calls, TOKEN, body, call, full, handler, layer, post, request, status};

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes to the thread's own log. `tracing` keeps some of what subscribers want for the whole process, so that tests
/// with one each would disturb each other; and each test here runs on one thread.
struct ToThread;

impl io::Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that this thread logs from now on.
fn logging() -> impl Fn() -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| ToThread)
            .init();
    });
    LOGGED.take();
    || LOGGED.with_borrow(|log| String::from_utf8(log.clone()).unwrap())
}

const SECRET: &str = "url-s3cret-value";

/// Plays every kind of outcome, with a handler and a resolver that quote the token wherever they can.
async fn play_everything(mut look: impl FnMut(&dyn Debug)) {
    let secret = || Token::new(SECRET).unwrap();
    let calls = Calls::default();
    let rejects = handler::<Full<Bytes>, _, _, Infallible>(|| async { Ok(status(500)) });
    let fails = handler::<Full<Bytes>, _, _, BoxError>(|| async { Err(format!("{TOKEN} at /?key={SECRET}").into()) });
    let panics = handler::<Full<Bytes>, _, _, Infallible>(|| async { panic!("{TOKEN}") });
    let slow = handler::<Full<Bytes>, _, _, Infallible>(|| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        panic!("{TOKEN}")
    });
    let valid = || body(TOKEN, &format!(r#"{{"quoted":"{TOKEN}"}}"#));
    let layer = layer().on_outcome(|_| {}).with_name("support");
    let guarded = layer.clone().with_url_secret("key", secret()).unwrap();
    let guarded_url = || Request::post(format!("/?key={SECRET}")).body(full(valid())).unwrap();
    look(&call(layer.layer(rejects), request(full(valid()))).await);
    look(&call(guarded.layer(fails), guarded_url()).await);
    look(&call(layer.layer(panics), request(full(valid()))).await);
    look(&call(layer.layer(slow), request(full(valid()))).await);
    look(&layer.handle());
    layer.handle().drained().await;
    for text in [
        valid(),
        body(&TOKEN[..31], "{}"),
        format!(r#"{{"token":"{TOKEN}""#),
        format!(r#"{{"token":"{TOKEN}"}}"#),
        format!(r#"{{"token":"{TOKEN}","event":{{"{TOKEN}":1}},"timestamp":"{TOKEN}"}}"#),
        format!(r#"{{"token":"{TOKEN}","resource":1,"event":"a","timestamp":1,"data":1}}"#),
        format!(r#"{{"token":"{TOKEN}","resource":"r","event":"e","timestamp":"{TOKEN}","data":1}}"#),
        format!(r#"{{"token":"{TOKEN}","token":"{TOKEN}","resource":"r","event":"e","timestamp":1,"data":1}}"#),
        format!(r#"{{"data":"{TOKEN}","tokens":"{TOKEN}"}}"#),
        TOKEN.to_owned(),
        body(TOKEN, &"x".repeat(2_000_000)),
    ] {
        look(&post(&layer, &calls, text).await);
    }
    let resolver = |token: PresentedToken| async move {
        Err::<Option<Tenant>, _>(BoxError::from(format!("{token:?} {}", token.expose())))
    };
    look(&post(&WebhookLayer::with_resolver(resolver).with_name("support"), &calls, valid()).await);
    look(&guarded);
    look(&layer.clone().at(format!("/hook?key={SECRET}")).unwrap_err().to_string());
    look(&layer.clone().at(format!("https://receiver.example/hook?key={SECRET}")).unwrap_err().to_string());
    for query in [format!("key={SECRET}"), format!("key={SECRET}x"), SECRET.to_owned()] {
        let request = Request::post(format!("/?{query}")).body(full(valid())).unwrap();
        look(&call(guarded.layer(calls.handler()), request).await);
    }
    let (delivery, ..) = calls.0.lock().unwrap()[0].clone();
    look(&delivery);
}

#[tokio::test(start_paused = true)]
async fn no_span_no_event_and_no_answer_shows_a_secret() {
    let logged = logging();
    let mut seen = String::new();
    play_everything(|thing| write!(seen, "{thing:?} {thing:#?}").unwrap()).await;
    let logged = logged();
    for word in ["handled", "rejected", "failed", "panicked", "deferred", "unreadable", "oversized", "malformed"] {
        assert!(logged.contains(word), "the log should show {word}: {logged}");
    }
    for (what, text) in [("the log", &logged), ("what was printed", &seen)] {
        assert!(!text.contains(TOKEN), "the token is in {what}");
        assert!(!text.contains(SECRET), "the URL's secret is in {what}");
    }
}

#[test]
fn metrics_count_what_happened_under_labels_that_are_bounded_and_show_no_secret() {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(play_everything(|_| {}));
        runtime.block_on(async {
            let text = body(TOKEN, "{}").replace("call.created", "no.such.event");
            post(&layer().with_name("support"), &Calls::default(), text).await;
        });
    });
    let mut table = BTreeSet::new();
    let mut gauges = BTreeSet::new();
    for (key, _, _, value) in recorder.snapshotter().snapshot().into_vec() {
        let labels: Vec<String> =
            key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let value = match value {
            DebugValue::Counter(count) => count.to_string(),
            DebugValue::Gauge(value) => {
                gauges.insert(key.key().name().to_owned());
                format!("{value}")
            }
            DebugValue::Histogram(values) => format!("{} values", values.len()),
        };
        table.insert(format!("{} {} {value}", key.key().name(), labels.join(",")));
    }
    let text = table.iter().cloned().collect::<Vec<_>>().join("\n");
    assert!(!text.contains(TOKEN) && !text.contains(SECRET), "{text}");
    assert!(!text.contains("no.such.event"), "a sender could make up any number of labels: {text}");
    for row in [
        "aircall_outcomes_total webhook=support,outcome=handled,event=call.created 2",
        "aircall_outcomes_total webhook=support,outcome=handled,event=unknown 1",
        "aircall_outcomes_total webhook=support,outcome=deferred,event=call.created 1",
        "aircall_outcomes_total webhook=support,outcome=panicked,event=call.created 2",
        "aircall_outcomes_total webhook=support,outcome=oversized,event=none 1",
        "aircall_outcomes_total webhook=support,outcome=resolver_failed,event=none 1",
        "aircall_outcomes_total webhook=support,outcome=wrong_url_secret,event=none 2",
        "aircall_answer_seconds webhook=support,outcome=handled 3 values",
        "aircall_answer_seconds webhook=support,outcome=deferred 1 values",
        "aircall_answer_seconds webhook=support,outcome=panicked 1 values",
        "aircall_handler_seconds webhook=support,event=call.created 6 values",
        "aircall_body_bytes webhook=support,event=unknown 1 values",
        "aircall_in_flight webhook=support 0",
        "aircall_failures_in_a_row webhook=support 0",
        "aircall_failures_left webhook=support 10",
    ] {
        assert!(table.contains(row), "{row} is not in\n{text}");
    }
    assert_eq!(
        gauges.into_iter().collect::<Vec<_>>(),
        ["aircall_failures_in_a_row", "aircall_failures_left", "aircall_in_flight"]
    );
}

#[tokio::test]
async fn one_span_holds_what_is_known_of_a_delivery_and_reasons_come_at_sensible_levels() {
    let logged = logging();
    let inside = tower::service_fn(|_: Request<RequestBody<Full<Bytes>>>| async {
        tracing::info!("from the handler");
        Ok::<_, Infallible>(status(200))
    });
    let acme = Tokens::new([(Token::new(TOKEN).unwrap(), Tenant::new("acme").unwrap())]).unwrap();
    call(WebhookLayer::new(acme).layer(inside), request(full(body(TOKEN, "{}")))).await;
    post(&layer(), &Calls::default(), body("wrong", "{}")).await;
    post(&layer(), &Calls::default(), "{").await;
    post(&layer(), &Calls::default(), body(TOKEN, "{")).await;
    let logged = logged();
    let line = |text: &str| {
        logged.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {logged}")).to_owned()
    };
    let of_the_handler = line("from the handler");
    for field in
        [r#"webhook="aircall""#, r#"event="call.created""#, r#"resource="call""#, "timestamp=1790000000", "bytes=118"]
    {
        assert!(of_the_handler.contains(field), "{field}: {of_the_handler}");
    }
    assert!(line("the handler accepted the event").trim_start().contains(" DEBUG "), "{logged}");
    assert!(line(": the body carries no valid token").contains(" WARN "), "{logged}");
    assert!(line(": the body is no envelope").contains(" DEBUG "), "{logged}");
    assert!(line(": the body of an authentic delivery is no envelope").contains(" ERROR "), "{logged}");
    let spans: Vec<&str> = logged.lines().filter(|line| line.contains("aircall_tower: close")).collect();
    assert_eq!(spans.len(), 4, "{logged}");
    for field in [r#"outcome="handled""#, "status=200", "tenant=acme"] {
        assert!(spans[0].contains(field), "{field}: {}", spans[0]);
    }
    assert!(spans[1].contains("status=401"), "{}", spans[1]);
}

/// A gauge must show what is held while it is held, not only when it has been given back.
#[test]
fn the_gauge_of_unauthenticated_bytes_moves_with_them() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let held = || {
        let rows = snapshotter.snapshot().into_vec();
        rows.into_iter().find(|(key, ..)| key.key().name() == "aircall_unauthenticated_bytes").map(|(.., value)| value)
    };
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let pieces = crate::support::Pieces::new(["x".repeat(100_000)], crate::support::End::Never);
            let waiting = call(layer().layer(Calls::default().handler()), request(pieces));
            let _ = tokio::time::timeout(Duration::from_secs(1), async {
                tokio::join!(waiting, async {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    assert_eq!(held(), Some(DebugValue::Gauge((25.0 * 4096.0).into())));
                })
            })
            .await;
        });
    });
    // A snapshot begins a new count, so what has been given back since is what was held before.
    assert_eq!(held(), Some(DebugValue::Gauge((-25.0 * 4096.0).into())));
}

/// The names of the types that were printed.
#[derive(Default)]
struct Printed {
    names: BTreeSet<String>,
    text: String,
}

impl Printed {
    fn print<T: Debug>(&mut self, thing: &T) {
        let name = std::any::type_name::<T>();
        let name = name.split('<').next().unwrap().rsplit("::").next().unwrap();
        self.names.insert(name.to_owned());
        writeln!(self.text, "{thing:?}\n{thing:#?}").unwrap();
    }

    fn say(&mut self, thing: &impl ToString) {
        self.text.push_str(&thing.to_string());
    }
}

/// Whoever adds a public type adds it here, or this test fails.
#[tokio::test]
async fn every_public_type_prints_without_a_secret() {
    let mut printed = Printed::default();
    let token = || Token::new(TOKEN).unwrap();
    let tenant = Tenant::new("acme").unwrap();
    let tokens = Tokens::new([(token(), tenant.clone())]).unwrap();
    printed.print(&token());
    printed.print(&tokens);
    printed.print(&Accepted::from((token(), tenant.clone())));
    printed.print(&tenant);
    printed.say(&tenant);

    let seen = Arc::new(Mutex::new(Printed::default()));
    let in_resolver = Arc::clone(&seen);
    let resolving = WebhookLayer::with_resolver(move |token: PresentedToken| {
        in_resolver.lock().unwrap().print(&token);
        async { Ok::<_, Infallible>(None) }
    });
    post(&resolving, &Calls::default(), body(TOKEN, "{}")).await;
    printed.print(&resolving);

    let in_hook = Arc::clone(&seen);
    let layer = WebhookLayer::new(tokens).with_url_secret("key", Token::new(SECRET).unwrap()).unwrap();
    let layer = layer.on_outcome(move |report: &Report<'_>| in_hook.lock().unwrap().print(report));
    let calls = Calls::default();
    let mut webhook: Webhook<_> = layer.layer(calls.handler());
    let uri = format!("/?key={SECRET}");
    let future: ResponseFuture<_, _, _> = webhook.call(Request::post(&uri).body(full(body(TOKEN, "{}"))).unwrap());
    printed.print(&future);
    let response = future.await.unwrap();
    let outcome: &Outcome = response.extensions().get().unwrap();
    printed.print(outcome);
    printed.say(outcome);
    printed.print(&outcome.kind());
    printed.say(&outcome.kind());
    let body_of_answer: &ResponseBody<_> = response.body();
    printed.print(body_of_answer);
    printed.print(&layer);
    printed.print(&webhook);
    let handle: WebhookHandle = layer.handle();
    printed.print(&handle);

    let (delivery, ..) = calls.only();
    printed.print(&delivery);
    printed.print(delivery.event());
    printed.say(delivery.event());
    let (timestamp, dialect, key): (Timestamp, Dialect, DedupKey) =
        (delivery.timestamp(), delivery.dialect(), delivery.dedup_key());
    printed.print(&timestamp);
    printed.say(&timestamp);
    let payload: Payload = delivery.payload();
    printed.print(&payload);
    printed.print(&dialect);
    printed.print(&key);
    printed.say(&key);
    printed.print(&Limits::default());
    printed.print(&Policy::default());

    let inner = tower::service_fn(|request: Request<RequestBody<Full<Bytes>>>| async move {
        let mut printed = Printed::default();
        printed.print(request.body());
        Ok::<_, Infallible>(http::Response::new(full(printed.text)))
    });
    let uri = format!("/?key={SECRET}");
    let answer = call(layer.layer(inner), Request::post(&uri).body(full(body(TOKEN, "{}"))).unwrap()).await;
    printed.text.push_str(std::str::from_utf8(&answer.body).unwrap());
    printed.names.insert("RequestBody".into());

    let error: ConfigError = Tokens::new([token(), token()]).unwrap_err();
    printed.print(&error);
    printed.say(&error);
    let parts = &mut Request::new(()).into_parts().0;
    let missing: MissingDelivery =
        <Delivery as FromRequestParts<()>>::from_request_parts(parts, &()).await.unwrap_err();
    printed.print(&missing);
    printed.say(&missing);
    let missing: MissingTenant = <Tenant as FromRequestParts<()>>::from_request_parts(parts, &()).await.unwrap_err();
    printed.print(&missing);
    printed.say(&missing);

    let seen = seen.lock().unwrap();
    printed.text.push_str(&seen.text);
    printed.names.extend(seen.names.iter().cloned());
    assert!(!printed.text.contains(TOKEN) && !printed.text.contains(SECRET), "{}", printed.text);

    let public: BTreeSet<String> = include_str!("../../src/lib.rs")
        .split("pub use ")
        .skip(1)
        .flat_map(|exported| exported.split(';').next().unwrap().rsplit("::").next().unwrap().split([',', '{', '}']))
        .map(|name| name.trim().to_owned())
        // Not a type that holds anything: a constant and a trait.
        .filter(|name| !name.is_empty() && !["MAX_NESTING", "ResolveToken"].contains(&name.as_str()))
        .collect();
    let unprinted: Vec<_> = public.difference(&printed.names).collect();
    assert!(unprinted.is_empty(), "public types that this test does not print: {unprinted:?}");
}
