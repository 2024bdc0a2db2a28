//! Waiting no longer than until a moment, for nothing where nothing has to be waited for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

/// The moment came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLate;

pin_project! {
    /// A moment that is waited for beside something else. There is no timer before the first poll.
    pub(crate) struct Deadline {
        at: Instant,
        #[pin]
        timer: Option<Unconstrained<Sleep>>,
    }
}

impl Deadline {
    pub(crate) fn new(at: Instant) -> Self {
        Self { at, timer: None }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// Is ready once the moment has come.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.timer.is_none() {
            // Unconstrained, or a future that uses up the task's budget at each poll would keep the timer from firing.
            this.timer.set(Some(unconstrained(sleep_until(*this.at))));
        }
        this.timer.as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx))
    }
}

/// Waits for a future until `deadline`. Whoever is ready in time wins, even at the last poll.
///
/// In contrast to Tokio's `timeout_at` it makes no timer for a future that is ready at once, as nearly every body and
/// most handlers are.
pub(crate) async fn until<F: Future>(deadline: Instant, future: F) -> Result<F::Output, TooLate> {
    let mut future = pin!(future);
    let mut deadline = pin!(Deadline::new(deadline));
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        deadline.as_mut().poll(cx).map(|()| Err(TooLate))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_future_wins_if_it_is_ready_in_time() {
        let (past, soon) = (Instant::now() - Duration::from_secs(1), Instant::now() + Duration::from_secs(1));
        assert_eq!(until(past, async { 1 }).await, Ok(1));
        assert_eq!(until(soon, tokio::time::sleep(Duration::from_millis(999))).await, Ok(()));
        assert_eq!(until(soon, std::future::pending::<()>()).await, Err(TooLate));
        assert!(Instant::now() >= soon);
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_uses_up_its_budget_each_time_is_late_all_the_same() {
        let soon = Instant::now() + Duration::from_millis(50);
        let greedy = async {
            loop {
                tokio::task::consume_budget().await;
                tokio::time::advance(Duration::from_millis(1)).await;
            }
        };
        assert_eq!(until(soon, greedy).await, Err::<(), _>(TooLate));
    }
}
