//! One request under way, from its arrival to the end of all work on it.
//!
//! All of it is in one box, which stays where it is: while somebody waits for the answer it belongs to the response
//! future, and if work is left to do when nobody waits any more, the box becomes a task as it is.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::answer;
use crate::acknowledgement::Attempt;
use crate::body::ResponseBody;
use crate::deadline::Deadline;
use crate::handler::Finished;

/// A request that a sender waits to have answered.
///
/// Dropped while its handler is running, that is when the sender hangs up, it goes on in a task.
pub(crate) struct Journey<R> {
    leg: Option<Pin<Box<dyn Travel<R> + Send>>>,
}

/// What has been handed to a handler, which has not begun.
pub(crate) struct Handed<W> {
    pub(crate) work: W,
    pub(crate) attempt: Attempt,
    pub(crate) deadline: Instant,
}

impl<R> Journey<R> {
    pub(crate) fn new<F, W>(receiving: F) -> Self
    where
        F: Future<Output = Result<Handed<W>, Response<ResponseBody<R>>>> + Send + 'static,
        W: Future<Output = Finished<R>> + Send + 'static,
        R: Body + 'static,
    {
        Self { leg: Some(Box::pin(Leg::Receiving { receiving })) }
    }
}

impl<R: Body> Journey<R> {
    /// Is ready with the answer, at the deadline of the handler at the latest.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Response<ResponseBody<R>>> {
        let Some(leg) = &mut self.leg else { return Poll::Pending };
        let answer = ready!(leg.as_mut().poll_answer(cx));
        self.leave();
        Poll::Ready(answer)
    }
}

impl<R> Journey<R> {
    fn leave(&mut self) {
        if let Some(leg) = self.leg.take() {
            leg.go_on();
        }
    }
}

impl<R> Drop for Journey<R> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<R> fmt::Debug for Journey<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journey").finish_non_exhaustive()
    }
}

/// A [`Leg`] whose futures have no names.
trait Travel<R> {
    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<ResponseBody<R>>>
    where
        R: Body;

    /// Finishes in a task what a handler has begun; nobody waits for it any more.
    fn go_on(self: Pin<Box<Self>>);
}

pin_project! {
    /// Where the request is.
    #[project = LegProj]
    enum Leg<F, W> {
        Receiving {
            #[pin]
            receiving: F,
        },
        // The work comes first, so that it is gone when the attempt reports that it has been lost.
        Handling {
            #[pin]
            work: W,
            #[pin]
            deadline: Deadline,
            attempt: Option<Attempt>,
            runtime: Handle,
        },
        Over,
    }
}

impl<F, W, R> Travel<R> for Leg<F, W>
where
    F: Future<Output = Result<Handed<W>, Response<ResponseBody<R>>>> + Send + 'static,
    W: Future<Output = Finished<R>> + Send + 'static,
    R: Body + 'static,
{
    fn poll_answer(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<ResponseBody<R>>> {
        if let LegProj::Receiving { receiving } = self.as_mut().project() {
            match ready!(receiving.poll(cx)) {
                Ok(Handed { work, attempt, deadline }) => self.set(Self::Handling {
                    work,
                    deadline: Deadline::new(deadline),
                    attempt: Some(attempt),
                    // The task may have to be made where no runtime is entered.
                    runtime: Handle::current(),
                }),
                Err(answer) => {
                    self.set(Self::Over);
                    return Poll::Ready(answer);
                }
            }
        }
        let LegProj::Handling { work, deadline, attempt, .. } = self.as_mut().project() else { return Poll::Pending };
        // The work before the clock, so that a finished answer wins.
        if let Poll::Ready(finished) = work.poll(cx) {
            let (attempt, deadline) = (attempt.take(), deadline.at());
            self.set(Self::Over);
            return attempt.map_or(Poll::Pending, |attempt| Poll::Ready(answer(attempt, finished, deadline)));
        }
        ready!(deadline.poll(cx));
        attempt.as_mut().map_or(Poll::Pending, |attempt| Poll::Ready(attempt.defer()))
    }

    fn go_on(mut self: Pin<Box<Self>>) {
        let LegProj::Handling { attempt: Some(attempt), runtime, .. } = self.as_mut().project() else { return };
        if !attempt.is_answered() {
            attempt.hung_up();
        }
        let runtime = runtime.clone();
        runtime.spawn(async move { poll_fn(|cx| self.as_mut().poll_end(cx)).await });
    }
}

impl<F, W> Leg<F, W> {
    /// Sees a handler through. If the runtime goes down first, the attempt reports that.
    fn poll_end<R>(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>
    where
        W: Future<Output = Finished<R>>,
    {
        let LegProj::Handling { work, attempt, .. } = self.as_mut().project() else { return Poll::Ready(()) };
        let Finished { ended, response } = ready!(work.poll(cx));
        if let Some(attempt) = attempt.take() {
            attempt.finish(ended);
        }
        // Nobody is there to take it, and it may panic when dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(response)));
        self.set(Self::Over);
        Poll::Ready(())
    }
}
