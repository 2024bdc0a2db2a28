//! What came back, as it was seen: no judgement here.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Target, Token, delivery::Delivery};

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observation {
    /// How it ended.
    pub outcome: Outcome,
    /// From the attempt to connect, or to send, until the response was complete or given up.
    pub elapsed: Duration,
    /// The connection it went over.
    pub connection: Connection,
    /// What was sent.
    pub sent: Sent,
}

/// What was sent, for a report.
#[derive(Clone)]
#[non_exhaustive]
pub struct Sent {
    /// In a few words.
    pub what: String,
    /// How many bytes the body had.
    pub bytes: usize,
    /// The delivery itself and where it went, if that can be a line. Of most of them no report ever shows one.
    again: Option<(Delivery, Arc<Target>)>,
}

impl Sent {
    /// What was sent to a service in this process.
    pub(crate) fn new(what: impl Into<String>, bytes: usize) -> Self {
        Self { what: what.into(), bytes, again: None }
    }

    /// What was sent to this URL.
    pub(crate) fn to(delivery: &Delivery, target: &Arc<Target>) -> Self {
        // Bodies that are too long would be held for nothing until the report is written.
        let again = delivery.is_short().then(|| (delivery.clone(), Arc::clone(target)));
        Self { again, ..Self::new(&*delivery.what, delivery.body.len()) }
    }

    /// Returns a line for bash that sends it again, in which the token is the variable `AIRCALL_TOKEN`; `None` for what is
    /// too long for a line or no text, and for a service in this process.
    #[must_use]
    pub fn curl(&self) -> Option<String> {
        let (delivery, target) = self.again.as_ref()?;
        delivery.curl(target)
    }
}

impl PartialEq for Sent {
    fn eq(&self, other: &Self) -> bool {
        self.what == other.what && self.bytes == other.bytes && self.curl() == other.curl()
    }
}

impl Eq for Sent {}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("what", &self.what)
            .field("bytes", &self.bytes)
            .field("curl", &self.curl())
            .finish()
    }
}

impl Observation {
    /// Tells whether the sender would count it as delivered.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        matches!(&self.outcome, Outcome::Answered(response) if (200..300).contains(&response.status))
    }

    /// Tells whether the time ran out before there was a whole response.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self.outcome, Outcome::TimedOut(_))
    }

    /// Returns the response, if there was a whole one.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match &self.outcome {
            Outcome::Answered(response) => Some(response),
            _ => None,
        }
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A response came, whole and in time.
    Answered(Response),
    /// The time was over.
    TimedOut(Stage),
    /// The connection was there, and ended before the response was whole.
    Dropped(Dropped),
    /// Something came that is no HTTP response.
    Garbled(String),
    /// There was no connection to be had.
    Unreachable(Unreachable),
    /// The sender closed the connection before an answer came, as the case has it.
    Left,
}

/// Says what came back, in a few words for a report.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(response) => response.fmt(f),
            Self::TimedOut(Stage::Connecting) => f.write_str("no connection in time"),
            Self::TimedOut(Stage::Waiting) => f.write_str("no response in time"),
            Self::TimedOut(Stage::Reading) => f.write_str("a response that was not complete in time"),
            Self::Dropped(Dropped::Closed) => f.write_str("connection closed without a response"),
            Self::Dropped(Dropped::Reset) => f.write_str("connection reset without a response"),
            Self::Dropped(Dropped::Cut { status }) => {
                write!(f, "connection ended in the middle of a response of status {status}")
            }
            Self::Dropped(Dropped::Failed(error)) => write!(f, "service failed: {error}"),
            Self::Garbled(error) => write!(f, "something that is no HTTP response ({error})"),
            Self::Unreachable(unreachable) => write!(f, "no connection ({unreachable})"),
            Self::Left => f.write_str("nothing, since the sender closed the connection"),
        }
    }
}

/// A whole response. Whatever stands in it was masked before it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The number of the status line.
    pub status: u16,
    /// Names and values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, as text.
    pub body: String,
    /// How long the body was.
    pub body_bytes: u64,
    /// Whether the token stood in it, in the headers or in the beginning of the body.
    pub holds_token: bool,
}

impl Response {
    /// Masks what came, and keeps the rest of it.
    pub(crate) fn new(
        status: http::StatusCode,
        headers: &http::HeaderMap,
        body: &[u8],
        body_bytes: u64,
        token: &Token,
    ) -> Self {
        let mut holds_token = false;
        let mut masked = |bytes: &[u8]| {
            let (masked, found) = token.search(&String::from_utf8_lossy(bytes));
            holds_token |= found;
            masked
        };
        let body = masked(body);
        let headers = headers.iter().map(|(name, value)| (name.to_string(), masked(value.as_bytes()))).collect();
        Self { status: status.as_u16(), headers, body, body_bytes, holds_token }
    }

    /// Returns the first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// The status line, and where a redirect leads.
impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(reason) = http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason())
        {
            write!(f, " {reason}")?;
        }
        match self.header("location") {
            Some(location) if (300..400).contains(&self.status) => write!(f, " to {location}"),
            _ => Ok(()),
        }
    }
}

/// How far a delivery had come when the time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// There was no connection yet.
    Connecting,
    /// Nothing of the response had come, or not all of its head.
    Waiting,
    /// The head had come, and not all of the body.
    Reading,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dropped {
    /// In order, before the response was there.
    Closed,
    /// By a reset, before the response was there.
    Reset,
    /// After the head of the response, before its end.
    Cut {
        /// The status that stood in the head.
        status: u16,
    },
    /// A service in this process returned an error or panicked; a server closes the connection then.
    Failed(String),
}

/// Why there was no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreachable {
    /// The name could not be resolved.
    Name(String),
    /// Nothing listens there.
    Refused,
    /// The TLS handshake failed.
    Tls(String),
    /// TLS is spoken there, and plain HTTP was spoken to it.
    SpeaksTls,
    /// Another error of the network.
    Network(String),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "name not resolved: {error}"),
            Self::Refused => f.write_str("connection refused"),
            Self::Tls(error) => write!(f, "TLS handshake failed: {error}"),
            Self::SpeaksTls => f.write_str("found TLS, expected plain HTTP"),
            Self::Network(error) => f.write_str(error),
        }
    }
}

/// The connection that a delivery went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Connection {
    /// One that was made for it.
    New,
    /// One that had carried another delivery before.
    Reused,
    /// One that was made for it, because the one it was sent on first had been closed meanwhile.
    Reopened,
}

impl Connection {
    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reused => "reused",
            Self::Reopened => "reopened",
        }
    }
}
