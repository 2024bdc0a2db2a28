use std::path::PathBuf;

use aircall_conformance::{Endpoint, Target, fuzz::Fuzz as Run};

use super::{Delivery, Result};
use crate::args::{Format, FuzzArgs, Only};

/// To put made-up inputs to a receiver.
#[derive(Debug)]
pub(crate) struct Fuzz {
    pub(crate) run: Run,
    pub(crate) shown: String,
    pub(crate) folder: PathBuf,
    pub(crate) is_json: bool,
    pub(crate) asks_hostile: bool,
}

impl Fuzz {
    pub(crate) fn new(args: FuzzArgs) -> Result<Self> {
        let target: Target = args.url.parse()?;
        let delivery = Delivery::new(args.delivery, false)?;
        let shown = target.to_string();
        let endpoint = Endpoint::url(target, &delivery.roots)?;
        let mut run = Run::new(endpoint, delivery.token).with_timeout(delivery.timeout);
        run = match (args.cases, args.time) {
            (Some(cases), _) => run.with_cases(cases),
            (None, Some(_)) => run.with_cases(usize::MAX),
            (None, None) => run,
        };
        if let Some(time) = args.time {
            run = run.with_time(time);
        }
        if let Some(seed) = args.seed {
            run = run.with_seed(seed);
        }
        if let Some(rate) = args.rate {
            run = run.with_rate(rate);
        }
        if args.yes_hostile {
            run = run.with_hostile_requests_anywhere();
        }
        run = match args.only {
            Some(Only::Valid) => run.valid_only(),
            Some(Only::Hostile) => run.hostile_only(),
            None => run,
        };
        Ok(Self {
            run,
            shown,
            folder: args.save,
            is_json: args.format == Format::Json,
            asks_hostile: args.only != Some(Only::Valid),
        })
    }
}
