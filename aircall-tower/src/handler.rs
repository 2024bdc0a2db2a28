//! The fifth station: the inner service does its work.
//!
//! It is driven to readiness here and not in `poll_ready` of the layer's service, so that a handler which is not ready
//! keeps nobody from being acknowledged. It is given until the deadline. What it has not finished by then, or when the
//! sender hangs up, it finishes in a task of its own: an event that was acknowledged is never cancelled.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::util::Oneshot;
use tower::{BoxError, Service, ServiceExt};

use crate::acknowledgement::{Ended, OutcomeKind};

/// How a handler ended, and what it answered if that was a 2xx.
pub(crate) struct Finished<B> {
    pub(crate) ended: Ended,
    pub(crate) response: Option<Response<B>>,
}

pin_project! {
    /// The work of a service on a request. Nothing of it runs before the first poll.
    ///
    /// Written out, since an `async` block has room for whatever it awaits once more.
    pub(crate) struct Work<S, Q>
    where
        S: Service<Q>,
    {
        #[pin]
        called: CatchUnwind<Oneshot<S, Q>>,
        started: Option<Instant>,
    }
}

impl<S, Q> Work<S, Q>
where
    S: Service<Q>,
{
    pub(crate) fn new(inner: S, request: Q) -> Self {
        Self { called: CatchUnwind::new(inner.oneshot(request)), started: None }
    }
}

impl<S, Q, B> Future for Work<S, Q>
where
    S: Service<Q, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Finished<B>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Finished<B>> {
        let this = self.project();
        let started = *this.started.get_or_insert_with(Instant::now);
        let (kind, reason, response) = match ready!(this.called.poll(cx)) {
            Ok(Ok(response)) if response.status().is_success() => (OutcomeKind::Handled, None, Some(response)),
            Ok(Ok(response)) => (OutcomeKind::Rejected, Some(format!("status {}", response.status())), None),
            // The text of the error is not ours either, and may panic.
            Ok(Err(error)) => match catch_unwind(AssertUnwindSafe(|| with_sources(&*error.into()))) {
                Ok(error) => (OutcomeKind::Failed, Some(error), None),
                Err(panic) => (OutcomeKind::Panicked, Some(message(&*panic)), None),
            },
            Err(panic) => (OutcomeKind::Panicked, Some(panic), None),
        };
        Poll::Ready(Finished { ended: Ended { kind, reason, took: started.elapsed() }, response })
    }
}

pin_project! {
    /// Turns a panic of a future into its message.
    pub(crate) struct CatchUnwind<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> CatchUnwind<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.project().future;
        let Some(future) = slot.as_mut().as_pin_mut() else { return Poll::Pending };
        let result = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(message(&*panic)),
        };
        // What the future still holds may panic when it is dropped, too.
        let _ = catch_unwind(AssertUnwindSafe(|| slot.set(None)));
        Poll::Ready(result)
    }
}

pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// An error and what it was caused by, in one line.
pub(crate) fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
