mod human;
mod json;

use std::{collections::BTreeMap, time::Duration};

use super::{By, Happening, Policy, Subscription, Traffic};
use crate::{Collector, delivery::Mark};

/// What became of one webhook in a [`Rehearsal`](super::Rehearsal).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Account {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// The webhook, with its policy and timeline.
    pub webhook: Subscription,
    /// Why it ended.
    pub ended: Ended,
    /// How long it took, on the sender's clock.
    pub time: Duration,
    /// What the attempts that failed got, in words, and how often.
    pub failed_with: BTreeMap<String, usize>,
    /// The events of the stream.
    events: Vec<Event>,
    /// Which of them were acknowledged and not handled; `None` if nobody was there to be told.
    unhandled: Option<Vec<usize>>,
}

/// Why a rehearsal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// Every event was sent, and nothing was left to be sent again.
    Through,
    /// Every webhook was off, and nothing was left that could have switched one on.
    SwitchedOff,
    /// Its time was over.
    OutOfTime,
    /// It was told to.
    Early,
}

/// An event of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its number in the stream, counted from 1 as readers do.
    pub number: usize,
    /// Its name (`call.created`).
    pub name: String,
    /// The id of its call.
    pub call_id: u64,
}

impl Event {
    fn mark(&self) -> Mark {
        Mark { id: self.call_id.to_string(), event: Some(self.name.clone()) }
    }
}

impl Account {
    pub(super) fn new(
        endpoint: String,
        webhook: Subscription,
        traffic: &Traffic,
        time: Duration,
        ended: Ended,
    ) -> Self {
        let stream = traffic.stream().into_iter().enumerate();
        let events = stream
            .map(|(index, event)| Event { number: index + 1, name: event.name, call_id: traffic.call_id(index) })
            .collect();
        Self { endpoint, webhook, ended, time, events, failed_with: BTreeMap::new(), unhandled: None }
    }

    /// Asks a collector which of the acknowledged events were handled, when the last have had their time.
    pub(super) async fn ask(&mut self, collector: &Collector, patience: Duration) {
        let never: Vec<_> = self.webhook.never_acknowledged();
        let acknowledged: Vec<_> =
            self.webhook.generated_events().into_iter().filter(|event| !never.contains(event)).collect();
        let mark = |event: &usize| self.events.get(*event).map(Event::mark);
        collector.wait_for(&acknowledged.iter().filter_map(mark).collect::<Vec<_>>(), patience).await;
        let is_unhandled = |event: &usize| mark(event).is_some_and(|mark| collector.count(&mark) == 0);
        self.unhandled = Some(acknowledged.into_iter().filter(is_unhandled).collect());
    }

    /// Returns the policy that was played.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.webhook.policy()
    }

    /// Returns when the webhook was first switched off, if it was.
    #[must_use]
    pub fn switched_off_at(&self) -> Option<Duration> {
        self.webhook.switched_off_at()
    }

    /// Tells whether the webhook was switched off, and on again by a success each time.
    #[must_use]
    pub fn came_back(&self) -> bool {
        let by_success = |what| matches!(what, Happening::SwitchedOn(By::Success { .. }));
        self.webhook.is_active() && self.webhook.timeline().iter().any(|entry| by_success(entry.what))
    }

    /// Returns the events that were never acknowledged. They are lost for good, but for those that were
    /// [waiting](Self::waiting) when it ended early.
    ///
    /// An event that was acknowledged can be lost as well, if the receiver dropped it afterwards:
    /// [`never_handled`](Self::never_handled) takes a collector that the receiver reports to.
    pub fn never_acknowledged(&self) -> impl Iterator<Item = &Event> {
        self.webhook.never_acknowledged().into_iter().filter_map(|event| self.events.get(event))
    }

    /// Returns the events that were acknowledged, and that the receiver did not report as handled; `None` without a
    /// collector. They are lost for good: what is acknowledged is never sent again.
    #[must_use]
    pub fn never_handled(&self) -> Option<Vec<&Event>> {
        let unhandled = self.unhandled.as_ref()?;
        Some(unhandled.iter().filter_map(|&event| self.events.get(event)).collect())
    }

    /// Returns how many events might still have been acknowledged, had it not ended.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.webhook.waiting()
    }

    /// Returns the report for a person, in 80 columns.
    #[must_use]
    pub fn human(&self) -> String {
        human::write(self)
    }

    /// Returns the report for a program; see the README for the fields.
    #[must_use]
    pub fn json(&self) -> String {
        json::write(self)
    }

    fn event(&self, event: usize) -> String {
        match self.events.get(event) {
            Some(event) => format!("event {} ({})", event.number, event.name),
            None => format!("event {}", event + 1),
        }
    }
}

impl Ended {
    /// Returns the word that stands for it in machine-readable reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Through => "through",
            Self::SwitchedOff => "switched-off",
            Self::OutOfTime => "out-of-time",
            Self::Early => "interrupted",
        }
    }
}
