//! The body that goes out to the sender.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// The body of the answer.
    ///
    /// It is empty for whatever the layer answers itself. The body of a handler's own 2xx is passed on, but it cannot
    /// spoil the acknowledgement: at the deadline, at an error, or at a panic it ends as if it were complete.
    pub struct ResponseBody<B>
    where
        B: Body,
    {
        #[pin]
        kind: ResponseKind<B>,
    }
}

pin_project! {
    #[project = ResponseKindProj]
    enum ResponseKind<B>
    where
        B: Body,
    {
        Empty,
        Whole { frame: Option<Frame<B::Data>>, bytes: u64 },
        Streaming { rest: Option<Rest<B>> },
        Passing { #[pin] body: B },
    }
}

/// A body that was not there as a whole when the handler answered.
struct Rest<B: Body> {
    first: Option<Frame<B::Data>>,
    body: Pin<Box<B>>,
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn empty() -> Self {
        Self { kind: ResponseKind::Empty }
    }

    pub(crate) fn passing(body: B) -> Self {
        Self { kind: ResponseKind::Passing { body } }
    }

    /// Takes the body of an acknowledgement, looking once whether it is there as a whole already.
    ///
    /// Such a body keeps its exact length. Any other must be sent without one, or it could not be cut short.
    ///
    /// A body that panics is an empty one.
    pub(crate) fn acknowledging(body: B, deadline: Instant) -> Self {
        catch_unwind(AssertUnwindSafe(|| Self::begun(body, deadline))).unwrap_or_else(|_| Self::empty())
    }

    fn begun(body: B, deadline: Instant) -> Self {
        if body.is_end_stream() {
            return Self::empty();
        }
        let mut body = Box::pin(body);
        // Whoever sends the body polls it again, so nobody has to be woken now.
        let kind = match poll_guarded(body.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(None) => ResponseKind::Empty,
            Poll::Ready(Some(frame)) if body.is_end_stream() => {
                let bytes = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                ResponseKind::Whole { frame: Some(frame), bytes }
            }
            Poll::Ready(first @ Some(_)) => {
                ResponseKind::Streaming { rest: Some(Rest { first, body, deadline, sleep: None }) }
            }
            Poll::Pending => ResponseKind::Streaming { rest: Some(Rest { first: None, body, deadline, sleep: None }) },
        };
        Self { kind }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            ResponseKindProj::Empty => Poll::Ready(None),
            ResponseKindProj::Whole { frame, .. } => Poll::Ready(frame.take().map(Ok)),
            ResponseKindProj::Passing { body } => body.poll_frame(cx),
            ResponseKindProj::Streaming { rest } => {
                let Some(streaming) = rest else { return Poll::Ready(None) };
                if let Some(frame) = ready!(streaming.poll(cx)) {
                    return Poll::Ready(Some(Ok(frame)));
                }
                let _ = catch_unwind(AssertUnwindSafe(|| *rest = None));
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            ResponseKind::Empty => true,
            ResponseKind::Whole { frame, .. } => frame.is_none(),
            ResponseKind::Streaming { rest } => rest.is_none(),
            ResponseKind::Passing { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            ResponseKind::Empty => SizeHint::with_exact(0),
            ResponseKind::Whole { frame, bytes } => SizeHint::with_exact(if frame.is_some() { *bytes } else { 0 }),
            ResponseKind::Streaming { .. } => SizeHint::default(),
            ResponseKind::Passing { body } => body.size_hint(),
        }
    }
}

impl<B: Body> Rest<B> {
    /// The next frame, or `None` when this body ends for whatever reason.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<B::Data>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        // A body that always has more must be stopped as well as one that never has.
        if Instant::now() >= self.deadline {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = poll_guarded(self.body.as_mut(), cx) {
            return Poll::Ready(frame);
        }
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        sleep.as_mut().poll(cx).map(|()| None)
    }
}

/// Polls a handler's body; an error or a panic is its end.
fn poll_guarded<B: Body>(body: Pin<&mut B>, cx: &mut Context<'_>) -> Poll<Option<Frame<B::Data>>> {
    catch_unwind(AssertUnwindSafe(|| body.poll_frame(cx)))
        .map_or(Poll::Ready(None), |polled| polled.map(|frame| frame?.ok()))
}

impl<B: Body> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ResponseKind::Empty => "ResponseBody(empty)",
            ResponseKind::Whole { .. } => "ResponseBody(whole)",
            ResponseKind::Streaming { .. } => "ResponseBody(streaming)",
            ResponseKind::Passing { .. } => "ResponseBody(passing)",
        })
    }
}
