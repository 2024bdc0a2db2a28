//! Nothing that was acknowledged is lost: a real receiver, loaded over sockets, that is killed, cut off from power,
//! lied to about the time, and given broken disks.
//!
//! `AIRCALL_ROUNDS` says how often each kind of end is met; CI has it as it is here.

mod ledger;
mod load;
mod preload;
mod receiver;
mod refusal;
mod volume;

mod crash;
#[cfg(any(feature = "postgres", feature = "amqp"))]
mod elsewhere;
mod power;
mod killer;
mod room;
mod trouble;
mod damage;
mod clock;
mod torn;

/// How many rounds there are, unless the environment wants more.
fn rounds(usual: u32) -> u32 {
    std::env::var("AIRCALL_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap())
}

/// Any number below this one.
fn random(below: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(()) % below
}
