//! `aircall-tower`, judged like any other receiver: nothing to mend, whatever its handler does, and no handler called for
//! anything but what it should be.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aircall_conformance::{Check, Collector, Endpoint, Report, Roots, Token, delivery::RequestBody, verdict::Verdict};
use aircall_tower::{DedupKey, Delivery, Limits, Token as Configured, Tokens, WebhookLayer};
use axum::{Router, http::StatusCode, routing::post};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_web::GrpcWebLayer;
use tower::Layer;

use crate::receivers::{OTHER_TOKEN, PATIENCE, TOKEN, deviations};

fn layer() -> WebhookLayer {
    WebhookLayer::new(Tokens::new([TOKEN, OTHER_TOKEN].map(|token| Configured::new(token).unwrap())).unwrap())
}

/// What its handler was called with, once for each event however often it was sent.
#[derive(Clone, Default)]
struct Handled {
    collector: Collector,
    seen: Arc<Mutex<HashSet<DedupKey>>>,
    bodies: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl Handled {
    fn takes(&self, delivery: &Delivery) {
        if self.seen.lock().unwrap().insert(delivery.dedup_key()) {
            self.collector.report(delivery.body());
            self.bodies.lock().unwrap().push((delivery.event().to_string(), delivery.body().clone()));
        }
    }

    async fn judge(&self, endpoint: Endpoint) -> Report {
        check(endpoint).with_collector(self.collector.clone()).run().await.unwrap()
    }
}

fn check(endpoint: Endpoint) -> Check {
    Check::new(endpoint, Token::new(TOKEN).unwrap()).with_other_token(Token::new(OTHER_TOKEN).unwrap())
}

async fn listener() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/aircall/webhook", listener.local_addr().unwrap());
    (listener, Endpoint::url(url.parse().unwrap(), &Roots::System).unwrap())
}

async fn serve(app: Router) -> Endpoint {
    let (listener, endpoint) = listener().await;
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    endpoint
}

/// Nothing to mend, and nothing left open. Only these are not asked.
fn assert_flawless(report: &Report, skipped: &[&str]) {
    assert_eq!(deviations(report), [""; 0], "{}", report.human());
    let seen: Vec<_> = report.with(Verdict::Skipped).map(|result| &*result.case.id).collect();
    assert_eq!(seen, skipped, "{}", report.human());
}

/// Without https, and with an output that is not ours to read.
const OVER_SOCKETS: [&str; 5] = ["tls/trusted", "tls/current", "tls/right-name", "token/not-in-logs", "tls/https"];

fn handler(handled: &Handled) -> axum::routing::MethodRouter {
    let handled = handled.clone();
    post(move |delivery: Delivery| async move { handled.takes(&delivery) })
}

fn app(handled: &Handled) -> Router {
    Router::new().route("/aircall/webhook", handler(handled).layer(layer()))
}

/// Every body that reached the handler carries a valid token at its top level.
fn assert_only_authentic(handled: &Handled) {
    let handled = handled.bodies.lock().unwrap();
    for (event, body) in &*handled {
        #[derive(serde::Deserialize)]
        struct Envelope {
            token: String,
        }
        let envelope: Envelope = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{event}: {error}"));
        assert!([TOKEN, OTHER_TOKEN].contains(&&*envelope.token), "{event}");
    }
    for event in aircall_fixtures::events() {
        assert!(handled.iter().any(|(name, _)| name == event.event), "{} was never handled", event.name);
    }
}

#[tokio::test]
async fn behind_axum() {
    let handled = Handled::default();
    assert_flawless(&handled.judge(serve(app(&handled)).await).await, &OVER_SOCKETS);
    assert_only_authentic(&handled);
}

#[tokio::test]
async fn behind_axum_in_this_process() {
    let handled = Handled::default();
    let report = handled.judge(Endpoint::service("/aircall/webhook", app(&handled))).await;
    assert_eq!(deviations(&report), [""; 0], "{}", report.human());
    assert_only_authentic(&handled);
}

#[tokio::test]
async fn behind_hyper() {
    let handled = Handled::default();
    let taking = handled.clone();
    let service =
        tower::service_fn(move |request: http::Request<aircall_tower::RequestBody<hyper::body::Incoming>>| {
            if let Some(delivery) = request.extensions().get::<Delivery>() {
                taking.takes(delivery);
            }
            async { Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default())) }
        });
    let service = layer().at("/aircall/webhook").unwrap().layer(service);
    let (listener, endpoint) = listener().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            let server = auto::Builder::new(TokioExecutor::new());
            tokio::spawn(async move { server.serve_connection(TokioIo::new(stream), service).await.map_err(drop) });
        }
    });
    assert_flawless(&handled.judge(endpoint).await, &OVER_SOCKETS);
    assert_only_authentic(&handled);
}

#[tokio::test]
async fn behind_hyper_in_this_process() {
    let handled = Handled::default();
    let taking = handled.clone();
    let service = tower::service_fn(move |request: http::Request<aircall_tower::RequestBody<RequestBody>>| {
        if let Some(delivery) = request.extensions().get::<Delivery>() {
            taking.takes(delivery);
        }
        async { Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default())) }
    });
    let report = handled.judge(Endpoint::service("/", layer().layer(service))).await;
    assert_eq!(deviations(&report), [""; 0], "{}", report.human());
    assert_only_authentic(&handled);
}

/// As in the layer's example: gRPC, gRPC-Web and webhooks on one port.
#[tokio::test]
async fn behind_tonic_web() {
    let handled = Handled::default();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let grpc = Routes::new(health).into_axum_router().layer(GrpcWebLayer::new());
    let routes = Routes::from(grpc.route("/aircall/webhook", handler(&handled)));
    let (listener, endpoint) = listener().await;
    tokio::spawn(async move {
        let mut server = Server::builder().accept_http1(true).layer(layer().at("/aircall/webhook").unwrap());
        server.add_routes(routes).serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    assert_flawless(&handled.judge(endpoint).await, &OVER_SOCKETS);
    assert_only_authentic(&handled);
}

async fn never_ends_now_and_then() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(100) {
        std::future::pending::<()>().await;
    }
}

async fn panics() -> StatusCode {
    panic!("this is the panic of the test")
}

/// So long a body may take to arrive, and its handler to be done.
const READ: Duration = Duration::from_secs(4);

/// The handlers that get webhooks switched off, behind the layer that does not let them.
#[tokio::test]
async fn whatever_the_handler_does() {
    let handlers = [
        ("fails", post(|| async { StatusCode::INTERNAL_SERVER_ERROR })),
        ("panics", post(panics)),
        ("never ends, now and then", post(never_ends_now_and_then)),
        ("takes a type that few events are", post(|_: axum::Json<std::collections::BTreeMap<String, u8>>| async {})),
    ];
    for (what, on_event) in handlers {
        // Shorter than by default, since each event that is not handled in time is waited for so long; long enough for
        // the body that takes two seconds to arrive.
        let limits = Limits::default().with_read_timeout(READ);
        let layer = layer().with_limits(limits).with_deadline(READ);
        let endpoint = serve(Router::new().route("/aircall/webhook", on_event.layer(layer))).await;
        // Of the sender's usual five seconds it would not leave enough.
        let report = check(endpoint).with_timeout(PATIENCE).run().await.unwrap();
        assert_eq!(deviations(&report), [""; 0], "{what}: {}", report.human());
    }
}

/// Without the layer the same handlers are not conformant: the judge can tell.
#[tokio::test]
async fn and_what_it_does_without_the_layer() {
    let typed = post(|_: axum::Json<std::collections::BTreeMap<String, u8>>| async {});
    let endpoint = serve(Router::new().route("/aircall/webhook", typed)).await;
    let report = check(endpoint).run().await.unwrap();
    assert!(!report.is_conformant() && !deviations(&report).is_empty());
}
