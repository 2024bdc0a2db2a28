//! Reading a body piece by piece, up to its limits.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::pieces::Pieces;
use crate::deadline::until;

/// A body on its way in: what has arrived is held, up to a fixed number of bytes.
#[derive(Debug)]
pub(crate) struct Reading<'a, B> {
    body: Pin<&'a mut B>,
    pieces: Pieces,
    arrived: usize,
    hold: usize,
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

impl<'a, B> Reading<'a, B>
where
    B: Body,
{
    pub(crate) fn new(body: Pin<&'a mut B>, hold: usize, deadline: Instant) -> Self {
        Self { body, pieces: Pieces::new(), arrived: 0, hold, deadline, overflowed: false, begun: false }
    }

    /// Waits for the next piece, as much of it as may be held; `None` at the end of the body.
    pub(crate) async fn more(&mut self) -> Result<Option<Bytes>, ReadError> {
        let Some(mut piece) = self.piece().await? else { return Ok(None) };
        let room = self.hold - self.arrived;
        self.overflowed |= piece.remaining() > room;
        let held = piece.remaining().min(room);
        self.arrived += held;
        Ok(Some(piece.copy_to_bytes(held)))
    }

    /// Keeps a piece for the whole, and with it the buffer that it shares.
    pub(crate) fn keep(&mut self, piece: Bytes) {
        self.pieces.push(piece);
    }

    /// Keeps a stranger's piece for the whole: a copy, unless it is the last and nothing will be waited for any more.
    pub(crate) fn keep_for_now(&mut self, piece: Bytes) {
        if self.body.is_end_stream() { self.pieces.push(piece) } else { self.pieces.copy(&piece) }
    }

    /// Returns how much memory the pieces take that were kept.
    pub(crate) fn room(&self) -> usize {
        self.pieces.room()
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

    /// Returns true once more has arrived than is held.
    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.pieces.into_bytes()
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
}
