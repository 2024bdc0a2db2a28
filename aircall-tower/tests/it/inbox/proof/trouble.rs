//! Disks that are full, read-only, held or damaged: what is acknowledged is stored or reported, and once it is over it is over.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Counts, Operate};
use tokio::time::{Instant, sleep};

use super::ledger::Ledger;
use super::load::{self, Load};
use super::preload;
use super::receiver::{Ground, Receiver};
use super::volume::Volume;

/// How soon a store is used again once it is as it should be. One that had to be given up is left alone for a second.
const SOON: Duration = Duration::from_secs(4);

fn tasks(id: u64) -> String {
    format!(r#""millis":{},"#, id % 3)
}

/// Clients at work for a while.
async fn under_load(receiver: &Receiver, ledger: &Arc<Ledger>, time: Duration) {
    let load = Load::begin(receiver.address(), 8, ledger, tasks);
    sleep(time).await;
    load.stop().await;
}

/// Sends one event at a time until one is stored, and says how long that took.
async fn stored_again(address: SocketAddr, ground: &Ground, ledger: &Ledger) -> Duration {
    let began = Instant::now();
    loop {
        let reports = ground.unstored().len();
        let id = ledger.next();
        if load::send_one(address, ledger, id, &tasks(id)).await == Some(200) && ground.unstored().len() == reports {
            return began.elapsed();
        }
        assert!(began.elapsed() < SOON, "nothing is stored, {SOON:?} after there was no reason any more");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The events that were acknowledged only because no more might be refused: the report has the only copy.
fn reported(ground: &Ground) -> BTreeSet<u64> {
    let acknowledged = |line: &String| {
        let mut words = line.split(' ');
        let id = words.next().unwrap().parse().unwrap();
        (words.next() == Some("200")).then_some(id)
    };
    ground.unstored().iter().filter_map(acknowledged).collect()
}

/// Every event that was acknowledged is handled, or was reported as not stored.
async fn accounts(what: &str, ground: &Ground, ledger: &Ledger) {
    let (acknowledged, reported) = (ledger.acknowledged(), reported(ground));
    let owed: BTreeSet<_> = acknowledged.difference(&reported).copied().collect();
    let mut log = ground.log();
    let lost = log.wait_for(&owed).await;
    println!(
        "{what}: {} acknowledged, {} of them reported as not stored, {} lost; statuses {:?}",
        acknowledged.len(),
        reported.len(),
        lost.len(),
        ledger.statuses()
    );
    assert_eq!(lost, Vec::<u64>::new());
    assert_eq!(log.account().unexplained, Vec::<String>::new());
}

/// What is refused, and why, stands in a report, from the first refusal on.
fn refused_and_reported(ground: &Ground, ledger: &Ledger, why: &str) {
    let (reports, statuses) = (ground.unstored(), ledger.statuses());
    let refused = statuses.get(&503).copied().unwrap_or(0);
    assert!(refused > 0, "nothing was refused: {statuses:?}");
    assert!(reports[0].contains(" 503 ") && reports[0].contains(why), "expected {why:?}: {:?}", reports[0]);
    assert_eq!(reports.len(), usize::try_from(refused).unwrap() + reported(ground).len(), "a report for each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_system_without_a_free_byte() {
    let ground = Ground::new();
    let directory = ground.store().parent().unwrap().to_owned();
    let Some(volume) = Volume::mount(&directory, "16m") else { return };
    let mut ground = ground.started_by(volume.entering());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    under_load(&receiver, &ledger, Duration::from_millis(300)).await;
    assert_eq!(ground.unstored(), Vec::<String>::new());

    for _ in 0..2 {
        let filler = volume.fill(&directory, 0);
        under_load(&receiver, &ledger, Duration::from_millis(700)).await;
        refused_and_reported(&ground, &ledger, "full");
        fs::remove_file(filler).unwrap();
        let took = stored_again(receiver.address(), &ground, &ledger).await;
        println!("stored again {took:?} after there was room");
    }
    accounts("a full disk", &ground, &ledger).await;

    // Killed while there is no room, it starts once there is some.
    let filler = volume.fill(&directory, 0);
    under_load(&receiver, &ledger, Duration::from_millis(100)).await;
    receiver.kill();
    fs::remove_file(filler).unwrap();
    let receiver = ground.start();
    stored_again(receiver.address(), &ground, &ledger).await;
    accounts("killed on a full disk", &ground, &ledger).await;
    receiver.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_almost_full_finishes_what_it_has() {
    let ground = Ground::new().with("RECEIVER_FREE_SPACE", 1024 * 1024).with("RECEIVER_PAUSE_MS", 400);
    let directory = ground.store().parent().unwrap().to_owned();
    let Some(volume) = Volume::mount(&directory, "16m") else { return };
    let mut ground = ground.started_by(volume.entering());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    let load = Load::begin(receiver.address(), 4, &ledger, |_| r#""succeeds_at":3,"#.to_owned());
    sleep(Duration::from_millis(200)).await;
    load.stop().await;
    let before = ledger.acknowledged();

    let filler = volume.fill(&directory, 900 * 1024);
    under_load(&receiver, &ledger, Duration::from_millis(200)).await;
    refused_and_reported(&ground, &ledger, "bytes of the disk are free, expected at least 1048576");
    let mut log = ground.log();
    assert_eq!(log.wait_for(&before).await, Vec::<u64>::new());
    assert_eq!(log.account().unexplained, Vec::<String>::new());
    fs::remove_file(filler).unwrap();
    stored_again(receiver.address(), &ground, &ledger).await;
    accounts("an almost full disk", &ground, &ledger).await;
    receiver.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_file_system_is_refused_at_the_start() {
    let ground = Ground::new();
    let directory = ground.store().parent().unwrap().to_owned();
    let Some(volume) = Volume::mount(&directory, "8m") else { return };
    let mut ground = ground.started_by(volume.entering());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    under_load(&receiver, &ledger, Duration::from_millis(100)).await;
    receiver.kill();
    volume.remount("ro", &directory);
    let refusal = ground.refusal();
    assert!(refusal.contains("Read-only file system"), "{refusal}");
    volume.remount("rw", &directory);
    let receiver = ground.start();
    stored_again(receiver.address(), &ground, &ledger).await;
    accounts("read-only at the start", &ground, &ledger).await;
    receiver.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_begins_to_refuse_and_is_well_again() {
    // What Linux says of a file system that it has made read-only after an error, and of a disk that is broken.
    const EROFS: i32 = 30;
    const EIO: i32 = 5;

    let mut ground = Ground::new();
    let (library, control) = (preload::compile("faults", ground.path()), ground.path().join("fault"));
    let fault = |error: i32| fs::write(&control, error.to_ne_bytes()).unwrap();
    fault(0);
    let directory = ground.store().parent().unwrap().to_owned();
    ground.set("LD_PRELOAD", library.display());
    ground.set("FAULTS", control.display());
    ground.set("FAULTS_IN", directory.display());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    for error in [EROFS, EIO] {
        under_load(&receiver, &ledger, Duration::from_millis(200)).await;
        // In the middle of work.
        let load = Load::begin(receiver.address(), 8, &ledger, tasks);
        sleep(Duration::from_millis(100)).await;
        write_in_place(&control, error);
        sleep(Duration::from_millis(500)).await;
        load.stop().await;
        refused_and_reported(&ground, &ledger, "disk I/O error");
        write_in_place(&control, 0);
        let took = stored_again(receiver.address(), &ground, &ledger).await;
        println!("stored again {took:?} after the disk was well");
    }
    accounts("a disk that refused for a while", &ground, &ledger).await;
    receiver.stop();
}

/// The receiver has the file mapped: it must stay the same.
fn write_in_place(path: &Path, number: i32) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(&number.to_ne_bytes(), 0).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds() {
    let mut ground = Ground::new();
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    under_load(&receiver, &ledger, Duration::from_millis(200)).await;
    let other = rusqlite::Connection::open(ground.store()).unwrap();
    other.busy_timeout(SOON).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    under_load(&receiver, &ledger, Duration::from_millis(1500)).await;
    refused_and_reported(&ground, &ledger, "database is locked");
    other.execute_batch("ROLLBACK").unwrap();
    let took = stored_again(receiver.address(), &ground, &ledger).await;
    println!("stored again {took:?} after the file was let go");
    accounts("a file held by another process", &ground, &ledger).await;

    // Two receivers of one file would each believe to be alone.
    assert!(ground.refusal().contains("is in use by another process"));
    receiver.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spill_keeps_what_a_held_file_does_not_take_though_the_process_is_killed() {
    let ground = Ground::new();
    let spill = ground.path().join("spill.sqlite");
    let mut ground = ground.with("RECEIVER_SPILL", spill.display());
    let ledger = Arc::new(Ledger::default());
    for _ in 0..3 {
        let receiver = ground.start();
        under_load(&receiver, &ledger, Duration::from_millis(100)).await;
        let other = rusqlite::Connection::open(ground.store()).unwrap();
        other.busy_timeout(SOON).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let load = Load::begin(receiver.address(), 8, &ledger, tasks);
        sleep(Duration::from_millis(900)).await;
        receiver.kill();
        load.stop().await;
    }
    let receiver = ground.start();
    accounts("a spill, and three kills", &ground, &ledger).await;
    assert_eq!(ground.unstored(), Vec::<String>::new());
    receiver.stop();
}

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
