//! What is asked of a receiver, as data: nothing in a case runs, so that it can be listed, exported and altered.

mod request;
mod source;
mod wire;

use std::{borrow::Cow, fmt};

pub use request::{Beside, Body, Coding, Framing, PLAIN_EVENT, Request};
pub use source::Source;
pub use wire::Piece;

/// One requirement, and how it is put to the test.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// Section and name, in words (`token/missing`). An id never moves and is never given to another case.
    pub id: Cow<'static, str>,
    /// How binding the requirement is.
    pub level: Level,
    /// The requirement, in one sentence that begins with "The receiver".
    pub requirement: &'static str,
    /// Where the requirement stands.
    pub source: Source,
    /// What is done to find out.
    pub procedure: Procedure,
    /// What has to come of it.
    pub expectation: Expectation,
    /// What it costs the user of a receiver that does not meet it.
    pub cost: &'static str,
    /// What is to be done about it.
    pub remedy: &'static str,
}

impl Case {
    /// Returns the part of the id before the slash.
    #[must_use]
    pub fn section(&self) -> &str {
        self.id.split_once('/').map_or(&*self.id, |(section, _)| section)
    }

    /// Tells whether it sends what no honest sender would. Such a case is followed by an honest event, and is not put to
    /// a receiver on another machine unless the user asked for it.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        let sends = !matches!(self.procedure, Procedure::Review | Procedure::Handshake);
        let is_honest = |request: &Request| request.body.is_honest();
        sends && (!self.wants_acknowledgement() || !self.requests().iter().all(is_honest) || self.stalls())
    }

    /// Tells whether the honest ones of its requests are to be acknowledged.
    #[must_use]
    pub fn wants_acknowledgement(&self) -> bool {
        matches!(self.expectation, Expectation::Acknowledge | Expectation::HandleOnce | Expectation::Take(_))
    }

    fn stalls(&self) -> bool {
        matches!(self.procedure, Procedure::Stall { .. })
    }

    /// Tells whether it asks more of a receiver than one delivery after another does; such a case is not put to a receiver
    /// on another machine either unless the user asked for it.
    #[must_use]
    pub fn is_load(&self) -> bool {
        matches!(self.procedure, Procedure::Stall { .. } | Procedure::Burst { .. })
    }

    /// Tells whether it takes its time whatever the receiver does, or may have to wait for an answer that never comes.
    /// Such cases are put side by side.
    #[must_use]
    pub fn is_patient(&self) -> bool {
        match &self.procedure {
            Procedure::Send(request) => !request.wire.is_empty(),
            Procedure::InTurn(requests) => requests.iter().any(|request| !request.wire.is_empty()),
            _ => false,
        }
    }

    /// Returns the requests that it makes, as far as they differ.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        match &self.procedure {
            Procedure::Send(request) | Procedure::AtOnce(request, _) | Procedure::Http2(request) => {
                std::slice::from_ref(request)
            }
            Procedure::InTurn(requests) => requests,
            _ => &[],
        }
    }

    /// Returns how many requests it makes, not counting the honest one after a hostile one.
    #[must_use]
    pub fn request_count(&self) -> usize {
        match &self.procedure {
            Procedure::Send(_) | Procedure::Http2(_) => 1,
            Procedure::InTurn(requests) => requests.len(),
            Procedure::AtOnce(_, times) => *times,
            Procedure::Traffic { events } => *events,
            Procedure::Burst { calls } => *calls,
            Procedure::Ladder(sizes) => sizes.len(),
            Procedure::Stall { clients, honest, .. } => clients + honest,
            Procedure::Handshake | Procedure::Review => 0,
        }
    }
}

/// How binding a requirement is, in the sense of RFC 2119.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Who does not meet it loses events, or lets in events that are not Aircall's.
    Must,
    /// There may be reasons not to meet it, and it costs something.
    Should,
    /// It is good to know.
    Info,
}

impl Level {
    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is done to find out whether a receiver meets a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Procedure {
    /// Sends one request and keeps what comes back.
    Send(Request),
    /// Sends several about the same object, one after the other.
    InTurn(Vec<Request>),
    /// Sends the same bytes so many times at once.
    AtOnce(Request, usize),
    /// Sends plain events about so many different calls, one after the other.
    Traffic {
        /// How many.
        events: usize,
    },
    /// Sends plain events about so many different calls at once.
    Burst {
        /// How many.
        calls: usize,
    },
    /// Sends honest events of these sizes in bytes, until one is refused.
    Ladder(&'static [usize]),
    /// Lets clients begin a request and stop in the middle of it, and sends honest events meanwhile.
    Stall {
        /// How many clients.
        clients: usize,
        /// How far each of them comes.
        begun: &'static [Piece],
        /// How many honest events.
        honest: usize,
    },
    /// Sends one request over HTTP/2, if the receiver offers it.
    Http2(Request),
    /// Looks at the certificate, once for all cases that do.
    Handshake,
    /// Sends nothing, and looks over what came back during the whole run.
    Review,
}

/// What has to come of a procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expectation {
    /// A 2xx to every honest event, complete within the time that the sender gives.
    Acknowledge,
    /// The same, and the event is handled once, however often it was sent.
    HandleOnce,
    /// A 2xx to an honest event of at least so many bytes.
    Take(usize),
    /// A 4xx. A 2xx leaves open whether the event was handled all the same.
    Refuse,
    /// A 4xx, or the end of the connection: who has seen enough may hang up.
    RefuseOrHangUp,
    /// A 2xx or a 4xx: what is sent is worth nothing to anybody, so either will do.
    Survive,
    /// A 4xx or 501: the method is not one that events come by.
    RefuseMethod,
    /// Nothing but that the next honest event is acknowledged.
    LiveOn,
    /// Of the whole run: every acknowledgement leaves half of the time to spare.
    TimeToSpare,
    /// Of the whole run: an honest event after the hostile requests that come side by side is acknowledged.
    Unharmed,
    /// Of the whole run: every event that was acknowledged was handled.
    Handled,
    /// Of the whole run: no response holds the token.
    NoTokenInResponses,
    /// Of the whole run: nothing that the receiver prints holds the token.
    NoTokenInOutput,
    /// Of the endpoint: it is one that Aircall would accept.
    Https,
    /// Of the certificate: it rests on one that is trusted.
    Trusted,
    /// Of the certificate: it is valid today.
    Current,
    /// Of the certificate: it is made out to the host of the URL.
    RightName,
}

/// Says what is done, for a reader.
impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request) => write!(f, "sends {request}"),
            Self::InTurn(requests) => {
                f.write_str("sends in turn, about one object:")?;
                let mut requests = &requests[..];
                while let Some(first) = requests.first() {
                    let same = requests.iter().take_while(|request| *request == first).count();
                    requests = &requests[same..];
                    let end = if requests.is_empty() { "" } else { ";" };
                    match same {
                        1 => write!(f, " {first}{end}")?,
                        times => write!(f, " {times} times {first}{end}")?,
                    }
                }
                Ok(())
            }
            Self::AtOnce(request, times) => write!(f, "sends the same {times} times at once: {request}"),
            Self::Traffic { events } => write!(f, "sends {PLAIN_EVENT} about {events} calls, one after the other"),
            Self::Burst { calls } => write!(f, "sends {PLAIN_EVENT} about {calls} calls at once"),
            Self::Ladder(sizes) => write!(f, "sends honest events of {sizes:?} bytes until one is refused"),
            Self::Stall { clients, begun, honest } => write!(
                f,
                "lets {clients} clients write {} and sends {honest} honest events meanwhile",
                Piece::describe(begun)
            ),
            Self::Http2(request) => write!(f, "sends over HTTP/2 {request}"),
            Self::Handshake => f.write_str("looks at the certificate"),
            Self::Review => f.write_str("sends nothing, and looks over what came back during the whole run"),
        }
    }
}

/// Says what has to come of it, for a reader.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledge => "a 2xx to every honest event, in time",
            Self::HandleOnce => "a 2xx each time, and one report to the collector",
            Self::Take(bytes) => return write!(f, "a 2xx to an honest event of {bytes} bytes and less"),
            Self::Refuse => "a 4xx; or a 2xx, and no report to the collector",
            Self::RefuseOrHangUp => "a 4xx, or the end of the connection",
            Self::Survive => "a 2xx or a 4xx",
            Self::RefuseMethod => "a 4xx or 501",
            Self::LiveOn => "anything, as long as the next honest event is acknowledged",
            Self::TimeToSpare => "every acknowledgement in half of the time",
            Self::Unharmed => "an acknowledgement of the honest event after hostile requests side by side",
            Self::Handled => "a report to the collector for every event that was acknowledged",
            Self::NoTokenInResponses => "no response that holds the token",
            Self::NoTokenInOutput => "no line of output that holds the token",
            Self::Https => "a URL that begins with https",
            Self::Trusted => "a certificate that rests on a trusted one",
            Self::Current => "a certificate that is valid today",
            Self::RightName => "a certificate for the host of the URL",
        })
    }
}
