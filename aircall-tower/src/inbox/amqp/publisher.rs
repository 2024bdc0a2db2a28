//! The one who gives messages to the broker, and believes that it has them when it says so.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::uri::AMQPUri;
use lapin::{Channel, Confirmation, Connection};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::store::{StoreError, StoreErrorKind};
use super::link::{self, Link, Pause};
use super::message::Message;
use super::topology::Topology;

/// How long the broker may take to confirm. A connection on which it takes longer is given up, for whatever it is that
/// does not answer there.
const CONFIRM_LIMIT: Duration = Duration::from_secs(10);

/// How long it is waited for the first connection.
const FIRST_LINK: Duration = Duration::from_secs(2);

const GIVEN_UP: &str = "the broker did not do what was asked for, and is connected to anew";

pub(super) struct Publisher {
    link: watch::Receiver<Link<Arc<Session>>>,
}

/// A connection with a channel on which the broker confirms.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
    channel: Channel,
    given_up: watch::Sender<bool>,
}

impl Publisher {
    /// Starts the task that sees to it that there is a connection, until told to stop.
    pub(super) fn start(uri: AMQPUri, topology: Topology, stop: watch::Receiver<bool>) -> (Self, JoinHandle<()>) {
        let (set, link) = watch::channel(Link::Connecting);
        (Self { link }, tokio::spawn(keep_up(uri, topology, set, stop)))
    }

    /// Waits for the outcome of the first try.
    pub(super) async fn first(&self, limit: Duration) -> Result<(), StoreError> {
        link::settled(self.link.clone(), limit).await.map(drop)
    }

    /// Publishes messages, each to a queue or through an exchange. `Ok` means that the broker has every one of them on the
    /// disks of a majority.
    pub(super) async fn publish(&self, batch: Vec<(To, Message)>) -> Result<(), StoreError> {
        let session = link::settled(self.link.clone(), FIRST_LINK).await?;
        if *session.given_up.borrow() {
            return Err(link::unavailable(GIVEN_UP));
        }
        if session.connection.status().blocked() {
            let what = "the broker takes nothing: its memory or disk alarm has gone off";
            return Err(StoreError::new(StoreErrorKind::Full, what));
        }
        // To the end even if nobody waits for that any more: the library keeps the confirmations that nobody has heard.
        let published = tokio::spawn(async move {
            match timeout(CONFIRM_LIMIT, session.publish(batch)).await {
                Ok(published) => {
                    if !session.channel.status().connected() {
                        session.give_up();
                    }
                    published
                }
                Err(_) => {
                    session.give_up();
                    Err(link::unavailable("the broker did not confirm in time"))
                }
            }
        });
        published.await.unwrap_or_else(|_| Err(link::unavailable("the runtime went down while it was published")))
    }
}

/// Where a message goes.
#[derive(Debug, Clone)]
pub(super) enum To {
    Queue(ShortString),
    /// An exchange, with its own name as the key.
    Exchange(ShortString),
}

impl Session {
    /// Has another connection take the place of this one.
    fn give_up(&self) {
        self.given_up.send_replace(true);
    }

    async fn is_given_up(&self) {
        // It is this that holds the other end.
        let _ = self.given_up.subscribe().wait_for(|given_up| *given_up).await;
    }

    async fn publish(&self, batch: Vec<(To, Message)>) -> Result<(), StoreError> {
        let mut confirmations = Vec::with_capacity(batch.len());
        let mut result = Ok(());
        for (to, message) in batch {
            let (exchange, key) = match to {
                To::Queue(queue) => (ShortString::default(), queue),
                To::Exchange(exchange) => (exchange.clone(), exchange),
            };
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let body = message.body();
            match self.channel.basic_publish(exchange, key, options, &body, message.properties()).await {
                Ok(confirmation) => confirmations.push(confirmation),
                Err(error) => {
                    result = Err(link::explain(&error));
                    break;
                }
            }
        }
        for confirmation in confirmations {
            let confirmed = match confirmation.await {
                Ok(Confirmation::Ack(None)) => Ok(()),
                Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_))) => Err(StoreError::new(
                    StoreErrorKind::Unusable,
                    "the broker returned a message, expected a queue for it where one was declared",
                )),
                Ok(Confirmation::Nack(None)) => Err(StoreError::new(
                    StoreErrorKind::Full,
                    "the broker refused a message, expected room in the queue",
                )),
                Ok(Confirmation::NotRequested) => Err(StoreError::new(
                    StoreErrorKind::Unusable,
                    "the broker does not confirm, expected publisher confirms",
                )),
                Err(error) => Err(link::explain(&error)),
            };
            result = result.and(confirmed);
        }
        // A queue that is gone is declared anew with the next connection.
        if result.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::Unusable) {
            self.give_up();
        }
        result
    }
}

async fn keep_up(
    uri: AMQPUri,
    topology: Topology,
    link: watch::Sender<Link<Arc<Session>>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut pause = Pause::new();
    loop {
        let opened = tokio::select! {
            opened = open(&uri, &topology) => opened,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let error = match opened {
            Err(error) => error,
            Ok(session) => {
                pause = Pause::new();
                let session = Arc::new(session);
                link.send_replace(Link::Up(Arc::clone(&session)));
                let error = tokio::select! {
                    error = link::lost(&session.connection) => error,
                    () = session.is_given_up() => link::unavailable(GIVEN_UP),
                    _ = stop.wait_for(|stop| *stop) => link::closed(),
                };
                link.send_replace(Link::Down(error.clone()));
                link::say_goodbye(&session.connection).await;
                error
            }
        };
        let stopped = *stop.borrow() || stop.has_changed().is_err();
        link.send_replace(Link::Down(if stopped { link::closed() } else { error }));
        tokio::select! {
            () = pause.wait() => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    link.send_replace(Link::Down(link::closed()));
}

async fn open(uri: &AMQPUri, topology: &Topology) -> Result<Session, StoreError> {
    let connection = link::connect(uri, "aircall-tower: publisher").await?;
    let prepared = timeout(CONFIRM_LIMIT, async {
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    });
    let channel = prepared
        .await
        .map_err(|_| link::unavailable("the broker did not declare the queues in time"))?
        .map_err(|error| link::explain(&error))?;
    Ok(Session { connection, channel, given_up: watch::Sender::new(false) })
}
