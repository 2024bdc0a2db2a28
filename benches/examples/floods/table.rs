//! What is printed of a flood.

use std::time::Duration;

use crate::attack::{NO_CONNECTION, Tally};
use crate::honest::Honest;
use crate::load::statistics::quantile;
use crate::receivers::{FLOOR, LAYER};

/// What a flood did to a receiver.
#[derive(Debug)]
pub(crate) struct Row {
    /// Resident memory at its most, less what it was before, in bytes.
    pub(crate) memory: u64,
    pub(crate) cpu: Duration,
    /// Bytes that it read of the attack; `None` if it cannot say so any more.
    pub(crate) read: Option<u64>,
    pub(crate) time: Duration,
    pub(crate) tally: Tally,
    pub(crate) honest: Honest,
    /// The part of a core that went to others, if that was much.
    pub(crate) others: Option<f64>,
    /// How it ended, if it did.
    pub(crate) death: Option<String>,
}

/// Prints a row for each receiver, and whether ours keeps what it promises.
pub(crate) fn print(rows: &[(&str, Row)]) {
    println!(
        "| receiver | peak memory, MiB | CPU s | CPU µs/attempt | attempts/s | kB read/attempt | attempts ended | \
         honest p50, p99 in ms | honest, not 200 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, row) in rows {
        let attempts = row.tally.iter().filter(|(way, _)| *way != NO_CONNECTION).map(|(_, times)| times);
        let attempts = attempts.sum::<usize>().max(1) as f64;
        println!(
            "| {name}{}{} | {:.0} | {:.2} | {:.0} | {:.0} | {} | {} | {:.1}, {:.1} | {} |",
            row.death.as_ref().map(|death| format!(", DIED: {death}")).unwrap_or_default(),
            row.others.map(|part| format!(", disturbed ({:.0} %)", part * 100.0)).unwrap_or_default(),
            row.memory as f64 / MEBIBYTE,
            row.cpu.as_secs_f64(),
            row.cpu.as_secs_f64() * 1e6 / attempts,
            attempts / row.time.as_secs_f64(),
            row.read.map_or("?".to_owned(), |read| format!("{:.1}", read as f64 / attempts / 1e3)),
            most(&row.tally),
            quantile(&row.honest.accepted, 0.5) * 1e3,
            quantile(&row.honest.accepted, 0.99) * 1e3,
            failures(&row.honest),
        );
    }
    promises(rows);
}

/// The three ways in which most attempts ended.
fn most(tally: &Tally) -> String {
    let mut ways: Vec<_> = tally.iter().collect();
    ways.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
    ways.iter().take(3).map(|(way, times)| format!("{way} × {times}")).collect::<Vec<_>>().join(", ")
}

fn failures(honest: &Honest) -> String {
    let all = honest.answered() + honest.others.values().sum::<usize>();
    let others: Vec<_> = honest.others.iter().map(|(what, times)| format!("{what} × {times}")).collect();
    if others.is_empty() { format!("none of {all}") } else { format!("{} of {all}", others.join(", ")) }
}

fn promises(rows: &[(&str, Row)]) {
    let of = |name: &str| rows.iter().find(|(other, _)| *other == name).map(|(_, row)| row);
    let (Some(ours), Some(floor)) = (of(LAYER), of(FLOOR)) else { return };
    let allowed = floor.memory as f64 / MEBIBYTE + BUDGET;
    let (memory, p99) = (ours.memory as f64 / MEBIBYTE, quantile(&ours.honest.accepted, 0.99) * 1e3);
    let word = |kept: bool| if kept { "kept" } else { "BROKEN" };
    println!(
        "\n- memory within the budget of {BUDGET} MiB and what the connections need ({allowed:.0} MiB): {}\n\
         - honest p99 under 100 ms: {}\n- every honest delivery answered with 200: {}",
        word(memory <= allowed),
        word(p99 < 100.0),
        word(ours.honest.others.is_empty() && ours.death.is_none()),
    );
}

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Of unauthenticated bodies, by default, in MiB.
const BUDGET: f64 = 64.0;
