use std::path::PathBuf;

use clap::Args;

use super::{DeliveryArgs, fuzz::FOLDER};

/// Send a finding of `fuzz` again, and say whether it still fails
#[derive(Debug, Args)]
#[command(after_help = REPLAY_HELP)]
pub(crate) struct ReplayArgs {
    /// Id of the finding, or the file that it was saved in
    pub(crate) finding: PathBuf,

    /// URL of the webhook, as it would be given to Aircall
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,

    /// Folder that findings were saved in
    #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
    pub(crate) save: PathBuf,

    /// Send a hostile one to a receiver on another machine too; ask who runs it
    #[arg(long)]
    pub(crate) yes_hostile: bool,
}

const REPLAY_HELP: &str = "\
Exit codes:
  0  it no longer fails
  1  it still fails
  2  could not run: wrong arguments, no such finding, nothing listening, no token, the plain event refused";
