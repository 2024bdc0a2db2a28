//! HTTP/1.1 as far as a load needs it: requests are bytes made once, of a response the status is looked at.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Where all receivers listen for deliveries.
pub(crate) const PATH: &str = "/aircall/webhook";

/// Writes the head of a delivery whose body has, or claims to have, this length.
pub(crate) fn head(length: u64, more: &str) -> Vec<u8> {
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: Aircall Webhooks\r\naccept: */*\r\n\
         content-type: application/json\r\n{more}content-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

/// Writes a delivery as a whole.
pub(crate) fn delivery(body: &[u8], more: &str) -> Vec<u8> {
    [&head(body.len() as u64, more), body].concat()
}

/// The answers that come over one connection.
#[derive(Debug)]
pub(crate) struct Answers {
    come: Vec<u8>,
    end: usize,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self { come: vec![0; 8 * 1024], end: 0 }
    }

    /// Waits for the next answer and returns its status.
    ///
    /// # Errors
    ///
    /// When the connection ends before, or when what comes is no answer with a length.
    pub(crate) async fn next(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<u16> {
        loop {
            if let Some((status, length)) = parse(&self.come[..self.end])? {
                self.come.copy_within(length..self.end, 0);
                self.end -= length;
                return Ok(status);
            }
            if self.end == self.come.len() {
                return Err(io::Error::other("an answer is too long"));
            }
            match stream.read(&mut self.come[self.end..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => self.end += length,
            }
        }
    }
}

/// Finds the first answer: its status, and how long it is in all.
fn parse(come: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = come.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&come[..end]).map_err(io::Error::other)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    // The statuses that are counted as accepted or refused all come with a length, except 204, which needs none.
    match (status, length.or((status == Some(204)).then_some(0))) {
        (Some(status), Some(length)) if come.len() >= end + 4 + length => Ok(Some((status, end + 4 + length))),
        (Some(_), Some(_)) => Ok(None),
        _ => Err(io::Error::other(format!("no answer with a length: {head}"))),
    }
}
