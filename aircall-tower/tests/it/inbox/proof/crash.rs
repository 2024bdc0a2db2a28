//! `kill -9` in a loop.

use std::sync::Arc;
use std::time::Duration;

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Entry, Filter, Operate};
use tokio::time::sleep;

use super::ledger::{Ledger, Log};
use super::load::Load;
use super::receiver::Ground;
use super::{random, rounds};

pub(super) const CLIENTS: usize = 24;

/// Every seventh event fails once before it succeeds, and handlers take up to 3 ms.
pub(super) fn tasks(id: u64) -> String {
    let succeeds_at = if id.is_multiple_of(7) { 2 } else { 1 };
    format!(r#""millis":{},"succeeds_at":{succeeds_at},"#, id % 4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_loses_nothing_though_the_process_is_killed_again_and_again() {
    process_killed(Ground::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_loses_nothing_though_the_worker_is_stopped_where_it_is_again_and_again() {
    worker_stopped(Ground::new()).await;
}

/// What any engine has to stand.
pub(super) async fn process_killed(ground: Ground) {
    let mut ground = ground.with_patience();
    let rounds = rounds(20);
    let ledger = Arc::new(Ledger::default());
    for round in 0..rounds {
        if round % 4 == 3 {
            // While it opens its store, and finds out what the last one left.
            let receiver = ground.try_start();
            sleep(Duration::from_millis(random(15))).await;
            receiver.kill();
        }
        let receiver = ground.start();
        let load = Load::begin(receiver.address(), CLIENTS, &ledger, tasks);
        ledger.acknowledges(10).await;
        sleep(Duration::from_millis(random(220))).await;
        receiver.kill();
        load.stop().await;
    }
    let receiver = ground.start();
    let log = accounts_for_everything(&ground, &ledger, &format!("{rounds} kills")).await;
    receiver.stop();
    assert_eq!(log.account().unexplained, Vec::<String>::new());
}

pub(super) async fn worker_stopped(mut ground: Ground) {
    let rounds = rounds(20);
    let ledger = Arc::new(Ledger::default());
    let mut receiver = ground.start();
    let load = Load::begin(receiver.address(), CLIENTS, &ledger, tasks);
    for _ in 0..rounds {
        ledger.acknowledges(5).await;
        sleep(Duration::from_millis(random(80))).await;
        receiver.restart_worker();
    }
    load.stop().await;
    accounts_for_everything(&ground, &ledger, &format!("{rounds} workers stopped")).await;
    receiver.stop();
}

/// Waits until the receiver has finished, and compares.
pub(super) async fn accounts_for_everything(ground: &Ground, ledger: &Ledger, what: &str) -> Log {
    let acknowledged = ledger.acknowledged();
    let mut log = ground.log();
    let lost = log.wait_for(&acknowledged).await;
    let account = log.account();
    println!(
        "{what}: {} acknowledged, {} runs, {} handled, {} of them twice, {} lost; statuses {:?}",
        acknowledged.len(),
        account.runs,
        account.handled,
        account.twice,
        lost.len(),
        ledger.statuses()
    );
    let found = found(ground, &lost).await;
    assert!(
        lost.is_empty(),
        "{} of {} events are lost: {lost:?}, of which the store has {found:?}",
        lost.len(),
        acknowledged.len()
    );
    assert_eq!(account.same_attempt, Vec::<String>::new());
    assert_eq!(ground.unstored(), Vec::<String>::new());
    log
}

/// What a SQLite store knows of events, for whoever has to find out what became of them.
async fn found(ground: &Ground, ids: &[u64]) -> Vec<Entry> {
    let mut found = Vec::new();
    for id in ids {
        let about = Filter { subject: Some(format!("call/{id}")), ..Filter::default() };
        found.extend(SqliteOperator::new(ground.store()).list(about).await.unwrap_or_default());
    }
    found
}
