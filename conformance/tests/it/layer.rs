//! `aircall-tower`, judged like any other receiver: nothing to mend, whatever its handler does, and no handler called for
//! anything but what it should be.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aircall_conformance::{Check, Endpoint, Report, Roots, Token, delivery::RequestBody};
use aircall_tower::{Delivery, Token as Configured, WebhookLayer};
use axum::{Router, http::StatusCode, routing::post};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::Layer;

use crate::receivers::{TOKEN, deviations};

fn layer() -> WebhookLayer {
    WebhookLayer::new(Configured::new(TOKEN).unwrap())
}

async fn judge(endpoint: Endpoint) -> Report {
    Check::new(endpoint, Token::new(TOKEN).unwrap()).run().await.unwrap()
}

fn url(address: std::net::SocketAddr) -> Endpoint {
    Endpoint::url(format!("http://{address}/aircall/webhook").parse().unwrap(), &Roots::System).unwrap()
}

/// Nothing to mend, and nothing left open. Only that it is not https remains to be said.
fn assert_flawless(report: &Report) {
    assert_eq!(deviations(report), [""; 0], "{}", report.human());
    assert!(report.is_conformant(), "{}", report.human());
}

async fn serve(app: Router) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url(address)
}

/// What its handler was called with, in order.
type Handled = Arc<Mutex<Vec<(String, Bytes)>>>;

fn app(handled: &Handled) -> Router {
    let handled = Arc::clone(handled);
    let on_event = move |delivery: Delivery| async move {
        handled.lock().unwrap().push((delivery.event().to_string(), delivery.body().clone()));
    };
    Router::new().route("/aircall/webhook", post(on_event).layer(layer()))
}

/// Every body that reached the handler carries the valid token at its top level.
fn assert_only_authentic(handled: &Handled) {
    let handled = handled.lock().unwrap();
    assert!(handled.len() > aircall_fixtures::events().len(), "{}", handled.len());
    for (event, body) in &*handled {
        #[derive(serde::Deserialize)]
        struct Envelope {
            token: String,
        }
        let envelope: Envelope = serde_json::from_slice(body).unwrap_or_else(|error| panic!("{event}: {error}"));
        assert_eq!(envelope.token, TOKEN, "{event}");
    }
    for event in aircall_fixtures::events() {
        let body = event.body_with_token(TOKEN);
        // As sent, but for the time in the envelope.
        let data = body.find(r#""data":"#).unwrap();
        let is_it = |(name, seen): &(String, Bytes)| *name == event.event && seen.ends_with(&body.as_bytes()[data..]);
        assert!(handled.iter().any(is_it), "{} was never handled", event.name);
    }
}

#[tokio::test]
async fn behind_axum_over_sockets() {
    let handled = Handled::default();
    assert_flawless(&judge(serve(app(&handled)).await).await);
    assert_only_authentic(&handled);
}

#[tokio::test]
async fn in_this_process() {
    let handled = Handled::default();
    assert_flawless(&judge(Endpoint::service("/aircall/webhook", app(&handled))).await);
    assert_only_authentic(&handled);

    let service = tower::service_fn(|_: http::Request<aircall_tower::RequestBody<RequestBody>>| async {
        Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default()))
    });
    assert_flawless(&judge(Endpoint::service("/", layer().layer(service))).await);
}

#[tokio::test]
async fn before_a_whole_hyper_service() {
    let service = tower::service_fn(|_: http::Request<aircall_tower::RequestBody<hyper::body::Incoming>>| async {
        Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default()))
    });
    let service = layer().at("/aircall/webhook").unwrap().layer(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            let server = auto::Builder::new(TokioExecutor::new());
            tokio::spawn(async move { server.serve_connection(TokioIo::new(stream), service).await.map_err(drop) });
        }
    });
    assert_flawless(&judge(url(address)).await);
}

async fn never_ends_now_and_then() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(16) {
        std::future::pending::<()>().await;
    }
}

async fn panics() -> StatusCode {
    panic!("this is the panic of the test")
}

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
        // Shorter than by default, since each event that is not handled in time is waited for so long.
        let layer = layer().with_deadline(Duration::from_millis(500));
        let report = judge(serve(Router::new().route("/aircall/webhook", on_event.layer(layer))).await).await;
        assert_eq!(deviations(&report), [""; 0], "{what}: {}", report.human());
    }
}

/// Without the layer the same handlers are not conformant: the judge can tell.
#[tokio::test]
async fn and_what_it_does_without_the_layer() {
    let typed = post(|_: axum::Json<std::collections::BTreeMap<String, u8>>| async {});
    let report = judge(serve(Router::new().route("/aircall/webhook", typed)).await).await;
    assert!(!report.is_conformant() && !deviations(&report).is_empty());
}
