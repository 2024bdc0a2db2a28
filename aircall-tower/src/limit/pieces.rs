//! What has arrived of a body, until all of it is there.
//!
//! A body in one piece stays that piece. One in several pieces is copied once, at the end, into a buffer of just its
//! length: to let a buffer grow with it would copy it again and again, and hold three times its length while the buffer
//! moves. Until then the pieces are kept as they came, but for those that are too small to be worth a place of their own.

use bytes::Bytes;

/// The pieces of a body in their order.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Not among the others, so that a body in one piece needs no list.
    first: Bytes,
    others: Vec<Bytes>,
    /// Small pieces, behind those that are kept as they came.
    small: Vec<u8>,
}

impl Pieces {
    pub(super) fn new() -> Self {
        Self { first: Bytes::new(), others: Vec::new(), small: Vec::new() }
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
        } else if piece.len() >= SMALL.max(self.others.len() * SMALL_FOR_EACH) {
            self.close_chunk();
            self.place(piece);
        } else {
            self.gather(&piece);
        }
    }

    /// Makes one piece of all.
    pub(super) fn into_bytes(self) -> Bytes {
        let Self { first, others, small } = self;
        if others.is_empty() && small.is_empty() {
            return first;
        }
        let length = first.len() + others.iter().map(Bytes::len).sum::<usize>() + small.len();
        let mut whole = Vec::with_capacity(length);
        whole.extend_from_slice(&first);
        for piece in others {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&small);
        whole.into()
    }

    /// Copies a small piece to others, in chunks that are pieces of some size.
    fn gather(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            if self.small.len() == CHUNK {
                self.close_chunk();
            }
            if self.small.capacity() == 0 {
                self.small.reserve_exact(CHUNK);
            }
            let (now, later) = piece.split_at(piece.len().min(CHUNK - self.small.len()));
            self.small.extend_from_slice(now);
            piece = later;
        }
    }

    fn close_chunk(&mut self) {
        if !self.small.is_empty() {
            let mut chunk = std::mem::take(&mut self.small);
            chunk.shrink_to_fit();
            self.place(chunk.into());
        }
    }

    fn place(&mut self, piece: Bytes) {
        if self.others.len() == self.others.capacity() {
            // Not doubled: in the end, that is what would be held too much.
            self.others.reserve_exact(PLACES);
        }
        self.others.push(piece);
    }
}

/// Shorter pieces are always copied together.
const SMALL: usize = 512;

/// By how much a piece must be longer for each that has a place already, so that the places of a body of 1 MiB take no
/// more than 16 kB however it is cut.
const SMALL_FOR_EACH: usize = 16;

/// How much of small pieces is held together.
const CHUNK: usize = 4 * 1024;

/// How many places are made at a time.
const PLACES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(lengths: &[usize]) -> Pieces {
        let mut pieces = Pieces::new();
        let mut next = 0;
        for length in lengths {
            pieces.push((next..next + length).map(|at| at as u8).collect());
            next += length;
        }
        pieces
    }

    #[test]
    fn the_order_is_kept_however_a_body_is_cut() {
        let cuts: [&[usize]; 7] = [
            &[],
            &[5],
            &[1; 40_000],
            &[3, 600, 2, 700, 4095, 1, 4097, 20_000, 1],
            &[20_000, 1, 4096, 511, 512],
            &[1000; 200],
            &[100, 511, 4000, 8000],
        ];
        for lengths in cuts {
            let expected: Vec<u8> = (0..lengths.iter().sum::<usize>()).map(|at| at as u8).collect();
            assert!(pushed(lengths).into_bytes() == expected, "{:?}", &lengths[..lengths.len().min(10)]);
        }
    }

    #[test]
    fn there_are_few_places_however_a_body_is_cut() {
        let worst: Vec<_> =
            (0..).flat_map(|place: usize| [511, (place * 2 * SMALL_FOR_EACH).max(SMALL)]).take(1000).collect();
        for cut in [&[512; 2048][..], &[1; 1024 * 1024], &[4096; 256], &worst] {
            let mut held = 0;
            let lengths: Vec<usize> = cut
                .iter()
                .copied()
                .take_while(|length| {
                    held += length;
                    held <= 1024 * 1024
                })
                .collect();
            let pieces = pushed(&lengths);
            assert!(pieces.others.capacity() * size_of::<Bytes>() <= 16 * 1024, "{}", pieces.others.capacity());
        }
    }

    #[test]
    fn a_piece_of_some_size_is_kept_as_it_came() {
        let piece = Bytes::from(vec![0; 600]);
        let mut pieces = pushed(&[100, 100]);
        pieces.push(piece.clone());
        assert_eq!(pieces.others.last().map(|kept| kept.as_ptr()), Some(piece.as_ptr()));
    }
}
