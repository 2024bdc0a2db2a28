//! The sender of `aircall-conformance`, as its own commands use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aircall_conformance::delivery::Sender;
use aircall_conformance::{Endpoint, Roots, Token};

use crate::senders::Plan;

/// Sends for as long as the plan says, and returns how many deliveries were acknowledged.
///
/// # Panics
///
/// When one is not.
pub(crate) fn send(url: &str, plan: &Plan) -> u64 {
    let endpoint = Endpoint::url(url.parse().expect("a URL"), &Roots::System).expect("no TLS is needed");
    let sender = Sender::new(Token::new(aircall_fixtures::TOKEN).expect("the fixtures' token is one"));
    let shared = Arc::new((endpoint, sender, AtomicU64::new(0)));
    let end = Instant::now() + Duration::from_secs_f64(plan.seconds);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let workers: Vec<_> = (0..plan.connections)
            .map(|_| {
                let (shared, body) = (Arc::clone(&shared), plan.body.clone());
                tokio::spawn(async move {
                    let (endpoint, sender, acknowledged) = &*shared;
                    while Instant::now() < end {
                        // Each has headers of its own, as on the wire.
                        let delivery = sender.prepare_body("a call", body.clone());
                        let observation = endpoint.deliver(&delivery).await;
                        assert!(observation.is_acknowledged(), "{}", observation.outcome);
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("a worker");
        }
    });
    shared.2.load(Ordering::Relaxed)
}
