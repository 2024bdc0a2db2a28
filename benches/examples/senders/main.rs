//! Compares the sender of `aircall-conformance` with wrk and reqwest: how many deliveries each makes on one core.
//!
//! ```sh
//! cargo run --release -p aircall-benches --example senders [-- --seconds 2 --rounds 5 --connections 16]
//! ```
//!
//! All send the call of 3.4 kB to the same receiver, a hyper that drops what it reads, on the other core. In each round
//! every sender takes a turn; medians are printed. Since a sender that is quick enough waits for the receiver, its CPU
//! time is printed as well. Whatever cannot be started is named, and the program then fails.

use std::process::ExitCode;

#[path = "../../shared/mod.rs"]
mod shared;
#[path = "../../shared/load/mod.rs"]
mod load;

mod conformance;
mod senders;

use load::server::Server;
use load::statistics::median;
use load::{arguments, cores};
use senders::Plan;

fn main() -> ExitCode {
    if let Some(name) = arguments::text("--serve") {
        load::served::serve(&name);
        return ExitCode::SUCCESS;
    }
    let plan = Plan {
        seconds: arguments::value("--seconds", 2.0),
        connections: arguments::value("--connections", 16),
        body: shared::inputs::call(),
    };
    if let Some(url) = arguments::text("--send") {
        println!("{}", conformance::send(&url, &plan));
        return ExitCode::SUCCESS;
    }
    cores::pin(cores::CLIENT);
    let receiver = match Server::start_self("hyper") {
        Ok(receiver) => receiver,
        Err(why) => {
            eprintln!("NOT MEASURED: no receiver: {why}");
            return ExitCode::FAILURE;
        }
    };
    let (senders, missing) = senders::all(&plan, receiver.address());
    let mut figures = vec![Vec::new(); senders.len()];
    let mut failed = missing;
    for _ in 0..arguments::value("--rounds", 5) {
        for (sender, figures) in senders.iter().zip(&mut figures) {
            match plan.turn(sender) {
                Ok(figure) => figures.push(figure),
                Err(why) => failed.push(format!("{}: {why}", sender.name)),
            }
        }
    }
    print(&senders, &figures);
    failed.iter().for_each(|why| eprintln!("NOT MEASURED: {why}"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(senders: &[senders::Sender], figures: &[Vec<senders::Figure>]) {
    println!(
        "| sender | requests/s | CPU µs/request | requests/s of ours, of a core ours could fill |\n|---|---|---|---|"
    );
    let of = |index: usize, value: fn(&senders::Figure) -> f64| {
        median(&figures[index].iter().map(value).collect::<Vec<f64>>())
    };
    for (index, sender) in senders.iter().enumerate() {
        // Of one round each, as everywhere.
        let against = |value: fn(&senders::Figure) -> f64| {
            median(
                &figures[0]
                    .iter()
                    .zip(&figures[index])
                    .map(|(ours, theirs)| value(ours) / value(theirs))
                    .collect::<Vec<f64>>(),
            )
        };
        println!(
            "| {} | {:.0} | {:.1} | {:.2}, {:.2} |",
            sender.name,
            of(index, |figure| figure.rate),
            of(index, |figure| figure.cost),
            against(|figure| figure.rate),
            1.0 / against(|figure| figure.cost),
        );
    }
}
