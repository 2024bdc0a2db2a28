//! How many events a worker takes out of a store that takes its time.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircall_tower::RequestBody;
use aircall_tower::inbox::{
    Claim, Claimed, Event, Inbox, Lease, Received, Run, Settlement, Store, StoreError, contract,
};
use http::{Request, Response};
use tokio::time::sleep;
use tower::service_fn;

/// A store that never runs out of events, and needs a while to hand some out.
#[derive(Clone, Default)]
struct Stock(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// How many there were in each claim.
    claims: Mutex<Vec<usize>>,
    handed_out: AtomicUsize,
    given_back: Mutex<Vec<(i64, String)>>,
}

const TRIP: Duration = Duration::from_millis(10);

impl Store for Stock {
    async fn put(&self, batch: Vec<Event>) -> Result<Vec<Received>, StoreError> {
        Ok(vec![Received::New; batch.len()])
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        sleep(TRIP).await;
        self.0.claims.lock().unwrap().push(claim.max);
        let first = self.0.handed_out.fetch_add(claim.max, Ordering::SeqCst);
        let ids = first..first + claim.max;
        Ok(ids
            .map(|id| Claimed {
                lease: Lease { id: id as i64, fence: 1 },
                event: contract::event(id as u32),
                attempt: 1,
                interrupted: 0,
            })
            .collect())
    }

    async fn settle(&self, batch: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        for (lease, settlement) in batch {
            if let Settlement::Retry { reason, .. } = settlement {
                self.0.given_back.lock().unwrap().push((lease.id, reason));
            }
        }
        Ok(())
    }

    async fn wait_due(&self) {
        std::future::pending::<()>().await;
    }

    async fn close(&self) {}
}

/// Has a worker with so many slots work on a stock for a while, with handlers that take as long as that is for the
/// event with a number. Returns the stock, and the most handlers that ran at a time.
async fn work(
    slots: usize,
    time: Duration,
    takes: impl Fn(i64) -> Duration + Clone + Send + 'static,
) -> (Stock, usize) {
    let stock = Stock::default();
    let inbox = Inbox::new(stock.clone());
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&most);
    let handler = service_fn(move |request: Request<RequestBody>| {
        let (running, counted) = (Arc::clone(&running), Arc::clone(&counted));
        let takes = takes(request.extensions().get::<Run>().unwrap().id());
        async move {
            counted.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if takes.is_zero() {
                tokio::task::yield_now().await;
            } else {
                sleep(takes).await;
            }
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Response::new(()))
        }
    });
    let worker = inbox.worker(handler).with_concurrency(slots).with_grace(Duration::ZERO);
    worker.run(sleep(time)).await;
    (stock, most.load(Ordering::SeqCst))
}

impl Stock {
    fn largest_claim(&self) -> usize {
        self.0.claims.lock().unwrap().iter().copied().max().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn for_quick_handlers_more_is_taken_than_run_at_a_time() {
    let (stock, most) = work(16, TRIP * 100, |_| Duration::ZERO).await;
    assert!(stock.largest_claim() > 400, "{}", stock.largest_claim());
    assert!(most <= 16, "{most} ran at a time");
}

#[tokio::test(start_paused = true)]
async fn for_slow_handlers_nothing_is_taken_that_could_not_be_begun() {
    for slots in [1, 2, 16] {
        let (stock, most) = work(slots, TRIP * 200, |_| TRIP * 5).await;
        assert_eq!((stock.largest_claim(), most), (slots, slots));
        let busy = TRIP * 5 + TRIP;
        let expected = slots * (TRIP * 200).div_duration_f64(busy) as usize;
        let handed_out = stock.0.handed_out.load(Ordering::SeqCst);
        assert!(handed_out >= expected, "{handed_out} were handed out, expected at least {expected}");
    }
}

/// The lease of an event is for its own run, and not for those before it.
#[tokio::test(start_paused = true)]
async fn what_was_taken_for_handlers_that_have_become_slow_is_given_back_before_its_lease_ends() {
    let slow = |id| if id < 200 { Duration::ZERO } else { Duration::from_secs(25) };
    let (stock, _) = work(4, Duration::from_secs(100), slow).await;
    let given_back = stock.0.given_back.lock().unwrap();
    let waited: Vec<_> = given_back.iter().filter(|(_, reason)| reason == "it waited too long for others").collect();
    assert!(waited.len() > 100, "{} waited too long: {given_back:?}", waited.len());
    // From then on it is known that they are slow.
    let last = stock.0.claims.lock().unwrap().last().copied().unwrap();
    assert!(last <= 4, "{last} were taken at the end");
}
