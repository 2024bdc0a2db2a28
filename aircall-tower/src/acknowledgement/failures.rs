//! Counting the failures that Aircall counts.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use http::StatusCode;

use super::policy::Answer;

/// The failures of a layer as the sender sees them.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    in_a_row: AtomicU32,
    total: AtomicU64,
}

impl Failures {
    /// Decides the status of an answer that may be counted against the webhook, and counts it.
    pub(crate) fn settle(&self, answer: Answer, budget: u32) -> StatusCode {
        match answer {
            Answer::Status(status) => {
                self.count(status);
                status
            }
            Answer::WithinBudget(status) => {
                // One step, so that refusals that are decided at the same time cannot go over the budget together.
                let refused = self.in_a_row.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |in_a_row| {
                    (in_a_row < budget).then_some(in_a_row + 1)
                });
                if refused.is_ok() {
                    self.total.fetch_add(1, Ordering::Relaxed);
                    return status;
                }
                self.count(StatusCode::OK);
                StatusCode::OK
            }
        }
    }

    /// Counts an answer whose status is decided already.
    pub(crate) fn count(&self, status: StatusCode) {
        if status.is_success() {
            self.in_a_row.store(0, Ordering::Relaxed);
        } else {
            self.unanswered();
        }
    }

    /// Counts an attempt whose sender was gone before it had an answer.
    pub(crate) fn unanswered(&self) {
        let _ = self.in_a_row.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |in_a_row| in_a_row.checked_add(1));
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn in_a_row(&self) -> u32 {
        self.in_a_row.load(Ordering::Relaxed)
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Answer = Answer::WithinBudget(StatusCode::SERVICE_UNAVAILABLE);

    #[test]
    fn refusals_stop_at_the_budget_and_begin_again_after_a_success() {
        let failures = Failures::default();
        let statuses: Vec<u16> = (0..8).map(|_| failures.settle(RETRY, 3).as_u16()).collect();
        assert_eq!(statuses, [503, 503, 503, 200, 503, 503, 503, 200]);
        assert_eq!((failures.in_a_row(), failures.total()), (0, 6));
        assert_eq!(failures.settle(RETRY, 0), StatusCode::OK);
    }

    #[test]
    fn failures_outside_the_budget_use_it_up_as_well() {
        let failures = Failures::default();
        failures.settle(Answer::Status(StatusCode::BAD_GATEWAY), 3);
        failures.unanswered();
        assert_eq!(failures.in_a_row(), 2);
        assert_eq!(failures.settle(RETRY, 3), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(failures.settle(RETRY, 3), StatusCode::OK);
        assert_eq!((failures.in_a_row(), failures.total()), (0, 3));
    }

    #[test]
    fn refusals_at_the_same_time_fill_the_budget_exactly() {
        let failures = Failures::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        assert_eq!(failures.settle(RETRY, 1000), StatusCode::SERVICE_UNAVAILABLE);
                    }
                });
            }
        });
        assert_eq!(failures.settle(RETRY, 1000), StatusCode::OK);
    }
}
