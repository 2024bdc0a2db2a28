//! What the tests send, and what they look at.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use aircall_tower::{Delivery, Outcome, OutcomeKind, RequestBody, ResponseBody, Token, WebhookLayer};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::time::Sleep;
use tower::{Layer, Service, ServiceExt};

/// Says once what keeps tests from running here. In CI nothing may.
///
/// By no macro: what those print is shown of tests that fail, and of no others.
pub(crate) fn skipped(why: &'static str) {
    static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

    assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{why}");
    if SAID.lock().unwrap().insert(why) {
        let _ = io::stderr().write_all(format!("\nSKIPPED: {why}\n").as_bytes());
    }
}

pub(crate) const TOKEN: &str = aircall_fixtures::TOKEN;

pub(crate) fn layer() -> WebhookLayer {
    WebhookLayer::new(Token::new(TOKEN).unwrap())
}

/// A whole envelope with this token and data.
pub(crate) fn body(token: &str, data: &str) -> String {
    format!(r#"{{"resource":"call","event":"call.created","timestamp":1790000000,"token":"{token}","data":{data}}}"#)
}

/// What a handler was called with.
#[derive(Clone, Default)]
pub(crate) struct Calls(pub(crate) Arc<Mutex<Vec<(Delivery, HeaderMap, Bytes)>>>);

impl Calls {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn only(&self) -> (Delivery, HeaderMap, Bytes) {
        let calls = self.0.lock().unwrap();
        assert_eq!(calls.len(), 1, "calls of the handler");
        calls[0].clone()
    }

    /// A handler that records and accepts.
    pub(crate) fn handler<B>(
        &self,
    ) -> impl Service<Request<RequestBody<B>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + use<B>
    where
        B: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
    {
        let calls = self.clone();
        tower::service_fn(move |request: Request<RequestBody<B>>| {
            let calls = calls.clone();
            async move {
                let (parts, body) = request.into_parts();
                let bytes = body.collect().await.unwrap().to_bytes();
                let delivery =
                    parts.extensions.get::<Delivery>().cloned().expect("no handler is called without a delivery");
                calls.0.lock().unwrap().push((delivery, parts.headers, bytes));
                Ok(Response::new(Full::from("done")))
            }
        })
    }
}

/// What came back for one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends one request through a layered service.
pub(crate) async fn call<S, B, R>(service: S, request: Request<B>) -> Answer
where
    S: Service<Request<B>, Response = Response<ResponseBody<R>>, Error: std::fmt::Debug>,
    R: Body<Error: std::fmt::Debug>,
{
    let response = service.oneshot(request).await.expect("the layer answers");
    let outcome = response.extensions().get::<Outcome>().expect("every answer has its outcome").clone();
    assert_eq!(outcome.status(), Some(response.status()));
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        kind: outcome.kind(),
        reason: outcome.reason().map(str::to_owned),
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

/// Posts a body in one piece to a recording handler.
pub(crate) async fn post(layer: &WebhookLayer, calls: &Calls, body: impl Into<Bytes>) -> Answer {
    call(layer.layer(calls.handler()), request(full(body))).await
}

/// A body in one piece.
pub(crate) fn full(body: impl Into<Bytes>) -> Full<Bytes> {
    Full::new(body.into())
}

pub(crate) fn request<B>(body: B) -> Request<B> {
    Request::post("/aircall/webhook").body(body).unwrap()
}

pub(crate) fn with_header<B>(mut request: Request<B>, name: &'static str, value: &str) -> Request<B> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

/// A body that arrives in pieces, and tells how much of it was asked for.
pub(crate) struct Pieces {
    pieces: VecDeque<Bytes>,
    end: End,
    polled: Arc<AtomicUsize>,
    yielded: bool,
    every: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy)]
pub(crate) enum End {
    Whole,
    Broken,
    Never,
}

impl Pieces {
    pub(crate) fn new<I: IntoIterator<Item: Into<Bytes>>>(pieces: I, end: End) -> Self {
        let pieces = pieces.into_iter().map(Into::into).collect();
        Self { pieces, end, polled: Arc::default(), yielded: false, every: None, pause: None }
    }

    /// The same with so much time before each piece.
    pub(crate) fn every(self, time: Duration) -> Self {
        Self { every: Some(time), ..self }
    }

    /// How many pieces have been taken.
    pub(crate) fn taken(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.polled)
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(every) = self.every {
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
            self.yielded = true;
        }
        // Each piece takes a turn to arrive.
        self.yielded = !self.yielded;
        if self.yielded {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(piece) = self.pieces.pop_front() {
            self.polled.fetch_add(1, Ordering::SeqCst);
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            End::Broken => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            End::Never => Poll::Pending,
        }
    }
}

/// An outcome as the hook is told of it: its kind, whether it is late, and the bytes of the body that came with it.
pub(crate) type Row = (OutcomeKind, bool, Option<usize>);

#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<Row>>>);

impl Reports {
    pub(crate) fn of(&self, layer: WebhookLayer) -> WebhookLayer {
        let reports = self.clone();
        layer.on_outcome(move |report| {
            let row = (report.outcome().kind(), report.is_late(), report.body().map(Bytes::len));
            reports.0.lock().unwrap().push(row);
        })
    }

    pub(crate) fn kinds(&self) -> Vec<(OutcomeKind, bool)> {
        self.0.lock().unwrap().iter().map(|(kind, late, _)| (*kind, *late)).collect()
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.0.lock().unwrap().clone()
    }
}

/// Waits for something that another task is about to bring about.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to this: {what}");
}

/// A handler made of one function.
pub(crate) fn handler<B, F, Fut, E>(
    work: F,
) -> impl Service<Request<RequestBody<B>>, Response = Response<Full<Bytes>>, Error = E, Future: Send> + Clone + Send
where
    B: Send + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<Response<Full<Bytes>>, E>> + Send + 'static,
    E: 'static,
{
    tower::service_fn(move |_: Request<RequestBody<B>>| work())
}

pub(crate) fn status(status: u16) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("from the handler"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// An error that cannot even be printed.
#[derive(Debug)]
pub(crate) struct Unprintable;

impl std::fmt::Display for Unprintable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Err(std::fmt::Error)
    }
}

impl std::error::Error for Unprintable {}
