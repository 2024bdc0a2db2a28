//! Times the layer against what it is compared with, side by side in one run, and prints the ratios.
//!
//! ```sh
//! cargo run --release -p aircall-benches --example ratios
//! ```
//!
//! The two sides of a ratio take turns in short rounds, and of each the quickest round counts. So a neighbour who makes
//! the machine busy for a while disturbs neither the one nor the other, and the ratio is far steadier than the times.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aircall_tower::{Delivery, RequestBody, Token, Tokens, stations};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tower::{BoxError, Layer, Service, service_fn};

#[path = "../shared/mod.rs"]
mod shared;
#[path = "../shared/load/wire.rs"]
mod wire;

use shared::{inputs, receivers};

fn main() {
    let fixtures: Vec<Bytes> = inputs::events().map(|body| Bytes::from_static(body.as_bytes())).collect();
    let [ours, value] = quickest(
        [&mut || fixtures.iter().for_each(|body| drop(black_box(stations::envelope(body)))), &mut || {
            fixtures.iter().for_each(|body| drop(black_box(serde_json::from_slice::<Value>(body))));
        }],
        300,
    );
    println!("envelope of every event fixture: {ours:?}, as `Value` {value:?}: {:.2} times", ratio(value, ours));
    envelopes();
    worst();
    tokens();
    guard();
    through_hyper();
}

/// Bodies of each size, since each has its own mixture of strings, numbers and brackets.
fn envelopes() {
    for (name, body) in inputs::bodies() {
        let [ours, value] = quickest(
            [&mut || drop(black_box(stations::envelope(&body))), &mut || {
                drop(black_box(serde_json::from_slice::<Value>(&body)));
            }],
            200,
        );
        println!("envelope of {name}: {ours:?}, as `Value` {value:?}: {:.2} times", ratio(value, ours));
    }
}

/// The dearest body of a mebibyte for us, against the dearest for `Value`, whichever each is.
fn worst() {
    let mut dearest = [("", Duration::ZERO); 2];
    for (name, body) in inputs::worst() {
        let times = quickest(
            [&mut || drop(black_box(stations::envelope(&body))), &mut || {
                drop(black_box(serde_json::from_slice::<Value>(&body)));
            }],
            7,
        );
        println!("worst/{name}: {:?}, as `Value` {:?}", times[0], times[1]);
        for (dearest, time) in dearest.iter_mut().zip(times) {
            if time > dearest.1 {
                *dearest = (name, time);
            }
        }
    }
    let [ours, value] = dearest;
    println!("worst of all: {ours:?}, as `Value` {value:?}: {:.2} times", ratio(value.1, ours.1));
}

fn tokens() {
    const TIMES: u32 = 1000;
    let check = |tokens: u32| {
        let names = (1..tokens).map(|number| format!("{number:032x}")).chain([aircall_fixtures::TOKEN.to_owned()]);
        let set = Tokens::new(names.map(|name| Token::new(name).expect("a token"))).expect("a set");
        stations::Check::new(set)
    };
    let quoted = format!("\"{}\"", aircall_fixtures::TOKEN);
    let [one, sixteen, many] = [1, 16, 10_000].map(check);
    let time = |check: &stations::Check| {
        for _ in 0..TIMES {
            assert!(ready(check.token(black_box(quoted.as_bytes()))));
        }
    };
    let times = quickest([&mut || time(&one), &mut || time(&sixteen), &mut || time(&many)], 100);
    let [one, sixteen, many] = times.map(|time| time.as_nanos() as f64 / f64::from(TIMES));
    println!("token among 1: {one:.0} ns, among 16: {sixteen:.0} ns, among 10 000: {many:.0} ns");
}

fn guard() {
    const TIMES: u32 = 10_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3600);
    let [guarded, bare] = quickest(
        [
            &mut || {
                (0..TIMES).for_each(|_| assert!(ready(stations::guard(async { black_box(1) }, deadline)).is_some()));
            },
            &mut || (0..TIMES).for_each(|_| assert!(black_box(Some(ready(async { black_box(1) }))).is_some())),
        ],
        100,
    );
    let added = guarded.saturating_sub(bare).as_nanos() as f64 / f64::from(TIMES);
    println!("guard around a handler that is ready at once: {added:.1} ns");
}

/// Deliveries over one connection of hyper, a pipe in this process: everything that a request costs but the kernel's part.
fn through_hyper() {
    const TIMES: u32 = 100;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for (name, body) in inputs::bodies() {
        let request = wire::delivery(&body, "");
        let (mut layered, mut drained) = runtime.block_on(async {
            let accept = async |request: Request<RequestBody<Incoming>>| {
                black_box(request.extensions().get::<Delivery>().expect("authentic"));
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            };
            (piped(receivers::layer().layer(service_fn(accept))), piped(receivers::drained()))
        });
        let deliver = |client: &mut DuplexStream| {
            runtime.block_on(async {
                let mut answers = wire::Answers::new();
                for _ in 0..TIMES {
                    client.write_all(&request).await.expect("hyper listens");
                    let status = answers.next(client).await.expect("an answer");
                    assert!((200..300).contains(&status), "a refusal would be measured: {status}");
                }
            });
        };
        let times = quickest([&mut || deliver(&mut layered), &mut || deliver(&mut drained)], 50);
        let [layered, drained] = times.map(|time| time / TIMES);
        println!("through hyper, {name}: {layered:?}, drained {drained:?}: {:.2} times", ratio(layered, drained));
    }
}

/// Starts hyper on one end of a pipe and returns the other.
fn piped<S, B>(receiver: S) -> DuplexStream
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let (client, server) = tokio::io::duplex(64 * 1024);
    let service = TowerToHyperService::new(receiver);
    tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service));
    client
}

/// Lets each take its turn so often, and returns the quickest turn of each.
fn quickest<const N: usize>(mut sides: [&mut dyn FnMut(); N], rounds: usize) -> [Duration; N] {
    let mut quickest = [Duration::MAX; N];
    for _ in 0..rounds {
        for (side, quickest) in sides.iter_mut().zip(&mut quickest) {
            let begun = Instant::now();
            side();
            *quickest = begun.elapsed().min(*quickest);
        }
    }
    quickest
}

fn ratio(theirs: Duration, ours: Duration) -> f64 {
    theirs.as_secs_f64() / ours.as_secs_f64()
}

/// Polls what never has to wait.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => unreachable!("nothing here waits"),
    }
}
