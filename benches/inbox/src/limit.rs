//! The limit: what a disk lets through if an event is nothing but bytes at the end of a file.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::sync::{mpsc, oneshot};
use tower::Service;

type Waiting = (Bytes, oneshot::Sender<()>);

/// A thread that gathers what waits, without a timer, appends it in one call and waits for the disk once.
pub(crate) struct Limit {
    queue: mpsc::UnboundedSender<Waiting>,
    thread: JoinHandle<()>,
}

impl Limit {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        let (queue, waiting) = mpsc::unbounded_channel();
        Ok(Self { queue, thread: std::thread::spawn(move || append(file, waiting)) })
    }

    /// Makes a receiver that reads a body, looks at nothing, and answers once that is in the file and the file on disk.
    pub(crate) fn service(
        &self,
    ) -> impl Service<Request<Full<Bytes>>, Response = Response<()>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let queue = self.queue.clone();
        tower::service_fn(move |request: Request<Full<Bytes>>| {
            let queue = queue.clone();
            async move {
                let body = request.into_body().collect().await.unwrap_or_else(|never| match never {}).to_bytes();
                let (answer, answered) = oneshot::channel();
                let appended = queue.send((body, answer)).is_ok() && answered.await.is_ok();
                assert!(appended, "the disk failed");
                Ok(Response::new(()))
            }
        })
    }

    /// Ends the thread, once all receivers are gone: its CPU time is not to be taken from the next turn's.
    pub(crate) fn close(self) {
        drop(self.queue);
        self.thread.join().expect("the disk did not fail");
    }
}

fn append(mut file: File, mut waiting: mpsc::UnboundedReceiver<Waiting>) {
    let (mut bytes, mut answers) = (Vec::new(), Vec::new());
    while let Some(first) = waiting.blocking_recv() {
        let mut next = Some(first);
        while let Some((body, answer)) = next {
            bytes.extend_from_slice(&body);
            answers.push(answer);
            next = waiting.try_recv().ok();
        }
        file.write_all(&bytes).and_then(|()| file.sync_data()).expect("room on the disk");
        bytes.clear();
        for answer in answers.drain(..) {
            let _ = answer.send(());
        }
    }
}
