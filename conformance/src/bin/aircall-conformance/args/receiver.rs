use std::{ffi::OsString, time::Duration};

use clap::Args;

use super::value;

/// A receiver that is started for the run.
#[derive(Debug, Args)]
pub(crate) struct ReceiverArgs {
    /// How long the command may take until it listens; it may have to be compiled first
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = value::duration, allow_hyphen_values = true)]
    pub(crate) startup_timeout: Duration,

    /// Show what the command prints, on standard error
    #[arg(long)]
    pub(crate) show_output: bool,

    /// Command that starts the receiver
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
