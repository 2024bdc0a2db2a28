//! Where a receiver reports what it has handled: the one thing that statuses cannot tell.
//!
//! The protocol is one request: for each event that reaches its handler, whatever it then does with it, the receiver sends
//! `POST` with the event as the handler got it (or any text that holds the event's name and the id of its object) to the
//! URL of the collector, and ignores the answer, which is 204.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::AbortHandle,
};

use crate::delivery::Mark;

/// Keeps what a receiver reports as handled. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    reports: Mutex<Vec<String>>,
    news: Notify,
}

impl Collector {
    /// A collector for a service in this process, whose handler calls [`report`](Self::report).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the report of an event that was handled: the event itself, or any text that holds its name and the id of its
    /// object.
    pub fn report(&self, event: impl AsRef<[u8]>) {
        self.reports().push(String::from_utf8_lossy(event.as_ref()).into_owned());
        self.shared.news.notify_waiters();
    }

    /// Listens for reports at this address until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// When the address is not to be had.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<Listening> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let collector = self.clone();
        let accept = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tokio::spawn(collector.clone().serve(stream))),
                    // Too many open files, for instance: they will be fewer.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Ok(Listening { address, accept: accept.abort_handle() })
    }

    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request| self.take(request));
        // Who breaks off has reported nothing.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    async fn take(&self, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let is_report = matches!(*request.method(), Method::POST | Method::PUT);
        let status = match Limited::new(request.into_body(), LONGEST).collect().await {
            _ if !is_report => StatusCode::METHOD_NOT_ALLOWED,
            Ok(body) => {
                self.report(body.to_bytes());
                StatusCode::NO_CONTENT
            }
            Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
        };
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        Ok(response)
    }

    /// Returns how often an event was reported.
    #[must_use]
    pub fn count(&self, mark: &Mark) -> usize {
        self.reports().iter().filter(|report| mark.is_in(report)).count()
    }

    /// Waits until all of these have been reported, or for so long.
    pub(crate) async fn wait_for(&self, marks: &[Mark], patience: Duration) {
        let _ = tokio::time::timeout(patience, async {
            let mut missing: Vec<_> = marks.iter().collect();
            loop {
                let news = self.shared.news.notified();
                missing.retain(|mark| self.count(mark) == 0);
                if missing.is_empty() {
                    return;
                }
                news.await;
            }
        })
        .await;
    }

    fn reports(&self) -> MutexGuard<'_, Vec<String>> {
        self.shared.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A collector that listens until this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    accept: AbortHandle,
}

impl Listening {
    /// Returns the URL to which reports are sent.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

/// More than any event has.
const LONGEST: usize = 4 * 1024 * 1024;
