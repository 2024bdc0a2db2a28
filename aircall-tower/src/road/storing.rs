//! What is done with a delivery where there is an inbox: it is stored, and handled here only if that fails.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{BoxError, Service};

use crate::acknowledgement::{Ended, OutcomeKind};
use crate::handler::{Finished, Work};
use crate::inbox::{Event, Inbox, Received};

/// How much of the time until the deadline is left for the way of the answer.
const ANSWERING: Duration = Duration::from_millis(100);

pin_project! {
    /// Either the handler's work at once, or the inbox first.
    #[project = TaskProj]
    pub(crate) enum Task<S, Q, B>
    where
        S: Service<Q>,
    {
        Handling { #[pin] work: Work<S, Q> },
        Storing { storing: Pin<Box<dyn Future<Output = Finished<B>> + Send>> },
    }
}

impl<S, B, Q, R> Task<S, Request<Q>, R>
where
    S: Service<Request<Q>, Response = B> + Send + 'static,
{
    pub(crate) fn handling(inner: S, request: Request<Q>) -> Self {
        Self::Handling { work: Work::new(inner, request) }
    }
}

impl<S, Q, R> Task<S, Request<Q>, R>
where
    S: Service<Request<Q>, Response = http::Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    Q: Send + 'static,
    R: 'static,
{
    /// Stores an event, and hands the request to the handler only if that fails and the inbox is so set.
    pub(crate) fn storing(
        inbox: Inbox,
        event: Result<Event, String>,
        deadline: Instant,
        inner: S,
        request: Request<Q>,
    ) -> Self {
        let deadline = deadline.checked_sub(ANSWERING).unwrap_or(deadline);
        let storing = async move {
            let started = Instant::now();
            let accepted = match event {
                Ok(event) => inbox.accept(event, deadline).await,
                Err(why) => Err(why),
            };
            let (kind, reason) = match accepted {
                Ok(Received::New) => (OutcomeKind::Stored, None),
                Ok(Received::Duplicate) => (OutcomeKind::Duplicate, None),
                Err(reason) if inbox.handles_inline() => return inline(reason, Work::new(inner, request)).await,
                Err(reason) => (OutcomeKind::NotStored, Some(reason)),
            };
            Finished { ended: Ended { kind, reason, took: started.elapsed() }, response: None }
        };
        Self::Storing { storing: Box::pin(storing) }
    }
}

/// Lets the handler do what could not be stored. If it does not, the event is in the same place as before.
async fn inline<B>(not_stored: String, work: impl Future<Output = Finished<B>>) -> Finished<B> {
    let finished = work.await;
    if finished.ended.kind == OutcomeKind::Handled {
        return finished;
    }
    let Ended { kind, reason, took } = finished.ended;
    let reason = format!("{not_stored}; and {}: {}", kind.description(), reason.unwrap_or_default());
    Finished { ended: Ended { kind: OutcomeKind::NotStored, reason: Some(reason), took }, response: None }
}

impl<S, Q, B> Future for Task<S, Q, B>
where
    S: Service<Q, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Finished<B>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Finished<B>> {
        match self.project() {
            TaskProj::Handling { work } => work.poll(cx),
            TaskProj::Storing { storing } => storing.as_mut().poll(cx),
        }
    }
}
