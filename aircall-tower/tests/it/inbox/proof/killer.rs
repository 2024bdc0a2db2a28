//! Events that end the process each time: they end among the dead letters, and take no others with them.

use std::sync::Arc;
use std::time::Duration;

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Filter, Operate, State};
use tokio::time::{Instant, sleep};

use super::ledger::Ledger;
use super::load::Load;
use super::receiver::Ground;

const KILLERS: [u64; 2] = [90, 91];

/// How often an attempt may end with its process, by default.
const INTERRUPTIONS: usize = 10;

fn tasks(id: u64) -> String {
    if KILLERS.contains(&id) { r#""aborts":true,"#.to_owned() } else { format!(r#""millis":{},"#, id % 40) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_ends_the_process_is_a_dead_letter_in_the_end_and_the_innocent_are_handled() {
    let mut ground = Ground::new();
    let ledger = Arc::new(Ledger::default());
    let (mut log, operator) = (ground.log(), SqliteOperator::new(ground.store()));
    let mut deaths = 0;
    let end = Instant::now() + Duration::from_secs(60);
    let mut receiver = ground.start();
    let mut load = Some(Load::begin(receiver.address(), 8, &ledger, tasks));
    loop {
        assert!(Instant::now() < end, "it goes on dying, for the {deaths}th time by now");
        sleep(Duration::from_millis(20)).await;
        if receiver.has_ended() {
            deaths += 1;
            if let Some(load) = load.take() {
                load.stop().await;
            }
            receiver = ground.start();
            // Others go on arriving.
            load = Some(Load::begin(receiver.address(), 2, &ledger, tasks));
        }
        log.read();
        let dead = operator.list(Filter { state: Some(State::Dead), ..Filter::default() }).await.unwrap();
        if dead.len() >= KILLERS.len() {
            break;
        }
    }
    load.unwrap().stop().await;

    let innocent = ledger.acknowledged().into_iter().filter(|id| !KILLERS.contains(id)).collect();
    assert_eq!(log.wait_for(&innocent).await, Vec::<u64>::new(), "innocent events that were not handled");
    assert!(!receiver.has_ended());
    receiver.stop();
    let dead = operator.list(Filter { state: Some(State::Dead), ..Filter::default() }).await.unwrap();
    let mut subjects: Vec<_> = dead.iter().map(|entry| entry.subject.clone().unwrap()).collect();
    subjects.sort();
    assert_eq!(subjects, KILLERS.map(|id| format!("call/{id}")));
    for entry in dead {
        assert_eq!(entry.last_error.as_deref(), Some("the process ended during each of the last 10 attempts"));
    }
    for id in KILLERS {
        let attempts: Vec<_> = log.begun(id).iter().map(|run| run.attempt).collect();
        assert!(attempts.len() <= INTERRUPTIONS, "event {id} was begun at attempts {attempts:?}");
    }
    assert!(deaths <= KILLERS.len() * INTERRUPTIONS, "{deaths} deaths");
    let account = log.account();
    println!(
        "{deaths} deaths by {} events: {} innocent handled, {} of them twice, 0 lost",
        KILLERS.len(),
        account.handled,
        account.twice
    );
    assert_eq!(account.unexplained, Vec::<String>::new());
    assert_eq!(account.same_attempt, Vec::<String>::new());
}
