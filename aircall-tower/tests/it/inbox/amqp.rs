//! The store in RabbitMQ, against a broker that is really there.

pub(super) mod broker;
mod outages;
mod topology;

use std::path::PathBuf;
use std::sync::Mutex;

use aircall_tower::inbox::amqp::{AmqpOptions, AmqpStore, Memory};
use aircall_tower::inbox::contract::{self, Testbed};

use self::broker::Broker;

/// Each store has queues of its own, and keeps its memory in a file.
struct Queues {
    broker: Broker,
    directory: tempfile::TempDir,
    opened: Mutex<Vec<(String, PathBuf)>>,
}

impl Queues {
    async fn open(&self, queue: String, memory: PathBuf) -> AmqpStore {
        let options = AmqpOptions::new(Memory::file(memory)).with_queue(queue);
        options.open(self.broker.uri()).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Testbed for Queues {
    type Store = AmqpStore;

    const PUT_KNOWS_DUPLICATES: bool = false;
    const KEEPS_ORDER: bool = false;

    async fn fresh(&self) -> AmqpStore {
        let (queue, memory) = {
            let mut opened = self.opened.lock().unwrap();
            let queue = self.broker.queue();
            let memory = self.directory.path().join(format!("{}.sqlite", opened.len()));
            opened.push((queue.clone(), memory.clone()));
            (queue, memory)
        };
        self.open(queue, memory).await
    }

    async fn reopen(&self, store: AmqpStore) -> AmqpStore {
        contract::gone(store).await;
        let (queue, memory) = self.opened.lock().unwrap().last().cloned().unwrap();
        self.open(queue, memory).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let Some(broker) = Broker::find() else { return };
    let queues = Queues { broker, directory: tempfile::tempdir().unwrap(), opened: Mutex::default() };
    contract::check(&queues).await.unwrap_or_else(|broken| panic!("{broken}"));
}
