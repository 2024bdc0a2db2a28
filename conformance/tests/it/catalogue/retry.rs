//! Receivers that take a retry for something else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aircall_conformance::{Collector, Report, catalogue::Selection};
use axum::{Router, extract::Request, http::request::Parts};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::sleep;

use super::{
    breaker::{Breaker, in_process, over_sockets, section},
    knowing,
    memory::Memory,
};
use crate::receivers::{Received, app, check, refuse, serve_app};

pub(super) fn all() -> Vec<Breaker> {
    // What is refused is not handled either; and who forgets an event when its work is done handles a retry again that
    // comes late, as it does on a busy machine.
    let but_handled = || section("retry").skip("retry/after-failure-reaches-handler").unwrap();
    vec![
        Breaker::new("fail retry/identical: refused", in_process(duplicate_is_a_conflict(), section("retry"))),
        Breaker::new(
            "lenient retry/handled-once: handled-several-times",
            collecting(knows_what_is_under_way, but_handled()),
        ),
        Breaker::new("fail retry/concurrent-duplicate: refused", in_process(loses_the_race(), section("retry"))),
        Breaker::new(
            "lenient retry/concurrent-handled-once: handled-several-times",
            collecting(looks_before_it_writes, section("retry")),
        ),
        Breaker::new("fail retry/after-broken-connection: refused", over_sockets(marks_halves(), section("retry"))),
        Breaker::new("fail retry/after-hang-up: refused", over_sockets(keeps_a_lock(), but_handled())),
        Breaker::new(
            "lenient retry/after-failure-reaches-handler: never-handled",
            collecting(marks_before_it_works, section("retry")),
        ),
    ]
}

/// Refuses the first duplicate that there is.
fn duplicate_is_a_conflict() -> Router {
    let (seen, is_done) = (Memory::default(), AtomicBool::new(false));
    let state = Arc::new((seen, is_done));
    app(move |request: Received| {
        let (seen, is_done) = &*state;
        let is_conflict =
            request.is_authentic() && !seen.notes(&request.body) && !is_done.swap(true, Ordering::Relaxed);
        std::future::ready(if is_conflict { refuse(409) } else { request.due() })
    })
}

/// Fails at the first event that is still being worked on.
fn loses_the_race() -> Router {
    let state = Arc::new((Memory::default(), AtomicBool::new(false), AtomicBool::new(false)));
    app(move |request: Received| {
        let state = state.clone();
        async move {
            let (under_way, is_done, is_known) = &*state;
            // To a receiver that takes its time for the plain event several cases are put side by side.
            if !is_known.swap(true, Ordering::Relaxed) {
                return request.due();
            }
            if request.is_authentic() && !under_way.notes(&request.body) && !is_done.swap(true, Ordering::Relaxed) {
                return refuse(500);
            }
            sleep(WORK).await;
            under_way.forgets(&request.body);
            request.due()
        }
    })
}

/// Knows for duplicates only those of an event that it is working on.
fn knows_what_is_under_way(collector: Collector) -> Router {
    let under_way = Memory::default();
    app(move |request: Received| {
        let (under_way, collector) = (under_way.clone(), collector.clone());
        async move {
            if request.is_authentic() && under_way.notes(&request.body) {
                let working = request.clone();
                // Whether or not somebody waits for the answer.
                let work = tokio::spawn(async move {
                    sleep(WORK).await;
                    collector.report(&working.body);
                    under_way.forgets(&working.body);
                });
                work.await.unwrap();
            }
            request.due()
        }
    })
}

/// Between the look and the write there is room for another. Who hangs up before the write has left no trace.
fn looks_before_it_writes(collector: Collector) -> Router {
    let seen = Memory::default();
    app(move |request: Received| {
        let (seen, collector) = (seen.clone(), collector.clone());
        async move {
            if request.is_authentic() && !seen.knows(&request.body) {
                sleep(WORK).await;
                seen.notes(&request.body);
                collector.report(&request.body);
            }
            request.due()
        }
    })
}

/// Who hangs up before the work is done has left a mark that it was.
fn marks_before_it_works(collector: Collector) -> Router {
    let seen = Memory::default();
    app(move |request: Received| {
        let (seen, collector) = (seen.clone(), collector.clone());
        async move {
            if request.is_authentic() && seen.notes(&request.body) {
                sleep(WORK).await;
                collector.report(&request.body);
            }
            request.due()
        }
    })
}

/// Takes an event for seen when half of it is there.
fn marks_halves() -> Router {
    let halves = Memory::default();
    Router::new().fallback(move |request: Request| {
        let halves = halves.clone();
        async move {
            let (head, mut body) = request.into_parts();
            let mut received = Vec::new();
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => received.extend_from_slice(&frame.into_data().unwrap_or_default()),
                    Err(_) => {
                        halves.notes(whole(head, received).object());
                        return refuse(400);
                    }
                }
            }
            let request = whole(head, received);
            if halves.knows(request.object()) { refuse(409) } else { request.due() }
        }
    })
}

fn whole(head: Parts, body: Vec<u8>) -> Received {
    Received { method: head.method, uri: head.uri, version: head.version, headers: head.headers, body: body.into() }
}

/// An attempt that is broken off leaves its lock behind.
fn keeps_a_lock() -> Router {
    struct Lock(Memory, Bytes, bool);

    impl Drop for Lock {
        fn drop(&mut self) {
            if !self.2 {
                self.0.notes(&self.1);
            }
        }
    }

    let locked = Memory::default();
    app(move |request: Received| {
        let locked = locked.clone();
        async move {
            if locked.knows(&request.body) {
                return refuse(409);
            }
            let mut lock = Lock(locked, request.body.clone(), false);
            sleep(WORK).await;
            lock.2 = true;
            request.due()
        }
    })
}

async fn collecting(make: fn(Collector) -> Router, selection: Selection) -> Report {
    let collector = Collector::new();
    let receiver = serve_app(make(collector.clone())).await;
    let check = knowing(check(&receiver.url)).with_collector(collector);
    check.with_selection(selection).run().await.unwrap()
}

/// Long enough that what comes at once comes meanwhile.
const WORK: Duration = Duration::from_millis(300);
