//! The second station: the whole document is JSON, and its top level says what it is about.
//!
//! Aircall's webhooks put an event into `{resource, event, timestamp, token, data}`. Its message callbacks, which a
//! user may point at the same URL, look alike but use `event_name` and milliseconds. Both are read here and told apart.
//!
//! The whole document is validated, but of `data` only that it is JSON: it stays the bytes that arrived, so a payload
//! of any shape passes. Keys may come in any order, and unknown ones are passed over.

mod closely;
mod error;
mod parse;
mod prefix;
mod scan;
mod text;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

pub(crate) use self::prefix::{Prefix, Seen};
use crate::extension::{EventName, Timestamp};

/// How deep arrays and objects may be nested, the top level included.
///
/// `serde_json` refuses to go deeper with its default settings, so nothing that passes here is too deep for a handler's
/// `Json<_>`. It may still be too odd for one: a lone surrogate or the number `1e999` passes here, as `data` is not read.
pub const MAX_NESTING: usize = 127;

/// Which of Aircall's two look-alike mechanisms sent a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// A webhook: the name is in `event`, `timestamp` in seconds.
    Webhook,
    /// A message callback of a number in proxy mode: the name is in `event_name`, `timestamp` in milliseconds.
    ///
    /// Its token is that of the number, not of a webhook: add it to the same [`Tokens`](crate::Tokens).
    MessageCallback,
}

/// What the top level of a body says, beside the body itself.
#[derive(Clone)]
pub(crate) struct Envelope {
    pub(crate) body: Bytes,
    pub(crate) dialect: Dialect,
    pub(crate) event: EventName,
    pub(crate) resource: Option<Resource>,
    pub(crate) timestamp: Timestamp,
    pub(crate) data: Range<usize>,
    /// Where the token stands, quotes included, so that it can be cut out of what is compared or shown.
    pub(crate) token: Range<usize>,
}

/// The value of `resource`, which is not a closed set.
#[derive(Clone)]
pub(crate) enum Resource {
    Known(&'static str),
    Unknown(Arc<str>),
}

impl Resource {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Unknown(name) => name,
        }
    }
}

/// Removes a UTF-8 byte order mark, which JSON does not allow and some proxies add.
pub(crate) fn without_bom(mut body: Bytes) -> Bytes {
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    if body.starts_with(BOM) {
        let _ = body.split_to(BOM.len());
    }
    body
}

/// Both readings of a body, for the comparison of the two in `benches`.
#[cfg(feature = "__stations")]
pub(crate) mod readings {
    use std::ops::Range;

    use super::{Prefix, Seen, closely, scan};

    type Places = Vec<Option<Range<usize>>>;

    /// The members read at once, and gone on with behind the token, and that token.
    pub(crate) fn quick(body: &[u8]) -> ([Option<Places>; 2], Option<Range<usize>>) {
        let (token, begun) = scan::first_token(body).unzip();
        ([None, begun].map(|begun| scan::members(body, begun).map(Vec::from)), token)
    }

    pub(crate) fn close(body: &[u8]) -> (Result<Places, String>, Option<Vec<u8>>) {
        let mut prefix = Prefix::new();
        // The scan for the token asks its quick reader but once, so a first byte alone keeps that out of it.
        let (first, others) = body.split_at(body.len().min(1));
        prefix.advance(first);
        let token = match prefix.advance(others) {
            Seen::Token(token) => Some(token.into_owned()),
            Seen::Nothing | Seen::NoString => None,
        };
        (closely::members(body).map(Vec::from).map_err(|error| error.to_string()), token)
    }
}
