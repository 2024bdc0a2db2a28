//! The first station: what is refused before anything is understood.
//!
//! Everything here is about a stranger: nothing has been authenticated yet, so nothing that the request says about
//! itself is believed. A length is a claim, not a reason to reserve memory; a body has a deadline, a size, and a share
//! of what all unauthenticated bodies together may hold.

mod budget;
mod pieces;
mod read;

use std::time::Duration;

use http::{HeaderMap, Method, header};

pub(crate) use self::budget::{Budget, Share};
use self::pieces::FIRST_BLOCK;
pub(crate) use self::read::{ReadError, Reading};
use crate::acknowledgement::OutcomeKind;

/// How much of any body is looked at, whatever its length: enough for the token of every real delivery, which stands in
/// the first 150 bytes.
///
/// A body that claims to be longer than what may be held is searched for its token up to here.
const PREFIX: usize = 16 * 1024;

/// How much of the room for any body is not on the account of unauthenticated bytes: the first block, and as much again
/// for a token or a key that has come in part.
///
/// The token of every real delivery has arrived by then, so an account that is used up keeps none of them out. A
/// connection costs its server several times that, so this changes little about how memory grows with the number of
/// strangers.
pub(crate) const FREE: usize = 2 * FIRST_BLOCK;

/// The bounds on what strangers can make a receiver hold, and for how long.
///
/// | bound | default |
/// |---|---|
/// | bytes of one body | 1 MiB |
/// | time from a request's arrival until its body is complete | 3 s |
/// | bytes of unauthenticated bodies held at once, over all requests of a layer | 64 MiB |
///
/// Aircall documents no maximum size. An event of a user with 500 numbers extrapolates to half a megabyte, so a limit
/// under 512 KiB risks refusing honest deliveries.
///
/// ```
/// use std::time::Duration;
/// use aircall_tower::Limits;
///
/// let limits = Limits::default().with_body_bytes(2 * 1024 * 1024).with_read_timeout(Duration::from_secs(2));
/// assert_eq!(limits.body_bytes(), 2_097_152);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    body_bytes: usize,
    read_timeout: Duration,
    unauthenticated_bytes: usize,
}

impl Limits {
    /// Sets how many bytes one body may have; a longer one is not handled.
    #[must_use]
    pub fn with_body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Sets how long after its arrival a request's body must be complete.
    ///
    /// The acknowledgement deadline applies as well, whichever is earlier.
    #[must_use]
    pub fn with_read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets how many bytes of bodies may be held at once, over all requests of a layer, while nobody knows yet whether
    /// they carry a valid token. The first 2 KiB of each body are not counted.
    ///
    /// A body leaves this account as soon as its token has been seen and is valid, and the token of a real delivery
    /// stands in its first 150 bytes. So a flood of strangers can use up the account without an honest delivery being
    /// refused for it.
    ///
    /// Counted is the memory that holds what has arrived. Until a body is known to be authentic it is copied out of the
    /// server's buffers, which would be held with it, into blocks of 4 KiB, each of which counts as a whole. Not counted
    /// is what is yet in the server's buffers, and the second copy of a body in several pieces at the moment when it is
    /// complete and made one: there is one of these for each thread that handles requests.
    #[must_use]
    pub fn with_unauthenticated_bytes(mut self, bytes: usize) -> Self {
        self.unauthenticated_bytes = bytes;
        self
    }

    /// Returns how many bytes one body may have.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// Returns how long after its arrival a request's body must be complete.
    #[must_use]
    pub fn read_timeout(&self) -> Duration {
        self.read_timeout
    }

    /// Returns how many bytes of unauthenticated bodies may be held at once.
    #[must_use]
    pub fn unauthenticated_bytes(&self) -> usize {
        self.unauthenticated_bytes
    }

    /// Says how many bytes to hold of a body that claims `declared`, or refuses it unread.
    ///
    /// A claim beyond the whole account of all requests is absurd and refused before a byte is read. A claim between
    /// the limit and that may still be Aircall's own, whose refusals are counted against the webhook: of such a body
    /// a prefix is searched for a valid token, and the rest is never held.
    pub(crate) fn hold(&self, declared: Option<u64>) -> Result<usize, OutcomeKind> {
        match declared {
            Some(bytes) if bytes > self.unauthenticated_bytes.max(self.body_bytes) as u64 => Err(OutcomeKind::TooLarge),
            Some(bytes) if bytes > self.body_bytes as u64 => Ok(self.body_bytes.min(PREFIX)),
            _ => Ok(self.body_bytes),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, read_timeout: Duration::from_secs(3), unauthenticated_bytes: 64 * 1024 * 1024 }
    }
}

/// Refuses what the head of a request already shows not to be a delivery.
pub(crate) fn admit(method: &Method, headers: &HeaderMap) -> Result<(), OutcomeKind> {
    if method != Method::POST {
        return Err(OutcomeKind::MethodNotAllowed);
    }
    // A compressed body would make the size limit count the wrong bytes, and Aircall sends none.
    let identity = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"));
    if !identity {
        return Err(OutcomeKind::UnsupportedCoding);
    }
    Ok(())
}

/// Returns the length that a request claims for its body, in its head or through the body's own size hint.
pub(crate) fn declared_length(headers: &HeaderMap, hint: http_body::SizeHint) -> Option<u64> {
    let header = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    header.max((hint.lower() > 0).then_some(hint.lower()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn coding(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_post_is_a_delivery() {
        assert_eq!(admit(&Method::POST, &HeaderMap::new()), Ok(()));
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS, Method::DELETE, Method::PATCH] {
            assert_eq!(admit(&method, &HeaderMap::new()), Err(OutcomeKind::MethodNotAllowed), "{method}");
        }
    }

    #[test]
    fn only_identity_is_read() {
        for identity in [&[][..], &["identity"], &["Identity, identity"], &[""], &["identity", "IDENTITY"]] {
            assert_eq!(admit(&Method::POST, &coding(identity)), Ok(()), "{identity:?}");
        }
        for coded in [&["gzip"][..], &["identity, gzip"], &["identity", "br"]] {
            assert_eq!(admit(&Method::POST, &coding(coded)), Err(OutcomeKind::UnsupportedCoding), "{coded:?}");
        }
    }

    #[test]
    fn a_claimed_length_decides_how_much_is_held() {
        let limits = Limits::default();
        assert_eq!(limits.hold(None), Ok(1024 * 1024));
        assert_eq!(limits.hold(Some(1024 * 1024)), Ok(1024 * 1024));
        assert_eq!(limits.hold(Some(1024 * 1024 + 1)), Ok(PREFIX));
        assert_eq!(limits.hold(Some(64 * 1024 * 1024)), Ok(PREFIX));
        assert_eq!(limits.hold(Some(64 * 1024 * 1024 + 1)), Err(OutcomeKind::TooLarge));
        assert_eq!(limits.hold(Some(i64::MAX as u64)), Err(OutcomeKind::TooLarge));
        assert_eq!(limits.hold(Some(u64::MAX)), Err(OutcomeKind::TooLarge));
    }

    #[test]
    fn a_length_that_is_no_number_is_no_claim() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("-1"));
        assert_eq!(declared_length(&headers, http_body::SizeHint::default()), None);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("12"));
        assert_eq!(declared_length(&headers, http_body::SizeHint::with_exact(99)), Some(99));
    }
}
