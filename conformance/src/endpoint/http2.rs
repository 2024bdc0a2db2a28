use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::{
    Progress,
    connect::Connector,
    http1::{failure, read, request},
};
use crate::{
    delivery::{Delivery, RequestBody},
    observation::{Outcome, Stage, Unreachable},
};

/// A connection over which HTTP/2 is spoken.
pub(super) struct Http2(SendRequest<RequestBody>);

/// Opens one; `None` if the receiver does not speak it.
pub(super) async fn open(connector: &Connector) -> Option<Http2> {
    let stream = connector.connect_http2().await.ok()??;
    let (mut send, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    // A receiver that speaks HTTP/1.1 alone answers the first bytes with an error, or hangs up.
    tokio::time::sleep(SETTLE).await;
    let is_spoken = !connection.is_finished() && send.ready().await.is_ok();
    is_spoken.then_some(Http2(send))
}

impl Http2 {
    pub(super) async fn deliver(mut self, connector: &Connector, delivery: &Delivery, progress: &Progress) -> Outcome {
        progress.reaches(Stage::Waiting);
        let mut request = match request(delivery, connector.target()) {
            Ok(request) => request,
            Err(error) => return Outcome::Unreachable(Unreachable::Network(error)),
        };
        // Both are HTTP/1.1's: the one is said by the URL, the other has no meaning here.
        request.headers_mut().remove(http::header::HOST);
        request.headers_mut().remove(http::header::CONNECTION);
        match connector.target().uri(delivery.query.as_deref()).parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => {
                return Outcome::Unreachable(Unreachable::Network(format!("the URL cannot be sent: {error}")));
            }
        }
        match self.0.send_request(request).await {
            Ok(response) => read(response, delivery, progress, || false).await,
            Err(error) => failure(&error),
        }
    }
}

/// So long a receiver has to say that it does not speak it.
const SETTLE: std::time::Duration = std::time::Duration::from_millis(200);
