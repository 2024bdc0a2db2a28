use std::error::Error;

use aircall_conformance::{
    Target, Token,
    observation::{Outcome, Unreachable},
    receiver::{Launch, Output, Receiver, StartError, free_port},
    run::NotReached,
};

use crate::{intent, interrupt::interrupt, progress::Progress};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Puts a free port into a URL that leaves it open.
pub(crate) async fn with_port(target: Target, launch: Option<&Launch>) -> Result<Target> {
    if target.port() != 0 || launch.is_none() {
        return Ok(target);
    }
    let port = free_port(&target).await;
    let port = port.map_err(|error| format!("no free port to be had on {}: {error}", target.host()))?;
    Ok(target.with_port(port))
}

/// Starts the receiver if it is ours to start, unless the user ends the run meanwhile.
pub(crate) async fn start(intent: &intent::Receiver, token: &Token, target: &Target) -> Result<Option<Receiver>> {
    tokio::select! {
        receiver = listening(intent, token, target) => receiver,
        () = interrupt() => Err("ended before the receiver listened".into()),
    }
}

async fn listening(intent: &intent::Receiver, token: &Token, target: &Target) -> Result<Option<Receiver>> {
    let Some(launch) = &intent.launch else { return Ok(None) };
    let words: Vec<_> = launch.command.iter().map(|word| word.to_string_lossy()).collect();
    eprintln!("starting {}", token.mask(&words.join(" ")));
    let progress = Progress::new();
    let started = tokio::select! {
        started = Receiver::start(launch, target, token) => started,
        never = progress.wait("the command to listen") => match never {},
    };
    drop(progress);
    match started {
        Ok(receiver) => Ok(Some(receiver)),
        Err(error) => Err(with_output(&error, intent.shows_output()).into()),
    }
}

/// Adds what the command printed, unless it was shown already.
fn with_output(error: &StartError, is_shown: bool) -> String {
    match error.output().map(|output| output.last_lines()) {
        None => error.to_string(),
        Some(_) if is_shown => error.to_string(),
        Some(lines) if lines.is_empty() => format!("{error}; it printed nothing"),
        Some(lines) => format!("{error}; the last it printed:\n  {}", lines.join("\n  ")),
    }
}

/// Stops the receiver whatever the run has come to.
pub(crate) async fn stop(receiver: Option<Receiver>) -> Option<Output> {
    match receiver {
        Some(mut receiver) => {
            if let Some(status) = receiver.ended() {
                eprintln!("note: the command had ended by itself before the run was over ({status})");
            }
            Some(receiver.stop().await)
        }
        None => None,
    }
}

/// Shows what a receiver printed last: the cause of what was found may stand there.
pub(crate) fn show_last(output: &Output) {
    let lines = output.last_lines();
    if !lines.is_empty() {
        eprintln!("\nthe last that the receiver printed:\n  {}", lines.join("\n  "));
    }
}

/// Adds what may be wrong where nothing was reached.
pub(crate) fn with_hint(not_reached: &NotReached) -> String {
    let hint = match &not_reached.outcome {
        Outcome::Unreachable(Unreachable::Refused) => "is the receiver running, and is that its port?",
        Outcome::Unreachable(Unreachable::Name(_)) => "is the host spelt right?",
        Outcome::Unreachable(Unreachable::Tls(error)) if error.contains("UnknownIssuer") => {
            "give the certificate of your own authority with --ca-file; Aircall itself accepts public ones alone"
        }
        Outcome::Unreachable(Unreachable::Tls(error)) if error.contains("corrupt message") => {
            "the port may speak plain HTTP: try http://"
        }
        Outcome::Unreachable(Unreachable::SpeaksTls) => "try https://",
        _ => return not_reached.to_string(),
    };
    format!("{not_reached}; {hint}")
}
