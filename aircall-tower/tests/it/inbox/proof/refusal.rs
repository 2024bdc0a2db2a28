//! What a store does not take: refused, reported, and taken again once there is no reason any more.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::ledger::Ledger;
use super::load::{self, Load};
use super::receiver::{Ground, Receiver};

/// How soon a store is used again once it is as it should be. One that had to be given up is left alone for a second.
pub(super) const SOON: Duration = Duration::from_secs(4);

pub(super) fn tasks(id: u64) -> String {
    format!(r#""millis":{},"#, id % 3)
}

/// Clients at work for a while.
pub(super) async fn under_load(receiver: &Receiver, ledger: &Arc<Ledger>, time: Duration) {
    let load = Load::begin(receiver.address(), 8, ledger, tasks);
    sleep(time).await;
    load.stop().await;
}

/// Sends one event at a time until one is stored, and says how long that took.
pub(super) async fn stored_again(address: SocketAddr, ground: &Ground, ledger: &Ledger) -> Duration {
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
pub(super) fn reported(ground: &Ground) -> BTreeSet<u64> {
    let acknowledged = |line: &String| {
        let mut words = line.split(' ');
        let id = words.next().unwrap().parse().unwrap();
        (words.next() == Some("200")).then_some(id)
    };
    ground.unstored().iter().filter_map(acknowledged).collect()
}

/// Every event that was acknowledged is handled, or was reported as not stored.
pub(super) async fn accounts(what: &str, ground: &Ground, ledger: &Ledger) {
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
pub(super) fn refused_and_reported(ground: &Ground, ledger: &Ledger, why: &str) {
    let (reports, statuses) = (ground.unstored(), ledger.statuses());
    let refused = statuses.get(&503).copied().unwrap_or(0);
    assert!(refused > 0, "nothing was refused: {statuses:?}");
    assert!(reports[0].contains(" 503 ") && reports[0].contains(why), "expected {why:?}: {:?}", reports[0]);
    assert_eq!(reports.len(), usize::try_from(refused).unwrap() + reported(ground).len(), "a report for each");
}
