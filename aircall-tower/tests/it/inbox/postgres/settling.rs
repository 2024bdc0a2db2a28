//! Settling, by the worker and within a transaction of the handler.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aircall_tower::RequestBody;
use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::{Inbox, Retries, Run, Settlement, Store, StoreErrorKind};
use http::{Request, Response, StatusCode};
use tokio::time::{sleep, timeout};

use super::{Database, SOON, claim_all, fresh_table, states};

/// What the handler does with its transaction, at the first attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Commits,
    RollsBack,
}

/// Runs a worker whose handler writes its work and settles in one transaction, and always answers 500. Returns how often it
/// was called, how often its work was done, and the state of the event.
async fn work(database: &Database, first: First) -> (u32, i64, String) {
    let (client, table) = (database.client().await, fresh_table());
    client.batch_execute(&format!("CREATE TABLE {table}_work (event bigint)")).await.unwrap();
    let store = database.open(&table).await;
    store.put(vec![event(1)]).await.unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let other = Arc::new(tokio::sync::Mutex::new(database.client().await));
    let handler = {
        let (store, calls, table) = (store.clone(), Arc::clone(&calls), table.clone());
        tower::service_fn(move |request: Request<RequestBody>| {
            let (store, calls, table, other) = (store.clone(), Arc::clone(&calls), table.clone(), Arc::clone(&other));
            async move {
                let run = *request.extensions().get::<Run>().unwrap();
                let mut other = other.lock().await;
                let transaction = other.transaction().await.unwrap();
                transaction.execute(&format!("INSERT INTO {table}_work VALUES ($1)"), &[&run.id()]).await.unwrap();
                assert!(store.settle_in(&transaction, &run).await.unwrap());
                assert!(!store.settle_in(&transaction, &run).await.unwrap(), "a second time");
                if calls.fetch_add(1, Ordering::SeqCst) == 0 && first == First::RollsBack {
                    transaction.rollback().await.unwrap();
                } else {
                    transaction.commit().await.unwrap();
                }
                let mut response = Response::new(());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                Ok::<_, Infallible>(response)
            }
        })
    };
    let inbox = Inbox::new(store.clone());
    let retries = Retries::default().with_pauses(Duration::from_millis(10), Duration::from_millis(10));
    let worker = inbox.worker(handler).with_retries(retries);
    let settled = async {
        while states(&client, &table).await.get("done") != Some(&1) {
            sleep(Duration::from_millis(20)).await;
        }
        // Long enough for the worker to say what it thinks of it.
        sleep(Duration::from_millis(500)).await;
    };
    timeout(SOON, worker.run(settled)).await.unwrap();
    let work: i64 = client.query_one(&format!("SELECT count(*) FROM {table}_work"), &[]).await.unwrap().get(0);
    let state = client.query_one(&format!("SELECT state FROM {table}"), &[]).await.unwrap().get(0);
    (calls.load(Ordering::SeqCst), work, state)
}

#[tokio::test]
async fn a_handler_can_settle_in_its_own_transaction() {
    let Some(database) = Database::given() else { return };
    assert_eq!(work(&database, First::Commits).await, (1, 1, "done".to_owned()));
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_leaves_it_to_the_worker() {
    let Some(database) = Database::given() else { return };
    assert_eq!(work(&database, First::RollsBack).await, (2, 1, "done".to_owned()));
}

#[tokio::test]
async fn a_transaction_that_does_not_end_holds_up_no_other_event() {
    let Some(database) = Database::given() else { return };
    let (mut client, table) = (database.client().await, fresh_table());
    let store = database.open(&table).await;
    store.put(vec![event(1), event(2)]).await.unwrap();
    let claimed = claim_all(&store, 2).await;
    let held = client.transaction().await.unwrap();
    held.execute(&format!("UPDATE {table} SET last_error = 'held' WHERE id = $1"), &[&claimed[0].lease.id])
        .await
        .unwrap();
    let batch: Vec<_> = claimed.iter().map(|claimed| (claimed.lease, Settlement::Done)).collect();
    let error = store.settle(batch.clone()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(error.to_string(), "1 of 2 events are locked by a transaction that has not ended");
    held.rollback().await.unwrap();
    assert_eq!(states(&client, &table).await["done"], 1);
    store.settle(batch).await.unwrap();
    assert_eq!(states(&client, &table).await["done"], 2);
}
