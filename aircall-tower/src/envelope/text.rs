//! Going past JSON's strings, of which bodies mostly consist: eight bytes at a time, and more where they are long.

/// Goes past the string whose opening quote stands here; `None` if it breaks a rule of JSON or of UTF-8.
///
/// Lone surrogates in escapes pass: nobody here decodes what stands in `data`.
#[inline(always)]
pub(super) fn pass(body: &[u8], quote: usize) -> Option<usize> {
    let at = quote + 1;
    // Most strings are short and plain. Those are passed here, where no call is paid for.
    let Some([first, second]) = body.get(at..).and_then(<[u8]>::first_chunk::<16>).map(words) else {
        return pass_from(body, quote, at);
    };
    let odd = odds(first);
    if odd != 0 {
        return match stop(first, odd) {
            (place, b'"') => Some(at + place + 1),
            (place, _) => pass_from(body, quote, at + place),
        };
    }
    let odd = odds(second);
    if odd != 0 {
        return match stop(second, odd) {
            (place, b'"') => Some(at + 8 + place + 1),
            (place, _) => pass_from(body, quote, at + 8 + place),
        };
    }
    pass_long(body, quote, at + 16)
}

/// As [`pass`], when everything before `at` is known to be plain, and much more is likely to be.
#[inline(never)]
fn pass_long(body: &[u8], quote: usize, mut at: usize) -> Option<usize> {
    for block in body.get(at..)?.as_chunks().0 {
        if !is_plain(block) {
            let [first, second] = words(block);
            let odd = odds(first);
            let (place, byte) = if odd != 0 { stop(first, odd) } else { stop(second, odds(second)) };
            let at = at + place + if odd != 0 { 0 } else { 8 };
            return if byte == b'"' { Some(at + 1) } else { pass_from(body, quote, at) };
        }
        at += BLOCK;
    }
    pass_from(body, quote, at)
}

/// As [`pass`], when everything before `at` is known to be plain.
#[inline(never)]
fn pass_from(body: &[u8], quote: usize, mut at: usize) -> Option<usize> {
    // All bytes of the string together, to see whether one is beyond ASCII.
    let mut seen = 0;
    loop {
        for block in body.get(at..)?.as_chunks().0 {
            if !is_plain(block) {
                break;
            }
            at += BLOCK;
        }
        let (words, tail) = body.get(at..)?.as_chunks();
        let (place, word, stops) = first_stop(words, tail, &mut seen);
        if stops == 0 {
            return None;
        }
        let (in_word, byte) = stop(word, stops);
        seen |= word & (stops ^ (stops - 1)) >> 1;
        at += place + in_word;
        match byte {
            b'"' => {
                // Both ends are ASCII, so a string can be judged on its own.
                let whole = seen & HIGH == 0 || std::str::from_utf8(&body[quote..at]).is_ok();
                return whole.then_some(at + 1);
            }
            b'\\' => {
                // Where there is one, there are often more.
                while body.get(at) == Some(&b'\\') {
                    at = escape(body, at)?;
                }
            }
            _ => return None,
        }
    }
}

/// Finds the first word with a byte that a string cannot pass over: where it begins, the word, and its [`stops`].
#[inline]
fn first_stop(words: &[[u8; 8]], tail: &[u8], seen: &mut u64) -> (usize, u64, u64) {
    let mut place = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let stops = stops(word);
        if stops != 0 {
            return (place, word, stops);
        }
        *seen |= word;
        place += 8;
    }
    // What is missing from the last word are zeros, at which a string stops as well.
    let word = tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    (place, word, stops(word))
}

fn words(bytes: &[u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(*bytes);
    [both as u64, (both >> 64) as u64]
}

/// Goes past an escape.
fn escape(body: &[u8], at: usize) -> Option<usize> {
    match body.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => body.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(at + 6),
        _ => None,
    }
}

/// How much of a long string is looked at together.
const BLOCK: usize = 16;

/// Returns true if a string can pass over all of this, and it is ASCII. Without a branch in it, so that the compiler
/// can make it a few instructions over vectors.
#[inline]
fn is_plain(block: &[u8; BLOCK]) -> bool {
    let odd = |byte: u8| u8::from((byte as i8) < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    block.iter().fold(0, |odds, byte| odds | odd(*byte)) == 0
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

/// Sets the high bit of each byte at which a string stops: a quote, a backslash, a control character.
///
/// A borrow can set the bit of a byte behind such a one as well, never of one before it: the lowest bit set is right.
#[inline]
fn stops(word: u64) -> u64 {
    marks(word) & !word & HIGH
}

/// As [`stops`], and of each byte that is beyond ASCII.
#[inline(always)]
fn odds(word: u64) -> u64 {
    (marks(word) | word) & HIGH
}

/// Sets the high bit of each byte at which a string stops, and of some beyond ASCII.
#[inline(always)]
fn marks(word: u64) -> u64 {
    // The quote changes its place with the space, and so stands right behind the control characters.
    let control_or_quote = (word ^ (LOW * 0x02)).wrapping_sub(LOW * 0x21);
    let backslash = (word ^ (LOW * u64::from(b'\\'))).wrapping_sub(LOW);
    control_or_quote | backslash
}

/// Where the lowest bit that is set stands among the bytes of a word, and what stands there in the word.
#[inline(always)]
fn stop(word: u64, bits: u64) -> (usize, u8) {
    let shift = bits.trailing_zeros() & !7;
    ((shift / 8) as usize, (word >> shift) as u8)
}
