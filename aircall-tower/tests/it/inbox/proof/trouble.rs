//! Disks that fail for a while, and files that somebody else holds.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::ledger::Ledger;
use super::load::Load;
use super::preload;
use super::receiver::Ground;
use super::refusal::{SOON, accounts, refused_and_reported, stored_again, tasks, under_load};

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
