use clap::Args;

use super::Format;

/// List the events that are sent, or print the body of one
#[derive(Debug, Args)]
#[command(after_help = "Prints the body of the event when a name is given.")]
pub(crate) struct EventsArgs {
    /// Name of an event
    pub(crate) name: Option<String>,

    /// Form of the list
    #[arg(long, value_name = "FORMAT", default_value = "human", conflicts_with = "name")]
    pub(crate) format: Format,
}
