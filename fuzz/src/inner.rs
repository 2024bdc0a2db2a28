//! The service inside of the layer, which does as a script says and keeps what it was given.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use aircall_tower::{Delivery, RequestBody};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{BoxError, Service};

use crate::frames::Frames;
use crate::script::Handler;

/// What the service was called with.
#[derive(Debug, Clone)]
pub struct Call {
    /// What the layer found out, where the request did not merely pass through.
    pub delivery: Option<Delivery>,
    /// The values of the header `Content-Length`.
    pub lengths: Vec<http::HeaderValue>,
    /// The body, or `None` if reading it failed.
    pub body: Option<Bytes>,
}

/// A service that does as it is told.
#[derive(Debug, Clone)]
pub struct Inner {
    handler: Handler,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// The body of a 2xx.
pub const DONE: &[u8] = b"done";

impl Inner {
    /// Makes one that nobody has called.
    #[must_use]
    pub fn new(handler: Handler) -> Self {
        Self { handler, calls: Arc::default() }
    }

    /// Returns the calls so far.
    pub fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Request<RequestBody<Frames>>> for Inner {
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self.handler {
            Handler::NeverReady => Poll::Pending,
            Handler::FailReady => Poll::Ready(Err("will never be ready".into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: Request<RequestBody<Frames>>) -> Self::Future {
        let Self { handler, calls } = self.clone();
        if handler == Handler::PanicInCall {
            // As a panic, but without the hook that would end the fuzzer.
            resume_unwind(Box::new("in the call"));
        }
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let call = Call {
                delivery: parts.extensions.get::<Delivery>().cloned(),
                lengths: parts.headers.get_all(http::header::CONTENT_LENGTH).iter().cloned().collect(),
                body: body.collect().await.ok().map(http_body_util::Collected::to_bytes),
            };
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            let status = match handler {
                Handler::AcceptAfter(time) => {
                    tokio::time::sleep(time).await;
                    200
                }
                Handler::Answer(status) => status,
                Handler::Fail => return Err("failed, and quotes nothing".into()),
                Handler::Panic => resume_unwind(Box::new("a panic".to_owned())),
                Handler::Never => std::future::pending().await,
                _ => 200,
            };
            let mut response =
                Response::new(Answer { left: Some(DONE), endless: handler == Handler::AcceptWithoutEnd });
            *response.status_mut() = http::StatusCode::from_u16(status)?;
            Ok(response)
        })
    }
}

/// The body of the service's answer.
#[derive(Debug)]
pub struct Answer {
    left: Option<&'static [u8]>,
    endless: bool,
}

impl Body for Answer {
    type Data = &'static [u8];
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        match self.left.take() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None if self.endless => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}
