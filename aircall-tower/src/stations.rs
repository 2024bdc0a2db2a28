//! The stations one by one, for the benches and fuzzers of this workspace. No part of the API: it changes without notice.

use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use tokio::time::Instant;

use crate::envelope::{Envelope, Prefix, readings, without_bom};
use crate::limit::Reading;
use crate::token::Verifier;
use crate::{Dialect, Timestamp, Tokens};

/// True if the features `tracing` and `metrics` are off, which allocate for what they show.
pub const IS_UNOBSERVED: bool = cfg!(not(any(feature = "tracing", feature = "metrics")));

/// Reads a body as the layer does, and returns it if it arrived whole.
pub async fn limit<B: Body>(body: B) -> Option<Bytes> {
    let body = pin!(body);
    let deadline = Instant::now() + Duration::from_secs(3);
    let mut reading = Reading::new(body, 1024 * 1024, deadline);
    while let Some(piece) = reading.more().await.ok()? {
        reading.keep(piece);
    }
    Some(reading.into_bytes())
}

/// Reads the envelope of a whole body as the layer does; returns where `data` stands, or what is wrong.
///
/// # Errors
///
/// Returns the defect that the layer reports.
pub fn envelope(body: &Bytes) -> Result<Range<usize>, String> {
    let mut prefix = Prefix::new();
    prefix.advance(body);
    Envelope::parse(body.clone(), prefix.into_begun()).map(|envelope| envelope.data).map_err(|error| error.to_string())
}

/// All that an envelope says, and where its token and `data` stand in the body behind a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named as the members of the envelope")]
pub struct Members {
    pub dialect: Dialect,
    pub event: String,
    pub resource: Option<String>,
    pub timestamp: Timestamp,
    pub token: Range<usize>,
    pub data: Range<usize>,
}

/// Reads the envelope of a body as the layer does when it looks for the token at each of these lengths on the way.
///
/// # Errors
///
/// Returns the defect that the layer reports.
pub fn members(body: &Bytes, arrived: &[usize]) -> Result<Members, String> {
    let mut prefix = Prefix::new();
    let mut seen = 0;
    for arrived in arrived.iter().copied().chain([body.len()]) {
        let arrived = arrived.clamp(seen, body.len());
        prefix.advance(&body[seen..arrived]);
        seen = arrived;
    }
    let envelope =
        Envelope::parse(without_bom(body.clone()), prefix.into_begun()).map_err(|error| error.to_string())?;
    Ok(Members {
        dialect: envelope.dialect,
        event: envelope.event.as_str().to_owned(),
        resource: envelope.resource.as_ref().map(|resource| resource.as_str().to_owned()),
        timestamp: envelope.timestamp,
        token: envelope.token,
        data: envelope.data,
    })
}

/// Compares the quick reading of a body with the close one: whether the quick one took it.
///
/// # Errors
///
/// Says how the two differ where they must not.
pub fn readings(body: &[u8]) -> Result<bool, String> {
    let (([quick, gone_on], quick_token), (close, close_token)) = (readings::quick(body), readings::close(body));
    if gone_on != quick {
        return Err(format!("members at {gone_on:?} when gone on, at once {quick:?}"));
    }
    if let Some(quick_token) = quick_token
        && close_token.as_deref() != Some(&body[quick_token.clone()])
    {
        return Err(format!("a token at {quick_token:?}, expected {close_token:?}"));
    }
    match (quick, close) {
        (None, Err(_)) => Ok(false),
        (Some(quick), Ok(close)) if quick == close => Ok(true),
        (Some(quick), close) => Err(format!("members at {quick:?}, expected {close:?}")),
        // An escape in a key of the top level is the one thing that the quick reader leaves to the close one.
        (None, Ok(_)) if body.contains(&b'\\') => Ok(false),
        (None, Ok(close)) => Err(format!("nothing, expected {close:?}")),
    }
}

/// A check of tokens.
#[derive(Debug)]
pub struct Check(Verifier);

impl Check {
    /// Accepts these tokens.
    #[must_use]
    pub fn new(tokens: Tokens) -> Self {
        Self(Verifier::Tokens(tokens))
    }

    /// Returns true if the JSON string in `quoted` is one of the tokens.
    pub async fn token(&self, quoted: &[u8]) -> bool {
        self.0.verify(quoted, Instant::now()).await.is_ok()
    }
}

/// Awaits a handler as the layer does: until a deadline, and its panic caught.
pub async fn guard<F: Future>(handler: F, deadline: Instant) -> Option<F::Output> {
    crate::deadline::until(deadline, crate::handler::CatchUnwind::new(handler)).await.ok()?.ok()
}
