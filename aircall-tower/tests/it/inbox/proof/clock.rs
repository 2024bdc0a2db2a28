//! A wall clock that jumps: what waits is due in its time, no sooner for good and no later.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Filter, Operate};
use tokio::time::{Instant, sleep};

use super::ledger::Ledger;
use super::load::{self, Load};
use super::preload;
use super::receiver::Ground;

const HOUR: i64 = 60 * 60;

/// Two pauses of up to 300 and 600 ms, and time enough for a busy machine. Whoever waits for a clock waits for an hour.
const IN_TIME: Duration = Duration::from_secs(8);

/// Every event fails twice.
fn tasks(_: u64) -> String {
    r#""succeeds_at":3,"#.to_owned()
}

struct Clock(PathBuf);

impl Clock {
    fn set(&self, offset: i64) {
        let mut file = fs::OpenOptions::new();
        let file = file.write(true).create(true).truncate(false).open(&self.0).unwrap();
        file.write_all_at(&offset.to_ne_bytes(), 0).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_due_in_its_time_though_the_clock_jumps_an_hour_back_and_forth() {
    let mut ground = Ground::new().with("RECEIVER_PAUSE_MS", 300);
    let clock = Clock(ground.path().join("clock"));
    clock.set(0);
    let library = preload::compile("clock", ground.path());
    ground.set("LD_PRELOAD", library.display());
    ground.set("CLOCK_OFFSET", clock.0.display());

    let ledger = Arc::new(Ledger::default());
    let mut receiver = ground.start();
    let mut log = ground.log();
    // While it runs, and while it does not.
    for restarted in [false, true] {
        for offset in [HOUR, -HOUR, 0, -HOUR, HOUR, 0] {
            let load = Load::begin(receiver.address(), 8, &ledger, tasks);
            sleep(Duration::from_millis(150)).await;
            if restarted {
                receiver.kill();
                clock.set(offset);
                load.stop().await;
                receiver = ground.start();
            } else {
                clock.set(offset);
                sleep(Duration::from_millis(50)).await;
                load.stop().await;
            }
            let began = Instant::now();
            let lost = log.wait_for(&ledger.acknowledged()).await;
            assert_eq!(lost, Vec::<u64>::new(), "the clock is {offset} s ahead");
            assert!(began.elapsed() < IN_TIME, "{:?} with the clock {offset} s ahead", began.elapsed());
            // What is owed may have been stored before the jump; the one after that is new.
            load::send_owed(receiver.address(), &ledger, tasks).await;
            let id = ledger.next();
            assert_eq!(load::send_one(receiver.address(), &ledger, id, &tasks(id)).await, Some(200));
            has_jumped(&ground, offset).await;
        }
    }
    assert_eq!(log.wait_for(&ledger.acknowledged()).await, Vec::<u64>::new());
    receiver.stop();
    let account = log.account();
    println!("12 jumps of the clock: {} acknowledged, {} runs, 0 lost", ledger.acknowledged().len(), account.runs);
    assert_eq!(account.unexplained, Vec::<String>::new());
    assert_eq!(account.same_attempt, Vec::<String>::new());
    // Nobody was tried over and over, either: three runs, and one more for each time that it was interrupted.
    let most = ledger.acknowledged().iter().map(|id| log.begun(*id).len()).max();
    assert!(most <= Some(4), "{most:?} runs of one event");
}

/// Whether the receiver has seen the jump: otherwise this would be a test of nothing.
async fn has_jumped(ground: &Ground, offset: i64) {
    let newest = SqliteOperator::new(ground.store()).list(Filter { limit: 1, ..Filter::default() }).await.unwrap();
    let received: BTreeSet<_> = newest.iter().map(|entry| entry.received_at_ms / 1000).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let ahead = received.first().unwrap() - i64::try_from(now).unwrap();
    assert!((ahead - offset).abs() < 60, "the newest event is {ahead} s ahead, expected {offset}");
}
