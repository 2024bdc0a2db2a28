//! The inner service is never called without having been ready, and its readiness keeps nobody waiting.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aircall_tower::OutcomeKind::{Deferred, Failed};
use aircall_tower::RequestBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::{Layer, Service, ServiceExt};

use crate::support::{TOKEN, body, call, eventually, full, layer, request, status};

fn delivery() -> Request<Full<Bytes>> {
    request(full(body(TOKEN, "{}")))
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_never_ready_is_never_called_and_keeps_nobody_waiting() {
    let (mock, mut handle) = tower_test::mock::pair::<Request<RequestBody<Full<Bytes>>>, Response<Full<Bytes>>>();
    handle.allow(0);
    let layer = layer();
    let started = Instant::now();
    let answer = call(layer.layer(mock), delivery()).await;
    assert_eq!((answer.status, answer.kind, started.elapsed()), (200, Deferred, Duration::from_secs(4)));

    // Ready at last, it is called once, with what was acknowledged long ago.
    handle.allow(1);
    let (request, respond) = handle.next_request().await.unwrap();
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), body(TOKEN, "{}"));
    respond.send_response(status(200));
    layer.handle().drained().await;
}

#[tokio::test]
async fn a_handler_that_will_never_be_ready_again_is_a_failure() {
    let (mock, handle) = tower_test::mock::pair::<Request<RequestBody<Full<Bytes>>>, Response<Full<Bytes>>>();
    drop(handle);
    let answer = call(layer().layer(mock), delivery()).await;
    assert_eq!((answer.status, answer.kind), (200, Failed));
}

/// A service that panics if it is called without having been ready, and counts how many run at once.
#[derive(Clone)]
struct Strict {
    ready: bool,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Strict {
    fn new() -> Self {
        Self { ready: false, running: Arc::default(), most: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }
}

impl<B: Send + 'static> Service<Request<B>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        self.ready = true;
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been ready");
        let this = self.clone();
        Box::pin(async move {
            let running = this.running.fetch_add(1, Ordering::SeqCst) + 1;
            this.most.fetch_max(running, Ordering::SeqCst);
            this.gate.acquire().await.unwrap().forget();
            this.running.fetch_sub(1, Ordering::SeqCst);
            Ok(status(200))
        })
    }
}

#[tokio::test]
async fn limits_of_the_inner_service_are_kept_and_readiness_comes_before_every_call() {
    async fn twenty<S>(service: S, strict: Strict, most: usize)
    where
        S: Service<Request<Full<Bytes>>, Error: std::fmt::Debug + Send, Future: Send> + Clone + Send + 'static,
        S::Response: Send,
    {
        // Each on a clone, as servers do, and all on one, one after the other.
        let deliveries: Vec<_> = (0..20).map(|_| tokio::spawn(service.clone().oneshot(delivery()))).collect();
        eventually("as many run as may", || strict.running.load(Ordering::SeqCst) == most).await;
        strict.gate.add_permits(22);
        for delivery in deliveries {
            delivery.await.unwrap().unwrap();
        }
        let mut service = service;
        for _ in 0..2 {
            service.ready().await.unwrap().call(delivery()).await.unwrap();
        }
        assert_eq!(strict.most.load(Ordering::SeqCst), most);
    }

    let strict = Strict::new();
    twenty(layer().layer(strict.clone()), strict, 20).await;
    let strict = Strict::new();
    twenty(layer().layer(ConcurrencyLimit::new(strict.clone(), 3)), strict, 3).await;
    let strict = Strict::new();
    twenty(layer().layer(Buffer::new(ConcurrencyLimit::new(strict.clone(), 2), 4)), strict, 2).await;
}

#[tokio::test]
async fn a_service_that_sheds_load_is_a_failure_that_is_acknowledged() {
    let strict = Strict::new();
    let layer = layer();
    let service = layer.layer(LoadShed::new(ConcurrencyLimit::new(strict.clone(), 1)));
    let first = tokio::spawn(service.clone().oneshot(delivery()));
    eventually("the first is running", || strict.running.load(Ordering::SeqCst) == 1).await;
    let second = call(service, delivery()).await;
    assert_eq!((second.status, second.kind), (200, Failed));
    strict.gate.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
}
