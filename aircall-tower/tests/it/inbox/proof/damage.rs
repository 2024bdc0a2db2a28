//! Files that are damaged, taken away, or not what they are said to be.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Counts, Operate};
use tokio::time::Instant;

use super::ledger::Ledger;
use super::receiver::Ground;
use super::refusal::{accounts, refused_and_reported, stored_again, under_load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_damaged_while_it_is_in_use() {
    let ground = Ground::new();
    let spill = ground.path().join("spill.sqlite");
    let mut ground = ground.with("RECEIVER_SPILL", spill.display());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    under_load(&receiver, &ledger, Duration::from_millis(500)).await;
    accounts("before the damage", &ground, &ledger).await;

    // Everything but the first page: what is there is lost, and nobody can help that.
    let other = rusqlite::Connection::open(ground.store()).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let garbage = vec![0x5a; 4096];
    let file = fs::OpenOptions::new().write(true).open(ground.store()).unwrap();
    let length = file.metadata().unwrap().len();
    (4096..length).step_by(4096).for_each(|at| file.write_all_at(&garbage, at).unwrap());
    // Somebody else wrote, so the pages that the receiver has in memory are no use, with which it would mend the file.
    other.execute_batch("PRAGMA user_version=1").unwrap();
    drop(other);

    // It is noticed once a page is read that was damaged. Until then events go to a file that is going to be thrown away.
    let end = Instant::now() + Duration::from_secs(20);
    while SqliteOperator::new(&spill).counts().await.unwrap() == Counts::default() {
        assert!(Instant::now() < end, "the damage has not been noticed");
        under_load(&receiver, &ledger, Duration::from_millis(20)).await;
    }
    let unnoticed = ledger.acknowledged();
    under_load(&receiver, &ledger, Duration::from_millis(1500)).await;
    receiver.stop();

    // A person takes the damaged file away.
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(ground.path().join(format!("store/aircall.sqlite{ending}")));
    }
    let receiver = ground.start();
    let noticed: BTreeSet<_> = ledger.acknowledged().difference(&unnoticed).copied().collect();
    let lost = ground.log().wait_for(&noticed).await;
    println!("a damaged file: {} acknowledged once it was noticed, {} lost", noticed.len(), lost.len());
    assert!(noticed.len() > 10);
    assert_eq!(lost, Vec::<u64>::new());
    receiver.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_taken_away_while_it_is_in_use() {
    for taken in ["aircall.sqlite", "aircall.sqlite-wal"] {
        let mut ground = Ground::new();
        let ledger = Arc::new(Ledger::default());
        let receiver = ground.start();
        under_load(&receiver, &ledger, Duration::from_millis(200)).await;
        accounts("before the file was taken away", &ground, &ledger).await;
        let (path, aside) = (ground.path().join("store").join(taken), ground.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        under_load(&receiver, &ledger, Duration::from_millis(300)).await;
        refused_and_reported(&ground, &ledger, "is not there any more");
        if taken == "aircall.sqlite" {
            // Another in its place is not taken for it: what the worker has in hand is not in that.
            fs::write(&path, "").unwrap();
            under_load(&receiver, &ledger, Duration::from_millis(1500)).await;
            assert!(ground.unstored().last().unwrap().contains("is not the file that was opened any more"));
            assert_eq!(fs::read(&path).unwrap(), b"");
            fs::rename(aside, path).unwrap();
        }
        // The log is made anew, and what was in the old one is in the file.
        let took = stored_again(receiver.address(), &ground, &ledger).await;
        println!("stored again {took:?} after {taken} had been taken away");
        receiver.kill();
        let receiver = ground.start();
        accounts("a file that was taken away", &ground, &ledger).await;
        receiver.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_not_opened_and_not_touched() {
    let mut ground = Ground::new();
    let path = ground.store();
    let garbage: Vec<u8> = (0..40_000_u32).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()).collect();
    fs::write(&path, &garbage).unwrap();
    let refusal = ground.refusal();
    assert!(refusal.contains("file is not a database"), "{refusal}");
    assert!(fs::read(&path).unwrap() == garbage);

    // A file of somebody else's.
    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE calls (id)").unwrap();
    let theirs = fs::read(&path).unwrap();
    let refusal = ground.refusal();
    assert!(refusal.contains("is a SQLite file of something else"), "{refusal}");
    assert!(fs::read(&path).unwrap() == theirs, "their file was changed");
}
