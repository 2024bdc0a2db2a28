use std::{
    future::Future,
    pin::pin,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tokio::time::Instant;

use super::{
    error::NotFuzzed,
    input::{Class, Input},
    judge::Kind,
    outline::{FuzzPlan, FuzzStep},
    report::{Ended, FuzzReport},
    saved::Saved,
    session::{Session, announce},
    strategy::{InputTree, Inputs, Mix},
};
use crate::{
    Endpoint, Token,
    delivery::Sender,
    run::{RECOVERY, REMOTE_RATE},
};

/// A run that puts made-up inputs to one endpoint.
#[derive(Debug)]
pub struct Fuzz {
    pub(super) endpoint: Endpoint,
    pub(super) sender: Sender,
    seed: u64,
    cases: usize,
    time: Option<Duration>,
    mix: Mix,
    hostile_anywhere: bool,
    rate: Option<u32>,
    pub(super) recovery: Duration,
    pub(super) shrink_requests: usize,
    pub(super) shrink_time: Duration,
    now: SystemTime,
}

impl Fuzz {
    /// A run of 256 cases from a seed of chance, with the 5 s that Aircall gives.
    ///
    /// A receiver on this machine is sent everything, as fast as it answers. To one on another machine nothing hostile is
    /// sent, and no more than 10 requests a second.
    #[must_use]
    pub fn new(endpoint: Endpoint, token: Token) -> Self {
        Self {
            endpoint,
            sender: Sender::new(token),
            // Any will do, and it is told; a machine without randomness can still fuzz.
            seed: u64::from(getrandom::u32().unwrap_or(1)),
            cases: 256,
            time: None,
            mix: Mix::Both,
            hostile_anywhere: false,
            rate: None,
            recovery: RECOVERY,
            shrink_requests: 200,
            shrink_time: Duration::from_secs(30),
            now: SystemTime::now(),
        }
    }

    /// The same with this seed. The same seed makes the same bodies, but for the time in their envelopes.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same with so many cases.
    #[must_use]
    pub fn with_cases(self, cases: usize) -> Self {
        Self { cases, ..self }
    }

    /// The same, ended after this time. What is being made smaller then is finished first.
    #[must_use]
    pub fn with_time(self, time: Duration) -> Self {
        Self { time: Some(time), ..self }
    }

    /// The same with valid inputs alone.
    #[must_use]
    pub fn valid_only(self) -> Self {
        Self { mix: Mix::Valid, ..self }
    }

    /// The same with hostile inputs alone, and the honest events between them.
    #[must_use]
    pub fn hostile_only(self) -> Self {
        Self { mix: Mix::Hostile, ..self }
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

    /// The same with other bounds for making one finding smaller, which are 200 requests and 30 s.
    #[must_use]
    pub fn with_shrinking(self, requests: usize, time: Duration) -> Self {
        Self { shrink_requests: requests, shrink_time: time, ..self }
    }

    /// The same at another time, which the events bear. Without it, that is when this was made.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Self {
        Self { sender: self.sender.at(now), now, ..self }
    }

    /// Returns what will be sent.
    pub async fn plan(&self) -> FuzzPlan {
        let is_local = self.endpoint.is_local().await;
        let rate = self.rate.or((!is_local).then_some(REMOTE_RATE)).filter(|&rate| rate > 0);
        let hostile = (is_local || self.hostile_anywhere) && self.mix != Mix::Valid;
        FuzzPlan {
            seed: self.seed,
            cases: self.cases,
            valid: self.mix != Mix::Hostile,
            hostile,
            is_local,
            rate,
            time: self.time,
        }
    }

    /// Returns the inputs that a run sends, in their order, to a receiver on this machine.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        (0..self.cases).filter_map(|case| Some(self.tree(self.mix, case)?.current()))
    }

    /// Sends all of it, and judges.
    ///
    /// # Errors
    ///
    /// When nothing is there, or the plain event is refused: then every other answer would tell nothing.
    pub async fn run(&self) -> Result<FuzzReport, NotFuzzed> {
        let plan = self.plan().await;
        self.observe(&plan, |_| {}, std::future::pending()).await
    }

    /// Sends what a plan says, tells what it is about to do, and ends early when `stop` does.
    ///
    /// # Errors
    ///
    /// When nothing is there, or the plain event is refused: then every other answer would tell nothing.
    pub async fn observe(
        &self,
        plan: &FuzzPlan,
        mut progress: impl FnMut(FuzzStep) + Send,
        stop: impl Future<Output = ()>,
    ) -> Result<FuzzReport, NotFuzzed> {
        let mix = match (plan.valid, plan.hostile) {
            (true, true) => Mix::Both,
            (true, false) => Mix::Valid,
            (false, true) => Mix::Hostile,
            (false, false) => return Err(NotFuzzed::HostileElsewhere),
        };
        let end = plan.time.map(|time| Instant::now() + time);
        let mut stop = pin!(stop);
        let mut session = tokio::select! {
            biased;
            () = &mut stop => return Err(NotFuzzed::Interrupted),
            session = Session::begin(self, plan) => session?,
        };
        let tell = Mutex::new(&mut progress as _);
        let mut ended = None;
        for case in 0..plan.cases {
            let Some(tree) = self.tree(mix, case) else { continue };
            if end.is_some_and(|end| Instant::now() >= end) {
                ended = Some(Ended::Time);
                break;
            }
            announce(&tell, FuzzStep::Case { case, of: plan.cases, found: session.report.findings.len() });
            tokio::select! {
                biased;
                () = &mut stop => {
                    ended = Some(Ended::Interrupted);
                    break;
                }
                () = session.case(case, tree, &tell) => {}
            }
            if session.report.ended.is_some() {
                break;
            }
        }
        Ok(session.finish(ended))
    }

    /// Sends a finding again, made for this token and time, after the plain event.
    ///
    /// # Errors
    ///
    /// When nothing is there, the plain event is refused, the finding does not exist for the token, or is hostile and the
    /// receiver on another machine.
    pub async fn replay(&self, saved: &Saved) -> Result<Replayed, NotFuzzed> {
        let input = saved.input(self.sender.token(), self.now).ok_or(NotFuzzed::NoSuchInput)?;
        let is_hostile = input.class() != Class::Valid;
        let plan = self.plan().await;
        if is_hostile && !plan.is_local && !self.hostile_anywhere {
            return Err(NotFuzzed::HostileElsewhere);
        }
        let plan = FuzzPlan { hostile: is_hostile, ..plan };
        Ok(Session::begin(self, &plan).await?.replay(&input).await)
    }

    /// Each case has a generator of its own, so that it is the same whatever became of those before it.
    fn tree(&self, mix: Mix, case: usize) -> Option<InputTree> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&(case as u64).to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        Inputs::new(self.sender.token(), mix).at(self.now).new_tree(&mut runner).ok()
    }
}

/// What came of a finding that was sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// How it fails; `None` if it no longer does.
    pub kind: Option<Kind>,
    /// What came back.
    pub got: String,
}
