//! Many clients at once, each on a connection that it keeps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::ledger::Ledger;

/// What is in `data` of an event besides its id: members, each with a comma behind it.
pub(super) type Tasks = fn(u64) -> String;

/// Clients that send until they are told to stop, or until there is nobody any more to send to.
pub(super) struct Load {
    clients: JoinSet<()>,
    stopped: Arc<AtomicBool>,
}

impl Load {
    pub(super) fn begin(address: SocketAddr, clients: usize, ledger: &Arc<Ledger>, tasks: Tasks) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let mut load = Self { clients: JoinSet::new(), stopped };
        for _ in 0..clients {
            let (ledger, stopped) = (Arc::clone(ledger), Arc::clone(&load.stopped));
            load.clients.spawn(async move {
                let Ok(mut stream) = TcpStream::connect(address).await else { return };
                while !stopped.load(Ordering::Relaxed) {
                    let id = ledger.next();
                    let status = send(&mut stream, &super::ledger::event(id, &tasks(id))).await;
                    ledger.answered(id, status);
                    if status.is_none() {
                        return;
                    }
                }
            });
        }
        load
    }

    /// Lets each client wait for the answer that it is owed, and ends.
    pub(super) async fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
    }
}

/// Sends what was never acknowledged, once each, over one connection, and nothing new. Returns how many were acknowledged.
pub(super) async fn send_owed(address: SocketAddr, ledger: &Ledger, tasks: Tasks) -> usize {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let owed: Vec<_> = std::iter::from_fn(|| ledger.next_owed()).collect();
    let mut acknowledged = 0;
    for id in owed {
        let status = send(&mut stream, &super::ledger::event(id, &tasks(id))).await;
        acknowledged += usize::from(status == Some(200));
        ledger.answered(id, status);
    }
    acknowledged
}

/// Sends one event over a connection of its own.
pub(super) async fn send_one(address: SocketAddr, ledger: &Ledger, id: u64, task: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let status = send(&mut stream, &super::ledger::event(id, task)).await;
    ledger.answered(id, status);
    status
}

/// Returns the status, or nothing if there was no whole answer.
async fn send(stream: &mut TcpStream, body: &str) -> Option<u16> {
    let request = format!(
        "POST /aircall/webhook HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let exchange = async {
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::with_capacity(256);
        while !answer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut answer).await.ok()? == 0 {
                return None;
            }
        }
        // Answers of the layer have no body, so the head is all there is.
        std::str::from_utf8(&answer).ok()?.split(' ').nth(1)?.parse().ok()
    };
    timeout(Duration::from_secs(30), exchange).await.expect("an answer within 30 s")
}
