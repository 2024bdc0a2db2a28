//! Holds the inbox against the limit of the disk, in turns of one process.
//!
//! ```sh
//! cargo run --release -p aircall-benches-inbox [-- --seconds 1 --rounds 9 --callers 256 --handlers 64 --threads 1 --in DIRECTORY]
//! cargo run --release -p aircall-benches-inbox -- --check
//! ```
//!
//! Callers in this process send calls of 3.4 kB, each the next once it has the answer to the last: to the layer with an
//! inbox, whose worker handles them meanwhile, and to the limit, which appends bodies to a file and waits for the disk once
//! for as many as wait. First on the disk as it is, then with 2 ms more for each time that it is waited for.
//!
//! `--check` looks only at how often the disk is waited for, which no neighbour disturbs, and fails where that is more
//! than is promised.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[path = "../../shared/load/arguments.rs"]
mod arguments;
#[path = "../../shared/load/statistics.rs"]
#[allow(dead_code, reason = "only the one in the middle is asked for")]
mod statistics;

#[path = "../../shared/load/usage.rs"]
#[allow(dead_code, reason = "only the time of this process is asked for")]
mod usage;

mod callers;
mod cost;
mod limit;
mod receiver;
mod rounds;
mod syncs;
mod table;

use rounds::{CALLERS, Plan};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let is_check = std::env::args().any(|argument| argument == "--check");
    let ended = match (arguments::text("--measured"), is_check) {
        (None, false) => on_each_disk(),
        (None, true) => measured(SLOW),
        (Some(_), false) => goals(),
        (Some(_), true) => check(),
    };
    let Err(problem) = ended else { return ExitCode::SUCCESS };
    eprintln!("{problem}");
    ExitCode::FAILURE
}

fn on_each_disk() -> Result<(), String> {
    for (name, delay) in [("The disk as it is", Duration::ZERO), ("With 2 ms more for each sync", SLOW)] {
        println!("\n### {name}\n");
        measured(delay)?;
    }
    Ok(())
}

/// Does the same again in a process whose syncs are counted, and are slower.
fn measured(delay: Duration) -> Result<(), String> {
    let arguments: Vec<_> = std::env::args().skip(1).chain(["--measured".to_owned(), String::new()]).collect();
    let status = syncs::rerun(&arguments, delay)?;
    status.success().then_some(()).ok_or_else(|| format!("the run ended with {status}"))
}

fn goals() -> Result<(), String> {
    let (runtime, directory) = prepare()?;
    let plan = Plan {
        rounds: arguments::value("--rounds", 9),
        turn: Duration::from_secs_f64(arguments::value("--seconds", 1.0)),
        handlers: arguments::text("--handlers").and_then(|handlers| handlers.parse().ok()),
    };
    let only = arguments::value("--callers", 0);
    let found: Result<Vec<_>, String> = CALLERS
        .into_iter()
        .filter(|callers| only == 0 || *callers == only)
        .map(|callers| Ok((callers, runtime.block_on(rounds::run(plan, callers, &directory))?)))
        .collect();
    table::print(&found?);
    Ok(())
}

/// Holds how often the disk is waited for against what is promised.
fn check() -> Result<(), String> {
    let (runtime, directory) = prepare()?;
    let mut complaints = Vec::new();
    for (callers, most) in CALLERS.into_iter().zip(table::SYNCS) {
        let found = runtime.block_on(rounds::syncs(callers, CHECKED, &directory))?;
        println!("{callers} callers: {found:.4} syncs per event, at most {most} expected");
        if found.is_nan() || found > most {
            complaints.push(format!("{callers} callers: {found:.4} syncs per event, expected at most {most}"));
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

/// Makes a runtime, and names the directory for files, once it is sure that syncs are counted.
fn prepare() -> Result<(Runtime, PathBuf), String> {
    if !syncs::are_counted().map_err(|error| error.to_string())? {
        return Err("syncs are not counted: expected the library to be loaded before libc".to_owned());
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = arguments::text("--threads").and_then(|threads| threads.parse().ok()) {
        runtime.worker_threads(threads);
    }
    let runtime = runtime.enable_all().build().map_err(|error| error.to_string())?;
    Ok((runtime, arguments::text("--in").map_or_else(std::env::temp_dir, PathBuf::from)))
}

/// For how long there are callers in a check.
const CHECKED: Duration = Duration::from_secs(2);

/// How much slower a disk is made, every time.
const SLOW: Duration = Duration::from_millis(2);
