use aircall_conformance::{
    Target,
    receiver::{Echo, Launch},
};

use super::Result;
use crate::args::ReceiverArgs;

/// The receiver to be judged, which may be ours to start.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) target: Target,
    pub(crate) launch: Option<Launch>,
}

impl Receiver {
    pub(super) fn new(url: &str, args: ReceiverArgs) -> Result<Self> {
        let target: Target = url.parse()?;
        let echo: Echo = args.show_output.then_some(|line| eprintln!("receiver: {line}"));
        let launch = Launch { command: args.command, timeout: args.startup_timeout, echo, environment: vec![] };
        let launch = (!launch.command.is_empty()).then_some(launch);
        if target.port() == 0 && launch.is_none() {
            return Err(
                "the URL has port 0, expected a command after `--` that listens on the port chosen for it".into()
            );
        }
        Ok(Self { target, launch })
    }

    /// Tells whether what the receiver prints is shown as it comes.
    pub(crate) fn shows_output(&self) -> bool {
        self.launch.as_ref().is_some_and(|launch| launch.echo.is_some())
    }
}
