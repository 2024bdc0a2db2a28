//! What is printed: the table of a body, and which goals are met.

use crate::contestants::{Contestant, REFERENCE};
use crate::load::client::Turn;
use crate::load::statistics::{median, spread};
use crate::rounds::Round;

/// Prints a row for each contestant. Behind each figure stands its ratio to the reference's of the same rounds.
pub(crate) fn print(contestants: &[Contestant], kept: &[Round]) {
    println!("| receiver | requests/s | | CPU µs/request | | p50 µs | | p99 µs | | client's core |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for contestant in contestants {
        let of = |value: fn(&Turn) -> f64| values(contestants, kept, contestant.name, value);
        let against = |value: fn(&Turn) -> f64| ratio(contestants, kept, contestant.name, REFERENCE, value);
        if of(Turn::rate).is_empty() {
            println!("| {} | NOT MEASURED: {} |", contestant.name, contestant.failed.as_deref().unwrap_or("no turn"));
            continue;
        }
        println!(
            "| {} | {:.0} | {:.2} | {:.1} | {:.2} | {:.0} | {:.2} | {:.0} | {:.2} | {:.0} % |",
            contestant.name,
            median(&of(Turn::rate)),
            against(Turn::rate),
            median(&of(Turn::cost)),
            against(Turn::cost),
            median(&of(p50)),
            against(p50),
            median(&of(p99)),
            against(p99),
            median(&of(client)) * 100.0,
        );
    }
    let reference = values(contestants, kept, REFERENCE, Turn::cost);
    println!("\n{} rounds; the reference's CPU time lies within {:.0} %.", kept.len(), spread(&reference) * 100.0);
}

/// Goals, and what came out.
#[derive(Debug)]
pub(crate) struct Goals {
    lines: Vec<String>,
}

impl Goals {
    pub(crate) fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Adds a line for each goal that this body has.
    pub(crate) fn judge(&mut self, body: &str, contestants: &[Contestant], kept: &[Round]) {
        for goal in GOALS.iter().filter(|goal| goal.body == body) {
            let rate = ratio(contestants, kept, goal.ours, goal.theirs, Turn::rate);
            let cost = ratio(contestants, kept, goal.ours, goal.theirs, Turn::cost);
            let (measure, sign, found, is_met) = match goal.measure {
                Measure::Cost => ("CPU time per request", "≤", cost, cost <= goal.ratio),
                Measure::Rate => ("requests/s", "≥", rate, rate >= goal.ratio),
            };
            let shown = if is_met { format!("**{found:.2}**") } else { format!("{found:.2}") };
            let Goal { ours, theirs, ratio, .. } = goal;
            // What a core could do that had nothing else to do, which a busy machine changes less.
            let could = 1.0 / cost;
            self.lines.push(format!(
                "| {body}: {measure}, {ours} against {theirs} | {sign} {ratio} | {shown} | {could:.2} |"
            ));
        }
    }

    pub(crate) fn print(&self) {
        println!("\n| measure | goal | now | requests per second of CPU time |\n|---|---|---|---|");
        self.lines.iter().for_each(|line| println!("{line}"));
    }
}

struct Goal {
    body: &'static str,
    measure: Measure,
    ours: &'static str,
    theirs: &'static str,
    ratio: f64,
}

enum Measure {
    Cost,
    Rate,
}

const GOALS: [Goal; 9] = [
    Goal { body: "user event", measure: Measure::Cost, ours: "axum-layer", theirs: "axum", ratio: 1.05 },
    Goal { body: "call", measure: Measure::Cost, ours: "axum-layer", theirs: "axum", ratio: 1.18 },
    Goal { body: "64 kB", measure: Measure::Cost, ours: "axum-layer", theirs: "axum", ratio: 3.2 },
    Goal { body: "call", measure: Measure::Rate, ours: "axum-layer", theirs: "axum-value", ratio: 3.1 },
    Goal { body: "64 kB", measure: Measure::Rate, ours: "axum-layer", theirs: "axum-value", ratio: 7.5 },
    Goal { body: "call", measure: Measure::Rate, ours: "axum-layer", theirs: "FastAPI", ratio: 10.0 },
    Goal { body: "call", measure: Measure::Rate, ours: "axum-layer", theirs: "Express", ratio: 13.5 },
    Goal { body: "call", measure: Measure::Rate, ours: "axum-layer-payload", theirs: "axum-typed-whole", ratio: 1.1 },
    Goal { body: "call", measure: Measure::Rate, ours: "axum-layer-payload", theirs: "axum-typed", ratio: 1.1 },
];

fn p50(turn: &Turn) -> f64 {
    turn.p50.as_secs_f64() * 1e6
}

fn p99(turn: &Turn) -> f64 {
    turn.p99.as_secs_f64() * 1e6
}

/// How busy the client's core was with the client: near 1, it is the client that is measured.
fn client(turn: &Turn) -> f64 {
    turn.used.client.as_secs_f64() / turn.used.time.as_secs_f64()
}

fn turn<'a>(contestants: &[Contestant], round: &'a Round, name: &str) -> Option<&'a Turn> {
    let index = contestants.iter().position(|contestant| contestant.name == name)?;
    round.get(index)?.as_ref()
}

fn values(contestants: &[Contestant], kept: &[Round], name: &str, value: fn(&Turn) -> f64) -> Vec<f64> {
    kept.iter().filter_map(|round| turn(contestants, round, name).map(value)).collect()
}

/// The median over the rounds of the ratio within each.
fn ratio(contestants: &[Contestant], kept: &[Round], ours: &str, theirs: &str, value: fn(&Turn) -> f64) -> f64 {
    let of = |round| Some(value(turn(contestants, round, ours)?) / value(turn(contestants, round, theirs)?));
    median(&kept.iter().filter_map(of).collect::<Vec<_>>())
}
