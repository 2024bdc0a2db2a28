use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use super::{DeliveryArgs, Format, ReceiverArgs, value};

/// Find out whether Aircall would switch this webhook off
///
/// Sends honest traffic and behaves as Aircall does: counts failures, tries
/// again, switches the webhook off, goes on trying, and switches it on again
/// after a success. How Aircall counts is known in part only, so there are
/// several profiles of it; `aircall-conformance profiles` lists them.
///
///   aircall-conformance deactivate --skip-waits http://127.0.0.1:0/hook -- node server.js
#[derive(Debug, Args)]
#[command(after_help = DEACTIVATE_HELP, verbatim_doc_comment)]
pub(crate) struct DeactivateArgs {
    /// URL of the webhook, as it would be given to Aircall
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,

    /// Which reading of Aircall's rules to play
    ///
    /// The default follows the pages that Aircall updated last, and is the milder of the two with retries: what is switched
    /// off under it has a real problem. strict-1 switches off at the first failure, which is the gate for a test.
    #[arg(long, value_name = "NAME", default_value = "reference-50", conflicts_with = "profile_file")]
    pub(crate) profile: String,

    /// Play the profile in this file; `aircall-conformance profiles NAME` prints one to begin with
    #[arg(long, value_name = "FILE")]
    pub(crate) profile_file: Option<PathBuf>,

    /// How many events to send at most, retries not counted
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) events: u32,

    /// Events a second, on the sender's clock; to another machine never more than 10 requests a second are sent
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rate: u32,

    /// Let the sender's clock jump over the waits, so that twelve hours of retries take seconds
    ///
    /// A receiver that recovers with time, and not with the next request, shows nothing of it then.
    #[arg(long)]
    pub(crate) skip_waits: bool,

    /// End after this time on the sender's clock [default: 10m, or 48h with --skip-waits]
    #[arg(long, value_name = "TIME", value_parser = value::duration, allow_hyphen_values = true)]
    pub(crate) time: Option<Duration>,

    /// Number that decides the ids of the calls and what overtakes what; the same one sends the same [default: random]
    ///
    /// A receiver that drops calls it has seen wants another one each time.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,

    /// Listen for what the receiver reports as handled; with a command, on a free port that it finds in AIRCALL_COLLECTOR
    ///
    /// Then the report also says which acknowledged events were lost for good.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:0")]
    pub(crate) collector: Option<SocketAddr>,

    /// Form of the report on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) receiver: ReceiverArgs,
}

const DEACTIVATE_HELP: &str = "\
Exit codes:
  0  the webhook was never switched off
  1  it was switched off, whether or not it came back; or acknowledged events were never handled
  2  could not run: wrong arguments, nothing listening, no token, ended early by Ctrl-C";
