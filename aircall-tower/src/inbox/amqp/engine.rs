//! What is put, claimed and settled, with the broker on the one side and the memory on the other.

use std::sync::{Arc, Mutex as Short, PoisonError};
use std::time::{Duration, SystemTime};

use lapin::Acker;
use lapin::uri::AMQPUri;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::super::Event;
use super::super::event::milliseconds;
use super::super::store::{Claim, Claimed, Lease, Received, Settlement, StoreError, StoreErrorKind};
use super::consumer::{Arrived, Consumer, acknowledge};
use super::desk::Desk;
use super::link;
use super::memory::{Memory, Trace, TraceState};
use super::message::{Key, Message};
use super::publisher::{Publisher, To};
use super::topology::Topology;

/// How long at most until a worker looks again, whatever it was told.
const LOOK: Duration = Duration::from_secs(1);

/// How often it is looked whether there are keys to forget.
const PRUNE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Engine {
    pub(super) uri: AMQPUri,
    pub(super) topology: Topology,
    pub(super) memory: Memory,
    publisher: Publisher,
    consumer: Consumer,
    desk: Mutex<Desk>,
    news: Arc<Notify>,
    next_due: Short<Option<Instant>>,
    prune_at: Short<Instant>,
    keep_done: Duration,
    stop: watch::Sender<bool>,
    tasks: Short<Vec<JoinHandle<()>>>,
}

/// A lease that is to end, and what will be true then.
struct Ending {
    lease: Lease,
    key: Key,
    trace: Trace,
}

impl Engine {
    pub(super) fn start(uri: AMQPUri, topology: Topology, memory: Memory, prefetch: u16, keep_done: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let news = Arc::new(Notify::new());
        let (publisher, publishing) = Publisher::start(uri.clone(), topology.clone(), stopped.clone());
        let (consumer, consuming) =
            Consumer::start(uri.clone(), topology.clone(), prefetch, Arc::clone(&news), stopped);
        let now = Instant::now();
        Self {
            uri,
            topology,
            memory,
            publisher,
            consumer,
            // Later than that of any process before, unless the clock was set back.
            desk: Mutex::new(Desk::new(milliseconds(SystemTime::now()).saturating_mul(1000))),
            news,
            next_due: Short::new(None),
            prune_at: Short::new(now),
            keep_done,
            stop,
            tasks: Short::new(vec![publishing, consuming]),
        }
    }

    pub(super) fn queue(&self) -> String {
        self.topology.main().as_str().to_owned()
    }

    pub(super) async fn first(&self, limit: Duration) -> Result<(), StoreError> {
        self.publisher.first(limit).await
    }

    pub(super) async fn put(&self, batch: Vec<Event>) -> Result<Vec<Received>, StoreError> {
        self.is_open()?;
        let received = vec![Received::New; batch.len()];
        if !batch.is_empty() {
            let to = To::Queue(self.topology.main());
            let messages = batch.into_iter().map(|event| (to.clone(), Message::new(event))).collect();
            self.publisher.publish(messages).await?;
        }
        Ok(received)
    }

    pub(super) async fn claim(engine: &Arc<Self>, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        engine.is_open()?;
        if claim.in_order {
            let what = "a queue does not keep the order of each subject, expected a claim without";
            return Err(StoreError::new(StoreErrorKind::Unusable, what));
        }
        let engine = Arc::clone(engine);
        // To the end even if nobody waits for that any more: what the memory has been told must come true.
        let claimed = tokio::spawn(async move { engine.claim_now(claim).await });
        claimed.await.unwrap_or_else(|_| Err(link::unavailable("the runtime went down during a claim")))
    }

    async fn claim_now(self: &Arc<Self>, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        // First, so that who waits for another process to let go of the memory does not hold up its messages.
        let remembers = self.memory.open().await?;
        let session = self.consumer.wanted().await?;
        let mut desk = self.desk.lock().await;
        desk.remembers = remembers;
        let (now, now_ms) = (Instant::now(), milliseconds(SystemTime::now()));
        let ended = desk.ended(now, now_ms);
        self.memory.keep(ended.clone()).await?;
        desk.take_in(session, self.consumer.take());
        desk.end(&ended);
        let unknown = desk.unknown();
        if !unknown.is_empty() {
            let traces = self.memory.recall(unknown).await?;
            desk.learn(traces);
        }
        let sorted = desk.sort(claim, now, now_ms);
        acknowledge(sorted.dropped);
        for arrived in sorted.sent_on {
            self.send_on(arrived);
        }
        self.memory.keep(sorted.chosen.iter().map(|(_, key, trace)| (*key, *trace)).collect()).await?;
        let claimed = desk.hand_out(&sorted.chosen, claim, now);
        self.consumer.set_leases(desk.leases());
        if claimed.len() < claim.max {
            *short(&self.next_due) = sorted.next_due;
        }
        drop(desk);
        self.prune().await;
        Ok(claimed)
    }

    /// Has a message wait for the rest of its time in the next queue.
    fn send_on(self: &Arc<Self>, mut arrived: Arrived) {
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let (queue, rest) = engine.topology.delay(arrived.message.wait);
            let message = Message { wait: rest, ..arrived.message.clone() };
            match engine.publisher.publish(vec![(To::Queue(queue), message)]).await {
                Ok(()) => acknowledge(vec![arrived.acker]),
                Err(_) => {
                    // It is here, after all. The next claim sends it on, or finds that its connection has ended.
                    let spent = arrived.at.elapsed();
                    arrived.message.wait = arrived.message.wait.saturating_sub(spent);
                    arrived.at = Instant::now();
                    engine.consumer.put_back(arrived);
                }
            }
        });
    }

    pub(super) async fn settle(engine: &Arc<Self>, batch: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        engine.is_open()?;
        if batch.is_empty() {
            return Ok(());
        }
        let engine = Arc::clone(engine);
        let settled = tokio::spawn(async move { engine.settle_now(batch).await });
        settled.await.unwrap_or_else(|_| Err(link::unavailable("the runtime went down while it was settled")))
    }

    async fn settle_now(&self, batch: Vec<(Lease, Settlement)>) -> Result<(), StoreError> {
        let now_ms = milliseconds(SystemTime::now());
        let mut publish = Vec::new();
        let (mut done, mut published) = (Vec::new(), Vec::new());
        {
            let desk = self.desk.lock().await;
            for (lease, settlement) in batch {
                let Some(held) = desk.held(lease) else { continue };
                let ending = |state, turns: u32| {
                    let turn = held.trace.turn.saturating_add(turns);
                    Ending {
                        lease,
                        key: held.key,
                        trace: Trace { state, turn, interrupted: 0, at_ms: now_ms, ..held.trace },
                    }
                };
                let message = |wait, reason, dead| Message {
                    turn: held.trace.turn.saturating_add(1),
                    attempts: held.trace.attempts,
                    wait,
                    reason: Some(reason),
                    dead,
                    ..held.message().clone()
                };
                match settlement {
                    Settlement::Done => done.push(ending(TraceState::Done, 0)),
                    Settlement::Retry { after, reason } => {
                        let (queue, rest) = self.topology.delay(after);
                        publish.push((To::Queue(queue), message(rest, reason, false)));
                        published.push(ending(TraceState::Waiting, 1));
                    }
                    Settlement::Dead { reason } => {
                        publish.push((To::Exchange(self.topology.dead()), message(Duration::ZERO, reason, true)));
                        published.push(ending(TraceState::Dead, 1));
                    }
                }
            }
        }
        // What is done is so in the memory, and needs no broker.
        self.end(done).await?;
        if !publish.is_empty() {
            // Before it is noted, and that before the broker forgets what it was: wherever this ends, the event is there, or is
            // there twice, which is known by its turn.
            self.publisher.publish(publish).await?;
            self.end(published).await?;
        }
        Ok(())
    }

    async fn end(&self, endings: Vec<Ending>) -> Result<(), StoreError> {
        let mut desk = self.desk.lock().await;
        let endings: Vec<_> = endings.into_iter().filter(|ending| desk.held(ending.lease).is_some()).collect();
        self.memory.keep(endings.iter().map(|ending| (ending.key, ending.trace)).collect()).await?;
        let ackers: Vec<Acker> = endings.iter().filter_map(|ending| desk.settle(ending.lease, ending.trace)).collect();
        self.consumer.set_leases(desk.leases());
        drop(desk);
        acknowledge(ackers);
        Ok(())
    }

    pub(super) async fn wait_due(&self) {
        let look = Instant::now() + LOOK;
        let until = short(&self.next_due).map_or(look, |due| due.min(look));
        tokio::select! {
            () = self.news.notified() => {}
            () = sleep_until(until) => {}
        }
    }

    pub(super) async fn close(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *short(&self.tasks));
        for task in tasks {
            // If it panicked, its connection went with it.
            let _ = task.await;
        }
        self.memory.close();
    }

    /// How many events are in reserve here, and how many are handed out.
    pub(super) async fn in_hand(&self) -> (usize, usize) {
        let desk = self.desk.lock().await;
        (desk.waiting(), desk.leases())
    }

    async fn prune(&self) {
        let now = Instant::now();
        {
            let mut prune_at = short(&self.prune_at);
            if now < *prune_at {
                return;
            }
            *prune_at = now + PRUNE_EVERY;
        }
        // What could not be forgotten now is the next time.
        let _ = self.forget(self.keep_done).await;
    }

    /// Forgets some of the keys of what has been done for so long, and returns how many it were.
    pub(super) async fn forget(&self, done_for: Duration) -> Result<usize, StoreError> {
        let keep = i64::try_from(done_for.as_millis()).unwrap_or(i64::MAX);
        let pruned = self.memory.prune(milliseconds(SystemTime::now()).saturating_sub(keep)).await?;
        if pruned > 0 {
            self.desk.lock().await.forget();
        }
        Ok(pruned)
    }

    fn is_open(&self) -> Result<(), StoreError> {
        if *self.stop.borrow() { Err(link::closed()) } else { Ok(()) }
    }
}

fn short<T>(mutex: &Short<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
