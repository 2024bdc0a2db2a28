//! Reading a body piece by piece into one `Bytes`.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::deadline::until;

/// A body on its way in: what has arrived stays together, up to a fixed number of bytes.
#[derive(Debug)]
pub(crate) struct Reading<'a, B> {
    body: Pin<&'a mut B>,
    arrived: Arrived,
    hold: usize,
    declared: Option<u64>,
    deadline: Instant,
    overflowed: bool,
    begun: bool,
}

/// Why a body did not arrive whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// It was not complete at the deadline.
    TimedOut,
    /// The connection or the framing broke.
    Broken,
}

/// The pieces so far. One piece is kept as it came, so that the usual delivery is never copied.
#[derive(Debug)]
enum Arrived {
    Whole(Bytes),
    Joined(Vec<u8>),
}

impl<'a, B> Reading<'a, B>
where
    B: Body,
{
    pub(crate) fn new(body: Pin<&'a mut B>, hold: usize, declared: Option<u64>, deadline: Instant) -> Self {
        Self { body, arrived: Arrived::Whole(Bytes::new()), hold, declared, deadline, overflowed: false, begun: false }
    }

    /// Waits for the next piece; false at the end of the body.
    pub(crate) async fn more(&mut self) -> Result<bool, ReadError> {
        let Some(mut piece) = self.piece().await? else { return Ok(false) };
        let room = self.hold - self.arrived().len();
        self.overflowed |= piece.remaining() > room;
        let kept = piece.remaining().min(room);
        self.keep(piece.copy_to_bytes(kept));
        Ok(true)
    }

    /// Reads to the end without holding anything, so that the sender can finish and hear the answer.
    pub(crate) async fn discard(&mut self) -> Result<(), ReadError> {
        while self.piece().await?.is_some() {}
        Ok(())
    }

    /// Gives the sender back the time in which it was not listened to, up to `at_most`.
    pub(crate) fn extend(&mut self, time: Duration, at_most: Instant) {
        self.deadline = (self.deadline + time).min(at_most);
    }

    pub(crate) fn arrived(&self) -> &[u8] {
        match &self.arrived {
            Arrived::Whole(bytes) => bytes,
            Arrived::Joined(bytes) => bytes,
        }
    }

    /// Returns true once more has arrived than is held.
    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        match self.arrived {
            Arrived::Whole(bytes) => bytes,
            Arrived::Joined(bytes) => bytes.into(),
        }
    }

    async fn piece(&mut self) -> Result<Option<B::Data>, ReadError> {
        loop {
            // A body whose pieces are always ready would never let the clock be looked at.
            if std::mem::replace(&mut self.begun, true) && Instant::now() >= self.deadline {
                return Err(ReadError::TimedOut);
            }
            let frame = until(self.deadline, self.body.frame()).await.map_err(|_| ReadError::TimedOut)?;
            match frame {
                None => return Ok(None),
                Some(Err(_)) => return Err(ReadError::Broken),
                Some(Ok(frame)) => {
                    // Trailers say nothing that a webhook needs; an empty piece says nothing at all.
                    if let Ok(data) = frame.into_data()
                        && data.has_remaining()
                    {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    fn keep(&mut self, piece: Bytes) {
        match &mut self.arrived {
            Arrived::Whole(whole) if whole.is_empty() => *whole = piece,
            Arrived::Whole(whole) => {
                let mut joined = Vec::new();
                reserve(&mut joined, whole.len() + piece.len(), self.declared, self.hold);
                joined.extend_from_slice(whole);
                joined.extend_from_slice(&piece);
                self.arrived = Arrived::Joined(joined);
            }
            Arrived::Joined(joined) => {
                reserve(joined, piece.len(), self.declared, self.hold);
                joined.extend_from_slice(&piece);
            }
        }
    }
}

/// Makes room for `more` bytes: at most twice what has arrived, whatever length was claimed, and exactly what was
/// claimed once that is near.
///
/// The first time, when the first piece is still held beside, there is room for no more than has arrived. From then on
/// the allocator enlarges the buffer, which it does for a large one without copying it.
fn reserve(joined: &mut Vec<u8>, more: usize, declared: Option<u64>, hold: usize) {
    /// Below this, saving memory is not worth a call of the allocator.
    const SMALL: usize = 1024;

    let needed = joined.len() + more;
    if needed <= joined.capacity() {
        return;
    }
    let end =
        declared.and_then(|declared| usize::try_from(declared).ok()).unwrap_or(hold).clamp(needed, hold.max(needed));
    let room = if joined.is_empty() { needed.max(SMALL) } else { needed.saturating_mul(2) };
    joined.reserve_exact(end.min(room) - joined.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_what_arrived_and_not_what_was_claimed() {
        let mut joined = Vec::new();
        reserve(&mut joined, 2000, Some(1_000_000), 1_000_000);
        assert_eq!(joined.capacity(), 2000);
        joined.extend_from_slice(&[0; 2000]);
        reserve(&mut joined, 100, Some(1_000_000), 1_000_000);
        assert_eq!(joined.capacity(), 4200);
        joined.extend_from_slice(&[0; 2200]);
        reserve(&mut joined, 100, Some(5000), 1_000_000);
        assert_eq!(joined.capacity(), 5000);
        joined.extend_from_slice(&[0; 800]);
        // More than was claimed: the claim was a lie, the hold still bounds.
        reserve(&mut joined, 1, Some(5000), 6000);
        assert_eq!(joined.capacity(), 5001);
    }
}
