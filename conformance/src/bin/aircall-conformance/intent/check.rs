use aircall_conformance::{
    Detail, Target,
    receiver::{Echo, Launch},
};

use super::{Delivery, Result};
use crate::args::{CheckArgs, Format};

/// To judge a receiver.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) target: Target,
    pub(crate) delivery: Delivery,
    pub(crate) output: Output,
    pub(crate) is_strict: bool,
    pub(crate) hostile_anywhere: bool,
    pub(crate) rate: Option<u32>,
    pub(crate) launch: Option<Launch>,
}

/// What the report looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Human(Detail),
    Json,
}

impl Check {
    pub(crate) fn new(args: CheckArgs) -> Result<Self> {
        let target: Target = args.url.parse()?;
        let echo: Echo = args.show_output.then_some(|line| eprintln!("receiver: {line}"));
        let launch = Launch { command: args.command, timeout: args.startup_timeout, echo };
        let launch = (!launch.command.is_empty()).then_some(launch);
        if target.port() == 0 && launch.is_none() {
            return Err(
                "the URL has port 0, expected a command after `--` that listens on the port chosen for it".into()
            );
        }
        Ok(Self {
            target,
            delivery: Delivery::new(args.delivery, launch.is_some())?,
            output: match (args.format, args.all) {
                (Format::Json, _) => Output::Json,
                (Format::Human, false) => Output::Human(Detail::Findings),
                (Format::Human, true) => Output::Human(Detail::Everything),
            },
            is_strict: args.strict,
            hostile_anywhere: args.yes_hostile,
            rate: args.rate,
            launch,
        })
    }

    /// Tells whether what the receiver prints is shown as it comes.
    pub(crate) fn shows_output(&self) -> bool {
        self.launch.as_ref().is_some_and(|launch| launch.echo.is_some())
    }
}
