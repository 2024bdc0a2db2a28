//! Leases that did not end as they should have.

use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::postgres::PostgresOptions;
use aircall_tower::inbox::postgres::tokio_postgres::{Client, Config, NoTls};
use aircall_tower::inbox::{Claim, Settlement, Store};
use tokio::time::{Instant, sleep, timeout};

use super::sharing::cut_keeper;
use super::{Database, claim, claim_all, fresh_table, states};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_line_was_cut_is_not_taken_for_dead() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    // Somebody whom the server can be told not to let in.
    let login = format!("CREATE ROLE {table} LOGIN PASSWORD 'secret'; GRANT ALL ON SCHEMA public TO {table}");
    client.batch_execute(&login).await.unwrap();
    let mut config: Config = database.url.parse().unwrap();
    config.user(&*table).password("secret");
    let store = PostgresOptions::new(config).with_table(&table).with_name(&table).open(NoTls).await.unwrap();
    let other = database.open(&table).await;
    store.put(vec![event(1), event(2)]).await.unwrap();
    let claimed = claim_all(&store, 1).await;
    claim_all(&other, 1).await;
    client.batch_execute(&format!("ALTER ROLE {table} NOLOGIN")).await.unwrap();
    cut_keeper(&database, &store, &table).await;
    let cut = Instant::now();
    let mut may_come_back = true;
    while cut.elapsed() < Duration::from_secs(6) {
        assert_eq!(other.claim(claim(10)).await.unwrap(), [], "after {:?}", cut.elapsed());
        sleep(Duration::from_millis(20)).await;
        // Long enough for the other one to look once.
        if may_come_back && cut.elapsed() > Duration::from_millis(1150) {
            client.batch_execute(&format!("ALTER ROLE {table} LOGIN")).await.unwrap();
            may_come_back = false;
        }
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

/// Has the clock of the server go wrong for a store, without a hand on the real one: in the schemas in which the store
/// looks for functions, these come first.
async fn with_clock(database: &Database, client: &Client, table: &str) -> PostgresOptions {
    let functions = ["now", "statement_timestamp", "clock_timestamp"].map(|name| {
        format!(
            "CREATE FUNCTION clock_{table}.{name}() RETURNS timestamptz STABLE LANGUAGE sql
             AS 'SELECT pg_catalog.{name}() + wrong_by FROM clock_{table}.clock';"
        )
    });
    let schema =
        format!("CREATE SCHEMA clock_{table}; CREATE TABLE clock_{table}.clock AS SELECT interval '0' AS wrong_by;");
    client.batch_execute(&(schema + &functions.concat())).await.unwrap();
    let mut config: Config = database.url.parse().unwrap();
    config.options(format!("-c search_path=public,clock_{table},pg_catalog"));
    PostgresOptions::new(config).with_table(table)
}

async fn set_clock(client: &Client, table: &str, by: &str) {
    client.batch_execute(&format!("UPDATE clock_{table}.clock SET wrong_by = interval '{by}'")).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_put_forward_ends_no_lease() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    let options = with_clock(&database, &client, &table).await;
    let (store, other) = (options.clone().open(NoTls).await.unwrap(), options.open(NoTls).await.unwrap());
    store.put(vec![event(1), event(2)]).await.unwrap();
    let long = claim_all(&store, 1).await;
    let short = Claim { lease: Duration::from_secs(15), ..claim(1) };
    let begun = Instant::now();
    let short = store.claim(short).await.unwrap();
    assert_eq!(other.claim(claim(10)).await.unwrap(), []);
    // So that the other one looks for leases that have ended before anybody has looked at the clock.
    sleep(Duration::from_millis(1100)).await;
    set_clock(&client, &table, "1 hour").await;
    while begun.elapsed() < Duration::from_secs(13) {
        assert_eq!(other.claim(claim(10)).await.unwrap(), [], "after {:?}", begun.elapsed());
        sleep(Duration::from_millis(100)).await;
    }
    // One that is over is.
    let again = claim_all(&other, 1).await;
    assert_eq!((again[0].lease.id, again[0].interrupted), (short[0].lease.id, 0));
    store.settle(vec![(long[0].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(states(&client, &table).await["done"], 1);
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    let options = with_clock(&database, &client, &table).await;
    set_clock(&client, &table, "1 day").await;
    let (store, other) = (options.clone().open(NoTls).await.unwrap(), options.open(NoTls).await.unwrap());
    store.put((1..=3).map(event).collect()).await.unwrap();
    let claimed = claim_all(&store, 2).await;
    let after = Duration::from_secs(4);
    store.settle(vec![(claimed[0].lease, Settlement::Retry { after, reason: "a test".to_owned() })]).await.unwrap();
    set_clock(&client, &table, "0").await;
    // Those that waited, and what is put now, but not what runs.
    other.put(vec![event(4)]).await.unwrap();
    let ids: Vec<_> = claim_all(&other, 3).await.into_iter().map(|claimed| claimed.event.key).collect();
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains(&claimed[1].event.key));
    let left = client
        .query_one(
            &format!("SELECT due_at - pg_catalog.now() BETWEEN interval '20 s' AND interval '60 s' FROM {table} WHERE id = $1"),
            &[&claimed[1].lease.id],
        )
        .await
        .unwrap();
    assert!(left.get::<_, bool>(0), "a lease lasts as long as it was to last");
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
