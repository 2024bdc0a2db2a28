//! A broker that dies, comes back, or does not answer; and a worker that dies.

use std::collections::{HashMap, HashSet};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircall_tower::OutcomeKind;
use aircall_tower::inbox::amqp::{AmqpOptions, AmqpStore, Memory};
use aircall_tower::inbox::sqlite::SqliteOptions;
use aircall_tower::inbox::{Claim, Claimed, Inbox, Settlement, Store, StoreErrorKind, contract};
use tokio::time::{Instant, sleep, timeout};
use tower::Layer;

use super::broker::{Broker, OwnBroker};
use crate::support::{Calls, body, call, full, layer, request};

/// Long enough for anything that is to happen soon, on a machine that is busy.
const SOON: Duration = Duration::from_secs(60);

const LEASE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_broker_dies_under_load() {
    let Some(own) = OwnBroker::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = open(own.broker(), directory.path()).await;
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let (stop, number) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let putting: Vec<_> = (0..4)
        .map(|_| {
            let (store, acknowledged, stop, number) =
                (store.clone(), Arc::clone(&acknowledged), Arc::clone(&stop), Arc::clone(&number));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let first = number.fetch_add(5, Ordering::Relaxed);
                    let batch: Vec<_> = (first..first + 5).map(contract::event).collect();
                    let keys: Vec<_> = batch.iter().map(|event| event.key.clone()).collect();
                    match timeout(Duration::from_secs(3), store.put(batch)).await {
                        Ok(Ok(_)) => acknowledged.lock().unwrap().extend(keys),
                        _ => sleep(Duration::from_millis(50)).await,
                    }
                }
            })
        })
        .collect();
    let handled = Arc::new(Mutex::new(HashMap::<String, u32>::new()));
    let working = {
        let (store, handled) = (store.clone(), Arc::clone(&handled));
        tokio::spawn(async move {
            loop {
                let claimed = store.claim(claim(20)).await.unwrap_or_default();
                let settlements: Vec<_> = claimed.iter().map(|claimed| (claimed.lease, Settlement::Done)).collect();
                for claimed in claimed {
                    *handled.lock().unwrap().entry(claimed.event.key).or_default() += 1;
                }
                while store.settle(settlements.clone()).await.is_err() {
                    sleep(Duration::from_millis(50)).await;
                }
                let _ = timeout(Duration::from_millis(50), store.wait_due()).await;
            }
        })
    };

    sleep(Duration::from_secs(2)).await;
    own.kill();
    let before = acknowledged.lock().unwrap().len();
    assert!(before > 100, "only {before} were acknowledged before the broker died");
    own.start_again();
    let end = Instant::now() + SOON;
    while acknowledged.lock().unwrap().len() < before + 100 {
        assert!(Instant::now() < end, "nothing was acknowledged after the broker was back");
        sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in putting {
        task.await.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let missing = || acknowledged.iter().filter(|key| !handled.lock().unwrap().contains_key(*key)).count();
    let end = Instant::now() + SOON;
    while missing() > 0 {
        assert!(Instant::now() < end, "{} of {} were lost", missing(), acknowledged.len());
        sleep(Duration::from_millis(100)).await;
    }
    working.abort();
    let twice = handled.lock().unwrap().values().filter(|times| **times > 1).count();
    assert_eq!(twice, 0, "handed out again by a process that knew them to be done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_broker_is_given_up_and_found_again() {
    let Some(own) = OwnBroker::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = open(own.broker(), directory.path()).await;
    store.put(vec![contract::event(1), contract::event(2)]).await.unwrap();
    let held = until_claimed(&store).await;
    own.freeze();
    let frozen_at = Instant::now();
    let put = timeout(Duration::from_secs(15), store.put(vec![contract::event(3)])).await.expect("an answer");
    let Err(error) = put else { panic!("stored by a broker whose threads are {}", own.states()) };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    // From then on it is known, and nobody waits for it.
    let asked_at = Instant::now();
    store.put(vec![contract::event(4)]).await.unwrap_err();
    assert!(asked_at.elapsed() < Duration::from_secs(1), "it took {:?} to say no", asked_at.elapsed());
    // What is done is done without the broker.
    store.settle(vec![(held.lease, Settlement::Done)]).await.unwrap();
    sleep((frozen_at + Duration::from_secs(25)).saturating_duration_since(Instant::now())).await;

    own.thaw();
    let end = Instant::now() + SOON;
    while let Err(error) = store.put(vec![contract::event(5)]).await {
        assert!(Instant::now() < end, "{error}");
        sleep(Duration::from_millis(100)).await;
    }
    let mut keys = HashSet::new();
    while !keys.contains(&contract::event(2).key) || !keys.contains(&contract::event(5).key) {
        let claimed = until_claimed(&store).await;
        assert_ne!(claimed.event.key, held.event.key, "it was done");
        store.settle(vec![(claimed.lease, Settlement::Done)]).await.unwrap();
        keys.insert(claimed.event.key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_spill_took_is_handled_once_the_broker_is_back() {
    let Some(own) = OwnBroker::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = open(own.broker(), directory.path()).await;
    let spill = SqliteOptions::new().open(directory.path().join("spill.sqlite")).unwrap();
    let inbox = Inbox::new(store).with_spill(spill);
    let (calls, nobody) = (Calls::default(), Calls::default());
    let layer = layer().inbox(&inbox);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn(inbox.worker(calls.handler()).run(async { drop(stopped.await) }));

    const EVENTS: usize = 60;
    for number in 0..EVENTS {
        match number {
            20 => own.kill(),
            40 => own.start_again(),
            _ => {}
        }
        let request = request(full(body(crate::support::TOKEN, &format!(r#"{{"id":{number}}}"#))));
        let answer = call(layer.layer(nobody.handler()), request).await;
        assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Stored), "{number}: {:?}", answer.reason);
    }
    let handled = || {
        let calls = calls.0.lock().unwrap();
        calls.iter().map(|(delivery, ..)| delivery.dedup_key().to_string()).collect::<HashSet<_>>().len()
    };
    let end = Instant::now() + SOON;
    while handled() < EVENTS {
        assert!(Instant::now() < end, "{} of {EVENTS} were handled", handled());
        sleep(Duration::from_millis(100)).await;
    }
    drop(stop);
    worker.await.unwrap();
    assert_eq!((calls.count(), nobody.count()), (EVENTS, 0));
    inbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_gives_back_what_it_had() {
    let Some(broker) = Broker::find() else { return };
    let (directory, queue) = (tempfile::tempdir().unwrap(), broker.queue());
    let options = || AmqpOptions::new(Memory::file(directory.path().join("memory.sqlite"))).with_queue(queue.clone());
    let store = AmqpOptions::new(Memory::process()).with_queue(queue.clone()).open(broker.uri()).await.unwrap();
    store.put((1..=3).map(contract::event).collect()).await.unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "inbox::amqp::outages::is_killed", "--ignored", "--nocapture"])
        .env("AIRCALL_TEST_VICTIM", &queue)
        .env("AIRCALL_TEST_VICTIM_MEMORY", directory.path().join("memory.sqlite"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + SOON;
    while !directory.path().join("claimed").exists() {
        assert!(Instant::now() < end, "the other process has claimed nothing");
        sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let store = {
        drop(store);
        options().open(broker.uri()).await.unwrap()
    };
    let mut attempts = HashMap::new();
    for _ in 0..3 {
        let claimed = until_claimed(&store).await;
        store.settle(vec![(claimed.lease, Settlement::Done)]).await.unwrap();
        attempts.insert(claimed.event.key, (claimed.attempt, claimed.interrupted));
    }
    // It had one in hand, and two in reserve.
    let expected =
        [(1, (2, 1)), (2, (1, 0)), (3, (1, 0))].map(|(number, attempts)| (contract::event(number).key, attempts));
    assert_eq!(attempts, HashMap::from(expected));
}

/// The process that is killed: no test of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above"]
async fn is_killed() {
    let Ok(queue) = std::env::var("AIRCALL_TEST_VICTIM") else { return };
    let memory = std::path::PathBuf::from(std::env::var_os("AIRCALL_TEST_VICTIM_MEMORY").unwrap());
    let broker = Broker::find().unwrap();
    let store = AmqpOptions::new(Memory::file(&memory)).with_queue(queue).open(broker.uri()).await.unwrap();
    until_claimed(&store).await;
    std::fs::write(memory.with_file_name("claimed"), "").unwrap();
    sleep(SOON * 2).await;
}

async fn open(broker: &Broker, directory: &std::path::Path) -> AmqpStore {
    let memory = Memory::file(directory.join("memory.sqlite"));
    AmqpOptions::new(memory)
        .with_queue(broker.queue())
        .open(broker.uri())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

fn claim(max: usize) -> Claim {
    Claim { max, lease: LEASE, in_order: false }
}

async fn until_claimed(store: &AmqpStore) -> Claimed {
    let end = Instant::now() + SOON;
    loop {
        let claimed = store.claim(claim(1)).await;
        if let Ok(claimed) = &claimed
            && let Some(claimed) = claimed.first()
        {
            return claimed.clone();
        }
        assert!(Instant::now() < end, "nothing could be claimed: {claimed:?}");
        let _ = timeout(Duration::from_millis(200), store.wait_due()).await;
    }
}
