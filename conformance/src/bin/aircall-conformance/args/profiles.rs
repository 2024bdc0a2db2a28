use clap::Args;

use super::Format;

/// List the readings of Aircall's rules that can be played, or print one
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the file of the profile when a name is given, to be changed and given to `deactivate --profile-file`."
)]
pub(crate) struct ProfilesArgs {
    /// Name of a profile
    pub(crate) name: Option<String>,

    /// Form of the list
    #[arg(long, value_name = "FORMAT", default_value = "human", conflicts_with = "name")]
    pub(crate) format: Format,
}
