//! A connection to the broker: how it is made, how its loss is noticed, and what its errors mean.
//!
//! The client library could connect anew by itself, underneath its channels. What is leased hangs on a connection, though,
//! and so does what has been published and not confirmed; and its attempts are numbered, while ours must never end. So
//! whatever goes wrong ends a connection, and another takes its place.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, ErrorKind, Event};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::super::store::{StoreError, StoreErrorKind};

/// How long a broker may take to answer who connects. One that is frozen does not, and what asked it lingers until it does:
/// so it is not asked often.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the broker is left alone after it could not be reached: doubling, from this to that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often it is looked whether a connection is still there that has not said that it ended.
const LOOK: Duration = Duration::from_millis(250);

/// How long the broker may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Seconds between two signs of life, after twice which a broker is taken for dead.
const HEARTBEAT: u16 = 10;

/// What there is of a connection at the moment.
#[derive(Debug, Clone)]
pub(super) enum Link<T> {
    /// Nobody has asked for it yet.
    Idle,
    Connecting,
    Up(T),
    Down(StoreError),
}

/// Waits for what comes of connecting, where that is under way.
pub(super) async fn settled<T: Clone>(mut link: watch::Receiver<Link<T>>, limit: Duration) -> Result<T, StoreError> {
    let settled = link.wait_for(|link| matches!(link, Link::Up(_) | Link::Down(_)));
    match timeout(limit, settled).await {
        Ok(Ok(link)) => match &*link {
            Link::Up(up) => Ok(up.clone()),
            Link::Down(error) => Err(error.clone()),
            Link::Idle | Link::Connecting => Err(unavailable("the broker has not answered yet")),
        },
        Ok(Err(_)) => Err(closed()),
        Err(_) => Err(unavailable("the broker has not answered yet")),
    }
}

pub(super) async fn connect(uri: &AMQPUri, name: &str) -> Result<Connection, StoreError> {
    let mut uri = uri.clone();
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    match timeout(CONNECT_LIMIT, Connection::connect_uri(uri, properties)).await {
        Ok(connected) => connected.map_err(|error| explain(&error)),
        Err(_) => Err(unavailable("the broker did not answer in time")),
    }
}

/// Waits until a connection has ended, and says why.
pub(super) async fn lost(connection: &Connection) -> StoreError {
    let mut events = pin!(connection.events_listener());
    loop {
        let event = timeout(LOOK, poll_fn(|cx| events.as_mut().poll_next(cx))).await;
        match event {
            Ok(Some(Event::Error(error))) => return explain(&error),
            _ if !connection.status().connected() => return unavailable("the connection to the broker has ended"),
            Ok(None) => sleep(LOOK).await,
            _ => {}
        }
    }
}

pub(super) async fn say_goodbye(connection: &Connection) {
    // If it is not heard, the broker finds out by itself.
    let _ = timeout(GOODBYE, connection.close(200, "done".into())).await;
}

/// The time that a broker is left alone, longer each time.
pub(super) struct Pause(Duration);

impl Pause {
    pub(super) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(super) async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}

/// What an error of the client library means for whoever asked.
pub(super) fn explain(error: &lapin::Error) -> StoreError {
    let kind = match error.kind() {
        // Refused by name: a queue of another kind, no such virtual host, no access.
        ErrorKind::ProtocolError(error) if matches!(error.get_id(), 402 | 403 | 404 | 406 | 530) => {
            StoreErrorKind::Unusable
        }
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, format!("the broker: {error}"))
}

pub(super) fn unavailable(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, what)
}

pub(super) fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "the store has been closed")
}
