//! Going past JSON's strings, of which bodies mostly consist: eight bytes at a time.

/// A string that has been passed, and is one to the last rule of JSON and UTF-8.
pub(super) struct Text {
    /// Behind the closing quote.
    pub(super) end: usize,
    pub(super) escaped: bool,
}

/// Goes past the string whose opening quote stands here; `None` if it is broken.
#[inline]
pub(super) fn pass(body: &[u8], quote: usize) -> Option<Text> {
    let mut at = quote + 1;
    let mut escaped = false;
    // All bytes of the string together, to see whether one is beyond ASCII.
    let mut seen = 0;
    loop {
        let Some(chunk) = body.get(at..).and_then(<[u8]>::first_chunk) else { break };
        let word = u64::from_le_bytes(*chunk);
        let stops = stops(word);
        if stops == 0 {
            seen |= word;
            at += 8;
            continue;
        }
        let distance = stops.trailing_zeros() / 8;
        seen |= word & !(u64::MAX << (distance * 8));
        at += distance as usize;
        match body[at] {
            b'"' => return finish(body, quote, at, escaped, seen),
            b'\\' => {
                escaped = true;
                at = escape(body, at)?;
            }
            _ => return None,
        }
    }
    // Less than eight bytes are left of the body.
    loop {
        match *body.get(at)? {
            b'"' => return finish(body, quote, at, escaped, seen),
            b'\\' => {
                escaped = true;
                at = escape(body, at)?;
            }
            0..b' ' => return None,
            byte => {
                seen |= u64::from(byte);
                at += 1;
            }
        }
    }
}

#[inline]
fn finish(body: &[u8], quote: usize, end: usize, escaped: bool, seen: u64) -> Option<Text> {
    // Both ends are ASCII, so a string can be judged on its own.
    if seen & HIGH != 0 && std::str::from_utf8(&body[quote..end]).is_err() {
        return None;
    }
    Some(Text { end: end + 1, escaped })
}

/// Goes past an escape. Lone surrogates pass: nobody here decodes what stands in `data`.
fn escape(body: &[u8], at: usize) -> Option<usize> {
    match body.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => body.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(at + 6),
        _ => None,
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

/// Sets the high bit of each byte that a string cannot pass over: a quote, a backslash, a control character.
///
/// A borrow can also set the bit of bytes that follow such a byte, never of one before: the lowest bit set is right.
#[inline]
fn stops(word: u64) -> u64 {
    let zero_in = |word: u64| word.wrapping_sub(LOW) & !word;
    let control = word.wrapping_sub(LOW * 0x20) & !word;
    (control | zero_in(word ^ (LOW * u64::from(b'"'))) | zero_in(word ^ (LOW * u64::from(b'\\')))) & HIGH
}
