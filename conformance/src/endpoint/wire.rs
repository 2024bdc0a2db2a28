use std::{io, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    Progress, Target,
    connect::{Connector, Stream},
    http1::KEPT,
    tap::is_hang_up,
};
use crate::{
    case::Piece,
    delivery::{Delivery, keep_alive},
    observation::{Dropped, Outcome, Response, Stage, Unreachable},
};

/// Writes a delivery piece by piece, as no HTTP library would, over a connection of its own.
pub(super) async fn deliver(connector: &Connector, delivery: &Delivery, progress: &Progress) -> Outcome {
    let stream = match connector.connect().await {
        Ok(stream) => stream,
        Err(unreachable) => return Outcome::Unreachable(unreachable),
    };
    progress.reaches(Stage::Waiting);
    let mut wire = Wire { stream, come: Vec::new(), is_heard: true, is_last: false };
    let written = match Written::new(connector.target(), delivery) {
        Ok(written) => written,
        Err(error) => return Outcome::Unreachable(Unreachable::Network(error)),
    };
    for piece in delivery.wire {
        let ended = match piece {
            Piece::Trickle(parts, pause) => {
                for part in delivery.body.chunks(delivery.body.len().div_ceil(*parts).max(1)) {
                    wire.write(part).await;
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
                None
            }
            Piece::Pause(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                None
            }
            Piece::AwaitContinue => wire.await_continue(delivery).await,
            Piece::AwaitResponse => match wire.response(delivery).await {
                Outcome::Answered(response) if !wire.ends_with(&response) => None,
                outcome => Some(outcome),
            },
            Piece::CloseWrite => {
                let _ = wire.stream.shutdown().await;
                None
            }
            Piece::Close => {
                let _ = wire.stream.shutdown().await;
                Some(Outcome::Left)
            }
            Piece::Silence => {
                std::future::pending::<()>().await;
                None
            }
            piece => {
                wire.write(&written.bytes(*piece)).await;
                None
            }
        };
        if let Some(outcome) = ended {
            return outcome;
        }
    }
    wire.response(delivery).await
}

struct Wire {
    stream: Stream,
    /// What has come and is not used up.
    come: Vec<u8>,
    /// Whether the other side still listens.
    is_heard: bool,
    /// Whether the connection ends with the last response, as far as its version says.
    is_last: bool,
}

impl Wire {
    /// Writes, for as long as the other side listens: one that has heard enough may have answered already.
    async fn write(&mut self, bytes: &[u8]) {
        if self.is_heard && (self.stream.write_all(bytes).await.is_err() || self.stream.flush().await.is_err()) {
            self.is_heard = false;
        }
    }

    /// Who gets no leave within a second goes on without; who is refused already is done.
    async fn await_continue(&mut self, delivery: &Delivery) -> Option<Outcome> {
        let head = tokio::time::timeout(Duration::from_secs(1), self.head()).await.ok()?;
        match head {
            Ok((status, _)) if status == StatusCode::CONTINUE => None,
            Ok((status, headers)) => Some(self.body(status, &headers, delivery).await),
            Err(outcome) => Some(outcome),
        }
    }

    async fn response(&mut self, delivery: &Delivery) -> Outcome {
        loop {
            match self.head().await {
                Ok((status, _)) if status.is_informational() => {}
                Ok((status, headers)) => return self.body(status, &headers, delivery).await,
                Err(outcome) => return outcome,
            }
        }
    }

    async fn head(&mut self) -> Result<(StatusCode, HeaderMap), Outcome> {
        loop {
            if let Some(head) = self.parse()? {
                return Ok(head);
            }
            match self.more().await {
                Ok(true) => {}
                Ok(false) => return Err(Outcome::Dropped(Dropped::Closed)),
                Err(error) if is_hang_up(&error) => return Err(Outcome::Dropped(Dropped::Reset)),
                Err(_) => return Err(Outcome::Dropped(Dropped::Closed)),
            }
        }
    }

    fn parse(&mut self) -> Result<Option<(StatusCode, HeaderMap)>, Outcome> {
        let garbled = |error: &dyn std::fmt::Display| Outcome::Garbled(error.to_string());
        let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(&self.come).map_err(|error| garbled(&error))? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(None),
        };
        let status = StatusCode::from_u16(head.code.unwrap_or_default()).map_err(|error| garbled(&error))?;
        let mut headers = HeaderMap::new();
        for field in head.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|error| garbled(&error))?;
            headers.append(name, HeaderValue::from_bytes(field.value).map_err(|error| garbled(&error))?);
        }
        // HTTP/1.0 keeps a connection only if it says so.
        self.is_last = head.version == Some(0);
        self.come.drain(..length);
        Ok(Some((status, headers)))
    }

    /// Reads the body to where its head says that it ends; without a word about that, to the end of the connection.
    async fn body(&mut self, status: StatusCode, headers: &HeaderMap, delivery: &Delivery) -> Outcome {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let is_chunked = text("transfer-encoding").to_ascii_lowercase().contains("chunked");
        let length = match text("content-length").parse::<usize>() {
            _ if is_chunked => None,
            Ok(length) => Some(length),
            Err(_) if matches!(status.as_u16(), 204 | 304) => Some(0),
            Err(_) => None,
        };
        let end = loop {
            let end = match length {
                Some(length) => (self.come.len() >= length).then_some(length),
                None if is_chunked => end_of_chunks(&self.come),
                None => None,
            };
            match end {
                Some(end) => break end,
                None if matches!(self.more().await, Ok(true)) => {}
                // The end of the connection is the end of a body that said nothing about its own.
                None if length.is_none() && !is_chunked => break self.come.len(),
                None => return Outcome::Dropped(Dropped::Cut { status: status.as_u16() }),
            }
        };
        let body: Vec<u8> = self.come.drain(..end).collect();
        let kept = &body[..body.len().min(KEPT)];
        Outcome::Answered(Response::new(status, headers, kept, body.len() as u64, &delivery.token))
    }

    fn ends_with(&self, response: &Response) -> bool {
        match response.header("connection") {
            Some(said) => {
                !said.eq_ignore_ascii_case("keep-alive") && (self.is_last || said.eq_ignore_ascii_case("close"))
            }
            None => self.is_last,
        }
    }

    async fn more(&mut self) -> io::Result<bool> {
        let before = self.come.len();
        self.stream.read_buf(&mut self.come).await?;
        Ok(self.come.len() > before)
    }
}

/// The pieces of a request that depend on the delivery.
struct Written<'a> {
    delivery: &'a Delivery,
    target: String,
    headers: String,
}

impl<'a> Written<'a> {
    fn new(target: &Target, delivery: &'a Delivery) -> Result<Self, String> {
        let mut headers = HeaderMap::clone(&delivery.headers);
        headers.remove(http::header::CONTENT_LENGTH);
        headers.remove(http::header::TRANSFER_ENCODING);
        keep_alive(&mut headers);
        let mut text = String::new();
        for (name, value) in &headers {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| format!("{name} cannot be sent"))?;
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("host: {}\r\n", target.authority()));
        let path = target.path_and_query(delivery.query.as_deref());
        Ok(Self { delivery, target: format!("{} {path}", delivery.method), headers: text })
    }

    fn bytes(&self, piece: Piece) -> Vec<u8> {
        let body = &self.delivery.body;
        match piece {
            Piece::Text(text) => text.into(),
            Piece::Repeated(text, times) => text.repeat(times).into(),
            Piece::Target => self.target.clone().into(),
            Piece::Headers => self.headers.clone().into(),
            Piece::Length => format!("content-length: {}\r\n", body.len()).into(),
            Piece::EndOfHead => b"\r\n".to_vec(),
            Piece::Body => body.to_vec(),
            Piece::HalfBody => body[..body.len() / 2].to_vec(),
            Piece::Chunk => [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
            // What is not written is done.
            _ => vec![],
        }
    }
}

fn end_of_chunks(come: &[u8]) -> Option<usize> {
    const END: &[u8] = b"0\r\n\r\n";
    let ends = |at: usize| at == 0 || come[..at].ends_with(b"\r\n");
    (0..=come.len().checked_sub(END.len())?)
        .find(|&at| come[at..].starts_with(END) && ends(at))
        .map(|at| at + END.len())
}

const MOST_HEADERS: usize = 128;
