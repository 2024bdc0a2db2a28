//! A server that is stopped, or stands still, while there is work.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::postgres::PostgresStore;
use aircall_tower::inbox::postgres::tokio_postgres::NoTls;
use aircall_tower::inbox::{Inbox, Settlement, Store, StoreErrorKind};
use tokio::time::{Instant, sleep, timeout};

use super::server::Server;
use super::{SOON, claim, states};

/// How long a call may take, which is what it is by default.
const LIMIT: Duration = Duration::from_secs(3);

/// What was acknowledged, and what was handled and how often.
#[derive(Default)]
struct Seen {
    acknowledged: Mutex<HashSet<String>>,
    handled: Mutex<HashMap<String, u32>>,
    failed: AtomicU32,
    settled_late: AtomicU32,
    stop: AtomicBool,
}

/// Puts new events, one batch after the other, and takes note of those that were acknowledged.
async fn receive(store: PostgresStore, seen: Arc<Seen>, first: u32) {
    let mut number = first;
    while !seen.stop.load(Ordering::SeqCst) {
        let batch: Vec<_> = (number..number + 5).map(event).collect();
        number += 5;
        let begun = Instant::now();
        match store.put(batch.clone()).await {
            Ok(_) => seen.acknowledged.lock().unwrap().extend(batch.into_iter().map(|event| event.key)),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
                seen.failed.fetch_add(1, Ordering::SeqCst);
            }
        }
        assert!(begun.elapsed() < LIMIT + Duration::from_millis(1500), "{:?}", begun.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
}

/// Claims and settles. What cannot be settled is settled until it can.
async fn work(store: PostgresStore, seen: Arc<Seen>) {
    loop {
        let Ok(claimed) = store.claim(claim(16)).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        for claimed in &claimed {
            *seen.handled.lock().unwrap().entry(claimed.event.key.clone()).or_default() += 1;
        }
        let batch: Vec<_> = claimed.iter().map(|claimed| (claimed.lease, Settlement::Done)).collect();
        while store.settle(batch.clone()).await.is_err() {
            seen.settled_late.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_millis(50)).await;
        }
        if claimed.is_empty() {
            store.wait_due().await;
        }
    }
}

/// Has two stores receive and work while something happens to their server.
async fn under_load(server: &Server, happens: impl AsyncFn()) -> Arc<Seen> {
    let seen = Arc::new(Seen::default());
    let options = server.database.options("events").with_time_limit(LIMIT);
    let stores = [options.clone().open(NoTls).await.unwrap(), options.open(NoTls).await.unwrap()];
    let receivers: Vec<_> = stores
        .iter()
        .zip([0, 1_000_000])
        .map(|(store, first)| tokio::spawn(receive(store.clone(), Arc::clone(&seen), first)))
        .collect();
    let workers: Vec<_> = stores.iter().map(|store| tokio::spawn(work(store.clone(), Arc::clone(&seen)))).collect();
    sleep(Duration::from_secs(1)).await;
    happens().await;
    // It goes on by itself.
    let before = seen.acknowledged.lock().unwrap().len();
    let end = Instant::now() + SOON;
    while seen.acknowledged.lock().unwrap().len() < before + 100 {
        assert!(Instant::now() < end, "nothing more is stored: {:?}", stores[0].put(vec![event(u32::MAX)]).await);
        sleep(Duration::from_millis(20)).await;
    }
    seen.stop.store(true, Ordering::SeqCst);
    for receiver in receivers {
        receiver.await.unwrap();
    }
    let client = server.database.client().await;
    let end = Instant::now() + SOON;
    loop {
        let states = states(&client, "events").await;
        if states.keys().all(|state| state == "done") {
            break;
        }
        assert!(Instant::now() < end, "left: {states:?}");
        sleep(Duration::from_millis(50)).await;
    }
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    {
        let (acknowledged, handled) = (seen.acknowledged.lock().unwrap(), seen.handled.lock().unwrap());
        let lost = acknowledged.iter().filter(|key| !handled.contains_key(*key)).count();
        let twice = handled.values().filter(|times| **times > 1).count();
        eprintln!(
            "{} acknowledged, {lost} lost, {} handled, {twice} of them more than once; {} puts failed, {} settlements were repeated",
            acknowledged.len(),
            handled.len(),
            seen.failed.load(Ordering::SeqCst),
            seen.settled_late.load(Ordering::SeqCst),
        );
        assert_eq!(lost, 0);
        // Leases that were out when it happened: at most one claim a store.
        assert!(twice <= 2 * 16, "{twice} were handled more than once");
        assert!(acknowledged.len() > 200);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_crash_of_the_server() {
    let Some(server) = Server::start() else { return };
    let seen = under_load(&server, async || {
        server.crash();
        sleep(Duration::from_secs(1)).await;
        server.start_again();
    })
    .await;
    assert!(seen.failed.load(Ordering::SeqCst) > 0, "nobody noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_holds_nobody_up() {
    let Some(server) = Server::start() else { return };
    let seen = under_load(&server, async || {
        let frozen = server.freeze();
        sleep(Duration::from_secs(8)).await;
        drop(frozen);
    })
    .await;
    assert!(seen.failed.load(Ordering::SeqCst) > 0, "nobody noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_can_be_opened_before_its_server_is_there() {
    let Some(server) = Server::start() else { return };
    server.crash();
    let options = server.database.options("events").with_time_limit(Duration::from_secs(2));
    let error = options.clone().open(NoTls).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    let store = options.open_unseen(NoTls).unwrap();
    assert_eq!(store.put(vec![event(1)]).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let error = store.claim(claim(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    server.start_again();
    let end = Instant::now() + SOON;
    while let Err(error) = store.put(vec![event(1)]).await {
        assert!(Instant::now() < end, "{error}");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(super::claim_all(&store, 1).await[0].event, event(1));
    // Through the door of an inbox, closing ends as well.
    timeout(SOON, Inbox::new(store).close()).await.unwrap();
}
