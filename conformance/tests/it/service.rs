//! Services in this process.

use std::{convert::Infallible, io};

use aircall_conformance::{Check, Endpoint, Token, delivery::RequestBody};
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::Full;

use crate::{
    good,
    receivers::{TOKEN, deviations},
};

fn check(endpoint: Endpoint) -> Check {
    Check::new(endpoint, Token::new(TOKEN).unwrap())
}

#[tokio::test]
async fn a_router_is_judged_without_a_socket() {
    let endpoint = Endpoint::service("/aircall/webhook", good::app(TOKEN.to_owned()));
    let report = check(endpoint).run().await.unwrap();
    assert_eq!(deviations(&report), [""; 0]);
    assert!(report.is_conformant());
    assert_eq!(report.endpoint, "service in this process at /aircall/webhook");
}

#[tokio::test]
async fn an_error_of_a_service_is_a_dropped_connection() {
    let service = tower::service_fn(|_: Request<RequestBody>| async {
        Err::<Response<Full<Bytes>>, _>(io::Error::other(format!("cannot read {TOKEN}")))
    });
    let report = check(Endpoint::service("/", service)).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail acknowledgement/plain-event: dropped"]);
    assert_eq!(report.results[0].observation().unwrap().outcome.to_string(), "service failed: cannot read [token]");
}

#[tokio::test]
async fn a_panic_of_a_service_is_a_dropped_connection() {
    let service = tower::service_fn(|request: Request<RequestBody>| async move {
        assert!(request.uri().path().is_empty(), "this is the panic of the test");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let report = check(Endpoint::service("/", service)).run().await.unwrap();
    assert_eq!(report.results[0].observation().unwrap().outcome.to_string(), "service failed: it panicked");
}
