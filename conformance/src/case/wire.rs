use std::fmt::Write;

/// One step in writing a request to a connection by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Piece {
    /// These bytes.
    Text(&'static str),
    /// These bytes so many times.
    Repeated(&'static str, usize),
    /// The method, the path and the query.
    Target,
    /// The headers of an honest delivery, `host` among them, but none about the length of the body.
    Headers,
    /// `content-length`, with the true length of the body.
    Length,
    /// The empty line behind the headers.
    EndOfHead,
    /// The body.
    Body,
    /// The first half of the body.
    HalfBody,
    /// The body as one chunk, and the last chunk.
    Chunk,
    /// The body in so many parts, with pauses of so many milliseconds between.
    Trickle(usize, u64),
    /// Waits for so many milliseconds.
    Pause(u64),
    /// Waits for `100 Continue`, for a second at most, as RFC 9110 allows.
    AwaitContinue,
    /// Waits for a response; where it says that the connection ends with it, the rest is not sent.
    AwaitResponse,
    /// Says that nothing more will come, and goes on listening.
    CloseWrite,
    /// Closes the connection without waiting for a response.
    Close,
    /// Neither writes nor closes until the time is over.
    Silence,
}

impl Piece {
    /// Says what is written, for a report.
    pub(super) fn describe(pieces: &[Self]) -> String {
        let mut out = String::new();
        for piece in pieces {
            let _ = match piece {
                Self::Text(text) => write!(out, "{}", shown(text)),
                Self::Repeated(text, times) => write!(out, "[{times} × {}]", shown(text)),
                Self::Target => write!(out, "[method and path]"),
                Self::Headers => write!(out, "[headers]"),
                Self::Length => write!(out, "[length]"),
                Self::EndOfHead => write!(out, "[empty line]"),
                Self::Body => write!(out, "[body]"),
                Self::HalfBody => write!(out, "[half of the body]"),
                Self::Chunk => write!(out, "[body in a chunk]"),
                Self::Trickle(parts, pause) => write!(out, "[body in {parts} parts, {pause} ms between]"),
                Self::Pause(milliseconds) => write!(out, "[{milliseconds} ms]"),
                Self::AwaitContinue => write!(out, "[wait for 100]"),
                Self::AwaitResponse => write!(out, "[wait for the response]"),
                Self::CloseWrite => write!(out, "[end of writing]"),
                Self::Close => write!(out, "[end of the connection]"),
                Self::Silence => write!(out, "[silence]"),
            };
        }
        out
    }
}

fn shown(text: &str) -> String {
    const LONG: usize = 60;
    let escaped = text.escape_debug().to_string();
    match escaped.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &escaped[..end]),
        None => escaped,
    }
}
