//! Rounds in which the limit and the inbox take turns.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::callers::{self, Seen};
use crate::cost::Cost;
use crate::limit::Limit;
use crate::receiver::Receiver;

/// How many callers there are in each part of a run.
pub(crate) const CALLERS: [usize; 3] = [1, 16, 256];

/// How often and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    /// How many handlers the worker runs at a time, if not as many as by default.
    pub(crate) handlers: Option<usize>,
}

/// What came of one round.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) limit: Turn,
    pub(crate) inbox: Turn,
    /// Events that the worker handled in a second while there were callers, and after.
    pub(crate) handled: f64,
    pub(crate) drained: f64,
}

/// What came of one turn.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) seen: Seen,
    /// What each event cost, until all were handled.
    pub(crate) cost: Cost,
}

/// Counts how often an inbox waits for the disk, for each event, until all are handled.
pub(crate) async fn syncs(callers: usize, turn: Duration, directory: &Path) -> Result<f64, String> {
    let place = tempfile::tempdir_in(directory).map_err(|error| error.to_string())?;
    let receiver = Receiver::open(place.path(), None)?;
    let before = Cost::until_now();
    let seen = callers::call(receiver.service(), callers, turn).await;
    receiver.drained(seen.took.len() as u64).await?;
    let syncs = before.per_event(seen.took.len()).syncs;
    receiver.close().await;
    Ok(syncs)
}

/// Lets limit and inbox take turns, each in files of its own in a directory.
pub(crate) async fn run(plan: Plan, callers: usize, directory: &Path) -> Result<Vec<Round>, String> {
    let text = |error: std::io::Error| error.to_string();
    let place = tempfile::tempdir_in(directory).map_err(text)?;
    let receiver = Receiver::open(place.path(), plan.handlers)?;
    let service = receiver.service();
    let mut acknowledged = 0;
    let mut rounds = Vec::new();
    // The first round makes what is made once, such as the file's log, and does not count.
    for round in 0..=plan.rounds {
        let limit = Limit::open(place.path()).map_err(text)?;
        let before = Cost::until_now();
        let seen = callers::call(limit.service(), callers, plan.turn).await;
        let of_limit = Turn { cost: before.per_event(seen.took.len()), seen };
        limit.close();

        let (before, handled, begun) = (Cost::until_now(), receiver.handled(), Instant::now());
        let seen = callers::call(service.clone(), callers, plan.turn).await;
        acknowledged += seen.took.len() as u64;
        let (then, time) = (receiver.handled(), begun.elapsed());
        receiver.drained(acknowledged).await?;
        let drained = (acknowledged - then) as f64 / (begun.elapsed() - time).as_secs_f64();
        let handled = (then - handled) as f64 / time.as_secs_f64();
        let inbox = Turn { cost: before.per_event(seen.took.len()), seen };
        if round > 0 {
            rounds.push(Round { limit: of_limit, inbox, handled, drained });
        }
    }
    drop(service);
    let done = receiver.close().await;
    // A worker that missed some, or handled some twice, was not as fast as it seems.
    if done == acknowledged { Ok(rounds) } else { Err(format!("{acknowledged} were acknowledged, {done} done")) }
}
