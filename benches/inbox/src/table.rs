//! What is printed: the figures, and which goals are met.

use crate::rounds::{CALLERS, Round};
use crate::statistics::median;

/// How often the disk may be waited for, for each event at each number of callers.
pub(crate) const SYNCS: [f64; 3] = [1.05, 0.15, 0.02];

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
        of: |round| round.inbox.cost.syncs,
        at: [Some(SYNCS[0]), Some(SYNCS[1]), Some(SYNCS[2])],
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
pub(crate) fn print(found: &[(usize, Vec<Round>)]) {
    let row = |cells: Vec<String>| println!("| {} |", cells.join(" | "));
    let heads = ["callers", "goal"].map(str::to_owned);
    row(heads.into_iter().chain(found.iter().map(|(callers, _)| callers.to_string())).collect());
    println!("|---|---|{}", "---|".repeat(found.len()));
    for goal in &GOALS {
        let goals: Vec<_> = goal.at.iter().flatten().map(f64::to_string).collect();
        let sign = if goal.at_least { "≥" } else { "≤" };
        let head = [goal.name.to_owned(), format!("{sign} {}", goals.join(" / "))];
        row(head.into_iter().chain(found.iter().map(|(callers, rounds)| goal.reached(*callers, rounds))).collect());
    }
    for (name, of) in FIGURES {
        let head = [name.to_owned(), String::new()];
        row(head.into_iter().chain(found.iter().map(|(_, rounds)| format!("{:.0}", middle(rounds, of)))).collect());
    }
}

impl Goal {
    fn reached(&self, callers: usize, rounds: &[Round]) -> String {
        let value = over(rounds, self);
        let text = if value < 0.1 { format!("{value:.4}") } else { format!("{value:.2}") };
        let goal = CALLERS.iter().position(|of| *of == callers).and_then(|index| self.at[index]);
        let is_met = goal.is_some_and(|goal| if self.at_least { value >= goal } else { value <= goal });
        if is_met { format!("**{text}**") } else { text }
    }
}

/// A figure beside those that there are goals for.
type Figure = (&'static str, fn(&Round) -> f64);

const FIGURES: [Figure; 12] = [
    ("limit: events/s", |round| round.limit.seen.rate()),
    ("limit: p50, µs", |round| round.limit.seen.quantile(0.5) * 1e6),
    ("limit: p99, µs", |round| round.limit.seen.quantile(0.99) * 1e6),
    ("limit: worst, µs", |round| round.limit.seen.quantile(1.0) * 1e6),
    ("inbox: events/s", |round| round.inbox.seen.rate()),
    ("inbox: p50, µs", |round| round.inbox.seen.quantile(0.5) * 1e6),
    ("inbox: p99, µs", |round| round.inbox.seen.quantile(0.99) * 1e6),
    ("limit: CPU µs/event", |round| round.limit.cost.cpu * 1e6),
    ("inbox: CPU µs/event", |round| round.inbox.cost.cpu * 1e6),
    ("limit: bytes written/event", |round| round.limit.cost.written),
    ("inbox: bytes written/event", |round| round.inbox.cost.written),
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
