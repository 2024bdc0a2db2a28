//! What people do by hand with the queues, as far as a broker lets them.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Confirmation};
use tokio::time::timeout;

use super::super::Event;
use super::super::operate::{Counts, Entry, Filter, Operate, State};
use super::super::store::{StoreError, StoreErrorKind};
use super::engine::Engine;
use super::link;
use super::message::Message;

/// How long the broker may take to answer all of what is asked for at once. Dead letters are looked at one by one.
const LIMIT: Duration = Duration::from_secs(60);

/// Looks at the dead letters of a store, and brings them back or lets them go.
///
/// Of what is in a queue a broker shows nothing but the number, so the rest of what an [operator](Operate) can do is not to
/// be had: [`list`](Operate::list) and [`get`](Operate::get) know the dead letters only, and so do
/// [`replay`](Operate::replay) and [`discard`](Operate::discard), which do not touch what waits. While dead letters are looked
/// at, nobody else sees them.
#[derive(Clone)]
pub struct AmqpOperator {
    engine: Arc<Engine>,
}

impl AmqpOperator {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Does something on a connection of its own. What was taken out of a queue and not acknowledged goes back when it ends.
    async fn with<T, F: Future<Output = Result<T, StoreError>> + Send>(
        &self,
        work: impl FnOnce(Channel) -> F + Send,
    ) -> Result<T, StoreError> {
        let connection = link::connect(&self.engine.uri, "aircall-tower: operator").await?;
        let worked = timeout(LIMIT, async {
            let channel = connection.create_channel().await.map_err(|error| link::explain(&error))?;
            self.engine.topology.declare(&channel).await.map_err(|error| link::explain(&error))?;
            work(channel).await
        });
        let worked = worked.await.unwrap_or_else(|_| Err(link::unavailable("the broker did not answer in time")));
        link::say_goodbye(&connection).await;
        worked
    }

    /// Does something with the dead letters of these numbers, and counts them.
    async fn each<F: Future<Output = Result<(), StoreError>> + Send>(
        &self,
        ids: Vec<i64>,
        work: impl Fn(Channel, Message) -> F + Send + Sync,
    ) -> Result<usize, StoreError> {
        let mut ids: HashSet<_> = ids.into_iter().collect();
        let dead = self.engine.topology.dead();
        self.with(|channel| async move {
            channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(|error| link::explain(&error))?;
            let mut done = 0;
            while !ids.is_empty()
                && let Some(letter) = next(&channel, &dead).await?
            {
                if let Ok(message) = Message::read(&letter.delivery)
                    && ids.remove(&message.key().id())
                {
                    work(channel.clone(), message).await?;
                    letter.delivery.ack(BasicAckOptions::default()).await.map_err(|error| link::explain(&error))?;
                    done += 1;
                }
            }
            Ok(done)
        })
        .await
    }
}

impl Operate for AmqpOperator {
    /// Lists dead letters, newest first. For another state it returns an error.
    async fn list(&self, filter: Filter) -> Result<Vec<Entry>, StoreError> {
        if filter.state.is_some_and(|state| state != State::Dead) {
            let what = "a broker shows nothing of what is in a queue, expected to be asked for dead letters";
            return Err(StoreError::new(StoreErrorKind::Unusable, what));
        }
        let dead = self.engine.topology.dead();
        self.with(|channel| async move {
            let mut entries = Vec::new();
            while let Some(letter) = next(&channel, &dead).await? {
                let Ok(message) = Message::read(&letter.delivery) else { continue };
                let wanted = filter.event.as_ref().is_none_or(|event| *event == message.event.event)
                    && (filter.subject.is_none() || filter.subject == message.event.subject);
                if wanted {
                    entries.push(entry(&message));
                }
            }
            entries.reverse();
            entries.truncate(filter.limit);
            Ok(entries)
        })
        .await
    }

    async fn get(&self, id: i64) -> Result<Option<(Entry, Event)>, StoreError> {
        let dead = self.engine.topology.dead();
        self.with(|channel| async move {
            while let Some(letter) = next(&channel, &dead).await? {
                if let Ok(message) = Message::read(&letter.delivery)
                    && message.key().id() == id
                {
                    return Ok(Some((entry(&message), message.event)));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Counts messages, duplicates included. Of those that a worker has in hand or in reserve, only those of this process are
    /// seen; done are those that its memory knows.
    async fn counts(&self) -> Result<Counts, StoreError> {
        let topology = &self.engine.topology;
        let mut counts = self
            .with(|channel| async move {
                let mut counts = Counts::default();
                for queue in topology.ready() {
                    counts.ready += count(&channel, queue).await?;
                }
                counts.dead = count(&channel, topology.dead()).await?;
                Ok(counts)
            })
            .await?;
        let (waiting, leases) = self.engine.in_hand().await;
        counts.ready += waiting as u64;
        counts.running = leases as u64;
        counts.done = self.engine.memory.done().await?;
        Ok(counts)
    }

    async fn replay(&self, ids: Vec<i64>) -> Result<usize, StoreError> {
        let main = self.engine.topology.main();
        self.each(ids, |channel, message| {
            let main = main.clone();
            async move {
                let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                // It says that it was dead, and so its attempts before do not count.
                let turn = message.turn.saturating_add(1);
                let message = Message { dead: true, turn, attempts: 0, wait: Duration::ZERO, ..message };
                let published = channel
                    .basic_publish(ShortString::default(), main, options, &message.body(), message.properties())
                    .await
                    .map_err(|error| link::explain(&error))?;
                match published.await.map_err(|error| link::explain(&error))? {
                    Confirmation::Ack(None) => Ok(()),
                    _ => Err(StoreError::new(
                        StoreErrorKind::Full,
                        "the broker refused a message, expected room in the queue",
                    )),
                }
            }
        })
        .await
    }

    /// Lets dead letters go. Their keys stay for as long as those of dead letters do.
    async fn discard(&self, ids: Vec<i64>) -> Result<usize, StoreError> {
        self.each(ids, |_, _| async { Ok(()) }).await
    }

    async fn purge(&self, done_for: Duration) -> Result<usize, StoreError> {
        let mut purged = 0;
        loop {
            let step = self.engine.forget(done_for).await?;
            purged += step;
            if step == 0 {
                return Ok(purged);
            }
        }
    }
}

impl fmt::Debug for AmqpOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpOperator").field("queue", &self.engine.queue()).finish_non_exhaustive()
    }
}

async fn next(channel: &Channel, queue: &ShortString) -> Result<Option<BasicGetMessage>, StoreError> {
    channel.basic_get(queue.clone(), BasicGetOptions::default()).await.map_err(|error| link::explain(&error))
}

async fn count(channel: &Channel, queue: ShortString) -> Result<u64, StoreError> {
    let declared = channel.queue_declare(queue, QueueDeclareOptions::durable().passive(), FieldTable::default()).await;
    declared.map(|queue| queue.message_count().into()).map_err(|error| link::explain(&error))
}

fn entry(message: &Message) -> Entry {
    Entry {
        id: message.key().id(),
        state: State::Dead,
        event: message.event.event.clone(),
        subject: message.event.subject.clone(),
        tenant: message.event.tenant.clone(),
        attempts: message.attempts,
        received_at_ms: message.event.received_at_ms,
        due_at_ms: None,
        last_error: message.reason.clone(),
    }
}
