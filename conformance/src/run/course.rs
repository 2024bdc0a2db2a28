use std::{future::Future, pin::pin, time::Duration};

use futures_util::future::join_all;

use super::{
    Check, Entry, NotReached, Plan, Record, Step, review,
    session::{Seen, Session},
};
use crate::{
    Collector,
    case::{Case, Expectation, Procedure},
    catalogue::{LOCKOUT_CASE, catalogue},
    observation::{Outcome, Stage},
    verdict::{Evidence, Harm, Review, Skip},
};

/// Puts the cases of a plan in the order that tells most: what is honest first; then what is hostile, one after the other
/// unless the receiver takes its time; then what takes time by itself, side by side; then what asks for many connections at
/// once.
pub(super) async fn run(
    check: &Check,
    plan: &Plan,
    progress: &mut impl FnMut(Step<'_>),
    stop: impl Future<Output = ()>,
) -> Result<Record, NotReached> {
    let mut course = Course {
        session: Session::new(check, plan),
        plan,
        evidence: vec![None; plan.cases.len()],
        probes: 0,
        harm: None,
        is_wired: false,
        progress,
    };
    let is_interrupted = {
        let mut stop = pin!(stop);
        tokio::select! {
            biased;
            () = &mut stop => true,
            ended = course.run() => ended.map(|()| false)?,
        }
    };
    Ok(course.finish(check, is_interrupted).await)
}

struct Course<'a, P> {
    session: Session<'a>,
    plan: &'a Plan,
    /// What is known about each case of the plan by now.
    evidence: Vec<Option<Evidence>>,
    probes: usize,
    harm: Option<Harm>,
    /// Whether the receiver reports to the collector.
    is_wired: bool,
    progress: &'a mut P,
}

impl<P: FnMut(Step<'_>)> Course<'_, P> {
    async fn run(&mut self) -> Result<(), NotReached> {
        self.open().await?;
        let is_load = |case: &Case| case.is_load();
        self.honest(self.select(|case| !case.is_hostile() && !case.is_patient() && !is_load(case))).await;
        let hostile = self.select(|case| case.is_hostile() && !case.is_patient() && !is_load(case));
        match self.session.width() {
            1 => self.one_by_one(hostile).await,
            width => {
                for several in hostile.chunks(width) {
                    self.together(several).await;
                    self.session.lose_patience();
                }
            }
        }
        self.together(&self.select(|case| case.is_patient())).await;
        for at in self.select(is_load) {
            self.session.check.endpoint.close_idle().await;
            // That many are not answered in time is what such a case looks for, and no reason to leave the receiver alone.
            self.step(at);
            self.evidence[at] = Some(self.session.observe(&self.plan.cases[at]).await);
        }
        Ok(())
    }

    fn select(&self, wanted: impl Fn(&Case) -> bool) -> Vec<usize> {
        let is_open = |at: &usize| self.evidence[*at].is_none() && self.plan.cases[*at].procedure != Procedure::Review;
        (0..self.plan.cases.len()).filter(is_open).filter(|&at| wanted(&self.plan.cases[at])).collect()
    }

    /// The first case is the one on which the others depend.
    async fn open(&mut self) -> Result<(), NotReached> {
        let Some(first) = self.plan.cases.first() else { return Ok(()) };
        self.step(0);
        let evidence = self.session.open(first).await?;
        if let (Some(collector), Some(trial)) = (&self.session.check.collector, evidence.trial()) {
            let marks: Vec<_> = trial.exchanges.iter().filter_map(|exchange| exchange.mark.clone()).collect();
            if trial.exchanges.iter().all(|exchange| exchange.observation.is_acknowledged()) {
                collector.wait_for(&marks, PATIENCE).await;
            }
            self.is_wired = marks.iter().any(|mark| collector.count(mark) > 0);
        }
        self.evidence[0] = Some(evidence);
        Ok(())
    }

    /// Side by side if the receiver takes its time, so that a run does not take minutes.
    async fn honest(&mut self, cases: Vec<usize>) {
        for several in cases.chunks(self.session.width()) {
            several.iter().for_each(|&at| self.step(at));
            let seen = join_all(several.iter().map(|&at| self.session.observe(&self.plan.cases[at]))).await;
            for (&at, evidence) in several.iter().zip(seen) {
                self.evidence[at] = Some(evidence);
            }
            self.session.lose_patience();
        }
    }

    async fn one_by_one(&mut self, cases: Vec<usize>) {
        for at in cases {
            self.step(at);
            self.evidence[at] = Some(self.session.observe(&self.plan.cases[at]).await);
            self.session.lose_patience();
        }
    }

    /// What is not answered in time may have waited for the others, where one request at a time is served: it is put again
    /// by itself. One honest event follows all of them. If it meets with harm, each is put again by itself to find out which
    /// does it.
    async fn together(&mut self, cases: &[usize]) {
        cases.iter().for_each(|&at| self.step(at));
        self.session.check.endpoint.close_idle().await;
        let seen = join_all(cases.iter().map(|&at| self.session.put(&self.plan.cases[at]))).await;
        for (&at, evidence) in cases.iter().zip(seen) {
            let case = &self.plan.cases[at];
            let is_unheard = match case.expectation {
                Expectation::LiveOn => is_unconnected(&evidence),
                _ => is_late(&evidence),
            };
            if is_unheard {
                self.session.check.endpoint.close_idle().await;
            }
            self.evidence[at] = Some(if is_unheard { self.session.put(case).await } else { evidence });
        }
        let hostile =
            |at: &usize| self.plan.cases[*at].is_hostile() && matches!(self.evidence[*at], Some(Evidence::Observed(_)));
        let suspects: Vec<usize> = cases.iter().copied().filter(hostile).collect();
        if suspects.is_empty() {
            return;
        }
        let after: Vec<_> = suspects.iter().map(|&at| self.plan.cases[at].id.to_string()).collect();
        self.probes += 1;
        let Some(outcome) = self.session.harm(&after.join(", ")).await else { return };
        for &at in &suspects {
            if self.session.is_over() {
                break;
            }
            self.step(at);
            let alone = self.session.observe(&self.plan.cases[at]).await;
            if alone.trial().is_some_and(|trial| trial.afterwards.is_some()) {
                self.evidence[at] = Some(alone);
                return;
            }
        }
        self.harm = Some(Harm { after, outcome });
    }

    fn step(&mut self, at: usize) {
        let done = self.evidence.iter().filter(|evidence| evidence.is_some()).count();
        (self.progress)(Step { done, total: self.plan.cases.len(), case: &self.plan.cases[at] });
    }

    /// Fills in what the run as a whole has shown.
    async fn finish(self, check: &Check, is_interrupted: bool) -> Record {
        let missing = |case: &Case| match case.procedure {
            Procedure::Review if !is_interrupted => Skip::NothingToReview,
            _ => Skip::Interrupted,
        };
        let entries = self.plan.cases.iter().zip(self.evidence).map(|(case, evidence)| Entry {
            case: case.clone(),
            evidence: evidence.unwrap_or_else(|| Evidence::Missing(missing(case))),
        });
        let mut record = Record {
            endpoint: check.endpoint.shown(),
            timeout: check.sender.timeout(),
            entries: entries.collect(),
            deaf_since: self.session.deaf_since(),
            unselected: catalogue().len().saturating_sub(self.plan.cases.len()),
            requests: self.session.requests(),
            is_interrupted,
            probes: self.probes,
            harm: self.harm,
        };
        match &check.collector {
            Some(collector) if self.is_wired => collect(&mut record, collector).await,
            Some(_) => give_up_counting(&mut record),
            None => {}
        }
        if let Some((case, outcome)) = self.session.locked_out() {
            for entry in record.entries.iter_mut().filter(|entry| entry.case.id == LOCKOUT_CASE) {
                entry.evidence = Evidence::Reviewed(Review::LockedOut(case.clone(), outcome.clone()));
            }
        }
        let seen = Seen {
            is_https: check.endpoint.is_https(),
            is_local: self.plan.is_local,
            has_collector: check.collector.is_some(),
        };
        review::fill_in(&mut record, &seen);
        record
    }
}

fn is_unconnected(evidence: &Evidence) -> bool {
    let is = |outcome: &Outcome| matches!(outcome, Outcome::TimedOut(Stage::Connecting));
    evidence.trial().is_some_and(|trial| trial.exchanges.iter().any(|exchange| is(&exchange.observation.outcome)))
}

fn is_late(evidence: &Evidence) -> bool {
    evidence.trial().is_some_and(|trial| trial.exchanges.iter().any(|exchange| exchange.observation.is_late()))
}

/// A receiver that does not report what it handles cannot be asked how often it did.
fn give_up_counting(record: &mut Record) {
    for entry in &mut record.entries {
        if entry.case.expectation == Expectation::HandleOnce && entry.evidence.trial().is_some() {
            entry.evidence = Evidence::Missing(Skip::NotReporting);
        }
    }
}

/// Asks the collector how often each event was handled, when the last have had their time.
async fn collect(record: &mut Record, collector: &Collector) {
    let acknowledged = record.honest().into_iter().filter(|(_, exchange)| exchange.observation.is_acknowledged());
    let marks: Vec<_> = acknowledged.filter_map(|(_, exchange)| exchange.mark.clone()).collect();
    collector.wait_for(&marks, PATIENCE).await;
    // What should not have been handled has no sign of its own to wait for.
    tokio::time::sleep(STRAGGLERS).await;
    for trial in record.entries.iter_mut().filter_map(|entry| entry.evidence.trial_mut()) {
        for exchange in &mut trial.exchanges {
            exchange.handled = exchange.mark.as_ref().map(|mark| collector.count(mark));
        }
    }
}

/// A receiver that works off a queue may take so long for an event.
const PATIENCE: Duration = Duration::from_secs(5);

const STRAGGLERS: Duration = Duration::from_millis(300);
