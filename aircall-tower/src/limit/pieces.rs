//! What has arrived of a body, until all of it is there.
//!
//! A body in one piece stays that piece. One in several pieces is copied once, at the end, into a buffer of just its
//! length: to let a buffer grow with it would copy it again and again, and hold three times its length while the buffer
//! moves. Until then the pieces are kept as they came, but for those that are too small to be worth a place of their own.
//!
//! A piece that is kept as it came keeps the buffer that it shares, which a server may have made far larger for it. A
//! stranger could so hold many times what was sent. What comes from one is therefore copied, into blocks whose room is
//! known.

use bytes::Bytes;

/// The pieces of a body in their order.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Not among the others, so that a body in one piece needs no list.
    first: Bytes,
    others: Vec<Bytes>,
    /// How long the others are together.
    others_length: usize,
    /// Copies, behind those that are kept as they came.
    small: Vec<u8>,
}

impl Pieces {
    pub(super) fn new() -> Self {
        Self { first: Bytes::new(), others: Vec::new(), others_length: 0, small: Vec::new() }
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() && self.others.is_empty() && self.small.is_empty() {
            self.first = piece;
        } else if piece.len() >= SMALL.max(self.others.len() * SMALL_FOR_EACH) {
            self.close_block();
            self.place(piece);
        } else {
            self.copy(&piece);
        }
    }

    /// Copies a piece behind the others, into blocks that are pieces of some size.
    pub(super) fn copy(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            if self.small.len() == self.small.capacity() {
                let is_begun = !(self.first.is_empty() && self.others.is_empty() && self.small.is_empty());
                self.close_block();
                self.small.reserve_exact(if is_begun { BLOCK } else { FIRST_BLOCK });
            }
            let room = self.small.capacity() - self.small.len();
            let (now, later) = piece.split_at(piece.len().min(room));
            self.small.extend_from_slice(now);
            piece = later;
        }
    }

    /// Returns how much memory all of it takes, as far as that is known of what is kept as it came.
    pub(super) fn room(&self) -> usize {
        let places = self.others.capacity() * size_of::<Bytes>();
        self.first.len() + self.others_length + places + self.small.capacity()
    }

    /// Makes one piece of all.
    pub(super) fn into_bytes(self) -> Bytes {
        let Self { first, others, others_length, small } = self;
        if others.is_empty() && small.is_empty() {
            return first;
        }
        let length = first.len() + others_length + small.len();
        let mut whole = Vec::with_capacity(length);
        whole.extend_from_slice(&first);
        for piece in others {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&small);
        whole.into()
    }

    fn close_block(&mut self) {
        if !self.small.is_empty() {
            let mut block = std::mem::take(&mut self.small);
            block.shrink_to_fit();
            self.place(block.into());
        }
    }

    fn place(&mut self, piece: Bytes) {
        if self.others.len() == self.others.capacity() {
            // Not doubled: in the end, that is what would be held too much.
            self.others.reserve_exact(PLACES);
        }
        self.others_length += piece.len();
        self.others.push(piece);
    }
}

/// Shorter pieces are always copied together.
const SMALL: usize = 512;

/// By how much a piece must be longer for each that has a place already, so that the places of a body of 1 MiB take no
/// more than 16 kB however it is cut.
const SMALL_FOR_EACH: usize = 16;

/// How much of copies is held together.
const BLOCK: usize = 4 * 1024;

/// The same at the beginning of a body: most of what strangers send is short, and all that a delivery needs to be known
/// for one stands in there.
pub(super) const FIRST_BLOCK: usize = 1024;

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
            for copied in 1..=lengths.len().min(4) {
                let (mut pieces, mut rest) = (Pieces::new(), &expected[..]);
                for (index, length) in lengths.iter().enumerate() {
                    let (piece, after) = rest.split_at(*length);
                    if index < copied {
                        pieces.copy(piece);
                    } else {
                        pieces.push(Bytes::copy_from_slice(piece));
                    }
                    rest = after;
                }
                assert!(pieces.into_bytes() == expected, "{copied} copied of {:?}", &lengths[..lengths.len().min(10)]);
            }
        }
    }

    #[test]
    fn the_room_of_copies_is_little_more_than_what_was_copied() {
        for length in [1, 1000, 4096, 100_000] {
            let mut pieces = Pieces::new();
            let mut copied = 0;
            while copied < 1024 * 1024 {
                pieces.copy(&vec![0; length]);
                copied += length;
                let room = pieces.room();
                let allocated = pieces.others.iter().map(Bytes::len).sum::<usize>() + pieces.small.capacity();
                assert_eq!(room, allocated + pieces.others.capacity() * size_of::<Bytes>());
                let more = if copied <= FIRST_BLOCK { FIRST_BLOCK } else { BLOCK + PLACES * size_of::<Bytes>() };
                assert!((copied..=copied + copied / 64 + more).contains(&room), "{room} for {copied}");
            }
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
