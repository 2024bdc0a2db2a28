//! Puts the cases to an endpoint and keeps what comes back.

mod pace;
mod plan;
mod record;
mod review;

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::Instant;

pub use plan::Plan;
pub use record::{Entry, Record};

use crate::{
    Endpoint, Token,
    case::{Body, Case, PLAIN_EVENT, Procedure, Request},
    catalogue::catalogue,
    delivery::{Delivery, Sender},
    observation::{Observation, Outcome},
    report::Report,
    verdict::{Evidence, Skip},
};
use pace::Pace;
use record::Harm;

/// A conformance check of one endpoint.
///
/// ```
/// # use std::convert::Infallible;
/// use aircall_conformance::{Check, Endpoint, Token};
/// use http::{Request, Response, StatusCode};
/// use http_body_util::{BodyExt, Empty};
/// use bytes::Bytes;
///
/// // Checks the token, as it should, and acknowledges whatever else the event is.
/// let service = tower::service_fn(|request: Request<aircall_conformance::delivery::RequestBody>| async move {
///     #[derive(serde::Deserialize)]
///     struct Event { token: String }
///
///     let body = request.into_body().collect().await.unwrap().to_bytes();
///     let status = match serde_json::from_slice::<Event>(&body) {
///         Ok(event) if event.token == "secret" => StatusCode::OK,
///         Ok(_) => StatusCode::UNAUTHORIZED,
///         Err(_) => StatusCode::BAD_REQUEST,
///     };
///     Ok::<_, Infallible>(Response::builder().status(status).body(Empty::<Bytes>::new()).unwrap())
/// });
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let check = Check::new(Endpoint::service("/aircall/webhook", service), Token::new("secret")?);
/// let report = check.run().await?;
/// assert!(report.is_conformant(), "{}", report.human());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Check {
    endpoint: Endpoint,
    sender: Sender,
    hostile_anywhere: bool,
    rate: Option<u32>,
    recovery: Duration,
}

impl Check {
    /// A check of every case, with the 5 s that Aircall gives.
    ///
    /// A receiver on this machine is sent everything, as fast as it answers. To one on another machine no hostile request
    /// is sent, and no more than 10 requests a second.
    #[must_use]
    pub fn new(endpoint: Endpoint, token: Token) -> Self {
        Self { endpoint, sender: Sender::new(token), hostile_anywhere: false, rate: None, recovery: RECOVERY }
    }

    /// The same with another time for a response to be complete.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { sender: self.sender.with_timeout(timeout), ..self }
    }

    /// The same with hostile requests wherever the receiver is. Ask who runs it.
    #[must_use]
    pub fn with_hostile_requests_anywhere(self) -> Self {
        Self { hostile_anywhere: true, ..self }
    }

    /// The same with so many requests a second at most, wherever the receiver is.
    #[must_use]
    pub fn with_rate(self, per_second: u32) -> Self {
        Self { rate: Some(per_second), ..self }
    }

    /// The same with another time for a receiver to come back after a hostile request.
    #[must_use]
    pub fn with_recovery(self, recovery: Duration) -> Self {
        Self { recovery, ..self }
    }

    /// Returns what will be sent.
    pub async fn plan(&self) -> Plan {
        let is_local = self.endpoint.is_local().await;
        let rate = self.rate.or((!is_local).then_some(REMOTE_RATE));
        Plan { cases: catalogue(), hostile: is_local || self.hostile_anywhere, is_local, rate }
    }

    /// Puts every case to the endpoint, and judges.
    ///
    /// # Errors
    ///
    /// When nothing that speaks HTTP is there.
    pub async fn run(&self) -> Result<Report, NotReached> {
        let plan = self.plan().await;
        Ok(Report::new(self.observe(&plan, |_| {}, std::future::pending()).await?))
    }

    /// Puts the cases of a plan to the endpoint, tells before each what it is about to do, and ends early when `stop`
    /// does.
    ///
    /// # Errors
    ///
    /// When nothing that speaks HTTP is there.
    pub async fn observe(
        &self,
        plan: &Plan,
        mut progress: impl FnMut(Step<'_>),
        stop: impl Future<Output = ()>,
    ) -> Result<Record, NotReached> {
        let mut run = Run::new(self, plan);
        let mut stop = pin!(stop);
        for (done, case) in plan.cases.iter().enumerate() {
            progress(Step { done, total: plan.cases.len(), case });
            let evidence = tokio::select! {
                biased;
                () = &mut stop => break,
                evidence = run.observe(case) => evidence?,
            };
            run.record.entries.push(Entry { case: case.clone(), evidence });
        }
        Ok(run.finish(plan))
    }
}

/// What a run is about to do.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Step<'a> {
    /// How many cases are behind it.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// The case.
    pub case: &'a Case,
}

/// Nothing that speaks HTTP was found at the endpoint, so there is nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotReached {
    /// The endpoint, as it may be shown.
    pub endpoint: String,
    /// What came of the first delivery.
    pub outcome: Outcome,
}

impl std::fmt::Display for NotReached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nothing to judge at {}: {}", self.endpoint, self.outcome)
    }
}

impl std::error::Error for NotReached {}

/// A run under way.
struct Run<'a> {
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
    /// Not answered.
    Silent,
}

impl<'a> Run<'a> {
    fn new(check: &'a Check, plan: &Plan) -> Self {
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

    async fn observe(&mut self, case: &Case) -> Result<Evidence, NotReached> {
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
            Outcome::Unreachable(_) | Outcome::Garbled(_) => {
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
        self.over.get_or_insert_with(|| Skip::Harmed(case.id.to_string()));
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
    fn finish(mut self, plan: &Plan) -> Record {
        let is_https = self.check.endpoint.is_https();
        self.record.is_interrupted = self.record.entries.len() < plan.cases.len();
        for case in &plan.cases[self.record.entries.len()..] {
            let evidence = Evidence::Missing(Skip::Interrupted);
            self.record.entries.push(Entry { case: case.clone(), evidence });
        }
        review::fill_in(&mut self.record, is_https);
        self.record
    }
}

/// A receiver that leaves so many deliveries in a row without an answer is not waited for any longer.
const PATIENCE: usize = 5;

/// So many requests a second are sent to a receiver on another machine at most.
const REMOTE_RATE: u32 = 10;

/// A supervisor needs about that long to start a receiver again.
const RECOVERY: Duration = Duration::from_secs(5);
const RECOVERY_STEP: Duration = Duration::from_millis(200);
