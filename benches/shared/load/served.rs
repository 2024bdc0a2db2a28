//! The receivers that are measured as processes, each as it is usually written, and each answering 200.

use std::net::Ipv4Addr;

use aircall_tower::{Delivery, RequestBody};
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, post};
use axum::{Json, Router};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

use super::server::port;
use super::whole_call::WholeEvent;
use super::wire::PATH;
use crate::shared::receivers::{TypedCall, layer};

/// Serves what has this name, on one thread, until the process is ended.
///
/// # Panics
///
/// When there is nothing of this name.
pub(crate) fn serve(name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match name {
            "axum" => axum(post(drain)).await,
            "axum-layer" => axum(post(async |delivery: Delivery| drop(delivery)).layer(layer())).await,
            "axum-layer-payload" => axum(post(read_payload).layer(layer())).await,
            "axum-value" => axum(post(value)).await,
            "axum-typed" => axum(post(typed)).await,
            "axum-typed-whole" => axum(post(typed_whole)).await,
            "hyper" => {
                hyper(service_fn(async |request| {
                    drain(request).await;
                    answer()
                }))
                .await;
            }
            "hyper-layer" => {
                hyper(layer().layer(service_fn(async |request: http::Request<RequestBody<Incoming>>| {
                    drop(std::hint::black_box(request.extensions().get::<Delivery>().cloned()));
                    answer()
                })))
                .await;
            }
            _ => panic!("no receiver has the name {name:?}"),
        }
    });
}

/// Takes the pieces of the body as they come and drops them: nothing can be cheaper.
async fn drain<B: http_body::Body + Unpin>(request: http::Request<B>) {
    let mut body = request.into_body();
    while let Some(Ok(piece)) = body.frame().await {
        drop(piece);
    }
}

async fn read_payload(delivery: Delivery) {
    std::hint::black_box(delivery.payload());
}

async fn value(Json(event): Json<Value>) -> StatusCode {
    accepted(event["token"].as_str(), &event["data"])
}

async fn typed(Json(call): Json<TypedCall>) -> StatusCode {
    accepted(Some(&call.token), &call.data)
}

async fn typed_whole(Json(call): Json<WholeEvent>) -> StatusCode {
    accepted(Some(&call.token), &call.data)
}

/// As most receivers compare.
fn accepted<T>(token: Option<&str>, data: &T) -> StatusCode {
    std::hint::black_box(data);
    if token == Some(aircall_fixtures::TOKEN) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn axum(route: MethodRouter) {
    let app = Router::new().route(PATH, route).layer(DefaultBodyLimit::disable());
    axum::serve(listener().await, app).await.expect("a server");
}

async fn hyper<S, B>(service: S)
where
    S: tower::Service<http::Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let listener = listener().await;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port())).await.expect("a free port")
}

fn answer() -> Result<Response<Empty<Bytes>>, std::convert::Infallible> {
    Ok(Response::new(Empty::new()))
}
