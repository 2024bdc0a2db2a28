//! Receivers that remember what came before, and let it decide.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aircall_conformance::{
    Collector,
    case::{Body, Case, Procedure},
    catalogue::catalogue,
};
use axum::{Router, http::StatusCode};

use super::breaker::{Breaker, in_process, section};
use crate::receivers::{Received, app, refuse};

/// What was seen before. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<HashSet<Vec<u8>>>>);

impl Memory {
    /// Takes note of it, and tells whether it was not there.
    pub(super) fn notes(&self, seen: impl AsRef<[u8]>) -> bool {
        self.0.lock().unwrap().insert(seen.as_ref().to_vec())
    }

    pub(super) fn knows(&self, seen: impl AsRef<[u8]>) -> bool {
        self.0.lock().unwrap().contains(seen.as_ref())
    }

    pub(super) fn forgets(&self, seen: impl AsRef<[u8]>) {
        self.0.lock().unwrap().remove(seen.as_ref());
    }
}

/// For the cases whose events come out of order, and for those that look for what runs out.
pub(super) fn all() -> Vec<Breaker> {
    let mut all: Vec<_> =
        catalogue().iter().filter(|case| case.section() == "order").filter_map(out_of_order).collect();
    all.extend([
        Breaker::new("fail deactivation/steady-traffic: refused", in_process(tires(), section("deactivation"))),
        Breaker::new("fail deactivation/no-lockout: refused", in_process(locks_out(), section("deactivation"))),
    ]);
    all
}

/// A receiver that does all that is asked: it reports to the collector what it handles, once.
pub(super) fn flawless(collector: &Collector) -> Router {
    let (collector, seen) = (collector.clone(), Memory::default());
    app(move |request: Received| {
        if request.is_authentic() && seen.notes(&request.body) {
            collector.report(&request.body);
        }
        std::future::ready(request.due())
    })
}

/// Refuses the second event of a case when the first was seen.
fn out_of_order(case: &Case) -> Option<Breaker> {
    let Procedure::InTurn(requests) = &case.procedure else { return None };
    let mut events = requests.iter().filter_map(|request| match request.body {
        Body::Event(name) => aircall_fixtures::find(name).map(|event| format!("{:?}", event.event)),
        _ => None,
    });
    let (first, second) = (events.next()?, events.next()?);
    let firsts = Memory::default();
    let app = app(move |request: Received| {
        let event = request.key("event");
        let response = match event == second && firsts.knows(request.object()) {
            true => refuse(409),
            false => request.due(),
        };
        if event == first {
            firsts.notes(request.object());
        }
        std::future::ready(response)
    });
    Some(Breaker::new(format!("fail {}: refused", case.id), in_process(app, section("order"))))
}

/// Something runs out once.
fn tires() -> Router {
    let count = AtomicUsize::new(0);
    let count = Arc::new(count);
    app(move |request: Received| {
        let is_last = request.is_authentic() && count.fetch_add(1, Ordering::Relaxed) == 57;
        std::future::ready(if is_last { refuse(503) } else { request.due() })
    })
}

/// Whoever has sent ten wrong tokens in a row is refused once, whatever comes.
fn locks_out() -> Router {
    let strangers = Arc::new(AtomicUsize::new(0));
    app(move |request: Received| {
        let due = request.due();
        let response = match due.status() {
            StatusCode::UNAUTHORIZED => {
                strangers.fetch_add(1, Ordering::Relaxed);
                due
            }
            _ if strangers.swap(0, Ordering::Relaxed) >= 10 => refuse(403),
            _ => due,
        };
        std::future::ready(response)
    })
}
