use std::{borrow::Cow, fmt};

use http::Method;

use super::Piece;

/// A request, as far as it differs from the honest one.
///
/// A hostile request is the honest event that the receiver has just acknowledged, changed in one thing only. Otherwise a
/// receiver that checks the payload first would refuse it for another reason than the one that is looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Aircall sends `POST`.
    pub method: Method,
    /// What stands in the body.
    pub body: Body,
    /// Aircall sends `application/json`, without a charset; `None` is no such header.
    pub content_type: Option<&'static str>,
    /// Aircall's bodies are not compressed.
    pub coding: Coding,
    /// How the end of the body is made known.
    pub framing: Framing,
    /// Where the valid token stands beside the body; Aircall sends it in the body alone.
    pub beside: Option<Beside>,
    /// How it is written to the connection, piece by piece; empty if as any HTTP library does.
    pub wire: &'static [Piece],
}

impl Request {
    /// The request that Aircall would make with this body.
    #[must_use]
    pub const fn post(body: Body) -> Self {
        Self {
            method: Method::POST,
            body,
            content_type: Some("application/json"),
            coding: Coding::Identity,
            framing: Framing::ContentLength,
            beside: None,
            wire: &[],
        }
    }

    /// The request that Aircall makes of the event that everything else is compared with.
    #[must_use]
    pub const fn plain() -> Self {
        Self::post(Body::Event(PLAIN_EVENT))
    }

    /// The same with the token in another place.
    #[must_use]
    pub fn with_token_beside(self, beside: Beside) -> Self {
        Self { beside: Some(beside), ..self }
    }

    /// The same with another content type, or none.
    #[must_use]
    pub fn with_content_type(self, content_type: Option<&'static str>) -> Self {
        Self { content_type, ..self }
    }

    /// The same, compressed.
    #[must_use]
    pub fn compressed(self) -> Self {
        Self { coding: Coding::Gzip, ..self }
    }

    /// The same in chunks.
    #[must_use]
    pub fn in_chunks(self) -> Self {
        Self { framing: Framing::Chunked, ..self }
    }

    /// The same by another method.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// The same, written to the connection so.
    #[must_use]
    pub fn written(self, wire: &'static [Piece]) -> Self {
        Self { wire, ..self }
    }

    /// Returns how long it takes to write, by the pauses in it.
    pub(crate) fn pauses(&self) -> std::time::Duration {
        let pause = |piece: &Piece| match *piece {
            Piece::Trickle(parts, pause) => std::time::Duration::from_millis(parts as u64 * pause),
            _ => std::time::Duration::ZERO,
        };
        self.wire.iter().map(pause).sum()
    }

    /// Tells whether it is what an honest sender may send, and means to be answered.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.method == Method::POST
            && self.body.is_honest()
            && self.coding == Coding::Identity
            && self.beside.is_none()
            && !matches!(self.wire.last(), Some(Piece::Close | Piece::Silence))
    }
}

/// Says what is sent, for a report.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.body)?;
        if self.framing == Framing::Chunked {
            f.write_str(", in chunks")?;
        }
        if self.coding == Coding::Gzip {
            f.write_str(", compressed with gzip")?;
        }
        match self.content_type {
            _ if self.body == Body::None => {}
            Some("application/json") => {}
            Some(other) => write!(f, ", as {other}")?,
            None => f.write_str(", without a content type")?,
        }
        match self.beside {
            Some(Beside::Headers) => {
                f.write_str(", the valid token in the headers authorization, x-aircall-token and x-aircall-signature")
            }
            Some(Beside::Query) => f.write_str(", the valid token in the query"),
            None => Ok(()),
        }?;
        match self.wire {
            [] => Ok(()),
            wire => write!(f, ", written as {}", Piece::describe(wire)),
        }
    }
}

/// What stands in the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Body {
    /// Nothing.
    None,
    /// An event of the fixtures, by its name, with the valid token.
    Event(&'static str),
    /// The plain event with another valid token.
    OtherWebhook,
    /// The plain event, sent so many seconds ago for the first time.
    Aged(u64),
    /// The plain event, in which one text is replaced.
    Altered {
        /// What is altered, for a reader.
        what: &'static str,
        /// What stands in the plain event.
        from: &'static str,
        /// What is sent in its place.
        to: &'static str,
    },
    /// The plain event with this JSON text for a token.
    Token {
        /// What it is, for a reader.
        what: &'static str,
        /// The text.
        json: &'static str,
    },
    /// A hostile body of the fixtures, by its name, with the `data` of the plain event.
    Hostile(&'static str),
    /// The plain event, cut off in the middle.
    CutOff,
    /// The plain event with a key that holds arrays in arrays, so deep.
    Nested(usize),
    /// An honest event of a user with many numbers, of at least so many bytes, with the valid token.
    ManyNumbers(usize),
    /// An event of exactly so many bytes, with a wrong token.
    Oversized(usize),
}

impl Body {
    /// Tells whether an honest sender may send it.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        match self {
            Self::Event(_) | Self::OtherWebhook | Self::Aged(_) | Self::Altered { .. } | Self::ManyNumbers(_) => true,
            Self::Hostile(name) => aircall_fixtures::find_hostile(name)
                .is_some_and(|hostile| hostile.demand == aircall_fixtures::Demand::Accept),
            _ => false,
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("without a body"),
            Self::Event(name) => f.write_str(name),
            Self::OtherWebhook => write!(f, "{PLAIN_EVENT} of another webhook"),
            Self::Aged(seconds) => write!(f, "{PLAIN_EVENT}, first sent {} hours ago", seconds / 3600),
            Self::Altered { what, .. } => write!(f, "{PLAIN_EVENT}, altered: {what}"),
            Self::Token { what, .. } => write!(f, "{PLAIN_EVENT}, altered: the token is {what}"),
            Self::Hostile(name) => {
                let summary = aircall_fixtures::find_hostile(name).map_or("unknown", |hostile| hostile.summary);
                let mut summary: Cow<'_, str> = summary.trim_end_matches('.').into();
                summary.to_mut()[..1].make_ascii_lowercase();
                write!(f, "{PLAIN_EVENT}, altered: {summary}")
            }
            Self::CutOff => write!(f, "{PLAIN_EVENT}, cut off in the middle"),
            Self::Nested(depth) => write!(f, "{PLAIN_EVENT} with a key that holds {depth} arrays in one another"),
            Self::ManyNumbers(_) => f.write_str("user.opened of a user with many numbers"),
            Self::Oversized(_) => write!(f, "{PLAIN_EVENT} with a wrong token and one very long string"),
        }
    }
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Coding {
    /// Not at all.
    Identity,
    /// With gzip.
    Gzip,
}

/// How the end of a body is made known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Its length is said before, as Aircall does.
    ContentLength,
    /// It comes in chunks.
    Chunked,
}

/// A place for the token that Aircall does not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Beside {
    /// In the headers that third parties have invented.
    Headers,
    /// In the query of the URL, as `token`.
    Query,
}

/// The event that everything else is compared with: one that even a receiver takes which expects a `user` in every call,
/// so that the report on such a receiver says what it trips over and not only that it falls.
pub const PLAIN_EVENT: &str = "call.created.with-user";
