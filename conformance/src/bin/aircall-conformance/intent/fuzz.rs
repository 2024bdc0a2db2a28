use std::{path::PathBuf, time::Duration};

use aircall_conformance::{Endpoint, fuzz::Fuzz as Run};

use super::{Delivery, Receiver, Result};
use crate::args::{Format, FuzzArgs, Only};

/// To put made-up inputs to a receiver.
#[derive(Debug)]
pub(crate) struct Fuzz {
    pub(crate) receiver: Receiver,
    pub(crate) delivery: Delivery,
    pub(crate) folder: PathBuf,
    pub(crate) is_json: bool,
    seed: Option<u64>,
    cases: Option<usize>,
    time: Option<Duration>,
    rate: Option<u32>,
    only: Option<Only>,
    hostile_anywhere: bool,
}

impl Fuzz {
    pub(crate) fn new(args: FuzzArgs) -> Result<Self> {
        let receiver = Receiver::new(&args.url, args.receiver)?;
        Ok(Self {
            delivery: Delivery::new(args.delivery, receiver.launch.is_some())?,
            receiver,
            folder: args.save,
            is_json: args.format == Format::Json,
            seed: args.seed,
            cases: args.cases,
            time: args.time,
            rate: args.rate,
            only: args.only,
            hostile_anywhere: args.yes_hostile,
        })
    }

    /// Tells whether hostile inputs are wanted at all.
    pub(crate) fn asks_hostile(&self) -> bool {
        self.only != Some(Only::Valid)
    }

    /// Makes the run, now that it is known where the receiver listens.
    pub(crate) fn run(&self, endpoint: Endpoint) -> Run {
        let mut run = Run::new(endpoint, self.delivery.token.clone()).with_timeout(self.delivery.timeout);
        run = match (self.cases, self.time) {
            (Some(cases), _) => run.with_cases(cases),
            (None, Some(_)) => run.with_cases(usize::MAX),
            (None, None) => run,
        };
        if let Some(time) = self.time {
            run = run.with_time(time);
        }
        if let Some(seed) = self.seed {
            run = run.with_seed(seed);
        }
        if let Some(rate) = self.rate {
            run = run.with_rate(rate);
        }
        if self.hostile_anywhere {
            run = run.with_hostile_requests_anywhere();
        }
        match self.only {
            Some(Only::Valid) => run.valid_only(),
            Some(Only::Hostile) => run.hostile_only(),
            None => run,
        }
    }
}
