mod play;

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Account, Ended, Policy, Subscription, Traffic, course::Course};
use crate::{
    Collector, Endpoint, Token,
    delivery::Sender,
    run::{NotReached, Pace, REMOTE_RATE},
};
use play::{Line, Play};

/// One webhook as Aircall keeps it, and the endpoint behind its URL.
#[derive(Debug)]
pub struct Webhook {
    endpoint: Endpoint,
    sender: Sender,
    subscription: Subscription,
}

impl Webhook {
    /// A webhook of this policy, which is on and subscribed to every event.
    #[must_use]
    pub fn new(endpoint: Endpoint, token: Token, policy: Policy) -> Self {
        let sender = Sender::new(token).with_timeout(policy.attempt_timeout);
        Self { endpoint, sender, subscription: Subscription::new(policy) }
    }

    /// The same with another time for a response to be complete than the policy's.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { sender: self.sender.with_timeout(timeout), ..self }
    }

    /// The same, subscribed to these events alone.
    #[must_use]
    pub fn with_events(self, events: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { subscription: self.subscription.with_events(events), ..self }
    }
}

/// What time it is for the sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Clock {
    /// That of the wall: twelve hours of retries take twelve hours.
    #[default]
    Wall,
    /// One that jumps to what is next. Attempts are really made, and nothing is waited for between them. On this clock an
    /// attempt that is answered takes no time, and one that is not takes all the time there is; so receivers that answer
    /// alike have the same timeline.
    Jumping,
}

/// Honest traffic to real endpoints, with failures counted, retries made and webhooks switched off and on as their
/// policies have it.
///
/// ```
/// # use std::convert::Infallible;
/// use aircall_conformance::{Endpoint, Token, policy::{Clock, Policy, Rehearsal, Webhook}};
/// use http::{Request, Response, StatusCode};
///
/// let service = tower::service_fn(|_: Request<aircall_conformance::delivery::RequestBody>| async {
///     let answer = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
///     Ok::<_, Infallible>(answer.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap())
/// });
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let endpoint = Endpoint::service("/aircall/webhook", service);
/// let webhook = Webhook::new(endpoint, Token::new("secret")?, Policy::named("reference-50")?);
/// let accounts = Rehearsal::new(webhook).with_clock(Clock::Jumping).run().await?;
/// assert!(accounts[0].switched_off_at().is_some(), "{}", accounts[0].human());
/// assert!(!accounts[0].came_back());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rehearsal {
    webhooks: Vec<Webhook>,
    events: usize,
    per_second: u32,
    seed: u64,
    begin: SystemTime,
    clock: Clock,
    limit: Option<Duration>,
    collector: Option<Collector>,
}

impl Rehearsal {
    /// A rehearsal with 200 events, one a second, in wall time, until nothing is left to be sent.
    #[must_use]
    pub fn new(webhook: Webhook) -> Self {
        Self {
            webhooks: vec![webhook],
            events: 200,
            per_second: 1,
            seed: 0,
            begin: SystemTime::now(),
            clock: Clock::default(),
            limit: None,
            collector: None,
        }
    }

    /// The same with another webhook on the same stream of events.
    #[must_use]
    pub fn with_webhook(mut self, webhook: Webhook) -> Self {
        self.webhooks.push(webhook);
        self
    }

    /// The same with so many events.
    #[must_use]
    pub fn with_events(self, events: usize) -> Self {
        Self { events, ..self }
    }

    /// The same with so many events a second, at least one, on the sender's clock.
    #[must_use]
    pub fn with_rate(self, per_second: u32) -> Self {
        Self { per_second, ..self }
    }

    /// The same with another seed than 0, which decides the ids of the calls and what overtakes what. The same seed, time and
    /// answers give the same bytes and timelines; the ids of traces alone are always others. A receiver that drops calls it has
    /// seen wants another seed each time.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same beginning at another time, which the events bear.
    #[must_use]
    pub fn at(self, begin: SystemTime) -> Self {
        Self { begin, ..self }
    }

    /// The same on another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same, ended after this time on the sender's clock.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The same with a collector, to which the receiver reports what it has handled: what was acknowledged and never handled
    /// is lost for good, whatever was counted.
    #[must_use]
    pub fn with_collector(self, collector: Collector) -> Self {
        Self { collector: Some(collector), ..self }
    }

    /// Returns how many events it sends.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// Tells whether every receiver is on this machine. To others no more than 10 requests a second are sent.
    pub async fn is_local(&self) -> bool {
        for webhook in &self.webhooks {
            if !webhook.endpoint.is_local().await {
                return false;
            }
        }
        true
    }

    /// Plays until nothing is left to be sent, and returns what became of each webhook.
    ///
    /// # Errors
    ///
    /// When nothing is there at the very first delivery.
    pub async fn run(self) -> Result<Vec<Account>, NotReached> {
        self.observe(|_| {}, std::future::pending()).await
    }

    /// Plays, tells up to ten times a second how the first webhook fares, and ends early when `stop` does.
    ///
    /// # Errors
    ///
    /// When nothing is there at the very first delivery.
    pub async fn observe(
        self,
        progress: impl FnMut(Meter),
        stop: impl Future<Output = ()>,
    ) -> Result<Vec<Account>, NotReached> {
        let pace = Pace::new((!self.is_local().await).then_some(REMOTE_RATE));
        let traffic = Traffic::new(self.events, self.seed).with_rate(self.per_second).at(self.begin);
        let (mut lines, mut subscriptions) = (vec![], vec![]);
        for (index, webhook) in (0u64..).zip(self.webhooks) {
            subscriptions.push(webhook.subscription.with_seed(self.seed.wrapping_add(index)));
            lines.push(Arc::new(Line { endpoint: webhook.endpoint, sender: webhook.sender }));
        }
        let mut course = Course::new(traffic.stream(), subscriptions, vec![]);
        let failed = vec![BTreeMap::new(); lines.len()];
        let mut play = Play {
            traffic,
            lines,
            clock: self.clock,
            limit: self.limit,
            pace,
            attempts: 0,
            progress,
            told: None,
            failed,
        };
        let ended = tokio::select! {
            biased;
            () = pin!(stop) => Ended::Early,
            ended = play.on(&mut course) => ended?,
        };
        let now = course.now;
        let accounts = course.parties.into_iter().zip(&play.lines).zip(std::mem::take(&mut play.failed));
        let mut accounts: Vec<_> = accounts
            .map(|((party, line), failed)| {
                let mut account = Account::new(line.endpoint.shown(), party, &play.traffic, now, ended);
                account.failed_with = failed;
                account
            })
            .collect();
        if let Some(collector) = &self.collector {
            for account in &mut accounts {
                account.ask(collector, PATIENCE).await;
            }
        }
        Ok(accounts)
    }
}

/// A receiver that works off a queue may take so long for an event.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a webhook fares, for a line on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meter {
    /// The sender's clock.
    pub at: Duration,
    /// Whether the webhook is on.
    pub is_active: bool,
    /// The failures counted.
    pub failures: u32,
    /// So many switch it off.
    pub limit: u32,
    /// How many events have been acknowledged.
    pub delivered: usize,
    /// How many events have failed and wait to be sent again.
    pub retrying: usize,
}
