use std::time::Duration;

use tokio::time::Instant;

use super::{Check, Entry, NotReached, Plan, Record, pace::Pace, record::Harm, review};
use crate::{
    case::{Body, Case, PLAIN_EVENT, Procedure, Request},
    delivery::Delivery,
    observation::{Observation, Outcome},
    verdict::{Evidence, Skip},
};

/// A run under way.
pub(super) struct Session<'a> {
    check: &'a Check,
    hostile: bool,
    pace: Pace,
    plain: Option<Delivery>,
    record: Record,
    /// What the plain event met with; `None` before it was sent.
    gate: Option<Gate>,
    /// So many deliveries in a row have not been answered in time.
    silent: usize,
    /// Why nothing more is sent.
    over: Option<Skip>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Answered, with anything but a 2xx.
    Refused,
    /// Not answered, or not in HTTP.
    Silent,
}

impl<'a> Session<'a> {
    pub(super) fn new(check: &'a Check, plan: &Plan) -> Self {
        Self {
            check,
            hostile: plan.hostile,
            pace: Pace::new(plan.rate),
            plain: check.sender.prepare(&Request::post(Body::Event(PLAIN_EVENT))),
            record: Record::new(check.endpoint.shown(), check.sender.timeout()),
            gate: None,
            silent: 0,
            over: None,
        }
    }

    pub(super) async fn observe(&mut self, case: &Case) -> Result<Evidence, NotReached> {
        let Procedure::Send(request) = &case.procedure else {
            return Ok(Evidence::Missing(Skip::NothingToReview));
        };
        if let Some(skip) = self.skip(case) {
            return Ok(Evidence::Missing(skip));
        }
        let Some(delivery) = self.check.sender.prepare(request) else {
            return Ok(Evidence::Missing(Skip::NoSuchRequest));
        };
        let observation = self.deliver(&delivery).await;
        let Some(gate) = self.gate else {
            return self.open(observation);
        };
        if gate == Gate::Refused {
            return Ok(Evidence::WhileRefused(observation));
        }
        if case.is_hostile() {
            self.probe(case).await;
        }
        Ok(Evidence::Observed(observation))
    }

    pub(super) fn keep(&mut self, case: &Case, evidence: Evidence) {
        self.record.entries.push(Entry { case: case.clone(), evidence });
    }

    fn skip(&self, case: &Case) -> Option<Skip> {
        let depends = match self.gate {
            None | Some(Gate::Open) => false,
            // What it accepts instead shows where it looks for the token.
            Some(Gate::Refused) => case.section() != "token",
            Some(Gate::Silent) => true,
        };
        if depends {
            return Some(Skip::PlainEventRefused);
        }
        if case.is_hostile() && !self.hostile {
            return Some(Skip::NotLocal);
        }
        self.over.clone()
    }

    /// Takes the first observation for what everything else is compared with.
    fn open(&mut self, observation: Observation) -> Result<Evidence, NotReached> {
        self.gate = Some(match &observation.outcome {
            Outcome::Unreachable(_) => {
                return Err(NotReached { endpoint: self.check.endpoint.shown(), outcome: observation.outcome });
            }
            _ if observation.is_acknowledged() => Gate::Open,
            Outcome::Answered(_) => Gate::Refused,
            _ => Gate::Silent,
        });
        Ok(Evidence::Observed(observation))
    }

    /// Sends an honest event after a hostile request. If it is not acknowledged, the receiver is given some time to come
    /// back, since a supervisor may be starting it again; if it does not, nothing more can be learnt from it.
    async fn probe(&mut self, case: &Case) {
        let Some(plain) = self.plain.clone() else { return };
        let first = self.deliver(&plain).await;
        self.record.probes += 1;
        if first.is_acknowledged() {
            return;
        }
        self.record.harm.push(Harm { after: case.id.to_string(), outcome: first.outcome });
        let end = Instant::now() + self.check.recovery;
        while Instant::now() < end {
            tokio::time::sleep(RECOVERY_STEP.min(self.check.recovery)).await;
            if self.deliver(&plain).await.is_acknowledged() {
                return;
            }
        }
        self.over = Some(Skip::Harmed(case.id.to_string()));
    }

    async fn deliver(&mut self, delivery: &Delivery) -> Observation {
        self.pace.wait().await;
        let observation = self.check.endpoint.deliver(delivery).await;
        self.record.requests += 1;
        match observation.outcome {
            Outcome::TimedOut(_) => self.silent += 1,
            _ => self.silent = 0,
        }
        if self.silent >= PATIENCE {
            self.over.get_or_insert(Skip::Silent(self.silent));
        }
        observation
    }

    /// Fills in what the run as a whole has shown.
    pub(super) fn finish(mut self, plan: &Plan) -> Record {
        let is_https = self.check.endpoint.is_https();
        self.record.is_interrupted = self.record.entries.len() < plan.cases.len();
        for case in &plan.cases[self.record.entries.len()..] {
            self.keep(case, Evidence::Missing(Skip::Interrupted));
        }
        review::fill_in(&mut self.record, is_https);
        self.record
    }
}

/// A receiver that leaves so many deliveries in a row without an answer is not waited for any longer.
const PATIENCE: usize = 5;

/// A receiver that is being started again is looked at so often.
const RECOVERY_STEP: Duration = Duration::from_millis(200);
