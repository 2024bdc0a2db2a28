use std::{collections::BTreeSet, time::Duration};

use super::Subscription;
use crate::policy::{Entry, Happening, Policy};

/// What can be read off it.
impl Subscription {
    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Tells whether the webhook is on.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.off_since.is_none()
    }

    /// Tells whether nothing will be sent any more unless something new happens.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.due.is_empty() && self.in_flight == 0
    }

    /// Returns the failures counted by now.
    #[must_use]
    pub fn failures(&self, now: Duration) -> u32 {
        self.counter.clone().count(now)
    }

    /// Returns how many attempts have been made.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Returns how many events have been acknowledged.
    #[must_use]
    pub fn delivered(&self) -> usize {
        self.acknowledged.values().filter(|&&acknowledged| acknowledged).count()
    }

    /// Returns how many events have failed and wait to be sent again.
    #[must_use]
    pub fn retrying(&self) -> usize {
        self.due.iter().filter(|&&(.., job)| self.jobs[job].attempts > 0).count()
    }

    /// Returns the numbers of the events that were generated for this webhook.
    #[must_use]
    pub fn generated_events(&self) -> Vec<usize> {
        self.acknowledged.keys().copied().collect()
    }

    /// Returns the numbers of the events that were generated for this webhook and never acknowledged: lost for good once
    /// the webhook is idle.
    #[must_use]
    pub fn never_acknowledged(&self) -> Vec<usize> {
        self.acknowledged.iter().filter(|&(_, &acknowledged)| !acknowledged).map(|(&event, _)| event).collect()
    }

    /// Returns how many events are neither acknowledged nor lost yet: they wait to be sent, for the first time or again, or
    /// are under way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let lost = self.timeline.iter().filter_map(|entry| match entry.what {
            Happening::GivenUp { event, .. } | Happening::Dropped { event } => Some(event),
            _ => None,
        });
        let lost: BTreeSet<_> = lost.collect();
        self.never_acknowledged().iter().filter(|event| !lost.contains(event)).count()
    }

    /// Returns when the webhook was first switched off, if it was.
    #[must_use]
    pub fn switched_off_at(&self) -> Option<Duration> {
        self.timeline.iter().find(|entry| matches!(entry.what, Happening::SwitchedOff { .. })).map(|entry| entry.at)
    }

    /// Returns everything that happened, in its order.
    #[must_use]
    pub fn timeline(&self) -> &[Entry] {
        &self.timeline
    }
}
