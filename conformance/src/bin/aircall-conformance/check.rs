use std::error::Error;

use aircall_conformance::{
    Check as Conformance, Conclusion, Endpoint, Report, Target,
    catalogue::PLAIN_EVENT_CASE,
    observation::{Outcome, Unreachable},
    receiver::{Launch, Output as ReceiverOutput, Receiver, StartError, free_port},
    run::{NotReached, Plan, Record},
    verdict::Verdict,
};

use crate::{
    exit::Exit,
    intent::Check,
    progress::Progress,
    report_files::{self, ReportFiles},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Starts the receiver if it is ours to start, puts the cases to it, stops it, and reports.
pub(crate) async fn run(intent: Check) -> Result<Exit> {
    let files = ReportFiles::open(&intent.reports)?;
    let target = with_port(intent.target.clone(), intent.launch.as_ref()).await?;
    let check = conformance(&intent, target.clone())?;
    let receiver = tokio::select! {
        receiver = start(&intent, &target) => receiver?,
        () = interrupt() => return Err("ended before the receiver listened".into()),
    };
    let plan = check.plan().await;
    announce(&target, &plan);
    let record = observe(&check, &plan).await;
    let output = stop(receiver).await;
    let record = match record {
        Ok(record) => record,
        Err(not_reached) => {
            if let (Some(output), false) = (&output, intent.shows_output()) {
                show_last(output);
            }
            return Err(with_hint(&not_reached).into());
        }
    };
    let report = Report::new(match &output {
        Some(output) => record.with_output(output.token_in().as_deref()),
        None => record,
    });
    let report = report.with_known(&intent.known);
    let printed = report_files::print(&report, &intent.output);
    if let (Some(output), false) = (&output, intent.shows_output()) {
        explain(&report, output);
    }
    // Each is tried, whatever became of the other.
    let written = files.write(&report, &intent.output);
    printed.and(written)?;
    Ok(exit(&report, intent.is_strict))
}

/// Puts a free port into a URL that leaves it open.
async fn with_port(target: Target, launch: Option<&Launch>) -> Result<Target> {
    if target.port() != 0 || launch.is_none() {
        return Ok(target);
    }
    let port = free_port(&target).await;
    let port = port.map_err(|error| format!("no free port to be had on {}: {error}", target.host()))?;
    Ok(target.with_port(port))
}

fn conformance(intent: &Check, target: Target) -> Result<Conformance> {
    let endpoint = Endpoint::url(target, &intent.delivery.roots)?;
    let mut check = Conformance::new(endpoint, intent.delivery.token.clone()).with_timeout(intent.delivery.timeout);
    if intent.hostile_anywhere {
        check = check.with_hostile_requests_anywhere();
    }
    if let Some(rate) = intent.rate {
        check = check.with_rate(rate);
    }
    Ok(check)
}

async fn start(intent: &Check, target: &Target) -> Result<Option<Receiver>> {
    let Some(launch) = &intent.launch else { return Ok(None) };
    let words: Vec<_> = launch.command.iter().map(|word| word.to_string_lossy()).collect();
    eprintln!("starting {}", intent.delivery.token.mask(&words.join(" ")));
    let progress = Progress::new();
    let started = tokio::select! {
        started = Receiver::start(launch, target, &intent.delivery.token) => started,
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

fn announce(target: &Target, plan: &Plan) {
    eprintln!("judging {target}\n{plan}");
    if !plan.is_local {
        eprintln!(
            "note: this receiver is on another machine, and will take invented events with the valid token for real"
        );
        if !plan.hostile {
            eprintln!("note: hostile requests are left out; --yes-hostile sends them, if whoever runs it agrees");
        }
    }
}

async fn observe(check: &Conformance, plan: &Plan) -> std::result::Result<Record, NotReached> {
    let progress = Progress::new();
    check.observe(plan, |step| progress.case(step), interrupt()).await
}

/// Stops the receiver whatever the run has come to.
async fn stop(receiver: Option<Receiver>) -> Option<ReceiverOutput> {
    match receiver {
        Some(receiver) => Some(receiver.stop().await),
        None => None,
    }
}

/// Shows what a receiver printed last, if it refused the plain event or did not survive: the cause may stand there.
fn explain(report: &Report, output: &ReceiverOutput) {
    let failed = |id: &str| report.with(Verdict::Fail).any(|result| result.case.id == id);
    if failed(PLAIN_EVENT_CASE) || failed("acknowledgement/after-hostile") {
        show_last(output);
    }
}

fn show_last(output: &ReceiverOutput) {
    let lines = output.last_lines();
    if !lines.is_empty() {
        eprintln!("\nthe last that the receiver printed:\n  {}", lines.join("\n  "));
    }
}

fn with_hint(not_reached: &NotReached) -> String {
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

fn exit(report: &Report, is_strict: bool) -> Exit {
    let open = |verdict| report.unaccepted(verdict).count() > 0;
    match report.conclusion() {
        Conclusion::Interrupted { .. } | Conclusion::NothingJudged => Exit::CouldNotRun,
        _ if is_strict && (open(Verdict::Lenient) || open(Verdict::Inconclusive)) => Exit::Findings,
        Conclusion::Conformant(_) | Conclusion::NothingFailed(_) => Exit::Conformant,
        _ => Exit::Findings,
    }
}

/// Ends when the user, or whoever runs CI, wants the run to end; then the receiver is stopped as well.
async fn interrupt() {
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = ended_by(Ending::Terminate) => {}
        () = ended_by(Ending::HangUp) => {}
        // A program that cannot be told so is ended by the system.
        else => std::future::pending().await,
    }
}

/// Ways to end a program that have no key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Terminate,
    /// The terminal was closed.
    HangUp,
}

#[cfg(unix)]
async fn ended_by(ending: Ending) {
    use tokio::signal::unix::{SignalKind, signal};
    let kind = match ending {
        Ending::Terminate => SignalKind::terminate(),
        // Started by `nohup`, which wants it to outlive the terminal: to listen for the signal would undo that.
        Ending::HangUp if is_ignored(SignalKind::hangup()) => return std::future::pending().await,
        Ending::HangUp => SignalKind::hangup(),
    };
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn ended_by(_: Ending) {
    std::future::pending().await
}

/// Tells whether this program was started with the signal ignored. Only Linux says so without unsafe code.
#[cfg(unix)]
fn is_ignored(signal: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}
