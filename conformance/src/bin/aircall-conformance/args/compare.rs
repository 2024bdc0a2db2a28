use std::path::PathBuf;

use clap::Args;

use super::Format;

/// Compare two reports in JSON: which cases ended otherwise, the worse first
#[derive(Debug, Args)]
#[command(after_help = COMPARE_HELP)]
pub(crate) struct CompareArgs {
    /// Report of before, as `check --report json=FILE` wrote it
    pub(crate) old: PathBuf,

    /// Report of now
    pub(crate) new: PathBuf,

    /// Form of the comparison
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
}

const COMPARE_HELP: &str = "\
Exit codes:
  0  no case has become worse
  1  at least one has
  2  could not compare: a file is missing, or no such report";
