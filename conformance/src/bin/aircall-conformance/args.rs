//! The arguments as they are typed.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::exit;

/// Judge any Aircall webhook receiver, in any language, over real HTTP.
///
/// Sends what Aircall sends, and what Aircall never would, and says what would get the webhook switched off, what would
/// lose events, and who could forge them.
#[derive(Debug, Parser)]
#[command(version, after_help = exit::HELP, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(CheckArgs),
    Events(EventsArgs),
    Send(SendArgs),
}

/// Put every case to a receiver and report what has to be mended
///
/// With a command after `--`, the receiver is started first and stopped
/// afterwards. It finds the token in AIRCALL_TOKEN and the port in PORT; with
/// port 0 in the URL a free one is chosen:
///
///   aircall-conformance check http://127.0.0.1:0/aircall/webhook -- node server.js
#[derive(Debug, ClapArgs)]
#[command(after_help = exit::HELP, verbatim_doc_comment)]
pub(crate) struct CheckArgs {
    /// URL of the webhook, as it would be given to Aircall
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,

    /// Form of the report on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,

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
    #[arg(long, value_name = "NUMBER", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<u32>,

    /// How long the command may take until it listens; it may have to be compiled first
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) startup_timeout: Duration,

    /// Show what the command prints, on standard error
    #[arg(long)]
    pub(crate) show_output: bool,

    /// Command that starts the receiver
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// List the events that are sent, or print the body of one
#[derive(Debug, ClapArgs)]
#[command(after_help = "Prints the body of the event when a name is given.")]
pub(crate) struct EventsArgs {
    /// Name of an event
    pub(crate) name: Option<String>,

    /// Form of the list
    #[arg(long, value_name = "FORMAT", default_value = "human", conflicts_with = "name")]
    pub(crate) format: Format,
}

/// Send one event, or the request of one case, once, and show the answer
#[derive(Debug, ClapArgs)]
#[command(after_help = SEND_HELP)]
pub(crate) struct SendArgs {
    /// Name of an event (call.ended), or id of a case (token/missing)
    pub(crate) what: String,

    /// URL of the webhook, as it would be given to Aircall
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) delivery: DeliveryArgs,
}

/// What has a say in every delivery.
#[derive(Debug, ClapArgs)]
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
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) timeout: Duration,

    /// Trust the root certificates in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    Human,
    /// For a program
    Json,
}

fn rate(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a whole number of requests a second, or 0 for no limit".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().map_err(|_| UNREADABLE)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err(UNREADABLE.to_owned()),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(UNREADABLE.to_owned()),
    }
}

const UNREADABLE: &str = "expected a number above 0 and a unit, like 500ms, 5s or 1m";

const SEND_HELP: &str = "\
Exit codes:
  0  the answer was a 2xx, in time
  1  it was not
  2  could not run: wrong arguments, nothing listening, no token";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(
            ["500ms", "5s", "1.5s", "2m"].map(|text| duration(text).unwrap().as_millis()),
            [500, 5000, 1500, 120_000]
        );
        for text in ["", "5", "s", "0s", "-1s", "5 s", "5h", "1.2.3s", "1e400s"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
