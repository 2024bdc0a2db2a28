//! The one who takes messages from the broker, as long as somebody claims.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use lapin::Acker;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Connection, Consumer as Deliveries};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

use super::super::store::StoreError;
use super::link::{self, Link, Pause};
use super::message::Message;
use super::topology::Topology;

/// How long the broker may take to begin.
const BEGIN_LIMIT: Duration = Duration::from_secs(10);

/// How long a claim waits for the first connection.
const FIRST_LINK: Duration = Duration::from_secs(5);

/// For how long nobody has to have claimed for the messages in reserve to go back: another process may be waiting for them.
const REST_AFTER: Duration = Duration::from_secs(30);

/// What a store and the task that fills it share.
#[derive(Debug)]
pub(super) struct Consumer {
    link: watch::Receiver<Link<u64>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    arrived: Mutex<VecDeque<Arrived>>,
    news: Arc<Notify>,
    claimed_at: Mutex<Instant>,
    wanted: Notify,
    leases: AtomicUsize,
}

/// A message that has come in on a connection, and what settles it there.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub(super) session: u64,
    pub(super) message: Message,
    pub(super) acker: Acker,
    pub(super) at: Instant,
}

impl Consumer {
    pub(super) fn start(
        uri: AMQPUri,
        topology: Topology,
        prefetch: u16,
        news: Arc<Notify>,
        stop: watch::Receiver<bool>,
    ) -> (Self, JoinHandle<()>) {
        let shared = Arc::new(Shared {
            arrived: Mutex::default(),
            news,
            claimed_at: Mutex::new(Instant::now()),
            wanted: Notify::new(),
            leases: AtomicUsize::new(0),
        });
        let (set, link) = watch::channel(Link::Idle);
        let task = tokio::spawn(keep_up(uri, topology, prefetch, Arc::clone(&shared), set, stop));
        (Self { link, shared }, task)
    }

    /// Sees to it that messages come in, and returns which connection they come in on.
    pub(super) async fn wanted(&self) -> Result<u64, StoreError> {
        *lock(&self.shared.claimed_at) = Instant::now();
        self.shared.wanted.notify_one();
        link::settled(self.link.clone(), FIRST_LINK).await
    }

    /// Takes what has come in.
    pub(super) fn take(&self) -> VecDeque<Arrived> {
        std::mem::take(&mut lock(&self.shared.arrived))
    }

    /// Puts back what has been taken.
    pub(super) fn put_back(&self, arrived: Arrived) {
        lock(&self.shared.arrived).push_back(arrived);
        self.shared.news.notify_one();
    }

    pub(super) fn set_leases(&self, leases: usize) {
        self.shared.leases.store(leases, Ordering::Relaxed);
    }
}

/// Tells the broker to forget messages. If it does not hear that, it sends them again, and they are known then.
pub(super) fn acknowledge(ackers: Vec<Acker>) {
    if !ackers.is_empty() {
        tokio::spawn(async move {
            for acker in ackers {
                if acker.ack(BasicAckOptions::default()).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn keep_up(
    uri: AMQPUri,
    topology: Topology,
    prefetch: u16,
    shared: Arc<Shared>,
    link: watch::Sender<Link<u64>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut pause = Pause::new();
    let mut number = 0;
    loop {
        tokio::select! {
            () = shared.is_wanted(), if matches!(*link.borrow(), Link::Idle) => {}
            () = pause.wait(), if matches!(*link.borrow(), Link::Down(_)) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        if matches!(*link.borrow(), Link::Idle) {
            link.send_replace(Link::Connecting);
        }
        let opened = tokio::select! {
            opened = open(&uri, &topology, prefetch) => opened,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match opened {
            Err(error) => drop(link.send_replace(Link::Down(error))),
            Ok((connection, deliveries)) => {
                number += 1;
                link.send_replace(Link::Up(number));
                let ended = tokio::select! {
                    error = shared.take_in(deliveries, number) => Link::Down(error),
                    error = link::lost(&connection) => Link::Down(error),
                    () = shared.has_rest() => Link::Idle,
                    _ = stop.wait_for(|stop| *stop) => Link::Down(link::closed()),
                };
                pause = Pause::new();
                link.send_replace(ended);
                link::say_goodbye(&connection).await;
            }
        }
    }
    link.send_replace(Link::Down(link::closed()));
}

impl Shared {
    async fn is_wanted(&self) {
        loop {
            self.wanted.notified().await;
            // The call may have been for the connection before.
            if lock(&self.claimed_at).elapsed() < REST_AFTER {
                return;
            }
        }
    }

    async fn has_rest(&self) {
        let mut look = interval(REST_AFTER / 8);
        loop {
            look.tick().await;
            if lock(&self.claimed_at).elapsed() > REST_AFTER && self.leases.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }

    async fn take_in(&self, mut deliveries: Deliveries, session: u64) -> StoreError {
        loop {
            match poll_fn(|cx| Pin::new(&mut deliveries).poll_next(cx)).await {
                Some(Ok(delivery)) => self.take_in_one(delivery, session).await,
                Some(Err(error)) => return link::explain(&error),
                None => return link::unavailable("the broker has cancelled the consumer"),
            }
        }
    }

    async fn take_in_one(&self, delivery: Delivery, session: u64) {
        match Message::read(&delivery) {
            Ok(message) => {
                lock(&self.arrived).push_back(Arrived { session, message, acker: delivery.acker, at: Instant::now() });
                self.news.notify_one();
            }
            // A stranger's. The broker moves it to the dead letters.
            Err(_) => drop(delivery.reject(BasicRejectOptions { requeue: false }).await),
        }
    }
}

async fn open(uri: &AMQPUri, topology: &Topology, prefetch: u16) -> Result<(Connection, Deliveries), StoreError> {
    // Apart from the one that publishes: a broker that takes nothing more does not hear what is said there either, and
    // being told what is done is what makes room again.
    let connection = link::connect(uri, "aircall-tower: consumer").await?;
    let begun = timeout(BEGIN_LIMIT, async {
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        channel.basic_consume(topology.main(), "".into(), options, FieldTable::default()).await
    });
    let deliveries = begun
        .await
        .map_err(|_| link::unavailable("the broker did not begin to send in time"))?
        .map_err(|error| link::explain(&error))?;
    Ok((connection, deliveries))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
