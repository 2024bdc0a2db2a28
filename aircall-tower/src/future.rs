//! Tower's future: either the inner service's own, or the road.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use crate::body::{RequestBody, ResponseBody};
use crate::road::Journey;

pin_project! {
    /// The response future of [`Webhook`](crate::Webhook).
    ///
    /// Dropping it, as servers do when a sender hangs up, does not cancel a handler that has begun: it goes on in a
    /// task.
    pub struct ResponseFuture<S, B, R>
    where
        S: Service<Request<RequestBody<B>>>,
        R: Body,
    {
        #[pin]
        state: State<S, Request<RequestBody<B>>, R>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, Q, R>
    where
        S: Service<Q>,
        R: Body,
    {
        Passing { #[pin] future: Oneshot<S, Q> },
        Webhook { journey: Journey<R> },
    }
}

impl<S, B, R> ResponseFuture<S, B, R>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    R: Body,
{
    pub(crate) fn passing(inner: S, request: Request<RequestBody<B>>) -> Self {
        Self { state: State::Passing { future: inner.oneshot(request) } }
    }

    pub(crate) fn webhook(journey: Journey<R>) -> Self {
        Self { state: State::Webhook { journey } }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B, R>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Passing { future } => future.poll(cx).map_ok(|response| response.map(ResponseBody::passing)),
            StateProj::Webhook { journey } => journey.poll(cx).map(Ok),
        }
    }
}

impl<S, B, R> fmt::Debug for ResponseFuture<S, B, R>
where
    S: Service<Request<RequestBody<B>>>,
    R: Body,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
