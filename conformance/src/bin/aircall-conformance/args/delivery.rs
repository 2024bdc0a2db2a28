use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::value;

/// What has a say in every delivery.
#[derive(Debug, Args)]
pub(crate) struct DeliveryArgs {
    /// Token that the receiver was configured with [env: AIRCALL_TOKEN]
    ///
    /// The environment is the better place: other users of this machine can read arguments. With a command, one is made up
    /// if none is given.
    // Not by clap's `env`: an empty variable would count as given, and help would have to be kept from showing the value.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,

    /// How long a response may take until it is complete (500ms, 5s, 1m); Aircall gives 5s
    // A value with a minus is for the parser to refuse, which says what is expected; clap would take it for a flag.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = value::duration, allow_hyphen_values = true)]
    pub(crate) timeout: Duration,

    /// Trust the root certificates in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Send the token whatever the certificate is: whoever sits between can read it
    #[arg(long, conflicts_with = "ca_file")]
    pub(crate) insecure: bool,
}
