use std::{net::SocketAddr, time::Duration};

use aircall_conformance::{
    Detail, Target, Token,
    catalogue::Selection,
    receiver::{Echo, Launch},
};

use super::{Delivery, Result, selection};
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
    pub(crate) selection: Selection,
    pub(crate) collector: Option<SocketAddr>,
    pub(crate) other_token: Option<Token>,
    pub(crate) time: Duration,
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
        let target: Target = args.url.ok_or(NO_URL)?.parse()?;
        let echo: Echo = args.show_output.then_some(|line| eprintln!("receiver: {line}"));
        let launch = Launch { command: args.command, timeout: args.startup_timeout, echo, environment: vec![] };
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
            selection: selection(&args.selection)?,
            collector: args.collector,
            other_token: other_token(args.other_token)?,
            time: args.time,
            launch,
        })
    }

    /// Tells whether what the receiver prints is shown as it comes.
    pub(crate) fn shows_output(&self) -> bool {
        self.launch.as_ref().is_some_and(|launch| launch.echo.is_some())
    }
}

fn other_token(typed: Option<String>) -> Result<Option<Token>> {
    let given = typed.or_else(|| std::env::var("AIRCALL_OTHER_TOKEN").ok()).filter(|token| !token.trim().is_empty());
    Ok(given.map(Token::new).transpose()?)
}

const NO_URL: &str = "no URL: give that of the webhook, for instance http://127.0.0.1:3000/aircall/webhook";
