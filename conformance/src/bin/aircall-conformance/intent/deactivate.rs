use std::{net::SocketAddr, time::Duration};

use aircall_conformance::{
    delivery::TIMEOUT,
    policy::{Clock, Policy},
};

use super::{Delivery, Receiver, Result};
use crate::args::{DeactivateArgs, Format};

/// To find out whether a webhook would be switched off.
#[derive(Debug)]
pub(crate) struct Deactivate {
    pub(crate) receiver: Receiver,
    pub(crate) delivery: Delivery,
    /// How long a response may take.
    pub(crate) patience: Duration,
    pub(crate) policy: Policy,
    pub(crate) events: u32,
    pub(crate) rate: u32,
    pub(crate) clock: Clock,
    pub(crate) limit: Duration,
    pub(crate) seed: u64,
    pub(crate) collector: Option<SocketAddr>,
    pub(crate) is_json: bool,
}

impl Deactivate {
    pub(crate) fn new(args: DeactivateArgs) -> Result<Self> {
        let receiver = Receiver::new(&args.url, args.receiver)?;
        let policy = match &args.profile_file {
            None => Policy::named(&args.profile)?,
            Some(file) => {
                let shown = file.display();
                let text = std::fs::read_to_string(file).map_err(|error| format!("{shown} cannot be read: {error}"))?;
                Policy::parse(&text).map_err(|error| format!("{shown}: {error}"))?
            }
        };
        let delivery = Delivery::new(args.delivery, receiver.launch.is_some())?;
        let clock = if args.skip_waits { Clock::Jumping } else { Clock::Wall };
        Ok(Self {
            receiver,
            // What was asked for on the command line comes before the profile's, and that before the default.
            patience: if delivery.timeout == TIMEOUT { policy.attempt_timeout } else { delivery.timeout },
            delivery,
            policy,
            events: args.events,
            rate: args.rate,
            clock,
            limit: args.time.unwrap_or(if args.skip_waits { TWO_DAYS } else { TEN_MINUTES }),
            // Small enough to be typed again.
            seed: match args.seed {
                Some(seed) => seed,
                None => getrandom::u64()? % 1_000_000,
            },
            collector: args.collector,
            is_json: args.format == Format::Json,
        })
    }
}

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// Longer than any of the built-in profiles goes on after the last event of a day.
const TWO_DAYS: Duration = Duration::from_secs(48 * 3600);
