//! A lean client that keeps so many connections busy: each sends its next delivery when the last one is answered.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::quiet::{Used, Watch};
use super::statistics::quantile;
use super::wire::Answers;

/// What a server did in one turn.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) used: Used,
    pub(crate) answers: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Turn {
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.used.time.as_secs_f64()
    }

    /// CPU time of the server for one delivery, in microseconds.
    pub(crate) fn cost(&self) -> f64 {
        self.used.server.as_secs_f64() * 1e6 / self.answers as f64
    }
}

/// Loads a server for so long, after a moment that does not count.
///
/// # Errors
///
/// When any delivery is not answered with 200.
pub(crate) fn load(
    runtime: &Runtime,
    (address, pid): (SocketAddr, u32),
    request: &Arc<[u8]>,
    connections: usize,
    time: Duration,
) -> io::Result<Turn> {
    runtime.block_on(async {
        let phase = Arc::new(AtomicU8::new(WARM));
        let connections: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(connection(address, Arc::clone(request), Arc::clone(&phase))))
            .collect();
        tokio::time::sleep(time / 5).await;
        phase.store(COUNTED, Ordering::Relaxed);
        let watch = Watch::begin(pid);
        tokio::time::sleep(time).await;
        let used = watch.end();
        phase.store(OVER, Ordering::Relaxed);
        let mut latencies = Vec::new();
        for connection in connections {
            latencies.extend(connection.await.map_err(io::Error::other)??);
        }
        let of = |part| Duration::from_secs_f64(quantile(&latencies, part));
        if latencies.is_empty() {
            return Err(io::Error::other("no answer"));
        }
        Ok(Turn { used, answers: latencies.len(), p50: of(0.5), p99: of(0.99) })
    })
}

/// Returns how long each counted answer took, in seconds.
async fn connection(address: SocketAddr, request: Arc<[u8]>, phase: Arc<AtomicU8>) -> io::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut answers, mut latencies) = (Answers::new(), Vec::new());
    loop {
        let begun = Instant::now();
        stream.write_all(&request).await?;
        let status = answers.next(&mut stream).await?;
        if status != 200 {
            return Err(io::Error::other(format!("answered with {status}")));
        }
        match phase.load(Ordering::Relaxed) {
            WARM => {}
            COUNTED => latencies.push(begun.elapsed().as_secs_f64()),
            _ => return Ok(latencies),
        }
    }
}

const WARM: u8 = 0;
const COUNTED: u8 = 1;
const OVER: u8 = 2;
