use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use super::{DeliveryArgs, Format, ReceiverArgs, value};

/// Send made-up inputs to a receiver, and make what it fails for as small as it gets
///
/// More than half of them are honest events of every kind, with all that JSON allows; the others have a wrong token, or are malformed,
/// ambiguous or strange. All of them follow from the seed, which is always printed.
#[derive(Debug, Args)]
#[command(after_help = FUZZ_HELP)]
pub(crate) struct FuzzArgs {
    /// URL of the webhook, as it would be given to Aircall
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,

    /// Number that everything is made from [default: another one each time]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,

    /// How many inputs are made [default: 256, or as many as fit into --time]
    #[arg(long, value_name = "NUMBER", value_parser = value::count)]
    pub(crate) cases: Option<usize>,

    /// End after this time (30s, 5m); what is being made smaller then is finished first
    #[arg(long, value_name = "TIME", value_parser = value::duration, allow_hyphen_values = true)]
    pub(crate) time: Option<Duration>,

    /// Send inputs of one class alone
    #[arg(long, value_name = "CLASS")]
    pub(crate) only: Option<Only>,

    /// Folder to save findings in, made when there is one; they can be sent again by `replay`
    #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
    pub(crate) save: PathBuf,

    /// Form of the report on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,

    /// Send hostile requests to a receiver on another machine too; ask who runs it
    #[arg(long)]
    pub(crate) yes_hostile: bool,

    /// Requests a second at most; 0 is no limit [default: 10 to another machine, no limit on this one]
    #[arg(long, value_name = "NUMBER", value_parser = value::rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<u32>,

    #[command(flatten)]
    pub(crate) receiver: ReceiverArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// What must be acknowledged
    Valid,
    /// What must be refused, or survived
    Hostile,
}

/// Where findings are saved, and looked for.
pub(super) const FOLDER: &str = "aircall-fuzz";

const FUZZ_HELP: &str = "\
Exit codes:
  0  nothing failed
  1  findings: at least one input failed
  2  could not run: wrong arguments, nothing listening, no token, the plain event refused, ended early";
