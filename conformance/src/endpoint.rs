//! Where deliveries go: a URL, over a real connection, or a service in this process.

mod target;
mod connect;
mod http1;
mod http2;
mod wire;
mod tap;
mod tls;
mod certificate;
mod service;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

pub use certificate::Certificate;
pub use service::BoxError;
pub use target::{InvalidTarget, Target};
pub use tls::{Roots, TlsError};

use connect::Connector;

use crate::{
    case::Piece,
    delivery::{Delivery, RequestBody},
    observation::{Connection, Observation, Outcome, Sent, Stage, Unreachable},
};

/// Where deliveries go.
pub struct Endpoint {
    transport: Transport,
    roots: Roots,
}

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
        let connector = Connector::new(target, roots)?;
        Ok(Self { transport: Transport::Http1(http1::Http1::new(connector)), roots: roots.clone() })
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
        let transport = Transport::Service(service::InProcess::new(path.into(), service));
        Self { transport, roots: Roots::System }
    }

    /// Makes one delivery and waits until it is answered, or has failed, or the sender's time is over.
    ///
    /// A service in this process has no connection that anything could be done to: there a delivery that is written piece
    /// by piece is made as any other.
    pub async fn deliver(&self, delivery: &Delivery) -> Observation {
        self.observe(delivery, async |progress| match &self.transport {
            Transport::Http1(http1) => {
                let connector = http1.connector();
                let delivery = delivery.hiding(connector.target());
                match delivery.wire {
                    [] => http1.deliver(&delivery, progress).await,
                    _ => wire::deliver(connector, &delivery, progress).await,
                }
            }
            Transport::Service(service) => service.deliver(delivery, progress).await,
        })
        .await
    }

    /// Closes the connections that are kept and idle: a receiver that serves one at a time has ears for nobody else.
    pub(crate) async fn close_idle(&self) {
        if let Transport::Http1(http1) = &self.transport {
            http1.close_idle().await;
        }
    }

    /// Makes one delivery over HTTP/2; `None` if the receiver does not offer it.
    pub async fn deliver_http2(&self, delivery: &Delivery) -> Option<Observation> {
        let Transport::Http1(http1) = &self.transport else { return None };
        let connector = http1.connector();
        let delivery = delivery.hiding(connector.target());
        let wire = tokio::time::timeout(delivery.timeout, http2::open(connector)).await.ok()??;
        let observation =
            self.observe(&delivery, async |progress| wire.deliver(connector, &delivery, progress).await).await;
        // Without TLS it was not offered but tried: a busy receiver of HTTP/1.1 may take its time to hang up.
        (connector.target().is_https() || observation.response().is_some()).then_some(observation)
    }

    /// Begins deliveries and stops in the middle of them, until this is dropped.
    pub(crate) async fn stall(&self, delivery: &Delivery) {
        if let Transport::Http1(http1) = &self.transport {
            wire::deliver(http1.connector(), delivery, &Progress::new()).await;
        }
    }

    /// Looks at the receiver's certificate; `None` if it is not reached by `https`.
    pub async fn certificate(&self) -> Option<Result<Certificate, Unreachable>> {
        match &self.transport {
            Transport::Http1(http1) if http1.connector().target().is_https() => {
                Some(certificate::look(http1.connector().target(), &self.roots).await)
            }
            _ => None,
        }
    }

    /// Tells whether the certificate of whoever answers makes no difference.
    #[must_use]
    pub fn trusts_anybody(&self) -> bool {
        self.roots == Roots::InsecureAny
    }

    /// Tells whether it is reached over connections; a service in this process is not.
    #[must_use]
    pub fn has_connections(&self) -> bool {
        matches!(self.transport, Transport::Http1(_))
    }

    async fn observe(&self, delivery: &Delivery, attempt: impl AsyncFnOnce(&Progress) -> Outcome) -> Observation {
        let start = Instant::now();
        let progress = Progress::new();
        // Each response has the whole of it.
        let earlier = delivery.wire.iter().filter(|piece| **piece == Piece::AwaitResponse).count();
        let limit = delivery.timeout * u32::try_from(earlier + 1).unwrap_or(1);
        let outcome = tokio::time::timeout(limit, attempt(&progress)).await;
        let elapsed = start.elapsed();
        let (stage, connection) = *progress.last();
        let outcome = outcome.unwrap_or(Outcome::TimedOut(stage));
        let sent = match &self.transport {
            Transport::Http1(http1) => Sent::to(delivery, http1.connector().target()),
            Transport::Service(_) => Sent::new(&*delivery.what, delivery.body.len()),
        };
        Observation { outcome, elapsed, connection, sent }
    }

    /// Returns the URL, or the path of a service, as it may be shown: without the values in the query, in which users put
    /// secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.transport {
            Transport::Http1(http1) => http1.connector().target().to_string(),
            Transport::Service(service) => format!("service in this process at {}", service.path()),
        }
    }

    /// Tells whether it is reached by `https`; `None` for a service in this process.
    #[must_use]
    pub fn is_https(&self) -> Option<bool> {
        match &self.transport {
            Transport::Http1(http1) => Some(http1.connector().target().is_https()),
            Transport::Service(_) => None,
        }
    }

    /// Tells whether it is on this machine. A name that does not resolve is not.
    pub async fn is_local(&self) -> bool {
        match &self.transport {
            Transport::Http1(http1) => http1.connector().target().is_loopback().await,
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
