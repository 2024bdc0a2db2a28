//! Telling a delivery that was sent again from a new one that looks like it.

use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::Timestamp;

/// The latest time that six bytes hold, in the year 10889.
const LATEST: i64 = (1 << 48) - 1;

/// A name for the content of a delivery, since Aircall gives it none.
///
/// Two deliveries have the same key if their bodies are the same to the byte, the value of the token aside: so a retry
/// has the key of the first attempt, and an event sent to two webhooks of one account has the same key twice. It
/// differs wherever a body differs. That matters for the look-alikes on the wire: `call.ringing_on_agent` comes once
/// for each agent of a ring group with the same event, call and second, and `user.closed.v2` comes twice by design.
/// A key made of event, id and timestamp would swallow them.
///
/// It is the time in the envelope, in milliseconds since 1970 and six bytes, and ten bytes of a SHA-256. So keys are in the order
/// of time, as UUIDs of version 7 are, and an index of them grows at its end instead of all over. A key does not change between
/// versions or machines, so it can be stored. Keep keys for more than twelve hours, for as long as Aircall may send an event again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupKey([u8; 16]);

impl DedupKey {
    pub(super) fn of(body: &[u8], token: Range<usize>, time: Timestamp) -> Self {
        let digest = Sha256::new().chain_update(&body[..token.start]).chain_update(&body[token.end..]).finalize();
        let time = time.unix_millis().clamp(0, LATEST).to_be_bytes();
        let mut key = [0; 16];
        key[..6].copy_from_slice(&time[2..]);
        key[6..].copy_from_slice(&digest[..10]);
        Self(key)
    }

    /// Reads what a key is written as.
    #[cfg(feature = "inbox")]
    pub(super) fn from_hex(digits: &str) -> Option<Self> {
        let is_key = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let key = u128::from_str_radix(digits, 16).ok().filter(|_| is_key)?;
        Some(Self(key.to_be_bytes()))
    }

    /// Returns the 16 bytes of the key.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DedupKey({self})")
    }
}
