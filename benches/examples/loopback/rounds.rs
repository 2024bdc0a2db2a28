//! Turns, rounds, and which of them count.

use std::sync::Arc;
use std::time::Duration;

use crate::contestants::Contestant;
use crate::load::client::{Turn, load};
use crate::load::quiet;

/// How often, how long, and with how many connections.
#[derive(Debug)]
pub(crate) struct Rounds {
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    pub(crate) connections: usize,
    /// How long a turn waits for a quiet moment, at most, before it is made again.
    pub(crate) patience: Duration,
}

/// The turns of one round in the order of the contestants; `None` of one that failed.
pub(crate) type Round = Vec<Option<Turn>>;

impl Rounds {
    /// Lets every contestant take a turn in each round, and returns the rounds that were not disturbed, or all if none was.
    pub(crate) fn run(&self, contestants: &mut [Contestant], request: &Arc<[u8]>) -> Vec<Round> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (mut quiet, mut disturbed) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let round: Round = contestants
                .iter_mut()
                .map(|contestant| {
                    let turn = self.turn(&runtime, contestant, request);
                    turn.map_err(|why| contestant.failed = Some(why)).ok()
                })
                .collect();
            let worst = round.iter().flatten().map(|turn| turn.used.others).fold(0.0, f64::max);
            if round.iter().flatten().any(|turn| turn.used.is_disturbed()) {
                eprintln!("a round is discarded: others had {:.0} % of a core", worst * 100.0);
                disturbed.push(round);
            } else {
                quiet.push(round);
            }
        }
        eprintln!("{} of {} rounds were quiet", quiet.len(), self.rounds);
        if quiet.is_empty() {
            eprintln!("NO ROUND WAS QUIET: the figures are of disturbed ones");
            return disturbed;
        }
        quiet
    }

    fn turn(
        &self,
        runtime: &tokio::runtime::Runtime,
        contestant: &mut Contestant,
        request: &Arc<[u8]>,
    ) -> Result<Turn, String> {
        if let Some(why) = &contestant.failed {
            return Err(why.clone());
        }
        let Some(server) = &mut contestant.server else { return Err("was not started".to_owned()) };
        let to = (server.address(), server.pid());
        let mut turn = load(runtime, to, request, self.connections, self.turn);
        for _ in 1..TRIES {
            if self.patience.is_zero() || turn.as_ref().is_ok_and(|turn| !turn.used.is_disturbed()) {
                break;
            }
            quiet::wait(self.patience);
            turn = load(runtime, to, request, self.connections, self.turn);
        }
        turn.map_err(|error| server.death().unwrap_or_else(|| error.to_string()))
    }
}

/// How often a turn is made at most until it is a quiet one.
const TRIES: usize = 4;
