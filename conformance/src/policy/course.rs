use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use super::{Attempt, Subscription};

/// An event that comes into being, in a stream of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// When, on the sender's clock.
    pub at: Duration,
    /// Its name (`call.created`).
    pub name: String,
}

impl Generated {
    /// An event of this name, generated at this time.
    pub fn new(at: Duration, name: impl Into<String>) -> Self {
        Self { at, name: name.into() }
    }
}

/// Several webhooks on one stream of events, and what is next for them: the part that every clock shares.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) now: Duration,
    pub(super) stream: Vec<Generated>,
    generated: usize,
    pub(super) parties: Vec<Subscription>,
    by_hand: Vec<Duration>,
    /// Attempts whose end is known beforehand, by the time of their end and the order in which they began.
    endings: BinaryHeap<Reverse<(Duration, usize)>>,
    under_way: BTreeMap<usize, (usize, Attempt, bool)>,
    begun: usize,
}

impl Course {
    pub(super) fn new(mut stream: Vec<Generated>, parties: Vec<Subscription>, mut by_hand: Vec<Duration>) -> Self {
        stream.sort_by_key(|event| event.at);
        by_hand.sort_unstable();
        Self {
            now: Duration::ZERO,
            stream,
            generated: 0,
            parties,
            by_hand,
            endings: BinaryHeap::new(),
            under_way: BTreeMap::new(),
            begun: 0,
        }
    }

    /// Begins everything that is due, for all webhooks.
    pub(super) fn begin(&mut self) -> Vec<(usize, Attempt)> {
        let now = self.now;
        let started = |(party, webhook): (usize, &mut Subscription)| {
            let attempts: Vec<_> = std::iter::from_fn(|| webhook.start(now)).collect();
            attempts.into_iter().map(move |attempt| (party, attempt))
        };
        self.parties.iter_mut().enumerate().flat_map(started).collect()
    }

    /// Notes how and when an attempt will end.
    pub(super) fn will_end(&mut self, party: usize, attempt: Attempt, at: Duration, acknowledged: bool) {
        self.endings.push(Reverse((at, self.begun)));
        self.under_way.insert(self.begun, (party, attempt, acknowledged));
        self.begun += 1;
    }

    /// Returns when something happens next, as far as that is known; not before now.
    pub(super) fn next(&self) -> Option<Duration> {
        let ending = self.endings.peek().map(|&Reverse((at, _))| at);
        let event = self.stream.get(self.generated).map(|event| event.at);
        let due = self.parties.iter().filter_map(Subscription::next_due).min();
        let next = [ending, event, due, self.by_hand.first().copied()].into_iter().flatten().min()?;
        Some(next.max(self.now))
    }

    /// Moves the clock, and lets happen what has happened by then.
    pub(super) fn advance(&mut self, to: Duration) {
        self.now = self.now.max(to);
        let now = self.now;
        while let Some(&Reverse((at, number))) = self.endings.peek()
            && at <= now
        {
            self.endings.pop();
            if let Some((party, attempt, acknowledged)) = self.under_way.remove(&number) {
                self.parties[party].ended(now, &attempt, acknowledged);
            }
        }
        while self.by_hand.first().is_some_and(|&at| at <= now) {
            self.by_hand.remove(0);
            self.parties.iter_mut().for_each(|webhook| webhook.reenabled(now));
        }
        while let Some(event) = self.stream.get(self.generated).filter(|event| event.at <= now) {
            for webhook in &mut self.parties {
                webhook.generated(now, self.generated, &event.name);
            }
            self.generated += 1;
        }
    }

    /// Tells whether every webhook is off and has nothing left to send.
    pub(super) fn is_dead(&self) -> bool {
        self.by_hand.is_empty() && self.parties.iter().all(|webhook| !webhook.is_active() && webhook.is_idle())
    }
}
