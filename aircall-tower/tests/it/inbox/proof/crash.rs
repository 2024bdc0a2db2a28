//! `kill -9` in a loop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::ledger::Ledger;
use super::load::Load;
use super::receiver::Ground;
use super::{random, rounds};

const CLIENTS: usize = 24;

/// Every seventh event fails once before it succeeds, and handlers take up to 3 ms.
fn tasks(id: u64) -> String {
    let succeeds_at = if id.is_multiple_of(7) { 2 } else { 1 };
    format!(r#""millis":{},"succeeds_at":{succeeds_at},"#, id % 4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_handled_though_the_process_is_killed_again_and_again() {
    let rounds = rounds(20);
    let mut ground = Ground::new();
    let ledger = Arc::new(Ledger::default());
    for _ in 0..rounds {
        let receiver = ground.start();
        let load = Load::begin(receiver.address(), CLIENTS, &ledger, tasks);
        sleep(Duration::from_millis(30 + random(220))).await;
        receiver.kill();
        load.stop().await;
    }
    accounts_for_everything(&mut ground, &ledger, &format!("{rounds} kills")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_handled_though_the_worker_is_stopped_where_it_is_again_and_again() {
    let rounds = rounds(20);
    let mut ground = Ground::new();
    let ledger = Arc::new(Ledger::default());
    let mut receiver = ground.start();
    let load = Load::begin(receiver.address(), CLIENTS, &ledger, tasks);
    for _ in 0..rounds {
        sleep(Duration::from_millis(20 + random(80))).await;
        receiver.restart_worker();
    }
    load.stop().await;
    let acknowledged = ledger.acknowledged();
    let mut log = ground.log();
    let lost = log.wait_for(&acknowledged).await;
    assert!(lost.is_empty(), "{} of {} events are lost: {lost:?}", lost.len(), acknowledged.len());
    let account = log.account();
    println!(
        "{rounds} workers stopped: {} acknowledged, {} runs, {} handled, {} twice, 0 lost",
        acknowledged.len(),
        account.runs,
        account.handled,
        account.twice
    );
    assert_eq!(account.same_attempt, Vec::<String>::new());
    receiver.stop();
}

/// Starts the receiver once more, lets it finish, and compares.
async fn accounts_for_everything(ground: &mut Ground, ledger: &Ledger, what: &str) {
    let receiver = ground.start();
    let acknowledged = ledger.acknowledged();
    let mut log = ground.log();
    let lost = log.wait_for(&acknowledged).await;
    receiver.stop();
    log.read();
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
    assert!(acknowledged.len() > 100, "there was a load: {}", acknowledged.len());
    assert!(lost.is_empty(), "{} of {} events are lost: {lost:?}", lost.len(), acknowledged.len());
    assert_eq!(account.unexplained, Vec::<String>::new());
    assert_eq!(account.same_attempt, Vec::<String>::new());
    assert_eq!(ground.unstored(), Vec::<String>::new());
}
