use std::{fmt, time::Duration};

use super::{Attempt, Generated, Subscription, course::Course};

/// Webhooks on one stream of events, each with a receiver that is a function, on a clock that jumps to what is next.
///
/// Nothing waits and nothing is sent. The same stream, receivers and seeds give the same timelines.
#[derive(Default)]
pub struct Simulation<'a> {
    stream: Vec<Generated>,
    webhooks: Vec<(Subscription, Receiver<'a>)>,
    by_hand: Vec<Duration>,
}

type Receiver<'a> = Box<dyn FnMut(&Attempt) -> Reply + 'a>;

impl<'a> Simulation<'a> {
    /// A simulation with these events, in any order; their numbers go by their times.
    pub fn new(stream: impl IntoIterator<Item = Generated>) -> Self {
        Self { stream: stream.into_iter().collect(), webhooks: vec![], by_hand: vec![] }
    }

    /// Adds a webhook and its receiver.
    pub fn subscribe(&mut self, webhook: Subscription, receiver: impl FnMut(&Attempt) -> Reply + 'a) -> &mut Self {
        self.webhooks.push((webhook, Box::new(receiver)));
        self
    }

    /// Has every webhook that is off at this time switched on by hand.
    pub fn switch_on_by_hand(&mut self, at: Duration) -> &mut Self {
        self.by_hand.push(at);
        self
    }

    /// Plays until nothing is left to be sent, and returns the webhooks in the order in which they were added.
    #[must_use]
    pub fn run(self) -> Vec<Subscription> {
        let (webhooks, mut receivers): (Vec<_>, Vec<_>) = self.webhooks.into_iter().unzip();
        let mut course = Course::new(self.stream, webhooks, self.by_hand);
        while let Some(next) = course.next() {
            course.advance(next);
            for (party, attempt) in course.begin() {
                let reply = receivers[party](&attempt);
                let policy = course.parties[party].policy();
                let is_in_time = reply.after <= policy.attempt_timeout;
                let end = course.now + reply.after.min(policy.attempt_timeout);
                let acknowledged = is_in_time && policy.accepts(reply.status);
                course.will_end(party, attempt, end, acknowledged);
            }
        }
        course.parties
    }
}

impl fmt::Debug for Simulation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("events", &self.stream.len())
            .field("webhooks", &self.webhooks.len())
            .finish_non_exhaustive()
    }
}

/// What a receiver answers in a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// How long it takes until the response is whole.
    pub after: Duration,
}

impl Reply {
    /// An answer of this status, at once.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self { status, after: Duration::ZERO }
    }

    /// The same after some time.
    #[must_use]
    pub const fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}
