//! The arguments as they are meant.

use std::{error::Error, time::Duration};

use aircall_conformance::{
    Detail, Roots, Target, Token,
    case::{Body, Procedure, Request},
    catalogue,
    receiver::{Echo, Launch},
};

use crate::{
    args::{CheckArgs, DeliveryArgs, Format, SendArgs},
    suggestion,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

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

/// To send one request.
#[derive(Debug)]
pub(crate) struct Send {
    pub(crate) target: Target,
    pub(crate) delivery: Delivery,
    pub(crate) request: Request,
}

/// What has a say in every delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) token: Token,
    pub(crate) timeout: Duration,
    pub(crate) roots: Roots,
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

impl Send {
    pub(crate) fn new(args: SendArgs) -> Result<Self> {
        Ok(Self {
            request: request(&args.what)?,
            target: args.url.parse()?,
            delivery: Delivery::new(args.delivery, false)?,
        })
    }
}

impl Delivery {
    /// A receiver that is started here can be told a token of our own.
    fn new(args: DeliveryArgs, is_token_free: bool) -> Result<Self> {
        let given = args.token.or_else(|| std::env::var("AIRCALL_TOKEN").ok().filter(|token| !token.trim().is_empty()));
        let token = match given {
            Some(token) => Token::new(token)?,
            None if is_token_free => Token::random()?,
            None => return Err(NO_TOKEN.into()),
        };
        Ok(Self { token, timeout: args.timeout, roots: args.ca_file.map_or(Roots::System, Roots::File) })
    }
}

fn request(what: &str) -> Result<Request> {
    if let Some(event) = aircall_fixtures::find(what) {
        return Ok(Request::post(Body::Event(event.name)));
    }
    match catalogue::find(what).map(|case| case.procedure) {
        Some(Procedure::Send(request)) => Ok(request),
        Some(_) => Err(format!("the case {what} sends nothing of its own: it looks over a whole run").into()),
        None => Err(suggestion::unknown("event or case", what, suggestion::events_and_cases()).into()),
    }
}

const NO_TOKEN: &str = "no token: set AIRCALL_TOKEN, or give --token, to the one that the receiver is configured with";
