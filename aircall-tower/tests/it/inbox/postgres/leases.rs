//! Leases that did not end as they should have.

use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::postgres::tokio_postgres::NoTls;
use aircall_tower::inbox::{Claim, Settlement, Store};
use tokio::time::{Instant, sleep, timeout};

use super::sharing::cut_keeper;
use super::{Database, claim, claim_all, fresh_table, states};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_line_was_cut_is_not_taken_for_dead() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    let store = database.options(&table).with_name(&table).open(NoTls).await.unwrap();
    let other = database.open(&table).await;
    store.put(vec![event(1), event(2)]).await.unwrap();
    let claimed = claim_all(&store, 1).await;
    claim_all(&other, 1).await;
    cut_keeper(&database, &store, &table).await;
    let watched = Instant::now();
    while watched.elapsed() < Duration::from_secs(5) {
        assert_eq!(other.claim(claim(10)).await.unwrap(), []);
        sleep(Duration::from_millis(50)).await;
    }
    store.settle(vec![(claimed[0].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(states(&client, &table).await["done"], 1);
    store.put(vec![event(3)]).await.unwrap();
    assert_eq!(claim_all(&store, 1).await[0].event, event(3));
}

#[tokio::test]
async fn a_claim_that_nobody_waited_for_is_soon_due_again() {
    let Some(database) = Database::given() else { return };
    let (mut client, table) = (database.client().await, fresh_table());
    let store = database.open(&table).await;
    store.put(vec![event(1), event(2)]).await.unwrap();
    // One that is known stays where it is.
    let known = claim_all(&store, 1).await;
    let lock = client.transaction().await.unwrap();
    lock.batch_execute(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE")).await.unwrap();
    assert!(timeout(Duration::from_millis(500), store.claim(claim(1))).await.is_err());
    lock.commit().await.unwrap();
    // The server goes on with what it was asked for.
    while states(&client, &table).await.get("running") != Some(&2) {
        sleep(Duration::from_millis(20)).await;
    }
    let again = claim_all(&store, 1).await;
    assert_eq!((&again[0].event, again[0].attempt, again[0].interrupted), (&event(2), 2, 0));
    store.settle(vec![(known[0].lease, Settlement::Done), (again[0].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(states(&client, &table).await["done"], 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    let store = database.options(&table).with_name(&table).open(NoTls).await.unwrap();
    store.put(vec![event(1), event(2), event(3), event(4)]).await.unwrap();
    let claimed = claim_all(&store, 2).await;
    let after = Duration::from_secs(3600);
    store.settle(vec![(claimed[0].lease, Settlement::Retry { after, reason: "a test".to_owned() })]).await.unwrap();
    // As if the clock had been a day ahead until now.
    let day =
        format!("UPDATE {table} SET due_at = due_at + interval '1 day', updated_at = updated_at + interval '1 day'");
    client.batch_execute(&day).await.unwrap();
    assert_eq!(store.claim(claim(10)).await.unwrap(), []);
    cut_keeper(&database, &store, &table).await;
    sleep(Duration::from_millis(500)).await;
    database.kill(store, &table).await;
    let store = database.open(&table).await;
    // Those that were due are, and so is what was running, alone.
    assert_eq!(claim_all(&store, 1).await[0].interrupted, 1);
    let row = client
        .query_one(&format!("SELECT due_at - now() > interval '58 min' AND due_at - now() <= interval '60 min' FROM {table} WHERE id = $1"), &[&claimed[0].lease.id])
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0), "what waits goes on waiting for as long as it was to wait");
}

#[tokio::test]
async fn a_lease_of_another_store_that_runs_out_is_due_again() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let (stuck, other) = (database.open(&table).await, database.open(&table).await);
    stuck.put(vec![event(1)]).await.unwrap();
    let short = Claim { max: 1, lease: Duration::from_millis(1500), in_order: false };
    let lost = stuck.claim(short).await.unwrap();
    assert_eq!(other.claim(claim(1)).await.unwrap(), []);
    let again = claim_all(&other, 1).await;
    assert_eq!((again[0].attempt, again[0].interrupted), (2, 0));
    stuck.settle(vec![(lost[0].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(states(&database.client().await, &table).await["running"], 1);
}
