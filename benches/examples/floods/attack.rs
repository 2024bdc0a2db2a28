//! A stranger with many connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::load::wire::Answers;

/// What is done with a connection.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// How much of the body comes at a time.
    pub(crate) piece: usize,
    /// What passes between two pieces.
    pub(crate) pause: Duration,
    pub(crate) then: Then,
}

/// What is done when everything has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Wait for the answer, though not for ever.
    Wait,
    /// Break the connection.
    HangUp,
}

/// How what never became an attempt is counted.
pub(crate) const NO_CONNECTION: &str = "no connection";

/// How often an attempt ended in which way.
pub(crate) type Tally = BTreeMap<String, usize>;

/// Floods a receiver until then.
pub(crate) fn run(address: SocketAddr, script: &Script, connections: usize, end: Instant) -> Tally {
    let tally = Mutex::new(Tally::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let attackers: Vec<_> = (0..connections)
            .map(|number| {
                let tally = &tally;
                async move {
                    // All at once would try the listener's queue, which belongs to the kernel and not to the receiver.
                    tokio::time::sleep(RAMP * u32::try_from(number).unwrap_or(u32::MAX)).await;
                    while Instant::now() < end {
                        let attempt = attempt(address, script);
                        let ended = tokio::time::timeout_at(end.into(), attempt).await;
                        let ended = ended.unwrap_or_else(|_| "open at the end".to_owned());
                        *tally.lock().unwrap_or_else(PoisonError::into_inner).entry(ended).or_default() += 1;
                    }
                }
            })
            .collect();
        join(attackers).await;
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Makes one attempt and says how it ended.
async fn attempt(address: SocketAddr, script: &Script) -> String {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        tokio::time::sleep(Duration::from_millis(10)).await;
        return NO_CONNECTION.to_owned();
    };
    // Leaves nothing behind, neither here nor there, or the ports would run out.
    let _ = stream.set_zero_linger();
    let (mut read, mut write) = stream.split();
    let mut answers = Answers::new();
    let mut answer = std::pin::pin!(answers.next(&mut read));
    let answered = tokio::select! {
        biased;
        answered = &mut answer => Some(answered),
        () = script.write(&mut write) => None,
    };
    let answered = match answered {
        Some(answered) => answered,
        None if script.then == Then::HangUp => return "hung up".to_owned(),
        None => match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answered) => answered,
            Err(_) => return "no answer".to_owned(),
        },
    };
    answered.map_or_else(|_| "closed".to_owned(), |status| status.to_string())
}

impl Script {
    /// Writes everything, for as long as anybody listens.
    async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) {
        if to.write_all(&self.head).await.is_err() {
            return;
        }
        for piece in self.body.chunks(self.piece) {
            if to.write_all(piece).await.is_err() {
                return;
            }
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
        }
    }
}

/// Goes on until all are done.
async fn join(futures: Vec<impl Future<Output = ()>>) {
    use futures_util::StreamExt;
    let mut all: futures_util::stream::FuturesUnordered<_> = futures.into_iter().collect();
    while all.next().await.is_some() {}
}

/// What passes between the first connection and the next.
const RAMP: Duration = Duration::from_micros(250);

/// As long as Aircall's.
const PATIENCE: Duration = Duration::from_secs(5);
