//! Counting the failures that Aircall counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;

use super::policy::Answer;
use crate::token::WebhookId;

/// The failures of a layer as the sender sees them: a row for each webhook, since each is switched off on its own.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Only webhooks that are in a row of failures stand here, so the size is bounded by the number of valid tokens.
    rows: Mutex<HashMap<WebhookId, u32>>,
    /// Refusals since a token could last be looked up. Whose they are nobody knows; a stranger can add to this row but
    /// not end it.
    unresolved: AtomicU32,
    total: AtomicU64,
}

/// Whose failure something is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account {
    Webhook(WebhookId),
    Unresolved,
}

impl Failures {
    /// Decides the status of an answer that is counted, and counts it.
    pub(crate) fn settle(&self, account: Account, answer: Answer, budget: u32) -> StatusCode {
        let status = match answer {
            Answer::Status(status) => {
                self.count(account, status.is_success());
                return status;
            }
            Answer::WithinBudget(status) => status,
        };
        // Deciding and counting are one step, so that answers at the same time cannot go over the budget together.
        let refused = match account {
            Account::Webhook(webhook) => {
                let mut rows = self.rows();
                let row = rows.get(&webhook).copied().unwrap_or(0);
                if row < budget {
                    rows.insert(webhook, row + 1)
                } else {
                    rows.remove(&webhook)
                };
                row < budget
            }
            Account::Unresolved => self
                .unresolved
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |row| (row < budget).then_some(row + 1))
                .is_ok(),
        };
        if !refused {
            return StatusCode::OK;
        }
        self.total.fetch_add(1, Ordering::Relaxed);
        status
    }

    /// Counts an attempt that has ended for its sender, whether well or not.
    pub(crate) fn count(&self, account: Account, success: bool) {
        match (account, success) {
            (Account::Webhook(webhook), true) => {
                let mut rows = self.rows();
                // Nearly always there is no row, and then nothing to hash for.
                if !rows.is_empty() {
                    rows.remove(&webhook);
                }
            }
            (Account::Webhook(webhook), false) => {
                let mut rows = self.rows();
                let row = rows.entry(webhook).or_default();
                *row = row.saturating_add(1);
            }
            (Account::Unresolved, true) => {}
            (Account::Unresolved, false) => {
                let more = |row: u32| row.checked_add(1);
                let _ = self.unresolved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
            }
        }
        if !success {
            self.total.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes note that a lookup has found whose a token is.
    pub(crate) fn resolved(&self) {
        // Read first: a write would take this line of memory away from all other threads, for each delivery.
        if self.unresolved.load(Ordering::Relaxed) != 0 {
            self.unresolved.store(0, Ordering::Relaxed);
        }
    }

    /// Returns the longest row.
    pub(crate) fn in_a_row(&self) -> u32 {
        let longest = self.rows().values().copied().max().unwrap_or(0);
        longest.max(self.unresolved.load(Ordering::Relaxed))
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<WebhookId, u32>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Answer = Answer::WithinBudget(StatusCode::SERVICE_UNAVAILABLE);

    fn webhook(token: &str) -> Account {
        Account::Webhook(WebhookId::of(token))
    }

    #[test]
    fn refusals_stop_at_the_budget_and_begin_again_after_a_success() {
        let failures = Failures::default();
        let statuses: Vec<u16> = (0..8).map(|_| failures.settle(webhook("a"), RETRY, 3).as_u16()).collect();
        assert_eq!(statuses, [503, 503, 503, 200, 503, 503, 503, 200]);
        assert_eq!((failures.in_a_row(), failures.total()), (0, 6));
        assert_eq!(failures.settle(webhook("a"), RETRY, 0), StatusCode::OK);
    }

    #[test]
    fn failures_outside_the_budget_use_it_up_as_well() {
        let failures = Failures::default();
        failures.settle(webhook("a"), Answer::Status(StatusCode::BAD_GATEWAY), 3);
        failures.count(webhook("a"), false);
        assert_eq!(failures.in_a_row(), 2);
        assert_eq!(failures.settle(webhook("a"), RETRY, 3), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(failures.settle(webhook("a"), RETRY, 3), StatusCode::OK);
        assert_eq!((failures.in_a_row(), failures.total()), (0, 3));
    }

    #[test]
    fn each_webhook_has_its_own_row() {
        let failures = Failures::default();
        for _ in 0..3 {
            assert_eq!(failures.settle(webhook("a"), RETRY, 3), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(failures.settle(webhook("b"), Answer::Status(StatusCode::OK), 3), StatusCode::OK);
        }
        assert_eq!(failures.in_a_row(), 3, "the longest row is the one that matters");
        assert_eq!(failures.settle(webhook("a"), RETRY, 3), StatusCode::OK, "a success of b is none of a");
    }

    #[test]
    fn what_could_not_be_looked_up_is_refused_so_often_until_a_lookup_works_again() {
        let failures = Failures::default();
        let refuse = || failures.settle(Account::Unresolved, RETRY, 2).as_u16();
        assert_eq!([refuse(), refuse(), refuse(), refuse()], [503, 503, 200, 200]);
        failures.count(webhook("a"), true);
        assert_eq!(failures.settle(Account::Unresolved, Answer::Status(StatusCode::OK), 2), StatusCode::OK);
        assert_eq!((refuse(), failures.in_a_row()), (200, 2), "only a lookup shows that lookups work");
        failures.resolved();
        assert_eq!((refuse(), failures.in_a_row(), failures.total()), (503, 1, 3));
    }

    #[test]
    fn refusals_at_the_same_time_fill_the_budget_exactly() {
        let failures = Failures::default();
        for account in [webhook("a"), Account::Unresolved] {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..250 {
                            assert_eq!(failures.settle(account, RETRY, 1000), StatusCode::SERVICE_UNAVAILABLE);
                        }
                    });
                }
            });
            assert_eq!(failures.settle(account, RETRY, 1000), StatusCode::OK);
        }
    }
}
