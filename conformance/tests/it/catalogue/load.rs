//! Receivers that many connections at once break.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use tokio::time::sleep;

use super::{
    breaker::{Breaker, over_sockets, section},
    framing::judged,
    tripwire::{Does, Knows, Said, Trap},
};
use crate::receivers::{Received, app, refuse};

pub(super) fn all() -> Vec<Breaker> {
    let mut all = vec![Breaker::new("fail load/burst: refused", over_sockets(has_40_seats(), section("load")))];
    all.extend(STALLED.into_iter().map(|(id, knows)| {
        // On a busy machine a connection of the burst may wait for its turn as long as one that has stopped.
        let but_burst = section("load").skip("load/burst").unwrap();
        // Refused meanwhile, and perhaps for a moment longer: then it is harm.
        Breaker::new(format!("fail {id}"), judged(Trap { knows, does: Does::RefuseFrom(32) }, but_burst))
    }));
    all
}

/// Cases, and how to know a connection that has stopped where theirs do.
const STALLED: [(&str, Knows); 3] = [
    ("load/stalled-clients", |said| said.missing().is_some_and(|missing| missing > 0) && has_stopped(said)),
    ("load/stalled-heads", |said| !said.bytes.is_empty() && !said.has_head() && has_stopped(said)),
    ("load/idle-connections", |said| said.bytes.is_empty() && said.answers == 0 && has_stopped(said)),
];

/// Long enough to have said something also on a busy machine, and shorter than the judge waits before it sends events.
fn has_stopped(said: &Said) -> bool {
    said.waits_for(Duration::from_millis(200)) && !said.is_over
}

/// Has room for 40 at a time.
fn has_40_seats() -> Router {
    let seats = Arc::new(AtomicUsize::new(0));
    app(move |request: Received| {
        let seats = seats.clone();
        async move {
            let taken = seats.fetch_add(1, Ordering::Relaxed);
            if taken < 40 {
                sleep(Duration::from_millis(300)).await;
            }
            seats.fetch_sub(1, Ordering::Relaxed);
            if taken < 40 { request.due() } else { refuse(503) }
        }
    })
}
