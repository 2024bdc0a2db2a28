//! Several stores on one table, as several processes have them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::postgres::PostgresStore;
use aircall_tower::inbox::postgres::tokio_postgres::NoTls;
use aircall_tower::inbox::{Claim, Received, Settlement, Store};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use super::{Database, LEASE, SOON, claim, claim_all, fresh_table, states};

#[tokio::test(flavor = "multi_thread")]
async fn two_share_the_work_without_overlap() {
    const EVENTS: u32 = 2000;
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let stores = [database.open(&table).await, database.open(&table).await];
    // Each event is put by both at the same moment, in batches that meet each other in opposite orders.
    let mut new = 0;
    for start in (0..EVENTS).step_by(200) {
        let batch: Vec<_> = (start..start + 200).map(event).collect();
        let backwards = batch.iter().rev().cloned().collect();
        let (one, two) = tokio::join!(stores[0].put(batch), stores[1].put(backwards));
        new += one.unwrap().iter().chain(&two.unwrap()).filter(|received| **received == Received::New).count();
    }
    assert_eq!(new, EVENTS as usize);

    let claiming = stores.iter().map(|store| async move {
        let mut keys = Vec::new();
        loop {
            let claimed = store.claim(claim(16)).await.unwrap();
            if claimed.is_empty() {
                return keys;
            }
            store.settle(claimed.iter().map(|claimed| (claimed.lease, Settlement::Done)).collect()).await.unwrap();
            keys.extend(claimed.into_iter().map(|claimed| claimed.event.key));
        }
    });
    let [first, second]: [Vec<String>; 2] = join_all(claiming).await.try_into().unwrap();
    assert!(first.len() > 100 && second.len() > 100, "{} and {}", first.len(), second.len());
    assert_eq!(first.len() + second.len(), EVENTS as usize);
    assert_eq!(first.iter().chain(&second).collect::<HashSet<_>>().len(), EVENTS as usize);
    assert_eq!(states(&database.client().await, &table).await["done"], i64::from(EVENTS));
}

#[tokio::test]
async fn one_is_woken_by_what_another_puts() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let (worker, receiver) = (database.open(&table).await, database.open(&table).await);
    let mut quickest = LEASE;
    for number in 0..5 {
        // What is left of earlier news.
        while timeout(Duration::from_millis(300), worker.wait_due()).await.is_ok() {}
        let waiting = tokio::spawn({
            let worker = worker.clone();
            async move {
                worker.wait_due().await;
                Instant::now()
            }
        });
        sleep(Duration::from_millis(20)).await;
        let put = Instant::now();
        receiver.put(vec![event(number)]).await.unwrap();
        quickest = quickest.min(waiting.await.unwrap() - put);
    }
    // By itself it looks once a second.
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_events_of_one_subject_run_at_the_same_time() {
    const SUBJECTS: u32 = 3;
    const EVENTS: u32 = 240;
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let running: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let done: Arc<Mutex<Vec<String>>> = Arc::default();
    let stores = join_all((0..3).map(|_| database.open(&table))).await;
    // They are put while they are worked on, by two at a time, so that they are not committed in the order of their numbers.
    let putting = (0..2u32).map(|half| {
        let store = stores[half as usize].clone();
        async move {
            for number in (half..EVENTS).step_by(2) {
                let mut event = event(number);
                event.subject = Some(format!("call/{}", number / 2 % SUBJECTS));
                store.put(vec![event]).await.unwrap();
            }
        }
    });
    let working = stores.iter().cycle().take(6).map(|store| {
        let (store, running, done) = (store.clone(), Arc::clone(&running), Arc::clone(&done));
        async move {
            while done.lock().unwrap().len() < EVENTS as usize {
                let claimed = store.claim(Claim { max: 2, lease: LEASE, in_order: true }).await.unwrap();
                for claimed in &claimed {
                    let subject = claimed.event.subject.clone().unwrap();
                    let other = running.lock().unwrap().insert(subject, claimed.event.key.clone());
                    assert_eq!(other, None, "it runs beside {}", claimed.event.key);
                }
                sleep(Duration::from_millis(1)).await;
                for claimed in claimed {
                    running.lock().unwrap().remove(claimed.event.subject.as_deref().unwrap());
                    store.settle(vec![(claimed.lease, Settlement::Done)]).await.unwrap();
                    done.lock().unwrap().push(claimed.event.key);
                }
            }
        }
    });
    let all = async { tokio::join!(join_all(putting.map(tokio::spawn)), join_all(working.map(tokio::spawn))) };
    let (put, worked) = timeout(SOON * 3, all).await.unwrap();
    put.into_iter().chain(worked).for_each(|task| task.unwrap());
    assert_eq!(done.lock().unwrap().iter().collect::<HashSet<_>>().len(), EVENTS as usize);
}

#[tokio::test]
async fn an_event_that_is_seen_late_waits_for_a_later_one_that_runs() {
    let Some(database) = Database::given() else { return };
    let (mut client, table) = (database.client().await, fresh_table());
    let stores = [database.open(&table).await, database.open(&table).await];
    let in_order = Claim { in_order: true, ..claim(10) };
    stores[0].put(vec![event(1)]).await.unwrap();
    // As one of two that put at the same moment: it has got its number, and is not committed.
    let late = client.transaction().await.unwrap();
    let copy = format!(
        "INSERT INTO {table} (state, received_at, due_at, updated_at, event, subject, tenant, token_fingerprint, key, method, uri, headers, body)
         SELECT state, received_at, due_at, updated_at, event, 'call/2', tenant, token_fingerprint, 'late', method, uri, headers, body FROM {table}"
    );
    late.batch_execute(&copy).await.unwrap();
    stores[0].put(vec![event(2)]).await.unwrap();
    let first = stores[0].claim(in_order).await.unwrap();
    assert_eq!(first.iter().map(|claimed| claimed.event.key.clone()).collect::<Vec<_>>(), [event(1).key, event(2).key]);
    late.commit().await.unwrap();
    assert_eq!(stores[1].claim(in_order).await.unwrap(), []);
    stores[0].settle(vec![(first[1].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(stores[1].claim(in_order).await.unwrap()[0].event.key, "late");
}

#[tokio::test]
async fn claims_in_order_come_one_after_the_other() {
    let Some(database) = Database::given() else { return };
    let (mut client, table) = (database.client().await, fresh_table());
    // Two that do not call the table the same, but mean it.
    let stores =
        [database.open(&table).await, database.options(&table).with_schema("public").open(NoTls).await.unwrap()];
    stores[0].put(vec![event(1), event(2)]).await.unwrap();
    let held = client.transaction().await.unwrap();
    let lock =
        format!("SELECT pg_advisory_xact_lock(1097429577, ('{table}'::regclass::oid::bigint & 2147483647)::integer)");
    held.execute(&lock, &[]).await.unwrap();
    let in_order = Claim { in_order: true, ..claim(1) };
    for store in &stores {
        assert!(timeout(Duration::from_millis(500), store.claim(in_order)).await.is_err());
    }
    // Others have nothing to wait for.
    assert_eq!(stores[0].claim(claim(1)).await.unwrap().len(), 1);
    held.commit().await.unwrap();
    stores[1].claim(in_order).await.unwrap();
}

#[tokio::test]
async fn what_was_running_when_one_died_after_another_is_run_by_a_third_alone() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let dying = async || database.options(&table).with_name(&table).open(NoTls).await.unwrap();
    let first_to_die = dying().await;
    first_to_die.put(vec![event(1), event(2)]).await.unwrap();
    claim_all(&first_to_die, 2).await;
    database.kill(first_to_die, &table).await;
    // Once may be a deployment.
    let dying = dying().await;
    for claimed in claim_all(&dying, 2).await {
        assert_eq!((claimed.attempt, claimed.interrupted), (2, 1));
    }
    let living = database.open(&table).await;
    // It has looked before, so there is nothing that it would find at once.
    assert_eq!(living.claim(claim(10)).await.unwrap(), []);
    let died = Instant::now();
    database.kill(dying, &table).await;
    let first = claim_all(&living, 1).await;
    assert!(died.elapsed() < Duration::from_secs(8), "{:?}", died.elapsed());
    assert_eq!((first[0].attempt, first[0].interrupted), (3, 2));
    living.put(vec![event(3)]).await.unwrap();
    assert_eq!(living.claim(claim(10)).await.unwrap(), [], "while a suspect runs");
    // Others need not wait for that, and leave the other suspect to the one who found it.
    let other = database.open(&table).await;
    assert_eq!(claim_all(&other, 1).await[0].event, event(3));
    assert_eq!(other.claim(claim(10)).await.unwrap(), []);
    living.settle(vec![(first[0].lease, Settlement::Done)]).await.unwrap();
    let second = claim_all(&living, 1).await;
    assert_eq!((second[0].attempt, second[0].interrupted), (3, 2));
    living.put(vec![event(4)]).await.unwrap();
    assert_eq!(living.claim(claim(10)).await.unwrap(), [], "while the last suspect runs");
    living.settle(vec![(second[0].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(claim_all(&living, 1).await[0].event, event(4));
}

#[tokio::test]
async fn one_that_is_closed_leaves_no_suspects() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let (closing, living) = (database.open(&table).await, database.open(&table).await);
    closing.put(vec![event(1)]).await.unwrap();
    claim_all(&closing, 1).await;
    closing.close().await;
    let claimed = living.claim(claim(10)).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| (claimed.attempt, claimed.interrupted)).collect::<Vec<_>>(), [(2, 0)]);
}

/// The connection that keeps a store alive to others, as the server sees it.
pub(super) async fn cut_keeper(database: &Database, store: &PostgresStore, name: &str) {
    // It alone listens.
    let client = database.client().await;
    let cut = client
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND application_name = $1",
            &[&name],
        )
        .await
        .unwrap();
    assert_eq!(cut, 1, "connections of {store:?} with a lock");
}
