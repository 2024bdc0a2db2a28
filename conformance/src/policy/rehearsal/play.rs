use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use super::{Clock, Meter};
use crate::{
    Endpoint,
    delivery::Sender,
    observation::{Observation, Outcome},
    policy::{Attempt, Ended, Traffic, course::Course},
    run::{NotReached, Pace},
};

/// The way to one receiver.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) endpoint: Endpoint,
    pub(super) sender: Sender,
}

/// An attempt that has ended: its place among the attempts, whose it was, and what came of it.
type Arrived = (usize, usize, Attempt, Observation);

/// A rehearsal under way.
pub(super) struct Play<P> {
    pub(super) traffic: Traffic,
    pub(super) lines: Vec<Arc<Line>>,
    pub(super) clock: Clock,
    pub(super) limit: Option<Duration>,
    pub(super) pace: Pace,
    /// How many have been begun.
    pub(super) attempts: usize,
    pub(super) progress: P,
    pub(super) told: Option<Instant>,
    /// What each webhook's failed attempts got, and how often.
    pub(super) failed: Vec<BTreeMap<String, usize>>,
}

impl<P: FnMut(Meter)> Play<P> {
    pub(super) async fn on(&mut self, course: &mut Course) -> Result<Ended, NotReached> {
        let start = Instant::now();
        let mut under_way = JoinSet::new();
        loop {
            let next = course.next();
            self.tell(course);
            // Nothing more can come of it: the events still to be generated would be dropped one by one.
            if under_way.is_empty() && course.is_dead() {
                return Ok(Ended::SwitchedOff);
            }
            let Some(next) = next.or((!under_way.is_empty()).then_some(Duration::MAX)) else {
                return Ok(Ended::Through);
            };
            let limit = self.limit.unwrap_or(Duration::MAX);
            match self.clock {
                Clock::Jumping => {
                    if next > limit {
                        return Ok(Ended::OutOfTime);
                    }
                    course.advance(next);
                    self.begin(course, &mut under_way).await;
                    self.finish_all(course, &mut under_way).await?;
                }
                Clock::Wall => {
                    if start.elapsed() >= limit {
                        return Ok(Ended::OutOfTime);
                    }
                    // The clock on the terminal goes on meanwhile.
                    let until = next.min(limit).min(start.elapsed() + TICK);
                    tokio::select! {
                        Some(Ok((_, party, attempt, observation))) = under_way.join_next() => {
                            self.arrived(course, party, attempt, &observation, start.elapsed())?;
                            course.advance(start.elapsed());
                        }
                        () = tokio::time::sleep_until(start + until) => course.advance(start.elapsed()),
                    }
                    self.begin(course, &mut under_way).await;
                }
            }
        }
    }

    /// Sends what is due.
    async fn begin(&mut self, course: &mut Course, under_way: &mut JoinSet<Arrived>) {
        for (party, attempt) in course.begin() {
            self.pace.wait().await;
            let line = self.lines[party].clone();
            let body = self.traffic.body(attempt.event, line.sender.token());
            let delivery = line.sender.prepare_body(&*course.stream[attempt.event].name, body);
            let place = self.attempts;
            self.attempts += 1;
            under_way.spawn(async move { (place, party, attempt, line.endpoint.deliver(&delivery).await) });
        }
    }

    /// Waits for all of them, and takes them in the order in which they were sent, whichever was answered first.
    async fn finish_all(&mut self, course: &mut Course, under_way: &mut JoinSet<Arrived>) -> Result<(), NotReached> {
        let mut arrived = vec![];
        while let Some(ended) = under_way.join_next().await {
            arrived.extend(ended);
        }
        arrived.sort_by_key(|&(place, ..)| place);
        for (_, party, attempt, observation) in arrived {
            let took = match observation.outcome {
                Outcome::TimedOut(_) => self.lines[party].sender.timeout(),
                _ => Duration::ZERO,
            };
            self.arrived(course, party, attempt, &observation, course.now + took)?;
        }
        Ok(())
    }

    fn arrived(
        &mut self,
        course: &mut Course,
        party: usize,
        attempt: Attempt,
        observation: &Observation,
        at: Duration,
    ) -> Result<(), NotReached> {
        if let (Outcome::Unreachable(_), 0, 1) = (&observation.outcome, attempt.event, attempt.number) {
            let endpoint = self.lines[party].endpoint.shown();
            return Err(NotReached { endpoint, outcome: observation.outcome.clone() });
        }
        let policy = course.parties[party].policy();
        let acknowledged = observation.response().is_some_and(|response| policy.accepts(response.status));
        if !acknowledged {
            *self.failed[party].entry(observation.outcome.to_string()).or_default() += 1;
        }
        course.will_end(party, attempt, at, acknowledged);
        Ok(())
    }

    /// Not more often than anybody can read: what it tells takes counting.
    fn tell(&mut self, course: &Course) {
        let Some(webhook) = course.parties.first() else { return };
        if self.told.is_some_and(|told| told.elapsed() < BLINK) {
            return;
        }
        self.told = Some(Instant::now());
        (self.progress)(Meter {
            at: course.now,
            is_active: webhook.is_active(),
            failures: webhook.failures(course.now),
            limit: webhook.policy().disable_after,
            delivered: webhook.delivered(),
            retrying: webhook.retrying(),
        });
    }
}

/// So often the clock goes on while nothing happens.
const TICK: Duration = Duration::from_secs(1);

/// So often it is told how things stand, at most.
const BLINK: Duration = Duration::from_millis(100);
