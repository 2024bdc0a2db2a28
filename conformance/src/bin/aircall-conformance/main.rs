//! Judges an Aircall webhook receiver from the command line.

mod args;
mod intent;
mod config;
mod check;
mod collector;
mod cases;
mod compare;
mod deactivate;
mod profiles;
mod events;
mod schema;
mod send;
mod complete;
mod fuzz;
mod replay;
mod receiver;
mod interrupt;
mod progress;
mod report_files;
mod suggestion;
mod exit;

use args::{Args, Command};
use clap::Parser;
use exit::Exit;

fn main() -> std::process::ExitCode {
    // A wrong argument ends here, with the code that `Exit::CouldNotRun` has too.
    let args = Args::parse();
    run(args).unwrap_or_else(|error| exit::explain(&*error)).into()
}

#[tokio::main]
async fn run(args: Args) -> Result<Exit, Box<dyn std::error::Error>> {
    match args.command {
        Command::Check(args) => check::run(intent::Check::new(*config::add(args)?)?).await,
        Command::Cases(args) => cases::run(args),
        Command::Compare(args) => compare::run(&args),
        Command::Schema => schema::run(),
        Command::Deactivate(args) => deactivate::run(intent::Deactivate::new(args)?).await,
        Command::Profiles(args) => profiles::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Send(args) => send::run(intent::Send::new(args)?).await,
        Command::Completions(args) => Ok(complete::completions(&args)),
        Command::Man => Ok(complete::man()?),
        Command::Fuzz(args) => fuzz::run(intent::Fuzz::new(args)?).await,
        Command::Replay(args) => replay::run(intent::Replay::new(args)?).await,
    }
}
