use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use super::{DeliveryArgs, ReceiverArgs, ReportArg, ReportFormat, SelectionArgs, report, value};
use crate::exit;

/// Put every case to a receiver and report what has to be mended
///
/// With a command after `--`, the receiver is started first and stopped
/// afterwards. It finds the token in AIRCALL_TOKEN and the port in PORT; with
/// port 0 in the URL a free one is chosen:
///
///   aircall-conformance check http://127.0.0.1:0/aircall/webhook -- node server.js
#[derive(Debug, Args)]
#[command(after_help = exit::HELP, verbatim_doc_comment, args_override_self = true)]
pub(crate) struct CheckArgs {
    /// URL of the webhook, as it would be given to Aircall
    #[arg(env = "AIRCALL_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,

    /// Form of the report on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: ReportFormat,

    /// Write the report to a file as well (html=report.html); may be given several times
    ///
    /// The formats are those of --format. The files are opened before the run starts, and overwritten when it is over; `-`
    /// is standard output.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report::report)]
    pub(crate) report: Vec<ReportArg>,

    /// Accept the deviations listed in this TOML file: tables `[[known]]` with `case` and `reason`
    ///
    /// They are shown with their reasons and are no findings any more. One that is listed and passes is a finding. With a
    /// `verdict` (fail, lenient, inconclusive), no worse one is accepted.
    #[arg(long, value_name = "FILE")]
    pub(crate) known_failing: Option<PathBuf>,

    /// DANGER: show the token in the lines that repeat a request
    ///
    /// Only on standard output and in the human report. Whoever reads it, in the log of a CI job for instance, can forge
    /// events from then on.
    #[arg(long)]
    pub(crate) show_token: bool,

    /// List every case in the human report, not only what calls for action
    #[arg(long)]
    pub(crate) all: bool,

    /// Take lenient and inconclusive verdicts for findings too (exit code 1)
    #[arg(long)]
    pub(crate) strict: bool,

    /// Send hostile requests to a receiver on another machine too; ask who runs it
    ///
    /// Without it, such a receiver gets honest events only. They carry the valid token, so it will take them for real.
    #[arg(long)]
    pub(crate) yes_hostile: bool,

    /// Requests a second at most; 0 is no limit [default: 10 to another machine, no limit on this one]
    #[arg(long, value_name = "NUMBER", value_parser = value::rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<u32>,

    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// Listen for what the receiver reports as handled; with a command, on a free port that it finds in AIRCALL_COLLECTOR
    ///
    /// For each event that reaches its handler the receiver sends a POST with the event to this address. Only so can be
    /// told what was really handled, and whether what was acknowledged was lost.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:0")]
    pub(crate) collector: Option<SocketAddr>,

    /// Token of a second webhook that the receiver serves as well [env: AIRCALL_OTHER_TOKEN]
    #[arg(long, value_name = "TOKEN")]
    pub(crate) other_token: Option<String>,

    /// How long the run may take; it ends with a partial report then
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = value::duration, allow_hyphen_values = true)]
    pub(crate) time: Duration,

    /// Read arguments from this TOML file; those on the command line win [default: aircall-conformance.toml, if there]
    #[arg(long, value_name = "FILE", env = "AIRCALL_CONFORMANCE_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) receiver: ReceiverArgs,
}
