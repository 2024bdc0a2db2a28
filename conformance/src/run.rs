//! Puts the cases to an endpoint and keeps what comes back.

mod plan;
mod course;
mod session;
pub(crate) mod pace;
mod review;
mod record;

use std::{future::Future, time::Duration};

pub use crate::catalogue::{EmptySelection, Selection};
pub(crate) use pace::Pace;
pub use plan::Plan;
pub use record::{Entry, Record};

use crate::{
    Collector, Endpoint, Token, case::Case, catalogue::catalogue, delivery::Sender, observation::Outcome,
    report::Report,
};

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
    time: Duration,
    collector: Option<Collector>,
    selection: Selection,
}

impl Check {
    /// A check of every case, with the 5 s that Aircall gives.
    ///
    /// A receiver on this machine is sent everything, as fast as it answers. To one on another machine no hostile request
    /// is sent, and no more than 10 requests a second.
    #[must_use]
    pub fn new(endpoint: Endpoint, token: Token) -> Self {
        Self {
            endpoint,
            sender: Sender::new(token),
            hostile_anywhere: false,
            rate: None,
            recovery: RECOVERY,
            time: TIME,
            collector: None,
            selection: Selection::default(),
        }
    }

    /// The same with a collector, to which the receiver reports what it has handled.
    #[must_use]
    pub fn with_collector(self, collector: Collector) -> Self {
        Self { collector: Some(collector), ..self }
    }

    /// The same with the token of a second webhook that the receiver serves as well.
    #[must_use]
    pub fn with_other_token(self, token: Token) -> Self {
        Self { sender: self.sender.with_other_token(token), ..self }
    }

    /// The same with some of the cases only. The plain event is always among them, as the others depend on it.
    #[must_use]
    pub fn with_selection(self, selection: Selection) -> Self {
        Self { selection, ..self }
    }

    /// The same with another time after which the run ends, wherever it is; without it that is ten minutes.
    #[must_use]
    pub fn with_time(self, time: Duration) -> Self {
        Self { time, ..self }
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

    /// The same with so many requests a second at most, wherever the receiver is; 0 is no limit.
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
        let rate = self.rate.or((!is_local).then_some(REMOTE_RATE)).filter(|&rate| rate > 0);
        let cases = self.selection.of(catalogue());
        Plan { cases, hostile: is_local || self.hostile_anywhere, is_local, rate }
    }

    /// Puts every case to the endpoint, and judges.
    ///
    /// # Errors
    ///
    /// When nothing is there, or only what speaks TLS where the URL says `http`, or the reverse.
    pub async fn run(&self) -> Result<Report, NotReached> {
        let plan = self.plan().await;
        Ok(Report::new(self.observe(&plan, |_| {}, std::future::pending()).await?))
    }

    /// Puts the cases of a plan to the endpoint, tells before each what it is about to do, and ends early when `stop`
    /// does.
    ///
    /// # Errors
    ///
    /// When nothing is there, or only what speaks TLS where the URL says `http`, or the reverse.
    pub async fn observe(
        &self,
        plan: &Plan,
        mut progress: impl FnMut(Step<'_>),
        stop: impl Future<Output = ()>,
    ) -> Result<Record, NotReached> {
        let limit = tokio::time::sleep(self.time);
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = limit => {}
            }
        };
        course::run(self, plan, &mut progress, stop).await
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

/// There was no connection to be had to the endpoint, so there is nothing to judge.
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

/// So many requests a second are sent to a receiver on another machine at most.
pub(crate) const REMOTE_RATE: u32 = 10;

/// A run that takes longer is not looked at any more by whoever waits for it.
const TIME: Duration = Duration::from_secs(600);

/// A supervisor needs about that long to start a receiver again.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);
