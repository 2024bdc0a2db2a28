//! Receivers as plain tower services: ours, and what a user would write instead.
//!
//! Without a router, so that what is counted is the reading and nothing else.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;

use aircall_tower::{Delivery, RequestBody, Token, WebhookLayer};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use serde::Deserialize;
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

/// The answer of every receiver: a status and nothing else, as the vendor advises.
pub(crate) type Answer = Response<Empty<Bytes>>;

/// A receiver that can be measured with bodies of this type.
pub(crate) trait Receiver<B>: Service<Request<B>, Error = Infallible, Future: Future> + Clone {}

impl<B, S: Service<Request<B>, Error = Infallible> + Clone> Receiver<B> for S {}

/// Reads the body and looks at nothing: the floor.
pub(crate) fn drained<B>() -> impl Service<Request<B>, Response = Answer, Error = Infallible, Future: Send> + Clone
where
    B: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
{
    tower::service_fn(async |request: Request<B>| {
        black_box(whole(request).await.len());
        answer(true)
    })
}

/// Ours.
pub(crate) fn layered<B>() -> impl Service<Request<B>, Response: IntoStatus, Error = Infallible> + Clone
where
    B: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
{
    layer().layer(tower::service_fn(async |request: Request<RequestBody<B>>| {
        let delivery = request.extensions().get::<Delivery>();
        answer(delivery.is_some_and(|delivery| !black_box(delivery.body()).is_empty()))
    }))
}

pub(crate) fn layer() -> WebhookLayer {
    WebhookLayer::new(Token::new(aircall_fixtures::TOKEN).expect("the fixtures' token is one"))
}

/// What most receivers do, and not yet with a check in constant time.
pub(crate) fn json_value<B>() -> impl Service<Request<B>, Response = Answer, Error = Infallible> + Clone
where
    B: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
{
    tower::service_fn(async |request: Request<B>| {
        let body = whole(request).await;
        let value = serde_json::from_slice::<Value>(&body);
        answer(value.is_ok_and(|body| body["token"] == aircall_fixtures::TOKEN && !black_box(&body["data"]).is_null()))
    })
}

/// The envelope of a receiver with a type for what it needs of a call.
#[derive(Debug, Deserialize)]
pub(crate) struct TypedCall {
    pub(crate) event: String,
    pub(crate) token: String,
    pub(crate) timestamp: i64,
    pub(crate) data: CallData,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CallData {
    pub(crate) id: u64,
    pub(crate) direction: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) started_at: Option<i64>,
    pub(crate) raw_digits: Option<String>,
}

/// A careful receiver of calls alone.
pub(crate) fn json_typed<B>() -> impl Service<Request<B>, Response = Answer, Error = Infallible> + Clone
where
    B: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
{
    tower::service_fn(async |request: Request<B>| {
        let body = whole(request).await;
        let call = serde_json::from_slice::<TypedCall>(&body);
        answer(call.is_ok_and(|call| black_box(call).token == aircall_fixtures::TOKEN))
    })
}

/// Only the envelope, its `data` left raw: the leanest that a user would write.
#[derive(Debug, Deserialize)]
pub(crate) struct RawEnvelope<'a> {
    pub(crate) event: &'a str,
    pub(crate) token: &'a str,
    #[serde(borrow)]
    pub(crate) data: &'a serde_json::value::RawValue,
}

pub(crate) fn raw_envelope<B>() -> impl Service<Request<B>, Response = Answer, Error = Infallible> + Clone
where
    B: Body<Error: std::fmt::Debug, Data: Send> + Send + 'static,
{
    tower::service_fn(async |request: Request<B>| {
        let body = whole(request).await;
        let envelope = serde_json::from_slice::<RawEnvelope<'_>>(&body);
        answer(envelope.is_ok_and(|envelope| black_box(envelope).token == aircall_fixtures::TOKEN))
    })
}

/// A delivery as it arrives.
pub(crate) fn request<B>(body: B, length: usize) -> Request<B> {
    Request::post("/aircall/webhook")
        .header("content-type", "application/json")
        .header("content-length", length)
        .body(body)
        .expect("a request")
}

/// Calls a receiver once, which must accept.
pub(crate) async fn deliver<B, S>(receiver: S, request: Request<B>)
where
    S: Service<Request<B>, Response: IntoStatus, Error = Infallible>,
{
    let status = receiver.oneshot(request).await.unwrap_or_else(|never| match never {}).into_status();
    assert!(status.is_success(), "a refusal would be measured: {status}");
}

/// Whatever has a status.
pub(crate) trait IntoStatus {
    fn into_status(self) -> StatusCode;
}

impl<B> IntoStatus for Response<B> {
    fn into_status(self) -> StatusCode {
        self.status()
    }
}

async fn whole<B: Body<Error: std::fmt::Debug>>(request: Request<B>) -> Bytes {
    request.into_body().collect().await.expect("a whole body").to_bytes()
}

fn answer(accepted: bool) -> Result<Answer, Infallible> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = if accepted { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    Ok(response)
}
