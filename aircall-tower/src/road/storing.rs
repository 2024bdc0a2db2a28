//! What is done with a delivery where there is an inbox: it is stored, and handled here only if that fails.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{BoxError, Service};

use crate::acknowledgement::{Ended, OutcomeKind};
use crate::handler::{Finished, Work};
use crate::inbox::{Accepting, Event, Inbox, Received};

/// How much of the time until the deadline is left for the way of the answer.
const ANSWERING: Duration = Duration::from_millis(100);

pin_project! {
    /// Either the handler's work at once, or the inbox first.
    #[project = TaskProj]
    pub(crate) enum Task<S, Q>
    where
        S: Service<Q>,
    {
        Handling {
            #[pin]
            work: Work<S, Q>,
            // Why it is done here, if it was to be stored.
            not_stored: Option<String>,
        },
        Storing {
            #[pin]
            accepting: Accepting,
            started: Instant,
            // What is done if nothing takes the event.
            otherwise: Option<Work<S, Q>>,
        },
    }
}

impl<S, Q> Task<S, Q>
where
    S: Service<Q>,
{
    pub(crate) fn handling(work: Work<S, Q>) -> Self {
        Self::Handling { work, not_stored: None }
    }

    /// Stores an event, and does the work only if that fails, if there is any.
    pub(crate) fn storing(
        inbox: &Inbox,
        event: Result<Event, String>,
        deadline: Instant,
        otherwise: Option<Work<S, Q>>,
    ) -> Self {
        let deadline = deadline.checked_sub(ANSWERING).unwrap_or(deadline);
        Self::Storing { accepting: inbox.accept(event, deadline), started: Instant::now(), otherwise }
    }
}

impl<S, Q, B> Future for Task<S, Q>
where
    S: Service<Q, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Finished<B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Finished<B>> {
        match self.as_mut().project() {
            TaskProj::Handling { work, not_stored } => {
                let finished = ready!(work.poll(cx));
                Poll::Ready(match not_stored.take() {
                    Some(not_stored) => inline(&not_stored, finished),
                    None => finished,
                })
            }
            TaskProj::Storing { accepting, started, otherwise } => {
                let (kind, reason) = match (ready!(accepting.poll(cx)), otherwise.take()) {
                    (Ok(Received::New), _) => (OutcomeKind::Stored, None),
                    (Ok(Received::Duplicate), _) => (OutcomeKind::Duplicate, None),
                    (Err(reason), None) => (OutcomeKind::NotStored, Some(reason)),
                    (Err(reason), Some(work)) => {
                        self.set(Self::Handling { work, not_stored: Some(reason) });
                        return self.poll(cx);
                    }
                };
                Poll::Ready(Finished { ended: Ended { kind, reason, took: started.elapsed() }, response: None })
            }
        }
    }
}

/// How it ended that the handler did what could not be stored. If it did not, the event is in the same place as before.
fn inline<B>(not_stored: &str, finished: Finished<B>) -> Finished<B> {
    if finished.ended.kind == OutcomeKind::Handled {
        return finished;
    }
    let Ended { kind, reason, took } = finished.ended;
    let reason = format!("{not_stored}; and {}: {}", kind.description(), reason.unwrap_or_default());
    Finished { ended: Ended { kind: OutcomeKind::NotStored, reason: Some(reason), took }, response: None }
}
