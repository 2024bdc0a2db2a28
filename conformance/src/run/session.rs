use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Check, NotReached, Plan, pace::Pace};
use crate::{
    case::{Case, Expectation, Procedure, Request},
    catalogue::LOCKOUT_CASE,
    delivery::Delivery,
    endpoint::Certificate,
    observation::{Observation, Outcome},
    verdict::{Evidence, Exchange, Review, Skip, Trial},
};

/// A run under way.
pub(super) struct Session<'a> {
    pub(super) check: &'a Check,
    hostile: bool,
    /// Whether the case that a lock-out breaks is among those that are put.
    asks_about_lockout: bool,
    start: Instant,
    pace: tokio::sync::Mutex<Pace>,
    state: Mutex<State>,
    certificate: tokio::sync::OnceCell<Option<Certificate>>,
}

#[derive(Default)]
struct State {
    requests: usize,
    /// What the plain event met with; `None` before it was sent.
    gate: Option<Gate>,
    /// So many deliveries in a row have not been answered in time.
    silent: usize,
    /// Why nothing more is sent.
    over: Option<Skip>,
    /// Since which case honest events are refused as strangers are, and with what.
    locked_out: Option<(String, Outcome)>,
    /// So many honest events are sent side by side to a receiver that takes its time.
    width: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Answered, with anything but a 2xx.
    Refused,
    /// Not answered, or not in HTTP.
    Silent,
    /// The certificate is not to be relied on, so nothing was sent.
    Untrusted,
}

/// What is known of the endpoint when the run is over.
pub(super) struct Seen {
    pub(super) is_https: Option<bool>,
    pub(super) is_local: bool,
    pub(super) has_collector: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(check: &'a Check, plan: &Plan) -> Self {
        Self {
            check,
            hostile: plan.hostile,
            asks_about_lockout: plan.cases.iter().any(|case| case.id == LOCKOUT_CASE),
            start: Instant::now(),
            pace: tokio::sync::Mutex::new(Pace::new(plan.rate)),
            state: Mutex::new(State { width: 1, ..State::default() }),
            certificate: tokio::sync::OnceCell::new(),
        }
    }

    /// Sends the plain event, on which everything else depends.
    pub(super) async fn open(&self, case: &Case) -> Result<Evidence, NotReached> {
        let certificate = self.certificate().await;
        if certificate.as_ref().is_some_and(|found| !found.is_good()) && !self.check.endpoint.trusts_anybody() {
            self.state().gate = Some(Gate::Untrusted);
            return Ok(Evidence::Missing(Skip::Untrusted));
        }
        let evidence = self.put(case).await;
        let Some(observation) =
            evidence.trial().and_then(|trial| trial.exchanges.first()).map(|first| &first.observation)
        else {
            return Ok(evidence);
        };
        let gate = match &observation.outcome {
            Outcome::Unreachable(_) => {
                let outcome = observation.outcome.clone();
                return Err(NotReached { endpoint: self.check.endpoint.shown(), outcome });
            }
            _ if observation.is_acknowledged() => Gate::Open,
            Outcome::Answered(_) => Gate::Refused,
            _ => Gate::Silent,
        };
        let mut state = self.state();
        state.gate = Some(gate);
        if observation.elapsed > LEISURELY {
            state.width = AT_ONCE;
        }
        drop(state);
        Ok(evidence)
    }

    /// Puts a case, with the honest event after a hostile one.
    pub(super) async fn observe(&self, case: &Case) -> Evidence {
        let mut evidence = self.put(case).await;
        if let Evidence::Observed(trial) = &mut evidence
            && case.is_hostile()
        {
            trial.afterwards = self.harm(&case.id).await;
        }
        evidence
    }

    /// Puts a case, and nothing else.
    pub(super) async fn put(&self, case: &Case) -> Evidence {
        if let Some(skip) = self.skip(case) {
            return Evidence::Missing(skip);
        }
        match self.exchanges(case).await {
            Ok(mut exchanges) => {
                exchanges.iter_mut().for_each(|exchange| exchange.is_honest &= case.wants_acknowledgement());
                let trial = Trial { exchanges, afterwards: None };
                match self.state().gate {
                    Some(Gate::Refused) => Evidence::WhileRefused(trial),
                    _ => Evidence::Observed(trial),
                }
            }
            Err(evidence) => evidence,
        }
    }

    async fn exchanges(&self, case: &Case) -> Result<Vec<Exchange>, Evidence> {
        let sender = &self.check.sender;
        let no_such = || Evidence::Missing(Skip::NoSuchRequest);
        let plain = || sender.prepare(&Request::plain());
        match &case.procedure {
            Procedure::Send(request) => {
                let mut delivery = self.prepare(request)?;
                if case.expectation == Expectation::LiveOn {
                    delivery.timeout = delivery.timeout.min(GLIMPSE);
                }
                // Where less than the usual time is allowed, the sender's own pauses are not the receiver's fault.
                delivery.timeout = delivery.timeout.max(request.pauses() * 2);
                Ok(vec![self.exchange(request, &delivery).await])
            }
            Procedure::InTurn(requests) => {
                let object = sender.object();
                let mut exchanges = vec![];
                for request in requests {
                    let delivery = sender.prepare_about(object, request).ok_or_else(no_such)?;
                    exchanges.push(self.exchange(request, &delivery).await);
                }
                Ok(exchanges)
            }
            Procedure::AtOnce(request, times) => {
                let delivery = self.prepare(request)?;
                Ok(join_all((0..*times).map(|_| self.exchange(request, &delivery))).await)
            }
            Procedure::Traffic { events } => {
                let deliveries: Vec<_> = (0..*events).filter_map(|_| plain()).collect();
                let width = self.state().width;
                let mut exchanges = vec![];
                for several in deliveries.chunks(width) {
                    exchanges.extend(join_all(several.iter().map(|one| self.honest(one))).await);
                }
                Ok(exchanges)
            }
            Procedure::Burst { calls } => {
                let deliveries: Vec<_> = (0..*calls).filter_map(|_| plain()).collect();
                Ok(join_all(deliveries.iter().map(|one| self.honest(one))).await)
            }
            Procedure::Ladder(sizes) => {
                let mut exchanges: Vec<Exchange> = vec![];
                for &size in *sizes {
                    let request = Request::post(crate::case::Body::ManyNumbers(size));
                    let delivery = self.prepare(&request)?;
                    exchanges.push(self.exchange(&request, &delivery).await);
                    if exchanges.last().is_some_and(|last| !last.observation.is_acknowledged()) {
                        break;
                    }
                }
                Ok(exchanges)
            }
            Procedure::Stall { clients, begun, honest } => {
                let request = Request::post(crate::case::Body::Hostile("token/wrong")).written(begun);
                let stalled = self.prepare(&request)?;
                let stall = join_all((0..*clients).map(|_| self.check.endpoint.stall(&stalled)));
                self.state().requests += clients;
                let events = async {
                    // Until they have begun.
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    let mut exchanges = vec![];
                    for delivery in (0..*honest).filter_map(|_| plain()) {
                        exchanges.push(self.honest(&delivery).await);
                        // The others would wait for the same as long.
                        if exchanges.last().is_some_and(|last| last.observation.is_late()) {
                            break;
                        }
                    }
                    exchanges
                };
                tokio::select! {
                    exchanges = events => Ok(exchanges),
                    // None of them ends, unless the receiver hangs up on it.
                    exchanges = async { stall.await; std::future::pending().await } => exchanges,
                }
            }
            Procedure::Http2(request) => {
                let delivery = self.prepare(request)?;
                let at = self.start.elapsed();
                let observation = self.check.endpoint.deliver_http2(&delivery).await;
                let observation = observation.ok_or(Evidence::Missing(Skip::NotOffered))?;
                self.count(&observation);
                Ok(vec![exchange(request, &delivery, at, observation)])
            }
            Procedure::Handshake => Err(self.handshake(case).await),
            Procedure::Review => Err(Evidence::Missing(Skip::NothingToReview)),
        }
    }

    fn prepare(&self, request: &Request) -> Result<Delivery, Evidence> {
        let skip = match request.body {
            crate::case::Body::OtherWebhook => Skip::NoOtherWebhook,
            _ => Skip::NoSuchRequest,
        };
        self.check.sender.prepare(request).ok_or(Evidence::Missing(skip))
    }

    async fn honest(&self, delivery: &Delivery) -> Exchange {
        self.exchange(&Request::plain(), delivery).await
    }

    async fn exchange(&self, request: &Request, delivery: &Delivery) -> Exchange {
        self.pace.lock().await.wait().await;
        let at = self.start.elapsed();
        let observation = self.check.endpoint.deliver(delivery).await;
        if observation.outcome == Outcome::Left {
            // What comes next must not overtake the end of the connection: what that does to the receiver is the question.
            tokio::time::sleep(AFTER_LEAVING).await;
        }
        self.count(&observation);
        exchange(request, delivery, at, observation)
    }

    fn count(&self, observation: &Observation) {
        let mut state = self.state();
        state.requests += 1;
        match observation.outcome {
            Outcome::TimedOut(_) => state.silent += 1,
            Outcome::Left => {}
            _ => state.silent = 0,
        }
    }

    /// Gives a receiver up that no longer answers. Only who speaks one after the other can know: of several at once the
    /// slowest come last.
    pub(super) fn lose_patience(&self) {
        let mut state = self.state();
        if state.silent >= PATIENCE {
            let silent = state.silent;
            state.over.get_or_insert(Skip::Silent(silent));
        }
    }

    fn skip(&self, case: &Case) -> Option<Skip> {
        let state = self.state();
        match state.gate {
            None | Some(Gate::Open) => {}
            Some(Gate::Untrusted) if case.procedure == Procedure::Handshake => {}
            Some(Gate::Untrusted) => return Some(Skip::Untrusted),
            Some(_) if case.procedure == Procedure::Handshake => {}
            // What it accepts instead shows where it looks for the token.
            Some(Gate::Refused) if case.section() == "token" && matches!(case.procedure, Procedure::Send(_)) => {}
            Some(_) => return Some(Skip::PlainEventRefused),
        }
        let needs_connections =
            case.is_patient() || matches!(case.procedure, Procedure::Stall { .. } | Procedure::Http2(_));
        if needs_connections && !self.check.endpoint.has_connections() {
            return Some(Skip::NoConnections);
        }
        if (case.is_hostile() || case.is_load()) && !self.hostile {
            return Some(Skip::NotLocal);
        }
        state.over.clone()
    }

    async fn certificate(&self) -> &Option<Certificate> {
        let look = || async { self.check.endpoint.certificate().await.and_then(Result::ok) };
        self.certificate.get_or_init(look).await
    }

    async fn handshake(&self, case: &Case) -> Evidence {
        let Some(certificate) = self.certificate().await else { return Evidence::Missing(Skip::NotHttps) };
        Evidence::Reviewed(Review::Certificate(match case.expectation {
            Expectation::Current => certificate.outdated.clone(),
            Expectation::RightName => certificate.misnamed.clone(),
            _ => certificate.untrusted.clone(),
        }))
    }

    /// Sends an honest event after something hostile, and returns what became of it if it was not acknowledged. Then the
    /// receiver is given some time to come back, since a supervisor may be starting it again; if it does not, nothing more
    /// can be learnt from it.
    ///
    /// Who answers that it has had enough has not come to harm: it counts strangers, or requests.
    pub(super) async fn harm(&self, after: &str) -> Option<Outcome> {
        let plain = || self.check.sender.prepare(&Request::plain());
        let first = self.honest(&plain()?).await.observation;
        if first.is_acknowledged() {
            return None;
        }
        let status = first.response().map(|response| response.status);
        let end = Instant::now() + self.check.recovery;
        while Instant::now() < end {
            tokio::time::sleep(RECOVERY_STEP.min(self.check.recovery)).await;
            if self.honest(&plain()?).await.observation.is_acknowledged() {
                self.state().silent = 0;
                return Some(first.outcome).filter(|_| status != Some(429));
            }
        }
        let mut state = self.state();
        if self.asks_about_lockout && matches!(status, Some(401 | 403 | 429)) {
            state.over = Some(Skip::LockedOut(after.to_owned()));
            state.locked_out = Some((after.to_owned(), first.outcome));
            return None;
        }
        state.over = Some(Skip::Harmed(after.to_owned()));
        Some(first.outcome)
    }

    /// Returns since which case honest events are refused as strangers are, and with what, if they are.
    pub(super) fn locked_out(&self) -> Option<(String, Outcome)> {
        self.state().locked_out.clone()
    }

    /// Returns the case since which no honest event was acknowledged any more.
    pub(super) fn deaf_since(&self) -> Option<String> {
        match &self.state().over {
            Some(Skip::Harmed(case) | Skip::LockedOut(case)) => Some(case.clone()),
            _ => None,
        }
    }

    /// Returns how many honest cases are put side by side.
    pub(super) fn width(&self) -> usize {
        self.state().width
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().over.is_some()
    }

    pub(super) fn requests(&self) -> usize {
        self.state().requests
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn exchange(request: &Request, delivery: &Delivery, at: Duration, observation: Observation) -> Exchange {
    Exchange { observation, at, is_honest: request.is_honest(), mark: delivery.mark().cloned(), handled: None }
}

/// A receiver that leaves so many deliveries in a row without an answer is not waited for any longer.
const PATIENCE: usize = 5;

/// Where any answer will do, and none as well, so long is waited for one.
const GLIMPSE: Duration = Duration::from_secs(2);

/// So long a receiver has to notice that a sender has left.
const AFTER_LEAVING: Duration = Duration::from_millis(100);

/// A receiver that is being started again is looked at so often.
const RECOVERY_STEP: Duration = Duration::from_millis(200);

/// A receiver that takes longer for the plain event is sent several honest events side by side, or a run would take
/// minutes.
const LEISURELY: Duration = Duration::from_millis(100);

/// Aircall's own concurrency is not known; a webhook of any company with a few agents sees as much.
const AT_ONCE: usize = 8;
