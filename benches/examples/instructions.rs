//! Counts instructions with callgrind, which does not care how busy the machine is.
//!
//! ```sh
//! cargo run --release -p aircall-benches --example instructions [-- FILTER]
//! cargo run --release -p aircall-benches --example instructions -- --check
//! ```
//!
//! `--check` compares what the layer executes with `instructions.txt` and fails where that has risen by more than 5 %;
//! `--record` writes that file anew.
//!
//! It starts itself under valgrind once for each measure. What is prepared is not counted, only what [`counted`] does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircall_tower::{Delivery, RequestBody, Token, Tokens, stations};
use bytes::Bytes;
use http_body_util::Full;
use tokio::time::Instant;
use tower::Layer;

#[path = "../shared/mod.rs"]
mod shared;

use shared::inputs;
use shared::receivers::{self, IntoStatus, deliver, request};
use shared::record::{Counts, Record, is_ours};

/// How often each measure is repeated. The first times also pay for what is made once, and are not counted.
const TIMES: u64 = 4;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--measure"), Some(name)) => {
            let Some(measure) = measures().remove(&*name) else { return ExitCode::FAILURE };
            measure();
            ExitCode::SUCCESS
        }
        (Some("--check"), None) => ended(check()),
        (Some("--record"), None) => ended(record()),
        (filter, _) => ended(report(filter.unwrap_or_default())),
    }
}

fn ended(result: Result<(), String>) -> ExitCode {
    let Err(problem) = result else { return ExitCode::SUCCESS };
    eprintln!("{problem}");
    ExitCode::FAILURE
}

/// Counts every measure whose name contains `filter`.
fn report(filter: &str) -> Result<(), String> {
    counts(|name| name.contains(filter)).map(drop)
}

fn record() -> Result<(), String> {
    Record { compiler: compiler(), counts: counts(is_ours)? }.write()
}

/// Holds what the layer executes against the record.
fn check() -> Result<(), String> {
    if !cfg!(target_arch = "x86_64") {
        println!("not checked: the counts are recorded on x86-64, and this is another machine");
        return Ok(());
    }
    let recorded = Record::read()?;
    let counted = counts(is_ours)?;
    let complaints = recorded.complaints(&counted);
    if complaints.is_empty() {
        println!("nothing has risen by more than 5 %");
        for name in recorded.gains(&counted) {
            println!("{name} has fallen by more than 5 %: record it with `--record`, so that it stays there");
        }
        return Ok(());
    }
    let mut text = complaints.join("\n");
    if recorded.compiler != compiler() {
        text += &format!("\nrecorded with {}, counted with {}", recorded.compiler, compiler());
    }
    Err(text + "\na rise must be explained: record it with `--record`, and say in the commit what it is good for")
}

/// Prints and returns the counts of these measures.
fn counts(wanted: impl Fn(&str) -> bool) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for name in measures().into_keys().filter(|name| wanted(name)) {
        let count = count(&name).ok_or_else(|| format!("{name}: valgrind gave no count; is it installed?"))? / TIMES;
        println!("{count:>12}  {name}");
        counts.insert(name, count);
    }
    Ok(counts)
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().ok();
    output.map_or_else(
        || "an unknown compiler".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn count(name: &str) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"])
        .arg(std::env::current_exe().ok()?)
        .args(["--measure", name])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find_map(|line| line.split_once("Collected : ")).and_then(|(_, count)| count.trim().parse().ok())
}

type Measure = Box<dyn FnOnce()>;

fn measures() -> BTreeMap<String, Measure> {
    let mut all = BTreeMap::<String, Measure>::new();
    let mut add = |name: String, measure: Measure| assert!(all.insert(name, measure).is_none());
    for (input, body) in inputs::bodies() {
        add(format!("road/{input}/drained"), road(body.clone(), receivers::drained));
        add(format!("road/{input}/layered"), road(body.clone(), receivers::layered));
        add(format!("road/{input}/Value"), road(body.clone(), receivers::json_value));
        add(format!("road/{input}/RawValue"), road(body.clone(), receivers::raw_envelope));
    }
    for (input, body) in inputs::bodies().into_iter().chain(inputs::worst()) {
        // What is no delivery has no payload.
        if let Some(delivery) = delivered(&body) {
            add(format!("payload/{input}/layer"), Box::new(move || repeat(|| drop(black_box(delivery.payload())))));
        }
    }
    add(
        "envelope/fixtures/layer".to_owned(),
        Box::new(|| {
            let bodies: Vec<Bytes> = inputs::events().map(|body| Bytes::from_static(body.as_bytes())).collect();
            repeat(|| bodies.iter().for_each(|body| drop(black_box(stations::envelope(body)))));
        }),
    );
    add(
        "envelope/fixtures/Value".to_owned(),
        Box::new(|| {
            repeat(|| {
                inputs::events().for_each(|body| drop(black_box(serde_json::from_str::<serde_json::Value>(body))));
            });
        }),
    );
    for (input, body) in inputs::worst() {
        let bytes = body.clone();
        add(format!("worst/{input}/layer"), Box::new(move || repeat(|| drop(black_box(stations::envelope(&bytes))))));
        add(
            format!("worst/{input}/Value"),
            Box::new(move || {
                repeat(|| drop(black_box(serde_json::from_slice::<serde_json::Value>(&body))));
            }),
        );
    }
    for tokens in [1, 16, 10_000] {
        add(
            format!("token/{tokens}"),
            Box::new(move || {
                let names =
                    (1..tokens).map(|number| format!("{number:032x}")).chain([aircall_fixtures::TOKEN.to_owned()]);
                let set = Tokens::new(names.map(|name| Token::new(name).expect("a token"))).expect("a set");
                let check = stations::Check::new(set);
                let quoted = format!("\"{}\"", aircall_fixtures::TOKEN);
                let runtime = runtime();
                runtime.block_on(async { repeat(|| assert!(ready(check.token(quoted.as_bytes())))) });
            }),
        );
    }
    add(
        "guard".to_owned(),
        Box::new(|| {
            runtime().block_on(async {
                let deadline = Instant::now() + Duration::from_secs(4);
                repeat(|| assert_eq!(ready(stations::guard(async { black_box(1) }, deadline)), Some(1)));
            });
        }),
    );
    all
}

fn road<S, R>(body: Bytes, receiver: impl Fn() -> S + 'static) -> Measure
where
    S: tower::Service<http::Request<Full<Bytes>>, Response = R, Error = Infallible> + Clone,
    R: IntoStatus,
{
    Box::new(move || {
        let receiver = receiver();
        runtime().block_on(async {
            let mut requests: Vec<_> =
                (0..TIMES + WARM).map(|_| request(Full::new(body.clone()), body.len())).collect();
            repeat(|| ready(deliver(receiver.clone(), requests.pop().expect("one for each time"))));
        });
    })
}

/// What a handler gets of a body, if it gets to one.
fn delivered(body: &Bytes) -> Option<Delivery> {
    let delivered = Arc::new(Mutex::new(None));
    let handler = {
        let delivered = Arc::clone(&delivered);
        tower::service_fn(move |request: http::Request<RequestBody<Full<Bytes>>>| {
            *delivered.lock().expect("nobody panics") = request.extensions().get::<Delivery>().cloned();
            std::future::ready(Ok::<_, Infallible>(http::Response::new(String::new())))
        })
    };
    let layered = receivers::layer().layer(handler);
    runtime().block_on(deliver(layered, request(Full::new(body.clone()), body.len())));
    delivered.lock().expect("nobody panics").take()
}

const WARM: u64 = 2;

fn repeat(mut work: impl FnMut()) {
    (0..WARM).for_each(|_| work());
    (0..TIMES).for_each(|_| counted(&mut work));
}

/// What callgrind counts.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}

/// Polls what never has to wait.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => unreachable!("nothing here waits"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}
