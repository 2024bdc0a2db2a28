//! The arguments as they are typed.

mod cases;
mod check;
mod compare;
mod complete;
mod deactivate;
mod delivery;
mod events;
mod fuzz;
mod profiles;
mod receiver;
mod replay;
mod report;
mod send;
mod value;

pub(crate) use cases::{CasesArgs, LevelArg, SelectionArgs};
pub(crate) use check::CheckArgs;
use clap::{Parser, Subcommand};
pub(crate) use compare::CompareArgs;
pub(crate) use complete::CompletionsArgs;
pub(crate) use deactivate::DeactivateArgs;
pub(crate) use delivery::DeliveryArgs;
pub(crate) use events::EventsArgs;
pub(crate) use fuzz::{FuzzArgs, Only};
pub(crate) use profiles::ProfilesArgs;
pub(crate) use receiver::ReceiverArgs;
pub(crate) use replay::ReplayArgs;
pub(crate) use report::{ReportArg, ReportFormat};
pub(crate) use send::SendArgs;
pub(crate) use value::Format;

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
    Check(Box<CheckArgs>),
    Cases(CasesArgs),
    Compare(CompareArgs),
    Fuzz(FuzzArgs),
    Replay(ReplayArgs),
    Deactivate(DeactivateArgs),
    Profiles(ProfilesArgs),
    Events(EventsArgs),
    Send(SendArgs),
    /// Print the JSON schema of the report
    Schema,
    Completions(CompletionsArgs),
    /// Print the manual page, for man(1)
    Man,
}
