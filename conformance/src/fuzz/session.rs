use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use proptest::strategy::ValueTree;
use tokio::time::Instant;

use super::{
    error::NotFuzzed,
    input::{Class, Input},
    judge::{Failure, Judged, Kind, judge},
    outline::{FuzzPlan, FuzzStep},
    report::{Ended, Finding, FuzzReport},
    run::{Fuzz, Replayed},
    strategy::InputTree,
};
use crate::{
    case::{Body, PLAIN_EVENT, Request},
    delivery::Delivery,
    observation::{Observation, Outcome},
    run::{NotReached, pace::Pace},
};

/// A fuzz run under way.
pub(super) struct Session<'a> {
    fuzz: &'a Fuzz,
    pace: Pace,
    plain: Delivery,
    silent: usize,
    start: Instant,
    /// Whether answers of the same failure differ from each other, so that only their status tells.
    is_noisy: bool,
    /// The failures that the findings stand for.
    failures: Vec<Failure>,
    pub(super) report: FuzzReport,
}

/// What is told while the session is at work. A lock, since a step may be dropped in the middle.
pub(super) type Tell<'a> = Mutex<&'a mut (dyn FnMut(FuzzStep) + Send)>;

/// What came of sending one input.
struct Attempt {
    failure: Option<Failure>,
    got: String,
    curl: Option<String>,
}

impl<'a> Session<'a> {
    /// Sends the plain event, and a plainly wrong token if anything hostile may be sent.
    ///
    /// # Errors
    ///
    /// When nothing is there, or the plain event is not acknowledged.
    pub(super) async fn begin(fuzz: &'a Fuzz, plan: &FuzzPlan) -> Result<Self, NotFuzzed> {
        let prepare = |body| fuzz.sender.prepare(&Request::post(body));
        let mut session = Self {
            fuzz,
            pace: Pace::new(plan.rate),
            plain: prepare(Body::Event(PLAIN_EVENT)).ok_or(NotFuzzed::NoPlainEvent)?,
            silent: 0,
            start: Instant::now(),
            is_noisy: false,
            failures: vec![],
            report: FuzzReport {
                endpoint: fuzz.endpoint.shown(),
                seed: plan.seed,
                valid: 0,
                hostile: 0,
                requests: 0,
                open: 0,
                tells: None,
                findings: vec![],
                further: 0,
                ended: None,
                elapsed: Duration::ZERO,
            },
        };
        let first = session.deliver(&session.plain.clone()).await;
        match first.outcome {
            Outcome::Unreachable(_) => {
                return Err(NotReached { endpoint: fuzz.endpoint.shown(), outcome: first.outcome }.into());
            }
            outcome if !first_is_ack(&outcome) => return Err(NotFuzzed::PlainEventRefused(outcome)),
            _ => {}
        }
        if plan.hostile
            && let Some(wrong) = prepare(Body::Hostile("token/wrong"))
        {
            let answer = session.deliver(&wrong).await;
            session.report.tells =
                Some(answer.response().is_some_and(|response| matches!(response.status, 400..=428 | 430..=499)));
        }
        Ok(session)
    }

    /// Sends one case; if it fails as none before, makes it smaller.
    pub(super) async fn case(&mut self, case: usize, tree: InputTree, tell: &Tell<'_>) {
        let input = tree.current();
        match input.class {
            Class::Valid => self.report.valid += 1,
            _ => self.report.hostile += 1,
        }
        let attempt = self.attempt(&input).await;
        let Some(failure) = attempt.failure else { return };
        let known = self.failures.iter().position(|known| self.is_same(known, &failure));
        if let Some(known) = known {
            self.report.findings[known].times += 1;
            return;
        }
        let is_failure = |known: &&Failure| known.kind.is_failure() == failure.kind.is_failure();
        if self.failures.iter().filter(is_failure).count() >= MOST_FINDINGS {
            self.report.further += 1;
            return;
        }
        self.failures.push(failure.clone());
        self.report.findings.push(Finding {
            kind: failure.kind,
            got: failure.got.clone(),
            answer: failure.answer.clone(),
            input,
            curl: attempt.curl,
            case,
            times: 1,
            is_steady: true,
            shrunk_in: 0,
        });
        if self.report.ended.is_none() {
            self.shrink(tree, &failure, tell).await;
        }
    }

    /// Makes the last finding as small as it gets within bounds.
    async fn shrink(&mut self, mut tree: InputTree, failure: &Failure, tell: &Tell<'_>) {
        let at = self.report.findings.len() - 1;
        // The same again: a failure that comes and goes cannot be made smaller.
        match self.attempt(&tree.current()).await.failure {
            Some(again) if again.is_same(failure) => {}
            Some(again) if again.is_like(failure) => self.is_noisy = true,
            _ => {
                self.report.findings[at].is_steady = false;
                return;
            }
        }
        let end = Instant::now() + self.fuzz.shrink_time;
        let mut is_going = tree.simplify();
        while is_going
            && self.report.findings[at].shrunk_in < self.fuzz.shrink_requests
            && Instant::now() < end
            && self.report.ended.is_none()
        {
            let input = tree.current();
            let shrunk_in = self.report.findings[at].shrunk_in;
            announce(
                tell,
                FuzzStep::Shrinking { case: self.report.findings[at].case, tried: shrunk_in, bytes: input.body.len() },
            );
            let attempt = self.attempt(&input).await;
            self.report.findings[at].shrunk_in += 1;
            let mut again = attempt.failure.filter(|again| self.is_same(failure, again));
            if failure.kind == Kind::LetIn && again.is_some() && !self.is_told(&tree).await {
                again = None;
            }
            is_going = match again {
                Some(again) => {
                    let finding = &mut self.report.findings[at];
                    (finding.input, finding.curl, finding.answer) = (input, attempt.curl, again.answer);
                    tree.simplify()
                }
                None => tree.complicate(),
            };
        }
        // What is reported has to fail when it is sent alone, not only after what came before it.
        if self.report.ended.is_none() {
            let smallest = self.report.findings[at].input.clone();
            let again = self.attempt(&smallest).await.failure;
            self.report.findings[at].is_steady = again.is_some_and(|again| again.is_like(failure));
        }
    }

    /// Tells whether the event of an input gets a 4xx with a plainly wrong token. What was left out of it may be what made
    /// the receiver look at the token at all.
    async fn is_told(&mut self, tree: &InputTree) -> bool {
        let Some(control) = tree.with_stranger() else { return false };
        let delivery = self.fuzz.delivery(&control);
        self.deliver(&delivery).await.response().is_some_and(|response| (400..500).contains(&response.status))
    }

    fn is_same(&self, a: &Failure, b: &Failure) -> bool {
        if self.is_noisy { a.is_like(b) } else { a.is_same(b) }
    }

    /// Sends an input, judges the answer, and looks whether the receiver is well afterwards.
    async fn attempt(&mut self, input: &Input) -> Attempt {
        let delivery = self.fuzz.delivery(input);
        let observation = self.deliver(&delivery).await;
        let judged = judge(input.class, self.report.tells == Some(true), &observation);
        self.report.open += usize::from(matches!(judged, Judged::Open));
        let failure = match judged {
            Judged::Failed(failure) => Some(failure),
            _ => None,
        };
        // Curl would send the secret forms as they are, and cannot send packets.
        let curl = observation.sent.curl().filter(|_| input.template.secrets(self.fuzz.sender.token()).is_empty());
        let is_answered = matches!(observation.outcome, Outcome::Answered(_));
        let harm = if input.class == Class::Valid && is_answered { None } else { self.probe().await };
        Attempt { failure: harm.or(failure), got: observation.outcome.to_string(), curl }
    }

    /// Sends an input once, and says how it fails and what came back.
    pub(super) async fn replay(&mut self, input: &Input) -> Replayed {
        let Attempt { failure, got, .. } = self.attempt(input).await;
        match failure {
            Some(failure) => Replayed { kind: Some(failure.kind), got: failure.got },
            None => Replayed { kind: None, got },
        }
    }

    /// Sends an honest event. If it is not acknowledged, gives the receiver some time to come back, since a supervisor may be
    /// starting it again.
    async fn probe(&mut self) -> Option<Failure> {
        let plain = self.plain.clone();
        let first = self.deliver(&plain).await;
        let is_ack = first.is_acknowledged();
        // Too often is not ill.
        if is_ack || first.response().is_some_and(|response| response.status == 429) {
            return None;
        }
        let end = Instant::now() + self.fuzz.recovery;
        while Instant::now() < end {
            tokio::time::sleep(RECOVERY_STEP.min(self.fuzz.recovery)).await;
            if self.deliver(&plain).await.is_acknowledged() {
                return Some(Failure::new(Kind::Harmed, &first));
            }
        }
        self.report.ended = Some(Ended::Harmed);
        Some(Failure::new(Kind::Harmed, &first))
    }

    async fn deliver(&mut self, delivery: &Delivery) -> Observation {
        self.pace.wait().await;
        let observation = self.fuzz.endpoint.deliver(delivery).await;
        self.report.requests += 1;
        if matches!(observation.outcome, Outcome::TimedOut(_)) {
            self.silent += 1;
            if self.silent >= PATIENCE {
                self.report.ended.get_or_insert(Ended::Silent);
            }
        }
        observation
    }

    pub(super) fn finish(mut self, ended: Option<Ended>) -> FuzzReport {
        self.report.ended = self.report.ended.or(ended);
        self.report.elapsed = self.start.elapsed();
        let mut findings: Vec<Finding> = vec![];
        for finding in std::mem::take(&mut self.report.findings) {
            // Two ways to fail may have come to the same body.
            match findings.iter_mut().find(|known| known.input.id() == finding.input.id() && known.kind == finding.kind)
            {
                Some(known) => known.times += finding.times,
                None => findings.push(finding),
            }
        }
        findings.sort_by_key(|finding| (finding.kind, finding.case));
        self.report.findings = findings;
        self.report
    }
}

impl Fuzz {
    fn delivery(&self, input: &Input) -> Delivery {
        let secrets = input.template.secrets(self.sender.token());
        let delivery =
            self.sender.prepare_body(input.what.clone(), input.body.clone()).in_packets(input.packets.clone());
        delivery.hiding_texts(secrets.iter().map(String::as_str))
    }
}

pub(super) fn announce(tell: &Tell<'_>, step: FuzzStep) {
    let mut tell = tell.lock().unwrap_or_else(PoisonError::into_inner);
    (**tell)(step);
}

fn first_is_ack(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answered(response) if (200..300).contains(&response.status))
}

/// Who fails in more ways than these has enough to mend.
const MOST_FINDINGS: usize = 10;

/// So many deliveries without an answer are waited for.
const PATIENCE: usize = 20;

/// A receiver that is being started again is looked at so often.
const RECOVERY_STEP: Duration = Duration::from_millis(200);
