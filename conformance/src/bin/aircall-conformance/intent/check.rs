use aircall_conformance::Detail;

use super::{Delivery, Receiver, Result};
use crate::args::{CheckArgs, Format};

/// To judge a receiver.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) receiver: Receiver,
    pub(crate) delivery: Delivery,
    pub(crate) output: Output,
    pub(crate) is_strict: bool,
    pub(crate) hostile_anywhere: bool,
    pub(crate) rate: Option<u32>,
}

/// What the report looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Human(Detail),
    Json,
}

impl Check {
    pub(crate) fn new(args: CheckArgs) -> Result<Self> {
        let receiver = Receiver::new(&args.url, args.receiver)?;
        Ok(Self {
            delivery: Delivery::new(args.delivery, receiver.launch.is_some())?,
            receiver,
            output: match (args.format, args.all) {
                (Format::Json, _) => Output::Json,
                (Format::Human, false) => Output::Human(Detail::Findings),
                (Format::Human, true) => Output::Human(Detail::Everything),
            },
            is_strict: args.strict,
            hostile_anywhere: args.yes_hostile,
            rate: args.rate,
        })
    }
}
