use std::fmt;

use http::Method;

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
    /// Aircall sends `application/json`, without a charset.
    pub content_type: &'static str,
    /// How the end of the body is made known.
    pub framing: Framing,
    /// Where the valid token stands beside the body; Aircall sends it in the body alone.
    pub beside: Option<Beside>,
}

impl Request {
    /// The request that Aircall would make with this body.
    #[must_use]
    pub const fn post(body: Body) -> Self {
        Self {
            method: Method::POST,
            body,
            content_type: "application/json",
            framing: Framing::ContentLength,
            beside: None,
        }
    }

    /// The same with the token in another place.
    #[must_use]
    pub fn with_token_beside(self, beside: Beside) -> Self {
        Self { beside: Some(beside), ..self }
    }

    /// The same with another content type.
    #[must_use]
    pub fn with_content_type(self, content_type: &'static str) -> Self {
        Self { content_type, ..self }
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
}

/// Says what is sent, for a report.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.body)?;
        if self.framing == Framing::Chunked {
            f.write_str(", in chunks")?;
        }
        if self.content_type != "application/json" && self.body != Body::None {
            write!(f, ", as {}", self.content_type)?;
        }
        match self.beside {
            Some(Beside::Headers) => {
                f.write_str(", the valid token in the headers authorization, x-aircall-token and x-aircall-signature")
            }
            Some(Beside::Query) => f.write_str(", the valid token in the query"),
            None => Ok(()),
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
    /// A hostile body of the fixtures, by its name, with the `data` of the plain event.
    Hostile(&'static str),
    /// The plain event, cut off in the middle.
    CutOff,
    /// An honest event of a user with many numbers, of at least so many bytes, with the valid token.
    ManyNumbers(usize),
    /// An event of exactly so many bytes, with a wrong token.
    Oversized(usize),
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("without a body"),
            Self::Event(name) => f.write_str(name),
            Self::Hostile(name) => {
                let summary = aircall_fixtures::find_hostile(name).map_or("unknown", |hostile| hostile.summary);
                let mut summary = summary.trim_end_matches('.').to_owned();
                summary[..1].make_ascii_lowercase();
                write!(f, "{PLAIN_EVENT}, altered: {summary}")
            }
            Self::CutOff => write!(f, "{PLAIN_EVENT}, cut off in the middle"),
            Self::ManyNumbers(_) => f.write_str("user.opened of a user with many numbers"),
            Self::Oversized(_) => write!(f, "{PLAIN_EVENT} with a wrong token and one very long string"),
        }
    }
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
