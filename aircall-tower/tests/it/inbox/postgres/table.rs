//! The table, what goes into it, and what people do with it.

use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::postgres::PostgresOptions;
use aircall_tower::inbox::postgres::tokio_postgres::NoTls;
use aircall_tower::inbox::{Filter, Operate, Received, Settlement, State, Store, StoreErrorKind};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::server::Server;
use super::{Database, SOON, claim, claim_all, fresh_table, states};

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_at_once_make_one_table() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let opened = join_all((0..8).map(|_| database.options(&table).with_connections(1).open(NoTls))).await;
    for (number, store) in opened.into_iter().enumerate() {
        let store = store.unwrap();
        assert_eq!(store.put(vec![event(number as u32)]).await.unwrap(), [Received::New]);
    }
}

#[tokio::test]
async fn a_table_that_is_not_to_be_trusted_is_refused() {
    let Some(database) = Database::given() else { return };
    let client = database.client().await;
    let refused = async |sql: &str, expected: &str| {
        let table = fresh_table();
        database.open(&table).await.close().await;
        client.batch_execute(&sql.replace("TABLE", &format!("TABLE {table}"))).await.unwrap();
        let error = database.options(&table).open(NoTls).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unusable, "{error}");
        assert_eq!(error.to_string(), format!("the table \"{table}\" {expected}"));
    };
    refused(
        "COMMENT ON TABLE IS 'aircall-tower inbox, version 2'",
        r#"has the comment "aircall-tower inbox, version 2", expected "aircall-tower inbox, version 1""#,
    )
    .await;
    refused("COMMENT ON TABLE IS NULL", r#"has no comment, expected "aircall-tower inbox, version 1""#).await;
    refused("ALTER TABLE SET UNLOGGED", "is unlogged or temporary, expected one that survives a crash of the server")
        .await;

    let table = fresh_table();
    let error = database.options(&table).operator(NoTls).unwrap().counts().await.unwrap_err();
    assert_eq!(error.to_string(), format!("there is no table \"{table}\", expected one that an inbox has made"));
}

#[tokio::test]
async fn a_server_that_does_not_wait_for_its_disk_is_refused() {
    let Some(server) = Server::start() else { return };
    let client = server.database.client().await;
    // What a role or a database sets is for us to change.
    client.batch_execute("ALTER ROLE postgres SET synchronous_commit = off").await.unwrap();
    let store = server.database.open("events").await;
    client
        .batch_execute(
            "CREATE TABLE seen (setting text);
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
             CREATE TRIGGER see AFTER INSERT OR UPDATE ON events FOR EACH STATEMENT EXECUTE FUNCTION see()",
        )
        .await
        .unwrap();
    store.put(vec![event(1)]).await.unwrap();
    let claimed = claim_all(&store, 1).await;
    store.settle(vec![(claimed[0].lease, Settlement::Done)]).await.unwrap();
    let seen = client.query("SELECT DISTINCT setting FROM seen", &[]).await.unwrap();
    assert_eq!(seen.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["on"]);

    client.batch_execute("ALTER SYSTEM SET fsync = off").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let end = Instant::now() + SOON;
    let error = loop {
        match server.database.options("events").open(NoTls).await {
            Err(error) => break error,
            // The server has not read it yet.
            Ok(store) => store.close().await,
        }
        assert!(Instant::now() < end, "fsync=off is taken");
    };
    assert_eq!(error.kind(), StoreErrorKind::Unusable);
    assert_eq!(error.to_string(), r#"the server has fsync "off", expected "on""#);
}

#[tokio::test]
async fn the_statements_for_the_table_can_be_run_by_somebody_else() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    client.batch_execute(&format!("CREATE SCHEMA {table}")).await.unwrap();
    let options = database.options("calls").with_schema(&table);
    client.batch_execute(&options.schema().unwrap()).await.unwrap();
    let store = options.open(NoTls).await.unwrap();
    store.put(vec![event(1)]).await.unwrap();
    assert_eq!(states(&client, &format!("{table}.calls")).await["ready"], 1);
}

#[tokio::test]
async fn an_odd_event_does_not_keep_others_out() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let store = database.open(&table).await;
    let mut events = [event(1), event(2), event(3), event(4)];
    events[1].event = "call.\0".to_owned();
    events[1].subject = Some("call/\0".to_owned());
    events[1].headers.insert("x", http::HeaderValue::from_bytes(b"\xFF").unwrap());
    // Longer than what fits an index, and not easily made smaller.
    let long: String = (0..4000u32).map(|n| char::from_u32(0x4e00 + n * 7919 % 20000).unwrap()).collect();
    events[2].subject = Some(long.clone());
    events[2].received_at_ms = i64::MAX;
    events[3].received_at_ms = i64::MIN;
    assert_eq!(store.put(events.to_vec()).await.unwrap(), [Received::New; 4]);
    let claimed = claim_all(&store, 4).await;
    assert_eq!(claimed[1].event.event, "call.\u{FFFD}");
    assert_eq!(claimed[1].event.subject.as_deref(), Some("call/\u{FFFD}"));
    assert_eq!(claimed[1].event.headers["x"].as_bytes(), "\u{FFFD}".as_bytes());
    assert_eq!(claimed[2].event.subject, Some(long));
    // Nor does what a handler says.
    let reason = "no\0".to_owned();
    store
        .settle(vec![(claimed[0].lease, Settlement::Dead { reason }), (claimed[1].lease, Settlement::Done)])
        .await
        .unwrap();
    assert_eq!(states(&database.client().await, &table).await["running"], 2);
}

#[tokio::test]
async fn sql_can_read_what_is_stored() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let store = database.open(&table).await;
    let mut stored = event(1);
    stored.body = r#"{"data":{"direction":"inbound"}}"#.to_owned();
    store.put(vec![stored.clone()]).await.unwrap();
    let row = database
        .client()
        .await
        .query_one(
            &format!("SELECT body::jsonb -> 'data' ->> 'direction', headers -> 0 ->> 0, floor(extract(epoch FROM received_at) * 1000)::bigint FROM {table}"),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "inbound");
    assert_eq!(row.get::<_, &str>(1), "content-type");
    assert_eq!(row.get::<_, i64>(2), stored.received_at_ms);
}

#[tokio::test]
async fn what_has_been_done_for_long_enough_is_forgotten() {
    let Some(database) = Database::given() else { return };
    let (client, table) = (database.client().await, fresh_table());
    let store =
        database.options(&table).with_keep_done(Duration::from_secs(2)).forget_bodies().open(NoTls).await.unwrap();
    store.put(vec![event(1), event(2)]).await.unwrap();
    let claimed = claim_all(&store, 2).await;
    store.settle(vec![(claimed[0].lease, Settlement::Done)]).await.unwrap();
    let bodies = client.query_one(&format!("SELECT count(body) FROM {table}"), &[]).await.unwrap();
    assert_eq!(bodies.get::<_, i64>(0), 1);
    assert_eq!(store.put(vec![event(1)]).await.unwrap(), [Received::Duplicate]);
    let end = Instant::now() + SOON;
    while states(&client, &table).await.contains_key("done") {
        assert!(Instant::now() < end, "it is still there");
        store.claim(claim(1)).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(states(&client, &table).await["running"], 1);
    assert_eq!(store.put(vec![event(1)]).await.unwrap(), [Received::New]);
}

#[tokio::test]
async fn people_look_and_decide() {
    let Some(database) = Database::given() else { return };
    let table = fresh_table();
    let store = database.open(&table).await;
    // Also without a store of one's own.
    let operator = database.options(&table).operator(NoTls).unwrap();
    store.put((1..=5).map(event).collect()).await.unwrap();
    let claimed = claim_all(&store, 4).await;
    let dead = |reason: &str| Settlement::Dead { reason: reason.to_owned() };
    store
        .settle(vec![
            (claimed[0].lease, Settlement::Done),
            (claimed[1].lease, dead("one")),
            (claimed[2].lease, dead("two")),
        ])
        .await
        .unwrap();

    let counts = operator.counts().await.unwrap();
    assert_eq!((counts.ready, counts.running, counts.done, counts.dead), (1, 1, 1, 2));
    assert_eq!(counts.oldest_ready_ms, Some(event(5).received_at_ms));
    let dead = operator.list(Filter { state: Some(State::Dead), ..Filter::default() }).await.unwrap();
    assert_eq!(dead.iter().map(|entry| entry.last_error.as_deref().unwrap()).collect::<Vec<_>>(), ["two", "one"]);
    let of_five = Filter { subject: event(5).subject, ..Filter::default() };
    let five = operator.list(of_five).await.unwrap().remove(0);
    assert_eq!((five.state, five.attempts, five.received_at_ms), (State::Ready, 0, event(5).received_at_ms));
    assert!(five.due_at_ms.is_some() && dead[0].due_at_ms.is_none());
    assert_eq!(
        operator.list(Filter { event: Some("call.created".to_owned()), ..Filter::default() }).await.unwrap(),
        []
    );
    assert_eq!(operator.list(Filter { limit: 2, ..Filter::default() }).await.unwrap().len(), 2);
    assert_eq!(operator.get(five.id).await.unwrap(), Some((five.clone(), event(5))));
    assert_eq!(operator.get(i64::MAX).await.unwrap(), None);

    let id = |number: usize| claimed[number].lease.id;
    // One that is dead, one that runs, and one that there is not.
    assert_eq!(operator.replay(vec![id(1), id(3), i64::MAX]).await.unwrap(), 1);
    assert_eq!(operator.discard(vec![id(2), id(3), five.id]).await.unwrap(), 2);
    assert_eq!(store.put(vec![event(3), event(5)]).await.unwrap(), [Received::Duplicate; 2]);
    let again = claim_all(&store, 1).await;
    assert_eq!((again[0].lease.id, again[0].attempt), (id(1), 1));
    // Whoever had it before it was replayed has nothing to say about it any more.
    store.settle(vec![(claimed[1].lease, Settlement::Done)]).await.unwrap();
    assert_eq!(operator.counts().await.unwrap().running, 2);
    assert_eq!(store.claim(claim(1)).await.unwrap(), []);
    assert_eq!(operator.purge(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(operator.purge(Duration::ZERO).await.unwrap(), 3);
    assert_eq!(operator.counts().await.unwrap().done, 0);
}

#[test]
fn a_password_is_not_printed() {
    let options = PostgresOptions::from_url("postgres://me:opensesame@localhost/db").unwrap();
    assert!(!format!("{options:?}").contains("opensesame"));
    let error = PostgresOptions::from_url("postgres://me:opensesame@local host:x/db").unwrap_err();
    assert!(!format!("{error:?}").contains("opensesame"), "{error}");
}
