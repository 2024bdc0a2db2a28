//! Disks without room, and without leave to write: what is acknowledged is stored or reported, and once it is over it is over.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::ledger::Ledger;
use super::load::Load;
use super::receiver::Ground;
use super::refusal::{accounts, refused_and_reported, stored_again, under_load};
use super::volume::Volume;

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
    let ground = Ground::new().with("RECEIVER_FREE_SPACE", 8 * 1024 * 1024).with("RECEIVER_PAUSE_MS", 400);
    let directory = ground.store().parent().unwrap().to_owned();
    let Some(volume) = Volume::mount(&directory, "32m") else { return };
    let mut ground = ground.started_by(volume.entering());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    let load = Load::begin(receiver.address(), 4, &ledger, |_| r#""succeeds_at":3,"#.to_owned());
    sleep(Duration::from_millis(200)).await;
    load.stop().await;
    let before = ledger.acknowledged();

    let filler = volume.fill(&directory, 5 * 1024 * 1024);
    under_load(&receiver, &ledger, Duration::from_millis(200)).await;
    refused_and_reported(&ground, &ledger, "bytes of the disk are free, expected at least 8388608");
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
