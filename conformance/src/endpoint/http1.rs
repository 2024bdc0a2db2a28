use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::Arc,
};

use bytes::Buf;
use http::{HeaderMap, HeaderValue, Request, Response as HttpResponse, header::HOST};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    Progress, Target,
    connect::Connector,
    tap::{Tap, TapState, is_hang_up},
};
use crate::{
    delivery::{Delivery, RequestBody, keep_alive},
    observation::{Connection, Dropped, Outcome, Response, Stage, Unreachable},
};

/// A receiver behind a URL.
pub(super) struct Http1 {
    connector: Connector,
    /// Connections that are idle. One delivery at a time needs one.
    idle: Mutex<Vec<Wire>>,
}

struct Wire {
    send: SendRequest<RequestBody>,
    state: Arc<TapState>,
    /// Reads and writes; ends when the receiver closes.
    connection: JoinHandle<hyper::Result<()>>,
}

impl Http1 {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, idle: Mutex::default() }
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    pub(super) async fn close_idle(&self) {
        self.idle.lock().await.clear();
    }

    /// Sends over an idle connection if there is one. If the receiver has closed it meanwhile, which no client can know
    /// before it tries, sends once more over a new one.
    pub(super) async fn deliver(&self, delivery: &Delivery, progress: &Progress) -> Outcome {
        let Some(wire) = self.idle.lock().await.pop() else { return self.deliver_anew(delivery, progress).await };
        progress.goes_over(Connection::Reused);
        let (state, read_before) = (wire.state.clone(), wire.state.read());
        let outcome = self.exchange(wire, delivery, progress).await;
        let is_dropped = matches!(outcome, Outcome::Dropped(Dropped::Closed | Dropped::Reset));
        if !is_dropped || state.read() > read_before {
            return outcome;
        }
        progress.goes_over(Connection::Reopened);
        match self.deliver_anew(delivery, progress).await {
            // Who is gone altogether has not tired of an idle connection: this delivery was the end.
            Outcome::Unreachable(_) => outcome,
            anew => anew,
        }
    }

    async fn deliver_anew(&self, delivery: &Delivery, progress: &Progress) -> Outcome {
        progress.reaches(Stage::Connecting);
        match self.connect().await {
            Ok(wire) => self.exchange(wire, delivery, progress).await,
            Err(unreachable) => Outcome::Unreachable(unreachable),
        }
    }

    async fn exchange(&self, mut wire: Wire, delivery: &Delivery, progress: &Progress) -> Outcome {
        progress.reaches(Stage::Waiting);
        let request = match request(delivery, self.connector.target()) {
            Ok(request) => request,
            Err(error) => return Outcome::Unreachable(Unreachable::Network(error)),
        };
        if let Err(error) = wire.send.ready().await {
            return failure(&error);
        }
        let written_before = wire.state.written();
        let outcome = match unless_over(wire.send.send_request(request), &mut wire.connection).await {
            Some(Ok(response)) => read(response, delivery, progress, || wire.state.is_deaf()).await,
            Some(Err(_)) if wire.state.is_tls() => Outcome::Unreachable(Unreachable::SpeaksTls),
            Some(Err(error)) => failure(&error),
            None => Outcome::Dropped(Dropped::Closed),
        };
        // A connection that still has to carry the rest of a refused body is of no use for the next delivery.
        let is_sent = wire.state.written() - written_before >= delivery.body.len() as u64 && !wire.state.is_deaf();
        if is_sent && matches!(&outcome, Outcome::Answered(response) if !says_close(response)) {
            self.idle.lock().await.push(wire);
        }
        outcome
    }

    async fn connect(&self) -> Result<Wire, Unreachable> {
        let (tap, state) = Tap::new(self.connector.connect().await?);
        let (send, connection) =
            handshake(TokioIo::new(tap)).await.map_err(|error| Unreachable::Network(error.to_string()))?;
        // Ends when `send` is dropped or the receiver closes; what went wrong is told to the one who waits for the response.
        let connection = tokio::spawn(connection);
        Ok(Wire { send, state, connection })
    }
}

/// Waits for a response for as long as one may come.
///
/// A request that is queued in the very moment in which the connection ends is neither sent nor refused: it stays in the
/// queue for as long as somebody could send another, that is, until we stop waiting.
async fn unless_over<T>(
    response: impl Future<Output = T>,
    connection: &mut JoinHandle<hyper::Result<()>>,
) -> Option<T> {
    let mut response = pin!(response);
    tokio::select! {
        biased;
        response = &mut response => return Some(response),
        _ = connection => {}
    }
    // What the connection had to say it has said before its end.
    tokio::select! {
        biased;
        response = response => Some(response),
        () = std::future::ready(()) => None,
    }
}

/// Reads a response to its end and keeps the beginning. `is_over` tells whether the receiver hung up without having
/// heard everything; then the end of what it said is taken for the end of the response.
pub(super) async fn read<B>(
    response: HttpResponse<B>,
    delivery: &Delivery,
    progress: &Progress,
    is_over: impl Fn() -> bool,
) -> Outcome
where
    B: http_body::Body,
{
    progress.reaches(Stage::Reading);
    let (head, body) = response.into_parts();
    let mut body: Pin<Box<B>> = Box::pin(body);
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        match frame.map(|frame| frame.into_data()) {
            Ok(Ok(mut data)) => {
                length += data.remaining() as u64;
                let wanted = data.remaining().min(KEPT - kept.len());
                kept.extend_from_slice(&data.copy_to_bytes(wanted));
            }
            Ok(Err(_trailers)) => {}
            Err(_) if is_over() => break,
            Err(_) => return Outcome::Dropped(Dropped::Cut { status: head.status.as_u16() }),
        }
    }
    Outcome::Answered(Response::new(head.status, &head.headers, &kept, length, &delivery.token))
}

/// Makes the request of a delivery for this URL.
pub(super) fn request(delivery: &Delivery, target: &Target) -> Result<Request<RequestBody>, String> {
    let mut request = Request::new(delivery.request_body().with_pauses());
    let path = target.path_and_query(delivery.query.as_deref());
    *request.method_mut() = delivery.method.clone();
    *request.uri_mut() = path.parse().map_err(|error| format!("the path cannot be sent: {error}"))?;
    *request.headers_mut() = HeaderMap::clone(&delivery.headers);
    let host = HeaderValue::from_str(&target.authority()).map_err(|_| "the host cannot be sent".to_owned())?;
    request.headers_mut().insert(HOST, host);
    keep_alive(request.headers_mut());
    Ok(request)
}

pub(super) fn failure(error: &hyper::Error) -> Outcome {
    if error.is_parse() {
        return Outcome::Garbled(error.to_string());
    }
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        match inner.downcast_ref::<io::Error>() {
            Some(io) if is_hang_up(io) => return Outcome::Dropped(Dropped::Reset),
            Some(io) if io.kind() == io::ErrorKind::UnexpectedEof => return Outcome::Dropped(Dropped::Closed),
            _ => source = inner.source(),
        }
    }
    Outcome::Dropped(Dropped::Closed)
}

fn says_close(response: &Response) -> bool {
    response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

/// So much of a response's body is kept.
pub(super) const KEPT: usize = 64 * 1024;
