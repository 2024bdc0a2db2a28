//! Events that are kept by a server: the receiver, its worker, and that server are killed again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::crash::{CLIENTS, accounts_for_everything, process_killed, tasks, worker_stopped};
use super::ledger::Ledger;
use super::load::Load;
use super::receiver::Ground;
use super::{random, rounds};
#[cfg(feature = "amqp")]
use crate::inbox::amqp::broker::{Broker, OwnBroker};
#[cfg(feature = "postgres")]
use crate::inbox::postgres::{Database, fresh_table, server::Server};

#[cfg(feature = "postgres")]
fn in_postgres(database: &Database) -> Ground {
    let ground = Ground::new().with("RECEIVER_ENGINE", "postgres");
    ground.with("RECEIVER_STORE", database.url()).with("RECEIVER_NAME", fresh_table())
}

#[cfg(feature = "amqp")]
fn in_rabbitmq(broker: &Broker) -> Ground {
    let ground = Ground::new().with("RECEIVER_ENGINE", "amqp");
    let memory = ground.path().join("memory.sqlite");
    let ground = ground.with("RECEIVER_MEMORY", memory.display());
    ground.with("RECEIVER_STORE", broker.uri()).with("RECEIVER_NAME", broker.queue())
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_loses_nothing_though_the_process_is_killed_again_and_again() {
    let Some(database) = Database::given() else { return };
    process_killed(in_postgres(&database)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_loses_nothing_though_the_worker_is_stopped_where_it_is_again_and_again() {
    let Some(database) = Database::given() else { return };
    worker_stopped(in_postgres(&database)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_loses_nothing_though_a_worker_elsewhere_is_killed_again_and_again() {
    let Some(database) = Database::given() else { return };
    worker_killed(in_postgres(&database)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_loses_nothing_though_the_server_crashes_again_and_again() {
    let Some(server) = Server::start() else { return };
    server_killed(in_postgres(&server.database), rounds(5), || server.crash(), || server.start_again()).await;
}

#[cfg(feature = "amqp")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_loses_nothing_though_the_process_is_killed_again_and_again() {
    let Some(broker) = Broker::find() else { return };
    process_killed(in_rabbitmq(&broker)).await;
}

#[cfg(feature = "amqp")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_loses_nothing_though_the_worker_is_stopped_where_it_is_again_and_again() {
    let Some(broker) = Broker::find() else { return };
    worker_stopped(in_rabbitmq(&broker)).await;
}

#[cfg(feature = "amqp")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_loses_nothing_though_a_worker_elsewhere_is_killed_again_and_again() {
    let Some(broker) = Broker::find() else { return };
    worker_killed(in_rabbitmq(&broker)).await;
}

#[cfg(feature = "amqp")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_loses_nothing_though_the_broker_is_killed_again_and_again() {
    let Some(own) = OwnBroker::start() else { return };
    server_killed(in_rabbitmq(own.broker()), rounds(2), || own.kill(), || own.start_again()).await;
}

/// One process takes events in and lives; the one that handles them is killed.
async fn worker_killed(ground: Ground) {
    let mut ground = ground.with_patience().with("RECEIVER_ROLE", "intake");
    let rounds = rounds(20);
    let ledger = Arc::new(Ledger::default());
    let intake = ground.start();
    let load = Load::begin(intake.address(), CLIENTS / 4, &ledger, tasks);
    let mut log = ground.log();
    for _ in 0..rounds {
        log.read();
        let worker = ground.start_worker();
        log.handles(10).await;
        sleep(Duration::from_millis(random(220))).await;
        worker.kill();
    }
    load.stop().await;
    let worker = ground.start_worker();
    let log = accounts_for_everything(&ground, &ledger, &format!("{rounds} workers killed")).await;
    assert_eq!(log.account().unexplained, Vec::<String>::new());
    worker.stop();
    intake.stop();
}

/// The receiver lives, and the server of its store dies and comes back. Meanwhile a spill takes what comes.
async fn server_killed(ground: Ground, rounds: u32, kill: impl Fn(), start_again: impl Fn()) {
    let spill = ground.path().join("spill.sqlite");
    let mut ground = ground.with_patience().with("RECEIVER_SPILL", spill.display());
    let ledger = Arc::new(Ledger::default());
    let receiver = ground.start();
    let mut log = ground.log();
    for _ in 0..rounds {
        let load = Load::begin(receiver.address(), CLIENTS / 4, &ledger, tasks);
        ledger.acknowledges(50).await;
        sleep(Duration::from_millis(random(300))).await;
        kill();
        ledger.acknowledges(50).await;
        load.stop().await;
        // Before it is back: all may be handled by the time it has told whoever waits for it that it is.
        log.read();
        start_again();
        // What is handled now was in the server, or has been moved there: it is in use again, and can be killed in use.
        log.handles(50).await;
    }
    let log = accounts_for_everything(&ground, &ledger, &format!("{rounds} servers killed")).await;
    // What was being handled when the server died is handed out again, and no more than that.
    let (twice, at_work) = (log.account().twice, 16);
    assert!(twice <= rounds as usize * at_work, "{twice} were handled twice");
    receiver.stop();
}
