//! The service behind the worker: it writes down what it does, and does what the event says.

use std::convert::Infallible;
use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aircall_tower::inbox::Run;
use aircall_tower::{Delivery, RequestBody};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use tower::Service;

/// The `data` of an event: what is to become of it.
#[derive(Deserialize)]
pub(crate) struct Task {
    pub(crate) id: u64,
    /// How long it takes.
    #[serde(default)]
    millis: u64,
    /// Attempts below this one fail.
    #[serde(default)]
    succeeds_at: u32,
    /// Whether it ends the process.
    #[serde(default)]
    aborts: bool,
}

#[derive(Clone)]
pub(crate) struct Handler {
    log: Arc<File>,
    boot: u32,
}

impl Handler {
    pub(crate) fn new(log: File, boot: u32) -> Self {
        Self { log: Arc::new(log), boot }
    }

    async fn handle(&self, request: Request<RequestBody>) -> StatusCode {
        let task: Task = request.extensions().get::<Delivery>().unwrap().data().unwrap();
        let attempt = request.extensions().get::<Run>().unwrap().attempt();
        self.note(&task, attempt, "begun");
        if task.aborts {
            std::process::abort();
        }
        tokio::time::sleep(Duration::from_millis(task.millis)).await;
        if attempt < task.succeeds_at {
            self.note(&task, attempt, "failed");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        self.note(&task, attempt, "done");
        StatusCode::OK
    }

    fn note(&self, task: &Task, attempt: u32, what: &str) {
        let line = format!("{} {} {attempt} {what}\n", task.id, self.boot);
        // One write to a file that is appended to: whole or not at all, whenever this process is killed.
        assert_eq!((&*self.log).write(line.as_bytes()).unwrap(), line.len());
    }
}

impl Service<Request<RequestBody>> for Handler {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let handler = self.clone();
        Box::pin(async move {
            let mut response = Response::new(());
            *response.status_mut() = handler.handle(request).await;
            Ok(response)
        })
    }
}
