//! What is printed: the figures, and which goals are met.

use crate::rounds::Round;
use crate::statistics::median;

/// A goal for each number of callers: a figure, what it must not be beyond, and in which direction.
struct Goal {
    name: &'static str,
    of: fn(&Round) -> f64,
    at: [Option<f64>; 3],
    at_least: bool,
}

const GOALS: [Goal; 6] = [
    Goal {
        name: "throughput, part of the limit's",
        of: |round| round.inbox.seen.rate() / round.limit.seen.rate(),
        at: [Some(0.90), Some(0.85), Some(0.50)],
        at_least: true,
    },
    Goal {
        name: "p50, times the limit's",
        of: |round| round.inbox.seen.quantile(0.5) / round.limit.seen.quantile(0.5),
        at: [Some(1.1), Some(1.15), Some(2.0)],
        at_least: false,
    },
    Goal {
        name: "p99, times the limit's",
        of: |round| round.inbox.seen.quantile(0.99) / round.limit.seen.quantile(0.99),
        at: [Some(2.5); 3],
        at_least: false,
    },
    Goal {
        name: "worst acknowledgement, ms",
        of: |round| round.inbox.seen.quantile(1.0) * 1e3,
        at: [Some(200.0); 3],
        at_least: false,
    },
    Goal {
        name: "syncs per event",
        of: |round| round.inbox.syncs,
        at: [Some(1.05), Some(0.15), Some(0.02)],
        at_least: false,
    },
    Goal {
        name: "handled per event acknowledged, meanwhile",
        of: |round| round.handled / round.inbox.seen.rate(),
        at: [None, None, Some(0.5)],
        at_least: true,
    },
];

/// Prints the goals with what has been reached, over the numbers of callers.
pub(crate) fn print(found: &[Vec<Round>]) {
    println!("| | goal | 1 | 16 | 256 |\n|---|---|---|---|---|");
    for goal in &GOALS {
        let goals = goal.at.map(|goal| goal.map_or_else(|| "".to_owned(), |goal| goal.to_string()));
        let reached: Vec<String> = found
            .iter()
            .zip(goal.at)
            .map(|(rounds, limit)| {
                let value = over(rounds, goal);
                let is_met = limit.is_some_and(|limit| if goal.at_least { value >= limit } else { value <= limit });
                let text = if value < 0.1 { format!("{value:.4}") } else { format!("{value:.2}") };
                if is_met { format!("**{text}**") } else { text }
            })
            .collect();
        let sign = if goal.at_least { "≥" } else { "≤" };
        println!("| {} | {sign} {} | {} |", goal.name, goals.join(" / "), reached.join(" | "));
    }
    for (name, of) in FIGURES {
        let values: Vec<String> = found.iter().map(|rounds| format!("{:.0}", middle(rounds, of))).collect();
        println!("| {name} | | {} |", values.join(" | "));
    }
}

/// A figure beside those that there are goals for.
type Figure = (&'static str, fn(&Round) -> f64);

const FIGURES: [Figure; 8] = [
    ("limit: events/s", |round| round.limit.seen.rate()),
    ("limit: p50, µs", |round| round.limit.seen.quantile(0.5) * 1e6),
    ("limit: p99, µs", |round| round.limit.seen.quantile(0.99) * 1e6),
    ("limit: worst, µs", |round| round.limit.seen.quantile(1.0) * 1e6),
    ("inbox: events/s", |round| round.inbox.seen.rate()),
    ("inbox: p50, µs", |round| round.inbox.seen.quantile(0.5) * 1e6),
    ("inbox: p99, µs", |round| round.inbox.seen.quantile(0.99) * 1e6),
    ("worker: events/s afterwards", |round| round.drained),
];

/// What a goal is held against: the one in the middle over the rounds, but of what may never happen the worst.
fn over(rounds: &[Round], goal: &Goal) -> f64 {
    if goal.name.starts_with("worst") {
        rounds.iter().map(goal.of).fold(0.0, f64::max)
    } else {
        middle(rounds, goal.of)
    }
}

fn middle(rounds: &[Round], of: fn(&Round) -> f64) -> f64 {
    median(&rounds.iter().map(of).collect::<Vec<_>>())
}
