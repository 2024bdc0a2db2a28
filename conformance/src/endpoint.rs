//! Where deliveries go: a URL, over a real connection, or a service in this process.

mod target;
mod http1;
mod tap;
mod tls;
mod service;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

pub use service::BoxError;
pub use target::{InvalidTarget, Target};
pub use tls::{Roots, TlsError};

use crate::{
    delivery::{Delivery, RequestBody},
    observation::{Connection, Observation, Outcome, Sent, Stage},
};

/// Where deliveries go.
pub struct Endpoint(Transport);

enum Transport {
    Http1(http1::Http1),
    Service(service::InProcess),
}

impl Endpoint {
    /// A receiver at this URL, spoken to as Aircall does: HTTP/1.1, one connection kept alive as long as the receiver
    /// allows, no redirects followed.
    ///
    /// # Errors
    ///
    /// When there are no root certificates to trust: for an `https` URL, or in a file that was given for any.
    pub fn url(target: Target, roots: &Roots) -> Result<Self, TlsError> {
        let tls = match roots {
            Roots::System if !target.is_https() => None,
            // A file that is of no use is a mistake even where none is needed.
            _ => Some(tls::connector(roots)?).filter(|_| target.is_https()),
        };
        Ok(Self(Transport::Http1(http1::Http1::new(target, tls))))
    }

    /// A service in this process, called at this path (`/aircall/webhook`).
    ///
    /// An error of the service, or a panic, is observed as a dropped connection, which is what a server makes of it.
    pub fn service<S, B>(path: impl Into<String>, service: S) -> Self
    where
        S: tower::Service<http::Request<RequestBody>, Response = http::Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self(Transport::Service(service::InProcess::new(path.into(), service)))
    }

    /// Makes one delivery and waits until it is answered, or has failed, or the sender's time is over.
    pub async fn deliver(&self, delivery: &Delivery) -> Observation {
        let start = Instant::now();
        let progress = Progress::new();
        let attempt = async {
            match &self.0 {
                Transport::Http1(http1) => http1.deliver(&delivery.hiding(http1.target()), &progress).await,
                Transport::Service(service) => service.deliver(delivery, &progress).await,
            }
        };
        let outcome = tokio::time::timeout(delivery.timeout, attempt).await;
        let elapsed = start.elapsed();
        let (stage, connection) = *progress.last();
        let outcome = outcome.unwrap_or(Outcome::TimedOut(stage));
        let curl = match &self.0 {
            Transport::Http1(http1) => delivery.curl(http1.target()),
            Transport::Service(_) => None,
        };
        let sent = Sent { what: delivery.what.clone(), bytes: delivery.body.len(), curl };
        Observation { outcome, elapsed, connection, sent }
    }

    /// Returns the URL, or the path of a service, as it may be shown: without the values in the query, in which users put
    /// secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.0 {
            Transport::Http1(http1) => http1.target().to_string(),
            Transport::Service(service) => format!("service in this process at {}", service.path()),
        }
    }

    /// Tells whether it is reached by `https`; `None` for a service in this process.
    #[must_use]
    pub fn is_https(&self) -> Option<bool> {
        match &self.0 {
            Transport::Http1(http1) => Some(http1.target().is_https()),
            Transport::Service(_) => None,
        }
    }

    /// Tells whether it is on this machine. A name that does not resolve is not.
    pub async fn is_local(&self) -> bool {
        match &self.0 {
            Transport::Http1(http1) => http1.target().is_loopback().await,
            Transport::Service(_) => true,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.shown()).finish()
    }
}

/// How far a delivery has come: what is still known of it when its time is over.
struct Progress(Mutex<(Stage, Connection)>);

impl Progress {
    fn new() -> Self {
        Self(Mutex::new((Stage::Connecting, Connection::New)))
    }

    fn reaches(&self, stage: Stage) {
        self.last().0 = stage;
    }

    fn goes_over(&self, connection: Connection) {
        self.last().1 = connection;
    }

    fn last(&self) -> MutexGuard<'_, (Stage, Connection)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
