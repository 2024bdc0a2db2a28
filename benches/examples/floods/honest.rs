//! Aircall, in the middle of all that.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::load::wire::Answers;

/// How honest deliveries fared.
#[derive(Debug, Default)]
pub(crate) struct Honest {
    /// How long those that were answered with 200 took, in seconds.
    pub(crate) accepted: Vec<f64>,
    /// What became of the others, and how often.
    pub(crate) others: BTreeMap<String, usize>,
}

impl Honest {
    pub(crate) fn answered(&self) -> usize {
        self.accepted.len()
    }
}

/// Makes deliveries until then: one in 10 ms over a connection that is kept, one in 10 ms over a new one each time.
pub(crate) fn deliver(address: SocketAddr, delivery: &[u8], end: Instant) -> Honest {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (kept, new) = tokio::join!(sender(address, delivery, true, end), sender(address, delivery, false, end));
        let mut both = kept;
        both.accepted.extend(new.accepted);
        for (what, times) in new.others {
            *both.others.entry(what).or_default() += times;
        }
        both
    })
}

async fn sender(address: SocketAddr, delivery: &[u8], keeps: bool, end: Instant) -> Honest {
    let mut honest = Honest::default();
    let mut connection = None;
    while Instant::now() < end {
        let begun = Instant::now();
        let answered = tokio::time::timeout(PATIENCE, exchange(address, delivery, &mut connection)).await;
        let is_answered = matches!(answered, Ok(Ok(_)));
        let otherwise = match answered {
            Ok(Ok(200)) => {
                honest.accepted.push(begun.elapsed().as_secs_f64());
                None
            }
            Ok(Ok(status)) => Some(status.to_string()),
            Ok(Err(error)) => Some(error.kind().to_string()),
            Err(_) => Some("no answer in 5 s".to_owned()),
        };
        if let Some(otherwise) = otherwise {
            *honest.others.entry(otherwise).or_default() += 1;
        }
        if !keeps || !is_answered {
            connection = None;
        }
        tokio::time::sleep(PAUSE).await;
    }
    honest
}

async fn exchange(
    address: SocketAddr,
    delivery: &[u8],
    connection: &mut Option<(TcpStream, Answers)>,
) -> io::Result<u16> {
    if connection.is_none() {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
        *connection = Some((stream, Answers::new()));
    }
    let Some((stream, answers)) = connection else { unreachable!("there is one by now") };
    stream.write_all(delivery).await?;
    answers.next(stream).await
}

/// Aircall's.
const PATIENCE: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(10);
