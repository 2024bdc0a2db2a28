//! One attempt of a sender to deliver something, from its arrival to the end of all work on it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body;
use tokio::time::Instant;

use super::policy::Answer;
use super::{Outcome, OutcomeKind};
use crate::body::ResponseBody;
use crate::extension::Delivery;
use crate::handle::{InFlight, Running};
use crate::layer::Config;
use crate::observe::{self, Report};

/// What is known of one attempt, and the only place that answers, counts and reports it.
///
/// However the attempt ends, it is reported: dropping one that has not been ended reports that as well.
pub(crate) struct Attempt {
    config: Arc<Config>,
    arrived: Instant,
    received_at: SystemTime,
    delivery: Option<Delivery>,
    body: Option<Bytes>,
    authentic: bool,
    answered: bool,
    ended: bool,
    span: observe::Span,
    _in_flight: InFlight,
    running: Option<Running>,
}

/// How a handler ended.
pub(crate) struct Ended {
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
    pub(crate) took: Duration,
}

impl Attempt {
    pub(crate) fn begin(config: Arc<Config>, arrived: Instant) -> Self {
        let in_flight = InFlight::begin(&config.shared);
        observe::arrived();
        Self {
            config,
            arrived,
            received_at: SystemTime::now(),
            delivery: None,
            body: None,
            authentic: false,
            answered: false,
            ended: false,
            span: observe::Span::new(),
            _in_flight: in_flight,
            running: None,
        }
    }

    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Returns the moment so long after the arrival; one too far away to be represented is never waited for.
    pub(crate) fn after(&self, time: Duration) -> Instant {
        const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        self.arrived + time.min(FAR)
    }

    pub(crate) fn received_at(&self) -> SystemTime {
        self.received_at
    }

    pub(crate) fn span(&self) -> &observe::Span {
        &self.span
    }

    /// Takes note that a valid token has been seen.
    pub(crate) fn authenticated(&mut self) {
        self.authentic = true;
    }

    pub(crate) fn is_authentic(&self) -> bool {
        self.authentic
    }

    /// Keeps what arrived of a body that is going to be no delivery, for the hook.
    pub(crate) fn keep(&mut self, body: Bytes) {
        self.body = Some(body);
    }

    /// Takes note of what is being delivered, whose handler is about to run.
    pub(crate) fn deliver(&mut self, delivery: Delivery) {
        self.span.delivery(&delivery);
        self.delivery = Some(delivery);
        self.running = Some(Running::begin(&self.config.shared));
    }

    /// Ends an attempt that reached no handler.
    pub(crate) fn refuse<B: Body>(mut self, kind: OutcomeKind, reason: Option<String>) -> Response<ResponseBody<B>> {
        self.answer(kind, reason, true)
    }

    /// Answers that the handler runs on. The attempt goes on with it.
    pub(crate) fn defer<B: Body>(&mut self) -> Response<ResponseBody<B>> {
        self.answer(OutcomeKind::Deferred, None, false)
    }

    /// Ends an attempt whose handler answered with a 2xx in time, with that answer.
    pub(crate) fn pass_on<B: Body>(
        mut self,
        ended: Ended,
        mut response: Response<ResponseBody<B>>,
    ) -> Response<ResponseBody<B>> {
        let status = response.status();
        self.config.shared.failures.count(status);
        self.handler_took(ended.took);
        let outcome = self.outcome(ended.kind, Some(status), ended.reason);
        self.report(&outcome, true);
        response.extensions_mut().insert(outcome);
        response
    }

    /// Ends an attempt whose handler ended otherwise in time, with an answer of the policy.
    pub(crate) fn acknowledge<B: Body>(mut self, ended: Ended) -> Response<ResponseBody<B>> {
        self.handler_took(ended.took);
        self.answer(ended.kind, ended.reason, true)
    }

    /// Takes note that the sender hung up on a running handler. The attempt goes on with that.
    pub(crate) fn hung_up(&mut self) {
        self.config.shared.failures.unanswered();
        let outcome = self.outcome(OutcomeKind::HungUp, None, None);
        self.report(&outcome, false);
    }

    /// Ends an attempt whose handler ended after the answer, or after the sender had gone.
    pub(crate) fn finish(mut self, ended: Ended) {
        self.handler_took(ended.took);
        let outcome = self.outcome(ended.kind, None, ended.reason);
        self.report(&outcome, true);
    }

    fn answer<B: Body>(&mut self, kind: OutcomeKind, reason: Option<String>, last: bool) -> Response<ResponseBody<B>> {
        let answer = self.config.policy.answer(kind);
        let status = match answer {
            answer if kind.may_be_counted() => {
                self.config.shared.failures.settle(answer, self.config.policy.failure_budget())
            }
            Answer::Status(status) | Answer::WithinBudget(status) => status,
        };
        let outcome = self.outcome(kind, Some(status), reason);
        self.report(&outcome, last);

        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = status;
        // What RFC 9110 asks of these statuses (15.5.6, 15.5.16, 15.5.2). It tells a stranger nothing new.
        let header = match status {
            StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST")),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Some((header::ACCEPT_ENCODING, "identity")),
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Token")),
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response.extensions_mut().insert(outcome);
        response
    }

    fn outcome(&self, kind: OutcomeKind, status: Option<StatusCode>, reason: Option<String>) -> Outcome {
        // What a handler says may quote the body.
        let reason = match &self.delivery {
            Some(delivery) => reason.map(|reason| delivery.mask(&reason)),
            None => reason,
        };
        Outcome { kind, status, reason: reason.map(Arc::from) }
    }

    fn handler_took(&self, took: Duration) {
        observe::handler_took(self.delivery.as_ref(), took);
    }

    fn report(&mut self, outcome: &Outcome, last: bool) {
        let late = self.answered;
        self.answered = true;
        self.ended |= last;
        let body = self.body.as_ref().or(self.delivery.as_ref().map(Delivery::body));
        let report = Report::new(outcome, self.delivery.as_ref(), body, self.arrived.elapsed(), late);
        observe::report(&self.config, &self.span, &report);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.ended {
            let kind = match (&self.delivery, self.authentic) {
                (Some(_), _) => OutcomeKind::Lost,
                (None, true) => OutcomeKind::Interrupted,
                (None, false) => OutcomeKind::Incomplete,
            };
            if self.delivery.is_none() && self.authentic {
                self.config.shared.failures.unanswered();
            }
            let outcome = self.outcome(kind, None, None);
            self.report(&outcome, true);
        }
        observe::departed(&self.config);
    }
}
