//! What the embedded store refuses to stand on, and what it does with its file.

mod rows;

use std::path::PathBuf;
use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::sqlite::{SqliteOperator, SqliteOptions, SqliteStore};
use aircall_tower::inbox::{Claim, Claimed, Event, Operate, Settlement, Store, StoreError, StoreErrorKind};
use rusqlite::Connection;

use super::road::Place;

const CLAIM: Claim = Claim { max: 1000, lease: Duration::from_secs(60), in_order: false };

fn refused(place: &Place) -> StoreError {
    SqliteOptions::new().open(place.path()).map(drop).unwrap_err()
}

async fn claim(store: &SqliteStore) -> Vec<Claimed> {
    store.claim(CLAIM).await.unwrap()
}

async fn done(store: &SqliteStore, claimed: Vec<Claimed>) {
    let settled = claimed.into_iter().map(|claimed| (claimed.lease, Settlement::Done)).collect();
    store.settle(settled).await.unwrap();
}

#[tokio::test]
async fn only_one_can_have_a_file_open() {
    let place = Place::new();
    let store = place.open();
    let error = refused(&place);
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let told = error.to_string();
    assert!(
        told.ends_with("is in use by another process, or opened twice in this one, expected to be the only one"),
        "{told}"
    );
    #[cfg(unix)]
    {
        let link = place.path().with_file_name("link.sqlite");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        assert_eq!(SqliteOptions::new().open(&link).unwrap_err(), error);
    }
    store.close().await;
    drop(place.open());
}

#[test]
fn what_is_no_file_is_refused() {
    for path in ["", ":memory:"] {
        let told = SqliteOptions::new().open(path).map(drop).unwrap_err().to_string();
        assert_eq!(told, format!("{path} is no path, expected that of a file, which outlives the process"));
    }
    assert!(!std::path::Path::new(":memory:").exists());
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let place = Place::new();
    Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(place.path()).unwrap();
    let told = refused(&place).to_string();
    assert!(told.ends_with("is a SQLite file of something else, expected one of an inbox or none"), "{told}");
    let tables =
        |path| Connection::open(path).unwrap().query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0));
    assert_eq!(tables(place.path()), Ok(1));
    assert_eq!(std::fs::read(place.path()).unwrap().len(), before.len());

    let place = Place::new();
    std::fs::write(place.path(), "this is no database, and has more than a hundred bytes ".repeat(3)).unwrap();
    let error = refused(&place);
    assert_eq!(error.kind(), StoreErrorKind::Unusable);
    assert!(error.to_string().ends_with("file is not a database"), "{error}");
}

#[tokio::test]
async fn a_directory_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let looked = SqliteOperator::new(directory.path()).counts().await.unwrap_err();
    let error = SqliteOptions::new().open(directory.path()).map(drop).unwrap_err();
    assert!(error.to_string().ends_with("is a directory, expected a file, or a name for one"), "{error}");
    assert_eq!(looked, error);
    // A `main` that returns it prints this.
    assert_eq!(format!("{error:?}"), format!("Unusable: {error}"));
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let place = Place::new();
    drop(place.open());
    std::thread::sleep(Duration::from_millis(200));
    Connection::open(place.path()).unwrap().execute_batch("PRAGMA user_version=2").unwrap();
    let told = refused(&place).to_string();
    assert!(told.ends_with("has version 2 of the table, expected 1"), "{told}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let store = place.open();
    store.put(vec![event(1)]).await.unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(place.path().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        seen += 1;
    }
    assert_eq!(seen, 4, "the file, its -wal, its -shm and its .lock");
}

#[tokio::test]
async fn people_can_look_inside_with_the_tools_they_have() {
    let place = Place::new();
    let store = place.open();
    store.put(vec![event(7)]).await.unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(place.path(), flags).unwrap();
    let found: (String, i64) = connection
        .query_row("SELECT state, json_extract(body, '$.data.id') FROM events", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(found, ("ready".to_owned(), 7));
}

#[tokio::test]
async fn there_is_a_limit_to_what_is_taken_and_what_is_forgotten_makes_room() {
    let place = Place::new();
    let options = SqliteOptions::new().with_capacity(400_000).with_keep_done(Duration::ZERO);
    let store = options.open(place.path()).unwrap();
    let big = |number| {
        let mut event = event(number);
        event.body = format!(r#"{{"data":"{}"}}"#, "x".repeat(20_000));
        vec![event]
    };
    let mut taken = 0;
    let error = loop {
        match store.put(big(taken)).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!((15..25).contains(&taken), "{taken}");
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert!(error.to_string().ends_with("bytes are in use, expected less than 400000"), "{error}");
    // What has been taken can be finished, and then there is room.
    let claimed = claim(&store).await;
    assert_eq!(claimed.len() as u32, taken);
    done(&store, claimed).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(claim(&store).await, []);
    store.put(big(taken)).await.unwrap();
    let size = std::fs::metadata(place.path()).unwrap().len();
    assert!(size < 800_000, "the file has {size} bytes");
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_nothing_new_but_what_is_taken_can_be_finished() {
    let place = Place::new();
    place.open().put(vec![event(1)]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let store = SqliteOptions::new().with_free_space(u64::MAX).open(place.path()).unwrap();
    let error = store.put(vec![event(2)]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert!(error.to_string().contains("bytes of the disk are free, expected at least"), "{error}");
    let claimed = claim(&store).await;
    done(&store, claimed).await;
    assert_eq!(store.operator().counts().await.unwrap().done, 1);
}

#[tokio::test]
async fn what_is_done_is_remembered_for_a_time_and_its_body_only_if_so_wanted() {
    let place = Place::new();
    let store = SqliteOptions::new().forget_bodies().open(place.path()).unwrap();
    store.put(vec![event(1)]).await.unwrap();
    let claimed = claim(&store).await;
    done(&store, claimed).await;
    let operator = store.operator();
    assert_eq!(operator.get(1).await.unwrap().unwrap().1.body, "");
    assert_eq!(operator.replay(vec![1]).await.unwrap(), 0, "there is nothing to be replayed");
    assert_eq!(store.put(vec![event(1)]).await.unwrap(), [aircall_tower::inbox::Received::Duplicate]);
}

#[tokio::test]
async fn an_operator_of_a_file_that_is_none_says_so() {
    let place = Place::new();
    let error = SqliteOperator::new(place.path()).counts().await.unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    assert!(!place.path().exists());
    Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let error = SqliteOperator::new(place.path()).replay(vec![1]).await.unwrap_err();
    assert!(error.to_string().contains("something else"), "{error}");
}

#[tokio::test]
async fn claims_and_forgetting_find_their_rows_by_an_index() {
    let place = Place::new();
    let store = place.open();
    store.put(vec![event(1)]).await.unwrap();
    // Claims in order need an index of their own, and make it.
    store.claim(Claim { in_order: true, ..CLAIM }).await.unwrap();
    let connection = Connection::open(place.path()).unwrap();
    for (query, index) in [
        (
            "SELECT id, fence FROM event_states WHERE state = 'ready' AND interrupted <= 1 AND due_at <= 1 ORDER BY due_at, id LIMIT 1",
            "events_due",
        ),
        ("UPDATE event_states SET state = 'running' WHERE id BETWEEN 1 AND 2", "PRIMARY KEY"),
        (
            "UPDATE event_states SET state = 'done' WHERE id BETWEEN 1 AND 2 AND state = 'running' AND fence = 1",
            "PRIMARY KEY",
        ),
        (
            "SELECT id FROM event_states WHERE state = 'ready' AND interrupted > 1 AND due_at <= 1 ORDER BY interrupted, id LIMIT 1",
            "events_suspect",
        ),
        (
            "SELECT 1 FROM event_states AS earlier WHERE earlier.state IN ('ready', 'running') AND earlier.subject = 'a' AND earlier.id < 9",
            "events_open",
        ),
        (
            "SELECT id FROM event_states WHERE state = 'done' AND updated_at < 1 ORDER BY updated_at LIMIT 9",
            "events_done",
        ),
        ("SELECT due_at FROM event_states WHERE state = 'ready' AND due_at > 1 ORDER BY due_at LIMIT 1", "events_due"),
    ] {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let plan: Vec<String> = explained.query_map((), |row| row.get("detail")).unwrap().map(Result::unwrap).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{query}: {plan}");
    }
}

#[tokio::test]
async fn the_log_does_not_grow_with_what_is_stored() {
    let place = Place::new();
    let store = place.open();
    let large = |number| Event { body: "x".repeat(3500), ..event(number) };
    for batch in 0..12 {
        store.put((batch * 1000..(batch + 1) * 1000).map(large).collect()).await.unwrap();
    }
    let bytes = |path: PathBuf| std::fs::metadata(path).unwrap().len();
    let (file, log) = (bytes(place.path()), bytes(place.path().with_extension("sqlite-wal")));
    // Some 24 MB, and what a batch writes.
    assert!(log < 32_000_000 && file > 20_000_000, "{log} bytes of log, {file} of file");
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_does_not_gather_in_front_of_a_file_that_is_held() {
    let place = Place::new();
    let store = place.open();
    let holder = Connection::open(place.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..2000 {
        let put = store.put(vec![event(number)]);
        assert!(futures_util::FutureExt::now_or_never(put).is_none());
    }
    holder.execute_batch("ROLLBACK").unwrap();
    store.put(vec![event(2000)]).await.unwrap();
    let counts = store.operator().counts().await.unwrap();
    assert!(counts.ready < 1000, "{counts:?}");
}

#[tokio::test]
async fn a_claim_that_was_given_up_takes_no_event_away() {
    let place = Place::new();
    let store = place.open();
    store.put((0..10).map(event).collect()).await.unwrap();
    let holder = Connection::open(place.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..4 {
        assert!(futures_util::FutureExt::now_or_never(store.claim(Claim { max: 2, ..CLAIM })).is_none());
    }
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(claim(&store).await.len(), 10);
}

#[tokio::test]
async fn a_number_is_given_only_once() {
    let place = Place::new();
    let store = place.open();
    store.put(vec![event(1)]).await.unwrap();
    let first = claim(&store).await;
    let lease = first[0].lease;
    done(&store, first).await;
    while store.operator().counts().await.unwrap().done > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        store.operator().purge(Duration::ZERO).await.unwrap();
    }
    store.put(vec![event(2)]).await.unwrap();
    assert!(claim(&store).await[0].lease.id > lease.id);
}

#[cfg(unix)]
#[tokio::test]
async fn a_claim_that_failed_and_was_noted_all_the_same_is_due_again_once_the_file_is_used_again() {
    let place = Place::new();
    let store = place.open();
    store.put(vec![event(1), event(2)]).await.unwrap();
    let held = store.claim(Claim { max: 1, ..CLAIM }).await.unwrap().remove(0);
    // What a commit leaves whose sync failed.
    let beside = Connection::open(place.path()).unwrap();
    beside.execute_batch("UPDATE event_states SET state = 'running', attempts = 1").unwrap();
    drop(beside);
    let aside = place.path().with_extension("aside");
    std::fs::rename(place.path(), &aside).unwrap();
    store.put(vec![event(3)]).await.unwrap_err();
    std::fs::rename(&aside, place.path()).unwrap();
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while let Err(error) = store.put(vec![event(4)]).await {
        assert!(tokio::time::Instant::now() < end, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let claimed = claim(&store).await;
    let numbers: Vec<_> = claimed.iter().map(|claimed| (claimed.event.key.clone(), claimed.attempt)).collect();
    assert_eq!(numbers, [(event(2).key, 2), (event(4).key, 1)], "and {held:?} is still held");
}
