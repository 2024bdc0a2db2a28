//! Tower's service: sorts out what is not the webhook's, and sends the rest along the road.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tower::{BoxError, Service};

use crate::acknowledgement::Attempt;
use crate::body::{RequestBody, ResponseBody};
use crate::future::ResponseFuture;
use crate::layer::Config;
use crate::road::{Journey, walk};

/// The service that [`WebhookLayer`](crate::WebhookLayer) makes.
///
/// It is always ready, since Aircall takes no account of back-pressure and a sender that is made to wait counts a
/// failure: each request drives its own clone of the inner service to readiness, within its own deadline. Clones of
/// the inner service must therefore share whatever limits them, as those of `ConcurrencyLimit` and `Buffer` do.
///
/// The error type is that of the inner service, and only requests that pass through to it can fail with one.
///
/// # Panics
///
/// The response future panics outside a Tokio runtime with its timer enabled.
#[derive(Clone)]
pub struct Webhook<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> Webhook<S> {
    pub(crate) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, B, R> Service<Request<B>> for Webhook<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    R: Body + Send + 'static,
    R::Data: Send,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = self.inner.clone();
        if self.config.path.as_deref().is_some_and(|path| path != request.uri().path()) {
            return ResponseFuture::passing(inner, request.map(RequestBody::passing));
        }
        let attempt = Attempt::begin(Arc::clone(&self.config), Instant::now());
        ResponseFuture::webhook(Journey::new(walk(attempt, inner, request)))
    }
}

impl<S> fmt::Debug for Webhook<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("config", &self.config).finish_non_exhaustive()
    }
}
