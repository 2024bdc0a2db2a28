//! Each station of the road alone, beside what a user would write in its place.

use std::hint::black_box;
use std::time::Duration;

use aircall_tower::{Token, Tokens, stations};
use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::{Instant, timeout_at};

#[path = "../shared/mod.rs"]
mod shared;

use shared::inputs;
use shared::receivers::{self, Answer, RawEnvelope, TypedCall, deliver, request};

/// Reading the body: a deadline and a bound, against a bound alone.
fn limit(criterion: &mut Criterion) {
    let runtime = runtime();
    for (name, body) in inputs::bodies() {
        let mut group = criterion.benchmark_group(format!("limit/{name}"));
        group.bench_function("layer", |bencher| {
            bencher.to_async(&runtime).iter(|| stations::limit(Full::new(body.clone())));
        });
        group.bench_function("Limited and collect", |bencher| {
            bencher.to_async(&runtime).iter(|| Limited::new(Full::new(body.clone()), 1024 * 1024).collect());
        });
    }
}

/// Reading the envelope, its token found on the way.
fn envelope(criterion: &mut Criterion) {
    for (name, body) in inputs::bodies() {
        let mut group = criterion.benchmark_group(format!("envelope/{name}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("layer", |bencher| bencher.iter(|| stations::envelope(&body)));
        group.bench_function("Value", |bencher| bencher.iter(|| serde_json::from_slice::<Value>(&body).is_ok()));
        group.bench_function("RawValue", |bencher| {
            bencher.iter(|| black_box(serde_json::from_slice::<RawEnvelope<'_>>(&body)).is_ok());
        });
        if name == "call" {
            group.bench_function("typed", |bencher| {
                bencher.iter(|| black_box(serde_json::from_slice::<TypedCall>(&body)).is_ok());
            });
        }
    }
}

/// Finding one token among so many.
fn token(criterion: &mut Criterion) {
    let runtime = runtime();
    let quoted = format!("\"{}\"", aircall_fixtures::TOKEN);
    let mut group = criterion.benchmark_group("token");
    for tokens in [1, 16, 17, 10_000] {
        let names = (1..tokens).map(|number| format!("{number:032x}")).chain([aircall_fixtures::TOKEN.to_owned()]);
        let set = Tokens::new(names.map(|name| Token::new(name).expect("a token"))).expect("a set");
        let check = stations::Check::new(set);
        group.bench_function(BenchmarkId::new("layer", tokens), |bencher| {
            bencher.to_async(&runtime).iter(|| check.token(black_box(quoted.as_bytes())));
        });
    }
    group.bench_function("not in constant time", |bencher| {
        bencher.iter(|| black_box(quoted.as_bytes())[1..33] == *aircall_fixtures::TOKEN.as_bytes());
    });
}

/// Awaiting a handler that is ready at once.
fn handler(criterion: &mut Criterion) {
    let runtime = runtime();
    let deadline = Instant::now() + Duration::from_secs(3600);
    let mut group = criterion.benchmark_group("handler");
    group.bench_function("bare", |bencher| bencher.to_async(&runtime).iter(|| async { black_box(1) }));
    group.bench_function("layer", |bencher| {
        bencher.to_async(&runtime).iter(|| stations::guard(async { black_box(1) }, deadline));
    });
    group.bench_function("timeout_at", |bencher| {
        bencher.to_async(&runtime).iter(|| timeout_at(deadline, async { black_box(1) }));
    });
}

/// What is left when there is nothing to read: a request that is refused by its method, and answered and reported.
fn acknowledgement(criterion: &mut Criterion) {
    use tower::{Layer, ServiceExt};

    let runtime = runtime();
    let layered = receivers::layer()
        .layer(tower::service_fn(async |_| Ok::<Answer, std::convert::Infallible>(Answer::default())));
    criterion.bench_function("acknowledgement/layer", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || {
                let mut refused = request(Full::new(Bytes::new()), 0);
                *refused.method_mut() = http::Method::GET;
                layered.clone().oneshot(refused)
            },
            |answered| answered,
            BatchSize::SmallInput,
        );
    });
}

/// The whole road without a router.
fn road(criterion: &mut Criterion) {
    let runtime = runtime();
    for (name, body) in inputs::bodies() {
        let mut group = criterion.benchmark_group(format!("bare road/{name}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        macro_rules! receivers {
            ($($receiver:ident),*) => {$({
                let receiver = receivers::$receiver();
                group.bench_function(stringify!($receiver), |bencher| {
                    bencher.to_async(&runtime).iter_batched(
                        || request(Full::new(body.clone()), body.len()),
                        |request| deliver(receiver.clone(), request),
                        BatchSize::SmallInput,
                    );
                });
            })*};
        }
        receivers!(drained, layered, json_value, raw_envelope);
        if name == "call" {
            receivers!(json_typed);
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

criterion_group!(benches, limit, envelope, token, handler, acknowledgement, road);
criterion_main!(benches);
