//! The layer with an inbox, as a user would put it together, and a worker whose handler has nothing to do.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aircall_tower::inbox::{Inbox, Summary};
use aircall_tower::{RequestBody, Token, WebhookLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::{Layer, Service};

/// How long a worker is waited for.
const DRAINING: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Receiver {
    inbox: Inbox,
    handled: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Summary>,
}

impl Receiver {
    /// Opens an inbox in a directory, and sets a worker to work on it.
    pub(crate) fn open(directory: &Path, handlers: Option<usize>) -> Result<Self, String> {
        let inbox = Inbox::open(directory.join("inbox.sqlite")).map_err(|error| error.to_string())?;
        let handled = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = inbox.worker({
            let handled = Arc::clone(&handled);
            tower::service_fn(move |_: Request<RequestBody>| {
                handled.fetch_add(1, Ordering::Relaxed);
                std::future::ready(Ok::<_, Infallible>(Response::new(())))
            })
        });
        let worker = match handlers {
            Some(handlers) => worker.with_concurrency(handlers),
            None => worker,
        };
        let worker = tokio::spawn(worker.run(async { drop(stopped.await) }));
        Ok(Self { inbox, handled, stop, worker })
    }

    /// Makes the layer, around a service that is never called.
    pub(crate) fn service(
        &self,
    ) -> impl Service<Request<Full<Bytes>>, Response = Response<impl Send + use<>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let token = Token::new(aircall_fixtures::TOKEN).expect("the fixtures' token is one");
        WebhookLayer::new(token).inbox(&self.inbox).layer(tower::service_fn(
            async |_: Request<RequestBody<Full<Bytes>>>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())),
        ))
    }

    /// How many events the worker has handled.
    pub(crate) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// Waits until the worker has handled so many events.
    pub(crate) async fn drained(&self, events: u64) -> Result<(), String> {
        let handled = async {
            while self.handled() < events {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let late = |_| format!("of {events} acknowledged, {} were handled", self.handled());
        tokio::time::timeout(DRAINING, handled).await.map_err(late)
    }

    /// Ends everything in good order, and says how many events were done.
    pub(crate) async fn close(self) -> u64 {
        drop(self.stop);
        let summary = self.worker.await.expect("the worker does not panic");
        self.inbox.close().await;
        summary.done
    }
}
