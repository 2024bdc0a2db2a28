//! One attempt of a sender to deliver something, from its arrival to the end of all work on it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use tokio::time::Instant;

use super::answer::bare;
use super::policy::Answer;
use super::{Account, Outcome, OutcomeKind, Refusal};
use crate::body::ResponseBody;
use crate::extension::Delivery;
use crate::handle::{InFlight, Running};
use crate::layer::Config;
use crate::observe::{self, Report};
use crate::token::WebhookId;

/// What is known of one attempt, and the only place that answers, counts and reports it.
///
/// However the attempt ends, it is reported: dropping one that has not been ended reports that as well.
pub(crate) struct Attempt {
    config: Arc<Config>,
    arrived: Instant,
    received_at: SystemTime,
    delivery: Option<Delivery>,
    body: Option<Bytes>,
    webhook: Option<WebhookId>,
    answered: bool,
    ended: bool,
    span: observe::Span,
    _in_flight: InFlight,
    running: Option<Running>,
    /// What would be acknowledged now is neither stored nor handled.
    #[cfg(feature = "inbox")]
    unstored: bool,
}

/// How a handler ended.
pub(crate) struct Ended {
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
    pub(crate) took: Duration,
}

impl Attempt {
    pub(crate) fn begin(config: Arc<Config>, arrived: Instant) -> Self {
        observe::arrived(&config);
        Self {
            _in_flight: InFlight::begin(&config.shared),
            span: observe::Span::new(&config),
            config,
            arrived,
            received_at: SystemTime::now(),
            delivery: None,
            body: None,
            webhook: None,
            answered: false,
            ended: false,
            running: None,
            #[cfg(feature = "inbox")]
            unstored: false,
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

    /// Takes note that a valid token has been seen, and of which webhook.
    pub(crate) fn authenticated(&mut self, webhook: WebhookId) {
        self.webhook = Some(webhook);
        self.config.shared.failures.resolved();
    }

    pub(crate) fn is_authentic(&self) -> bool {
        self.webhook.is_some()
    }

    /// Returns true once its sender has an answer, or has gone.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
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

    /// Takes note that what is delivered is going to be stored, and must not be acknowledged before that.
    #[cfg(feature = "inbox")]
    pub(crate) fn store(&mut self) {
        self.unstored = true;
    }

    /// Ends an attempt that reached no handler.
    pub(crate) fn refuse<B: Body>(mut self, refusal: Refusal) -> Response<ResponseBody<B>> {
        self.answer(refusal.kind, refusal.reason, true)
    }

    /// Answers that the handler runs on. The attempt goes on with it.
    pub(crate) fn defer<B: Body>(&mut self) -> Response<ResponseBody<B>> {
        #[cfg(feature = "inbox")]
        if self.unstored {
            let reason = "and the handler was not done in time".to_owned();
            return self.answer(OutcomeKind::NotStored, Some(reason), false);
        }
        self.answer(OutcomeKind::Deferred, None, false)
    }

    /// Ends an attempt whose handler answered with a 2xx in time, with that answer.
    pub(crate) fn pass_on<B: Body>(
        mut self,
        ended: Ended,
        mut response: Response<ResponseBody<B>>,
    ) -> Response<ResponseBody<B>> {
        let status = response.status();
        self.count(status.is_success());
        self.handler_took(&ended);
        let outcome = self.outcome(ended.kind, Some(status), ended.reason);
        self.report(&outcome, true);
        response.extensions_mut().insert(outcome);
        response
    }

    /// Ends an attempt whose handler ended otherwise in time, with an answer of the policy.
    pub(crate) fn acknowledge<B: Body>(mut self, ended: Ended) -> Response<ResponseBody<B>> {
        self.handler_took(&ended);
        self.answer(ended.kind, ended.reason, true)
    }

    /// Takes note that the sender hung up on a running handler. The attempt goes on with that.
    pub(crate) fn hung_up(&mut self) {
        self.count(false);
        let outcome = self.outcome(OutcomeKind::HungUp, None, None);
        self.report(&outcome, false);
    }

    /// Ends an attempt whose handler ended after the answer, or after the sender had gone.
    pub(crate) fn finish(mut self, ended: Ended) {
        self.handler_took(&ended);
        let outcome = self.outcome(ended.kind, None, ended.reason);
        self.report(&outcome, true);
    }

    fn answer<B: Body>(&mut self, kind: OutcomeKind, reason: Option<String>, last: bool) -> Response<ResponseBody<B>> {
        let answer = self.config.policy.answer(kind);
        let account = match self.webhook {
            Some(webhook) => Some(Account::Webhook(webhook)),
            None => (kind == OutcomeKind::ResolverFailed).then_some(Account::Unresolved),
        };
        let status = match (account, answer) {
            (Some(account), answer) => {
                self.config.shared.failures.settle(account, answer, self.config.policy.failure_budget())
            }
            // A stranger's failures are none of the webhook's.
            (None, Answer::Status(status) | Answer::WithinBudget(status)) => status,
        };
        let outcome = self.outcome(kind, Some(status), reason);
        self.report(&outcome, last);
        let mut response = bare(status);
        response.extensions_mut().insert(outcome);
        response
    }

    /// Counts how an attempt with a valid token has ended for its sender.
    fn count(&self, success: bool) {
        if let Some(webhook) = self.webhook {
            self.config.shared.failures.count(Account::Webhook(webhook), success);
        }
    }

    fn outcome(&self, kind: OutcomeKind, status: Option<StatusCode>, reason: Option<String>) -> Outcome {
        // What a handler says may quote the body, or the URL.
        let mask = |mut reason: String| {
            if let Some(delivery) = &self.delivery {
                reason = delivery.mask(&reason);
            }
            if let Some(secret) = &self.config.url_secret {
                reason = secret.mask(&reason);
            }
            Arc::from(reason)
        };
        Outcome { kind, status, reason: reason.map(mask) }
    }

    fn handler_took(&self, ended: &Ended) {
        if !matches!(ended.kind, OutcomeKind::Stored | OutcomeKind::Duplicate | OutcomeKind::NotStored) {
            observe::handler_took(&self.config, self.delivery.as_ref(), ended.took);
        }
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
            let kind = match (&self.delivery, self.is_authentic()) {
                (Some(_), _) => OutcomeKind::Lost,
                (None, true) => OutcomeKind::Interrupted,
                (None, false) => OutcomeKind::Incomplete,
            };
            if self.delivery.is_none() {
                self.count(false);
            }
            let outcome = self.outcome(kind, None, None);
            self.report(&outcome, true);
        }
        observe::departed(&self.config);
    }
}
