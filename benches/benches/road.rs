//! The whole road of a request, in process: what the layer adds to a receiver, beside what a user would write instead.
//!
//! Every group has one input and four receivers, so the figures to compare stand side by side and come from one run.

use std::hint::black_box;

use aircall_tower::{Delivery, Token, WebhookLayer};
use axum::body::Body;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// Reads the body and looks at nothing: the floor.
fn drained() -> Router {
    Router::new().route("/", post(|body: Bytes| async move { black_box(body.len()).to_string() }))
}

fn layered() -> Router {
    let layer = WebhookLayer::new(Token::new(aircall_fixtures::TOKEN).expect("the fixtures' token is one"));
    let handler = |delivery: Delivery| async move { black_box(delivery.raw_data().len()).to_string() };
    Router::new().route("/", post(handler).layer(layer))
}

/// What most receivers do, and not yet with a check in constant time.
fn json_value() -> Router {
    let handler = |Json(body): Json<Value>| async move {
        match body["token"].as_str() {
            Some(aircall_fixtures::TOKEN) => Ok(black_box(&body["data"]).is_object().to_string()),
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    };
    Router::new().route("/", post(handler))
}

fn inputs() -> Vec<(&'static str, Bytes)> {
    let fixture = |name| {
        let event = aircall_fixtures::find(name).expect("a fixture of this name");
        Bytes::from_static(event.body.as_bytes())
    };
    vec![
        ("user event", fixture("user.created")),
        ("call with voicemail", fixture("call.ended.with-voicemail")),
        ("user with 100 numbers", fixture("user.opened.with-100-numbers")),
        ("1 MiB", aircall_fixtures::generate::padded(aircall_fixtures::TOKEN, 1024 * 1024).into()),
    ]
}

fn road(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for (input, body) in inputs() {
        let mut group = criterion.benchmark_group(format!("road/{input}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        for (receiver, app) in [("drained", drained()), ("layered", layered()), ("Json<Value>", json_value())] {
            let request = || {
                Request::post("/")
                    .header("content-type", "application/json")
                    .header("content-length", body.len())
                    .body(Body::from(body.clone()))
                    .expect("a request")
            };
            let status = runtime.block_on(app.clone().oneshot(request())).expect("axum cannot fail").status();
            assert_eq!(status, StatusCode::OK, "{receiver} refuses {input}, so its time would mean nothing");
            group.bench_function(BenchmarkId::from_parameter(receiver), |bencher| {
                bencher.to_async(&runtime).iter_batched(
                    || app.clone().oneshot(request()),
                    |response| response,
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, road);
criterion_main!(benches);
