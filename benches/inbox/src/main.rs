//! Holds the inbox against the limit of the disk, in turns of one process.
//!
//! ```sh
//! cargo run --release -p aircall-benches-inbox [-- --seconds 1 --rounds 9 --callers 256 --handlers 64 --in DIRECTORY]
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

/// A disk of the kind that is slow, and slow every time.
const SLOW: Duration = Duration::from_millis(2);

fn main() -> ExitCode {
    let ended = match arguments::text("--measure") {
        Some(_) => measure(),
        None => on_each_disk(),
    };
    let Err(problem) = ended else { return ExitCode::SUCCESS };
    eprintln!("{problem}");
    ExitCode::FAILURE
}

fn on_each_disk() -> Result<(), String> {
    for (name, delay) in [("The disk as it is", Duration::ZERO), ("With 2 ms more for each sync", SLOW)] {
        println!("\n### {name}\n");
        let arguments: Vec<String> =
            std::env::args().skip(1).chain(["--measure".to_owned(), "goals".to_owned()]).collect();
        let status = syncs::rerun(&arguments, delay)?;
        if !status.success() {
            return Err(format!("the run ended with {status}"));
        }
    }
    Ok(())
}

fn measure() -> Result<(), String> {
    if !syncs::are_counted().map_err(|error| error.to_string())? {
        return Err("syncs are not counted: expected the library to be loaded before libc".to_owned());
    }
    let directory = arguments::text("--in").map_or_else(std::env::temp_dir, PathBuf::from);
    let plan = Plan {
        rounds: arguments::value("--rounds", 9),
        turn: Duration::from_secs_f64(arguments::value("--seconds", 1.0)),
        handlers: arguments::text("--handlers").and_then(|handlers| handlers.parse().ok()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    let only = arguments::value("--callers", 0);
    let found: Result<Vec<_>, String> = CALLERS
        .into_iter()
        .filter(|callers| only == 0 || *callers == only)
        .map(|callers| Ok((callers, runtime.block_on(rounds::run(plan, callers, &directory))?)))
        .collect();
    table::print(&found?);
    Ok(())
}
