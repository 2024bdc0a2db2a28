//! A proxy before a receiver that meets every case: it looks at what a connection says, byte for byte, and when it knows a
//! case by it does what a bad receiver would.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aircall_conformance::Collector;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

use super::memory::flawless;
use crate::receivers::{Served, serve_app};

/// What makes the wire trip, and what happens then.
#[derive(Clone, Copy)]
pub(super) struct Trap {
    pub(super) knows: Knows,
    pub(super) does: Does,
}

/// Tells whether what was said so far is what it looks for.
pub(super) type Knows = fn(&Said) -> bool;

#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Answers this, and no more on this connection.
    Answer(&'static str),
    /// The same, with an eye on all that comes in the same moment.
    AnswerAll(&'static str),
    /// Refuses the next ordinary request, once.
    GoDeaf,
    /// The same, but only when so many of them are there at the same time.
    GoDeafAt(usize),
    /// Refuses ordinary requests while so many of them are there, and have been for a while.
    RefuseFrom(usize),
}

/// What a connection has said since the last answer.
pub(super) struct Said {
    pub(super) bytes: Vec<u8>,
    /// Where its head ends.
    head: Option<usize>,
    /// How many answers there were before.
    pub(super) answers: usize,
    /// How often less than 200 bytes of a body came.
    pub(super) scraps: usize,
    /// Since the first byte, or since the connection is there.
    since: Instant,
    /// Nothing more will come.
    pub(super) is_over: bool,
}

pub(super) struct Tripwire {
    pub(super) url: String,
    accept: AbortHandle,
    _receiver: Served,
}

impl Tripwire {
    pub(super) async fn new(trap: Trap) -> Self {
        let receiver = serve_app(flawless(&Collector::new())).await;
        let behind = receiver.url.split('/').nth(2).unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/aircall/webhook", listener.local_addr().unwrap());
        let wire = Arc::new(Wire { trap, behind, is_deaf: AtomicBool::default(), known: Mutex::default() });
        let accept = tokio::spawn(async move {
            let ids = AtomicUsize::default();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(wire.clone().relay(ids.fetch_add(1, Ordering::Relaxed), stream));
            }
        });
        Self { url, accept: accept.abort_handle(), _receiver: receiver }
    }
}

impl Drop for Tripwire {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

struct Wire {
    trap: Trap,
    behind: SocketAddr,
    is_deaf: AtomicBool,
    /// The connections that have said what the trap knows.
    known: Mutex<HashSet<usize>>,
}

impl Wire {
    async fn relay(self: Arc<Self>, id: usize, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.behind).await else { return };
        let (mut from_client, to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        let to_client = Arc::new(tokio::sync::Mutex::new(to_client));
        let has_answered = Arc::new(AtomicBool::default());
        let back = tokio::spawn(back(from_server, to_client.clone(), has_answered.clone()));
        let answer = self.forth(id, &mut from_client, &mut to_server, &has_answered).await;
        if let Some(answer) = answer {
            // Before the receiver is left alone: it would say something as well.
            back.abort();
            let _ = back.await;
            let mut to_client = to_client.lock().await;
            let _ = to_client.write_all(answer.as_bytes()).await;
            let _ = to_client.shutdown().await;
            // Closing with unread bytes would take the answer back.
            let _ = timeout(LINGER, tokio::io::copy(&mut from_client, &mut tokio::io::sink())).await;
        } else {
            let _ = back.await;
        }
        self.known.lock().unwrap().remove(&id);
    }

    /// Relays until the client has no more to say, or there is an answer of our own.
    async fn forth(
        &self,
        id: usize,
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        has_answered: &AtomicBool,
    ) -> Option<&'static str> {
        let mut said = Said::after(0);
        loop {
            let mut come = vec![0; 64 * 1024];
            // Silence says something as well.
            let read = timeout(TICK, from.read(&mut come)).await;
            if read.is_ok() && has_answered.swap(false, Ordering::Relaxed) {
                self.known.lock().unwrap().remove(&id);
                said = Said::after(said.answers + 1);
            }
            match read {
                Ok(Ok(0) | Err(_)) => {
                    said.is_over = true;
                    come.clear();
                }
                Ok(Ok(length)) => come.truncate(length),
                Err(_) => come.clear(),
            }
            if matches!(self.trap.does, Does::AnswerAll(_)) && !come.is_empty() {
                sleep(TICK).await;
                let _ = from.try_read_buf(&mut come);
            }
            said.hears(&come);
            if let Some(answer) = self.look(id, &said, !come.is_empty()).await {
                return Some(answer);
            }
            if to.write_all(&come).await.is_err() || said.is_over {
                let _ = to.shutdown().await;
                return None;
            }
        }
    }

    /// Looks at it when something new has come, and now and then. Returns what is answered instead of what the receiver says.
    async fn look(&self, id: usize, said: &Said, is_new: bool) -> Option<&'static str> {
        if (self.trap.knows)(said) {
            let (is_first, count) = {
                let mut known = self.known.lock().unwrap();
                (known.insert(id), known.len())
            };
            match self.trap.does {
                Does::Answer(answer) | Does::AnswerAll(answer) => return Some(answer),
                Does::GoDeaf if is_first => self.is_deaf.store(true, Ordering::Relaxed),
                Does::GoDeafAt(many) if is_first => {
                    self.is_deaf.fetch_or(count >= many, Ordering::Relaxed);
                    // Long enough that those of the same time meet.
                    sleep(TICK * 3).await;
                }
                _ => {}
            }
            return None;
        }
        if !is_new || !said.is_ordinary() {
            return None;
        }
        let is_refused = match self.trap.does {
            Does::RefuseFrom(many) => self.known.lock().unwrap().len() >= many,
            _ => self.is_deaf.swap(false, Ordering::Relaxed),
        };
        is_refused.then_some(UNAVAILABLE)
    }
}

async fn back(mut from: OwnedReadHalf, to: Arc<tokio::sync::Mutex<OwnedWriteHalf>>, has_answered: Arc<AtomicBool>) {
    let mut come = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut come).await {
        let is_leave = come.starts_with(b"HTTP/1.1 100 ");
        has_answered.fetch_or(!is_leave, Ordering::Relaxed);
        if to.lock().await.write_all(&come[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.lock().await.shutdown().await;
}

impl Said {
    fn after(answers: usize) -> Self {
        Self { bytes: vec![], head: None, answers, scraps: 0, since: Instant::now(), is_over: false }
    }

    fn hears(&mut self, bytes: &[u8]) {
        const END: &[u8] = b"\r\n\r\n";
        if self.bytes.is_empty() && !bytes.is_empty() {
            self.since = Instant::now();
        }
        self.scraps += usize::from(self.has_head() && (1..200).contains(&bytes.len()));
        let looked_at = self.bytes.len().saturating_sub(END.len());
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes[looked_at..].windows(END.len()).position(|window| window == END);
        self.head = self.head.or(end.map(|at| looked_at + at + END.len()));
    }

    pub(super) fn waits_for(&self, so_long: Duration) -> bool {
        self.since.elapsed() >= so_long
    }

    /// Tells whether this stands near the beginning.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.bytes[..self.bytes.len().min(NEAR)].windows(text.len()).any(|window| window == text.as_bytes())
    }

    pub(super) fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// The head with its empty line, or as much of it as there is.
    pub(super) fn head(&self) -> &[u8] {
        &self.bytes[..self.head.unwrap_or(self.bytes.len())]
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head().split(|&byte| byte == b'\n')
    }

    /// How many bytes of the body are still to come, as one honest length has it.
    pub(super) fn missing(&self) -> Option<usize> {
        let mut lengths = self.lines().filter_map(|line| {
            let line = std::str::from_utf8(line).ok()?;
            line.strip_prefix("content-length: ")
                .or(line.strip_prefix("Content-Length: "))?
                .trim_end()
                .parse::<usize>()
                .ok()
        });
        let length = lengths.next()?;
        match lengths.next() {
            None if self.has_head() => length.checked_sub(self.bytes.len() - self.head().len()),
            _ => None,
        }
    }

    /// A whole request as honest senders make them.
    fn is_ordinary(&self) -> bool {
        self.bytes.starts_with(b"POST /aircall/webhook HTTP/1.1\r\n")
            && self.holds("\r\nhost: ")
            && self.head().len() < 4096
            && self.missing() == Some(0)
            && !self.is_over
    }
}

/// So often a connection that says nothing is looked at.
const TICK: Duration = Duration::from_millis(100);

const NEAR: usize = 8 * 1024;

const LINGER: Duration = Duration::from_secs(2);

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
