//! One run of the service on one event, and what becomes of the event.

use std::mem;
use std::time::{Duration, SystemTime};

use http::{Request, Response, header};
use tokio::time::{Instant, timeout};
use tower::{BoxError, Service, ServiceExt};

use super::super::store::{Claimed, Lease, Settlement};
use super::Retries;
use super::pool::Work;
use crate::body::RequestBody;
use crate::envelope::Envelope;
use crate::extension::Delivery;
use crate::handler::{CatchUnwind, with_sources};
use crate::observe::inbox as observe;
use crate::token::{Tenant, restored};

/// How long a handler can put an event off: a service that says a year means something else.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Which run of a handler on an event this is. A [`Worker`](super::Worker) puts it into the extensions of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    attempt: u32,
    of: u32,
    lease: Lease,
    received_at: SystemTime,
}

impl Run {
    /// Returns which attempt this is, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns true if the event goes to the dead letters unless this run does it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.attempt >= self.of
    }

    /// Returns the number of the event in its store.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.lease.id
    }

    /// The lease under which it runs.
    #[cfg(feature = "postgres")]
    pub(in super::super) fn lease(&self) -> Lease {
        self.lease
    }

    /// Returns when the event first arrived here.
    #[must_use]
    pub fn received_at(&self) -> SystemTime {
        self.received_at
    }
}

/// Says, from the extensions of a response that is no 2xx, that trying again would not help: the event goes to the dead
/// letters at once.
///
/// ```
/// use aircall_tower::inbox::DoNotRetry;
/// use http::{Response, StatusCode};
///
/// let mut response = Response::new(());
/// *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
/// response.extensions_mut().insert(DoNotRetry);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoNotRetry;

/// Runs a service on events, and decides what becomes of them.
#[derive(Clone)]
pub(super) struct Runner<S> {
    pub(super) service: S,
    pub(super) time_limit: Duration,
    pub(super) retries: Retries,
}

impl<S, R> Work for Runner<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: Send + 'static,
{
    async fn run(&mut self, mut claimed: Claimed) -> Settlement {
        let attempt = claimed.attempt;
        // Whoever has a service alone can send it elsewhere, so it is not borrowed as one of several would.
        let (service, time_limit, retries) = (&mut self.service, self.time_limit, &self.retries);
        let run = async move {
            let event = mem::take(&mut claimed.event.event);
            let started = Instant::now();
            let settlement = match prepare(claimed, retries) {
                Ok(request) => judge(call(service.clone(), request, time_limit).await, attempt, retries),
                Err(reason) => Settlement::Dead { reason },
            };
            observe::run_ended(&event, attempt, &settlement, started.elapsed());
            settlement
        };
        // Panics of the handler are caught in there; others come when it is cloned or dropped.
        CatchUnwind::new(run).await.unwrap_or_else(|panic| {
            let reason = format!("a panic before or after the attempt: {panic}");
            judge(Err(Failure::ForNow { reason, after: None }), attempt, retries)
        })
    }
}

/// Makes the request that was stored, or says why there is none to be made.
fn prepare(claimed: Claimed, retries: &Retries) -> Result<Request<RequestBody>, String> {
    let Claimed { lease, mut event, attempt, interrupted } = claimed;
    if interrupted >= retries.interruptions() {
        return Err(format!("the process ended during each of the last {interrupted} attempts"));
    }
    if attempt > retries.attempts() {
        return Err(format!("{} attempts have been begun, expected at most {}", attempt - 1, retries.attempts()));
    }
    let received_at = event.received_at();
    let tenant = event.tenant.as_deref().map(Tenant::new).transpose().map_err(|error| error.to_string())?;
    let key = mem::take(&mut event.key);
    let (mut request, body) = event.into_request();
    let envelope = Envelope::parse(body, None).map_err(|error| format!("what is stored is no envelope: {error}"))?;
    let delivery = Delivery::new(restored(envelope, tenant), received_at).with_stored_key(&key);
    request.extensions_mut().insert(delivery);
    request.extensions_mut().insert(Run { attempt, of: retries.attempts(), lease, received_at });
    Ok(request)
}

/// What came of calling the service: nothing if it did its work.
enum Failure {
    ForNow { reason: String, after: Option<Duration> },
    ForGood { reason: String },
}

async fn call<S, R>(service: S, request: Request<RequestBody>, time_limit: Duration) -> Result<(), Failure>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: Send + 'static,
{
    // The text of the error and the end of the response are made in there, too: they are not ours, and may panic.
    let called = async move {
        let response = service.oneshot(request).await.map_err(|error| with_sources(&*error.into()))?;
        let (status, parts) = (response.status(), response.into_parts().0);
        if status.is_success() {
            return Ok(Ok(()));
        }
        let reason = format!("status {status}");
        if parts.extensions.get::<DoNotRetry>().is_some() {
            return Ok(Err(Failure::ForGood { reason }));
        }
        let after = parts.headers.get(header::RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
        Ok(Err(Failure::ForNow { reason, after: after.map(Duration::from_secs) }))
    };
    let reason = match timeout(time_limit, CatchUnwind::new(called)).await {
        Ok(Ok(Ok(answered))) => return answered,
        Ok(Ok(Err(error))) => error,
        Ok(Err(panic)) => format!("panic: {panic}"),
        Err(_) => format!("not done within {time_limit:?}"),
    };
    Err(Failure::ForNow { reason, after: None })
}

fn judge(called: Result<(), Failure>, attempt: u32, retries: &Retries) -> Settlement {
    match called {
        Ok(()) => Settlement::Done,
        Err(Failure::ForGood { reason }) => Settlement::Dead { reason },
        Err(Failure::ForNow { reason, after }) => match retries.after(attempt) {
            // Whoever says when it will be ready again knows better, if it is later.
            Some(pause) => {
                let after = after.map_or(pause, |after| after.min(LONGEST_RETRY_AFTER).max(pause));
                Settlement::Retry { after, reason }
            }
            None => Settlement::Dead { reason },
        },
    }
}
