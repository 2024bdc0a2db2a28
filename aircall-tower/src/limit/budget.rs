//! The account of body bytes held for strangers, over all requests of a layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::observe;

/// A bound on bytes, shared by all requests of a layer.
#[derive(Debug)]
pub(crate) struct Budget {
    held: AtomicUsize,
}

impl Budget {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0) })
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

/// One request's part of a [`Budget`], given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    name: Arc<str>,
    budget: Arc<Budget>,
    limit: usize,
    bytes: usize,
}

impl Share {
    pub(crate) fn new(name: Arc<str>, budget: Arc<Budget>, limit: usize) -> Self {
        Self { name, budget, limit, bytes: 0 }
    }

    /// Raises this part to `bytes`, or leaves it as it is and returns false if the budget has not so much left.
    #[must_use]
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let grown = self.budget.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(more).filter(|held| *held <= self.limit)
        });
        if grown.is_ok() {
            self.bytes += more;
            observe::unauthenticated(&self.name, more as f64);
        }
        grown.is_ok()
    }

    /// Gives everything back.
    pub(crate) fn release(&mut self) {
        if self.bytes > 0 {
            self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
            observe::unauthenticated(&self.name, -(self.bytes as f64));
            self.bytes = 0;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_the_budget_and_are_given_back() {
        let budget = Budget::new();
        let mut first = Share::new("test".into(), Arc::clone(&budget), 10);
        let mut second = Share::new("test".into(), Arc::clone(&budget), 10);
        assert!(first.grow_to(6));
        assert!(first.grow_to(6));
        assert!(!second.grow_to(5));
        assert!(second.grow_to(4));
        assert_eq!(budget.held(), 10);
        assert!(!first.grow_to(usize::MAX));
        drop(first);
        assert_eq!(budget.held(), 4);
        second.release();
        assert_eq!(budget.held(), 0);
        assert!(second.grow_to(10));
    }
}
