//! Loads receivers over loopback, each a process of its own, and prints what a delivery costs them.
//!
//! ```sh
//! cargo run --release -p aircall-benches --example loopback [-- --seconds 1.5 --rounds 7 --connections 16]
//! ```
//!
//! Servers run on one core, the client on the other. In each round every server is loaded once, and a ratio is always of
//! two turns of the same round; what is printed are medians over the rounds. A turn in which either core had to work for
//! anybody else, or was stolen by the machine's host, is made again after a wait for a quiet moment (`--patience`, in
//! seconds); a round in which that does not help is discarded.
//!
//! Express and FastAPI come from the folders in which `.ci/run` installs them. Whatever cannot be started is named in
//! the table, and the program then fails.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[path = "../../shared/mod.rs"]
mod shared;
#[path = "../../shared/load/mod.rs"]
mod load;

mod contestants;
mod rounds;
mod table;

use contestants::Contestant;
use load::{arguments, cores, wire};
use rounds::Rounds;

fn main() -> ExitCode {
    if let Some(name) = arguments::text("--serve") {
        load::served::serve(&name);
        return ExitCode::SUCCESS;
    }
    let plan = Rounds {
        rounds: arguments::value("--rounds", 7),
        turn: Duration::from_secs_f64(arguments::value("--seconds", 1.5)),
        connections: arguments::value("--connections", 16),
        patience: Duration::from_secs_f64(arguments::value("--patience", 10.0)),
    };
    let bodies = shared::inputs::bodies().into_iter().filter(|(name, _)| *name != "1 MiB");
    cores::pin(cores::CLIENT);
    let mut contestants: Vec<Contestant> = contestants::all();
    let mut met = table::Goals::new();
    for (name, body) in bodies {
        let request: Arc<[u8]> = wire::delivery(&body, "").into();
        let kept = plan.run(&mut contestants, &request);
        println!("\n### {name}, {} bytes\n", body.len());
        table::print(&contestants, &kept);
        met.judge(name, &contestants, &kept);
    }
    met.print();
    contestants::explain(&contestants);
    if contestants.iter().any(|contestant| contestant.failed.is_some()) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
