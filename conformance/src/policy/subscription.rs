mod view;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{By, Entry, FailureUnit, Happening, Loss, NewEvents, Policy, Replay, chance::Chance, counter::Counter};

/// One webhook as Aircall keeps it, under one [`Policy`]: whether it is on, its failure counter, and what waits to be sent.
///
/// It has no clock and sends nothing. It is told that an event was [`generated`](Self::generated), asked what is
/// [`due`](Self::next_due) and to [`start`](Self::start) it, and told how that [`ended`](Self::ended). Times are since any
/// beginning, and must not go back.
#[derive(Debug, Clone)]
pub struct Subscription {
    policy: Policy,
    events: Option<BTreeSet<String>>,
    /// `None` leaves nothing to chance: in the order generated, once, without jitter.
    chance: Option<Chance>,
    counter: Counter,
    off_since: Option<Duration>,
    jobs: Vec<Job>,
    /// When, what is sent first at the same time, and which job.
    due: BTreeSet<(Duration, u64, usize)>,
    /// First attempts that wait for the webhook to be switched on.
    held: Vec<usize>,
    in_flight: usize,
    /// Attempts that have ended.
    attempts: usize,
    /// Each event that was generated for this webhook, and whether it was acknowledged.
    acknowledged: BTreeMap<usize, bool>,
    timeline: Vec<Entry>,
}

/// An event on its way.
#[derive(Debug, Clone)]
struct Job {
    event: usize,
    attempts: u32,
    /// Those that use up its retries.
    retries: u32,
    is_duplicate: bool,
}

/// An attempt to deliver an event, to be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The number of the event in the stream, counted from 0.
    pub event: usize,
    /// Which attempt it is, counted from 1.
    pub number: u32,
    /// When it begins, on the sender's clock.
    pub at: Duration,
    /// Whether the webhook is off.
    pub while_off: bool,
    job: usize,
}

impl Subscription {
    /// A webhook that is on and subscribed to every event, and leaves nothing to chance: events go out in the order in which
    /// they were generated, once, and without jitter, whatever else the policy allows.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            counter: Counter::new(policy.failure_window),
            policy,
            events: None,
            chance: None,
            off_since: None,
            jobs: vec![],
            due: BTreeSet::new(),
            held: vec![],
            in_flight: 0,
            attempts: 0,
            acknowledged: BTreeMap::new(),
            timeline: vec![],
        }
    }

    /// The same, subscribed to these events alone.
    #[must_use]
    pub fn with_events(self, events: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { events: Some(events.into_iter().map(Into::into).collect()), ..self }
    }

    /// The same with events that overtake each other, come twice, and retries with jitter, as far as the policy has it so.
    /// The same seed draws the same.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { chance: Some(Chance::new(seed)), ..self }
    }

    /// Takes an event of this number and name, if the webhook is subscribed to it.
    pub fn generated(&mut self, now: Duration, event: usize, name: &str) {
        if self.events.as_ref().is_some_and(|events| !events.contains(name)) {
            return;
        }
        self.acknowledged.insert(event, false);
        let job = self.add(event, false);
        match (self.is_active(), self.policy.new_events_while_disabled) {
            (true, _) | (false, NewEvents::Sent) => {
                let lag = self
                    .draw(|policy| policy.is_unordered, |chance| Duration::from_millis(chance.below(OVERTAKING_MS)));
                self.wait(now + lag.unwrap_or_default(), job);
            }
            (false, NewEvents::Queued) => self.held.push(job),
            (false, NewEvents::Dropped) => self.record(now, Happening::Dropped { event }),
        }
    }

    /// Returns when something is due; `None` if nothing is before an attempt under way has ended.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        if self.in_flight >= self.policy.max_in_flight {
            return None;
        }
        let &(first, ..) = self.due.first()?;
        Some(self.end_of_retries().map_or(first, |end| first.min(end)))
    }

    /// Begins what is due by now, one attempt at a time; `None` when there is nothing more to begin.
    pub fn start(&mut self, now: Duration) -> Option<Attempt> {
        if self.in_flight >= self.policy.max_in_flight {
            return None;
        }
        let &(first, order, job) = self.due.first()?;
        if let Some(end) = self.end_of_retries()
            && now >= end
            && (first > now || now > end)
        {
            self.give_up_waiting(now, Loss::OffTooLong);
            return None;
        }
        if first > now {
            return None;
        }
        self.due.remove(&(first, order, job));
        self.in_flight += 1;
        let while_off = !self.is_active();
        let counts = !while_off || self.policy.disabled_retries_count_to_max;
        let entry = &mut self.jobs[job];
        if entry.attempts > 0 && counts {
            entry.retries += 1;
        }
        entry.attempts += 1;
        Some(Attempt { event: entry.event, number: entry.attempts, at: now, while_off, job })
    }

    /// Takes the end of an attempt.
    pub fn ended(&mut self, now: Duration, attempt: &Attempt, acknowledged: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.attempts += 1;
        if acknowledged { self.succeeded(now, attempt) } else { self.failed(now, attempt) }
    }

    /// Switches the webhook on by hand, as on the Dashboard.
    pub fn reenabled(&mut self, now: Duration) {
        if !self.is_active() {
            self.switch_on(now, By::Hand);
        }
    }

    fn succeeded(&mut self, now: Duration, attempt: &Attempt) {
        self.acknowledged.insert(attempt.event, true);
        let was_off = !self.is_active();
        if !was_off && self.policy.reset_on_success {
            self.counter.set(now, 0);
        }
        self.attempted(now, attempt, true);
        if was_off && self.policy.reenable_on_success {
            self.switch_on(now, By::Success { event: attempt.event });
        }
        let comes_again = self.draw(|policy| policy.may_duplicate, |chance| chance.below(ONE_IN) == 0);
        if comes_again == Some(true) && self.is_active() && !self.jobs[attempt.job].is_duplicate {
            let job = self.add(attempt.event, true);
            self.wait(now + DUPLICATE_AFTER, job);
        }
    }

    fn failed(&mut self, now: Duration, attempt: &Attempt) {
        let has_retries = self.jobs[attempt.job].retries < self.policy.max_retries;
        let is_failure = match self.policy.failure_unit {
            FailureUnit::Attempt => true,
            FailureUnit::ExhaustedEvent => !has_retries,
        };
        let was_on = self.is_active();
        if was_on && is_failure {
            self.counter.add(now);
        }
        self.attempted(now, attempt, false);
        let goes_off = was_on && is_failure && self.counter.count(now) >= self.policy.disable_after;
        if goes_off {
            self.off_since = Some(now);
        }
        // Where the time after the switch-off is a phase of its own, an event has as many retries in it as fit.
        let has_more = !self.is_active() && !self.policy.disabled_retries_count_to_max;
        let is_exhausted = !has_retries && !has_more;
        if is_exhausted {
            self.give_up(now, attempt.event, Loss::Exhausted);
        }
        if goes_off {
            self.record(now, Happening::SwitchedOff { event: attempt.event, attempts: self.attempts });
        }
        if !is_exhausted {
            self.retry(now, attempt);
        }
        if goes_off {
            self.hold_back_new(now);
            if self.policy.retry_while_disabled.is_zero() {
                self.give_up_waiting(now, Loss::OffTooLong);
            }
        }
    }

    fn retry(&mut self, now: Duration, attempt: &Attempt) {
        if self.end_of_retries().is_some_and(|end| now >= end) {
            return self.give_up(now, attempt.event, Loss::OffTooLong);
        }
        let retry = attempt.number as usize - 1;
        let delay = match &mut self.chance {
            Some(chance) => self.policy.backoff.jittered(retry, || chance.share()),
            None => self.policy.backoff.delay(retry),
        };
        // Without any delay a clock that jumps would stand still.
        self.wait(now + delay.max(Duration::from_millis(1)), attempt.job);
    }

    /// Deals with events that waited for their first attempt when the webhook was switched off.
    fn hold_back_new(&mut self, now: Duration) {
        if self.policy.new_events_while_disabled == NewEvents::Sent {
            return;
        }
        let waiting = std::mem::take(&mut self.due).into_iter();
        let (new, old): (BTreeSet<_>, _) = waiting.partition(|&(.., job)| self.jobs[job].attempts == 0);
        self.due = old;
        for (.., job) in new {
            match self.policy.new_events_while_disabled {
                _ if self.jobs[job].is_duplicate => {}
                NewEvents::Queued => self.held.push(job),
                _ => self.record(now, Happening::Dropped { event: self.jobs[job].event }),
            }
        }
    }

    fn switch_on(&mut self, now: Duration, by: By) {
        self.off_since = None;
        self.counter.set(now, self.policy.count_after_reenable);
        self.record(now, Happening::SwitchedOn(by));
        if self.policy.replay_after_reenable == Replay::None {
            self.give_up_waiting(now, Loss::NotReplayed);
        }
        for job in std::mem::take(&mut self.held) {
            self.wait(now, job);
        }
    }

    /// While it is off: when failed events are no longer sent again.
    fn end_of_retries(&self) -> Option<Duration> {
        self.off_since.map(|since| since + self.policy.retry_while_disabled)
    }

    fn give_up_waiting(&mut self, now: Duration, why: Loss) {
        for (.., job) in std::mem::take(&mut self.due) {
            self.give_up(now, self.jobs[job].event, why);
        }
    }

    fn give_up(&mut self, now: Duration, event: usize, why: Loss) {
        // A copy that came too often is no loss.
        if self.acknowledged.get(&event) == Some(&false) {
            self.record(now, Happening::GivenUp { event, why });
        }
    }

    fn attempted(&mut self, now: Duration, attempt: &Attempt, acknowledged: bool) {
        let what = Happening::Attempted {
            event: attempt.event,
            attempt: attempt.number,
            acknowledged,
            failures: self.counter.count(now),
            while_off: !self.is_active(),
            is_duplicate: self.jobs[attempt.job].is_duplicate,
        };
        self.record(now, what);
    }

    fn add(&mut self, event: usize, is_duplicate: bool) -> usize {
        self.jobs.push(Job { event, attempts: 0, retries: 0, is_duplicate });
        self.jobs.len() - 1
    }

    fn wait(&mut self, until: Duration, job: usize) {
        let order = self.draw(|policy| policy.is_unordered, Chance::next);
        self.due.insert((until, order.unwrap_or_default(), job));
    }

    /// Draws by lot, if that is allowed and the policy has it so.
    fn draw<T>(&mut self, has_it: impl FnOnce(&Policy) -> bool, draw: impl FnOnce(&mut Chance) -> T) -> Option<T> {
        self.chance.as_mut().filter(|_| has_it(&self.policy)).map(draw)
    }

    fn record(&mut self, at: Duration, what: Happening) {
        self.timeline.push(Entry { at, what });
    }
}

/// Where events may overtake each other, the first attempt comes up to so much later. Deliveries take 2 to 3 s in the one
/// published measurement, so two seconds of spread are an assumption of the right size.
const OVERTAKING_MS: u64 = 2000;

/// Where duplicates may come, one acknowledged event in so many comes again: often enough to be seen in a short run.
const ONE_IN: u64 = 50;

/// A sender that missed an acknowledgement finds out when its patience is over.
const DUPLICATE_AFTER: Duration = Duration::from_secs(5);
