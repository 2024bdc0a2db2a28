//! The envelope station against a reading by the book.

#![no_main]

use aircall_fuzz::bound::bounded;
use aircall_fuzz::envelope::{BOM, Judgement, judge};
use aircall_fuzz::seeds;
use aircall_tower::stations;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: seeds::write(seeds::envelope), |body: &[u8]| {
    let length = body.len();
    let judgement = judge(body);
    let bytes = Bytes::copy_from_slice(body);
    let read = bounded(length, || stations::members(&bytes, &[]));
    match (&read, &judgement) {
        (Ok(members), Judgement::Envelope(expected)) => assert_eq!(members, expected),
        (Err(reason), Judgement::Flawed(flaws)) => assert!(flaws.contains(reason), "{reason}, expected {flaws:?}"),
        (Err(reason), Judgement::NoObject(names)) => {
            assert!(names.iter().any(|name| reason.starts_with(name)), "{reason}, expected {names:?}");
        }
        _ => panic!("{read:?}, expected {judgement:?}"),
    }

    // However it arrives: at the edges of the token, of the whole, and somewhere.
    let token = read.as_ref().map_or(length / 3, |members| members.token.end);
    let somewhere = body.iter().fold(0, |sum, byte| sum * 31 % 65_521 + usize::from(*byte)) % (length + 1);
    for arrived in [&[1][..], &[token], &[token + 1], &[somewhere], &[token.saturating_sub(1), length], &[length / 2, token]] {
        assert_eq!(stations::members(&bytes, arrived), read, "looked at after {arrived:?}");
    }

    // The two readers that the station has.
    if let Err(difference) = bounded(length, || stations::readings(body.strip_prefix(BOM).unwrap_or(body))) {
        panic!("{difference}");
    }
});
