//! The queues, and what is said to the broker to have them.

use std::time::Duration;

use lapin::Channel;
use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};

/// How long the queues hold what waits. A wait is spent in one after the other, the longest that fits first.
const DELAYS: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(16),
    Duration::from_secs(64),
    Duration::from_secs(256),
    Duration::from_secs(1024),
    Duration::from_secs(4096),
];

/// More often than anybody looks.
const NO_LIMIT: u32 = 1_000_000_000;

/// The names of the queues, which all begin with that of the first.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    queue: String,
    delivery_limit: u32,
}

impl Topology {
    pub(super) fn new(queue: String, delivery_limit: u32) -> Self {
        Self { queue, delivery_limit }
    }

    /// Where events wait to be handled.
    pub(super) fn main(&self) -> ShortString {
        short(&self.queue)
    }

    /// Where dead letters are kept. The exchange that leads there has the same name.
    pub(super) fn dead(&self) -> ShortString {
        short(&format!("{}.dead", self.queue))
    }

    /// Where something goes that has to wait for so long, and how much of that is left behind it.
    pub(super) fn delay(&self, wait: Duration) -> (ShortString, Duration) {
        match DELAYS.iter().rfind(|delay| **delay <= wait) {
            Some(delay) => (self.delay_queue(*delay), wait - *delay),
            None => (self.main(), wait),
        }
    }

    /// Every queue in which events are that are going to be handled.
    pub(super) fn ready(&self) -> impl Iterator<Item = ShortString> {
        std::iter::once(self.main()).chain(DELAYS.iter().map(|delay| self.delay_queue(*delay)))
    }

    /// Makes the queues that are missing. One that is there and is another kind of queue is an error.
    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        channel
            .exchange_declare(
                self.dead(),
                ExchangeKind::Direct,
                ExchangeDeclareOptions { durable: true, ..Default::default() },
                FieldTable::default(),
            )
            .await?;
        let durable = QueueDeclareOptions::durable();
        let mut dead = quorum();
        // Looking at a dead letter counts as a delivery, and later brokers have a limit of their own where none is set.
        dead.insert("x-delivery-limit".into(), number(NO_LIMIT));
        channel.queue_declare(self.dead(), durable, dead).await?;
        channel
            .queue_bind(self.dead(), self.dead(), self.dead(), QueueBindOptions::default(), FieldTable::default())
            .await?;
        let mut main = quorum();
        main.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        main.insert("x-delivery-limit".into(), number(self.delivery_limit));
        dead_letters_go_to(&mut main, self.dead().as_str(), self.dead().as_str());
        channel.queue_declare(self.main(), durable, main).await?;
        for delay in DELAYS {
            let mut waits = quorum();
            waits.insert("x-message-ttl".into(), number(u32::try_from(delay.as_millis()).unwrap_or(u32::MAX)));
            // The exchange without a name leads to the queue of the routing key.
            dead_letters_go_to(&mut waits, "", &self.queue);
            channel.queue_declare(self.delay_queue(delay), durable, waits).await?;
        }
        Ok(())
    }

    fn delay_queue(&self, delay: Duration) -> ShortString {
        short(&format!("{}.delay.{}s", self.queue, delay.as_secs()))
    }
}

/// The shortest time that is spent in a queue of its own; less is waited for by the one who has the event.
pub(super) fn shortest_delay() -> Duration {
    DELAYS[0]
}

/// What every queue is: on the disks of a majority, and one that refuses rather than drops.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

/// By default the broker forgets a message before the queue that it moves it to has it.
fn dead_letters_go_to(arguments: &mut FieldTable, exchange: &str, routing_key: &str) {
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-dead-letter-exchange".into(), text(exchange));
    arguments.insert("x-dead-letter-routing-key".into(), text(routing_key));
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn number(value: u32) -> AMQPValue {
    AMQPValue::LongLongInt(value.into())
}

/// The length has been looked at when the options were.
fn short(name: &str) -> ShortString {
    ShortString::try_new(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_spent_in_the_longest_queue_that_fits() {
        let topology = Topology::new("q".to_owned(), 1);
        let delay = |seconds: f64| {
            let (queue, rest) = topology.delay(Duration::from_secs_f64(seconds));
            (queue.as_str().to_owned(), rest.as_secs_f64())
        };
        assert_eq!(delay(0.0), ("q".to_owned(), 0.0));
        assert_eq!(delay(0.5), ("q".to_owned(), 0.5));
        assert_eq!(delay(1.5), ("q.delay.1s".to_owned(), 0.5));
        assert_eq!(delay(900.0), ("q.delay.256s".to_owned(), 644.0));
        assert_eq!(delay(100_000.0), ("q.delay.4096s".to_owned(), 95_904.0));
    }
}
