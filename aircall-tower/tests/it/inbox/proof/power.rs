//! Power cuts: what had not been synced is gone, and with it whatever was said to be durable and was not.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Filter, Operate};
use tokio::time::sleep;

use super::ledger::Ledger;
use super::load::{self, Load};
use super::receiver::Ground;
use super::{preload, random, rounds};

const CLIENTS: usize = 24;

/// A ground whose store is on a disk that keeps only what was synced.
struct Disk {
    ground: Ground,
    disk: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let ground = Ground::new();
        let disk = ground.path().join("disk");
        let library = preload::compile("powercut", ground.path());
        let cache = ground.store().parent().unwrap().to_owned();
        let ground = ground
            .with("LD_PRELOAD", library.display())
            .with("POWERCUT_FROM", cache.display())
            .with("POWERCUT_DISK", disk.display());
        let disk = Self { ground, disk };
        disk.power_returns();
        disk
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.ground.set(name, value);
        self
    }

    /// What was in the page cache is what is on the disk. Whoever had it open must be dead.
    fn power_returns(&self) {
        let cache = self.ground.store().parent().unwrap().to_owned();
        let after = self.disk.with_extension("after");
        let _ = fs::remove_dir_all(&after);
        let _ = fs::rename(self.disk.join("names"), &after);
        for directory in [&cache, &self.disk] {
            let _ = fs::remove_dir_all(directory);
        }
        for directory in [&cache, &self.disk.join("names"), &self.disk.join("files")] {
            fs::create_dir_all(directory).unwrap();
        }
        for file in fs::read_dir(&after).into_iter().flatten().map(Result::unwrap) {
            let (cached, name) = (cache.join(file.file_name()), self.disk.join("names").join(file.file_name()));
            fs::copy(file.path(), &cached).unwrap();
            fs::copy(file.path(), &name).unwrap();
            let number = fs::metadata(cached).unwrap().ino().to_string();
            fs::hard_link(name, self.disk.join("files").join(number)).unwrap();
        }
    }

    /// The events that are in the store as it is on the disk, whatever has become of them.
    async fn survivors(&self) -> Result<BTreeSet<u64>, String> {
        let look = tempfile::tempdir().unwrap();
        for file in fs::read_dir(self.disk.join("names")).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), look.path().join(file.file_name())).unwrap();
        }
        stored(&look.path().join("aircall.sqlite")).await
    }
}

/// The events in a store, by what they are about.
async fn stored(path: &Path) -> Result<BTreeSet<u64>, String> {
    let all = Filter { limit: usize::MAX, ..Filter::default() };
    let entries = SqliteOperator::new(path).list(all).await.map_err(|error| error.to_string())?;
    Ok(entries.iter().map(|entry| entry.subject.as_deref().unwrap()["call/".len()..].parse().unwrap()).collect())
}

fn tasks(id: u64) -> String {
    format!(r#""millis":{},"#, id % 3)
}

/// Loads a receiver on this disk, cuts the power, and returns which of the acknowledged events are gone.
async fn cut(disk: &mut Disk, ledger: &Arc<Ledger>) -> Vec<u64> {
    let receiver = disk.ground.start();
    let load = Load::begin(receiver.address(), CLIENTS, ledger, tasks);
    ledger.acknowledges(10).await;
    sleep(Duration::from_millis(random(250))).await;
    receiver.kill();
    load.stop().await;
    let survivors = disk.survivors().await.unwrap_or_default();
    disk.power_returns();
    ledger.acknowledged().difference(&survivors).copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    let rounds = rounds(10);
    let mut disk = Disk::new();
    let ledger = Arc::new(Ledger::default());
    for round in 0..rounds {
        // A disk may also write what nobody has asked it to, in any order.
        disk.ground.set("POWERCUT_EARLY", [0, 30, 90][round as usize % 3]);
        disk.ground.set("POWERCUT_SLOW", [0, 0, 3000][round as usize % 3]);
        let gone = cut(&mut disk, &ledger).await;
        assert!(gone.is_empty(), "cut {round}: {} acknowledged events are gone: {gone:?}", gone.len());
    }

    let receiver = disk.ground.start();
    let acknowledged = ledger.acknowledged();
    let mut log = disk.ground.log();
    let lost = log.wait_for(&acknowledged).await;
    receiver.stop();
    let account = log.account();
    println!(
        "{rounds} power cuts: {} acknowledged, {} runs, {} handled, {} of them twice, {} lost",
        acknowledged.len(),
        account.runs,
        account.handled,
        account.twice,
        lost.len()
    );
    assert_eq!(lost, Vec::<u64>::new());
    assert_eq!(account.unexplained, Vec::<String>::new());
    assert_eq!(disk.ground.unstored(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_while_a_store_is_made_leaves_one_that_can_be_opened() {
    let mut made = 0;
    for round in 0..rounds(10) {
        let mut disk = Disk::new();
        disk.ground.set("POWERCUT_EARLY", [0, 50][round as usize % 2]);
        disk.ground.set("POWERCUT_SLOW", 1000);
        // Cut again while it makes what is left of it into a store.
        for _ in 0..3 {
            let receiver = disk.ground.try_start();
            sleep(Duration::from_millis(random(30))).await;
            receiver.kill();
            disk.power_returns();
        }
        made += usize::from(disk.survivors().await.is_ok());
        let ledger = Arc::new(Ledger::default());
        let gone = cut(&mut disk, &ledger).await;
        assert!(gone.is_empty(), "{gone:?} are gone");
    }
    println!("a store had been made in {made} of {} cuts", rounds(10));
}

/// Cuts the power until something is gone, and fails if nothing ever is.
async fn must_lose(what: &str, name: &str, value: &str) {
    let mut disk = Disk::new().with(name, value);
    let ledger = Arc::new(Ledger::default());
    for round in 1..=10 {
        let gone = cut(&mut disk, &ledger).await;
        if !gone.is_empty() {
            println!("{what}: {} of {} are gone after {round} cuts", gone.len(), ledger.acknowledged().len());
            return;
        }
    }
    panic!("{what}: nothing was lost, so this test could not tell if something were");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg(feature = "__weak")]
async fn a_store_that_does_not_wait_for_the_disk_is_seen_to_lose() {
    must_lose("synchronous=NORMAL", "RECEIVER_SYNCHRONOUS", "normal").await;
    must_lose("synchronous=OFF", "RECEIVER_SYNCHRONOUS", "off").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_is_seen_to_lose() {
    must_lose("syncs of the log do nothing", "POWERCUT_LIES", "-wal").await;
    must_lose("no sync does anything", "POWERCUT_LIES", "all").await;
}

/// A process that is killed between writing and syncing leaves events that its successor finds, and that no disk has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_left_unsynced_is_no_duplicate_that_could_be_acknowledged() {
    let (mut duplicates, wanted) = (0, rounds(6));
    // As many more as it takes to kill one at the right moment.
    for round in 0..wanted.max(60) {
        if round >= wanted && duplicates > 0 {
            break;
        }
        let mut disk = Disk::new().with("RECEIVER_ROLE", "intake").with("POWERCUT_SLOW", "20000");
        let ledger = Arc::new(Ledger::default());
        let receiver = disk.ground.start();
        // Somebody who reads all the while keeps the log from being moved into the file.
        let reader = rusqlite::Connection::open(disk.ground.store()).unwrap();
        if round % 2 == 1 {
            reader.execute_batch("BEGIN; SELECT count(*) FROM events").unwrap();
        }
        // One client: what another had waiting would be stored after the kill, and a sync with it.
        let load = Load::begin(receiver.address(), 1, &ledger, tasks);
        ledger.acknowledges(2).await;
        sleep(Duration::from_millis(random(20))).await;
        receiver.kill();
        load.stop().await;

        disk.ground.set("POWERCUT_SLOW", "0");
        let receiver = disk.ground.start();
        let cached = stored(&disk.ground.store()).await.unwrap();
        duplicates += cached.difference(&ledger.acknowledged()).count();
        load::send_owed(receiver.address(), &ledger, tasks).await;
        receiver.kill();
        let survivors = disk.survivors().await.unwrap();
        let gone: Vec<_> = ledger.acknowledged().difference(&survivors).copied().collect();
        assert!(gone.is_empty(), "{gone:?} were acknowledged by a process that had only found them");
    }
    assert!(duplicates > 0, "no process was killed between writing and syncing");
    println!("{duplicates} events were found by a process that had not stored them");
}
