//! Compares the quick reader of envelopes with `serde_json` on mutated fixtures, for as many as are asked for.
//!
//! ```sh
//! cargo run --release -p aircall-benches --example differential -- 10000000
//! ```
//!
//! It is no test of the ordinary run since it takes minutes; the crate has a small one of its own. The seed is the second
//! argument, so that a run can be repeated, and the first difference ends it with the body.

use std::process::ExitCode;

use aircall_tower::stations;

/// What JSON is made of, so that mutations often stay near it.
const ALPHABET: &[u8] = b"\"\\{}[],:0123456789-+.eEtrufalsn \t\n\r/bu\x00\x1f\x7f\x80\xc3\xa9\xed\xa0\xf0\xff";

/// Whole parts to put somewhere.
const PARTS: &[&str] = &[
    "\"token\":",
    "\"token\":\"x\",",
    "\"data\":{},",
    "\"event\":\"e\",",
    "\\u0041",
    "\\ud800",
    "\\\"",
    "\\",
    "{\"a\":",
    "[[",
    "]]",
    "[]",
    "{}",
    ",",
    "null",
    "-0.0e-0",
    "01",
    "é",
    "\u{10ffff}",
    "\"\":1,",
    "\"tok\\u0065n\":\"y\",",
    " ",
    "}",
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(bodies)), seed) = (arguments.next().or(Some(Ok(1_000_000))), arguments.next()) else {
        eprintln!("expected how many bodies to try, and perhaps a seed");
        return ExitCode::FAILURE;
    };
    let mut random = Random(seed.and_then(Result::ok).unwrap_or(1).max(1));
    let fixtures: Vec<&[u8]> =
        aircall_fixtures::events().iter().map(|event| event.body.as_bytes()).filter(|body| body.len() < 6000).collect();
    let mut taken = 0_u64;
    for number in 0..bodies {
        let body = mutated(&fixtures, &mut random);
        match stations::readings(&body) {
            Ok(quick) => taken += u64::from(quick),
            Err(difference) => {
                println!("body {number}: {difference}\n{}", body.escape_ascii());
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{bodies} bodies, no difference; {taken} of them were taken by the quick reader");
    ExitCode::SUCCESS
}

/// A fixture, or the beginning of one so that short strings of odd things are met as well, with a few changes.
fn mutated(fixtures: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut body = fixtures[random.below(fixtures.len())].to_vec();
    if random.below(2) == 0 {
        // The envelope with little in it: here a change hits the top level.
        let data = body.windows(7).position(|window| window == b"\"data\":").map_or(0, |at| at + 7);
        body.truncate(data);
        if random.below(16) == 0 {
            // About as deep as is allowed, arrays and objects by turns.
            let levels = 120 + random.below(12);
            let object = random.below(levels);
            let (open, close): (Vec<_>, Vec<_>) =
                (0..levels).map(|level| if level == object { ("{\"a\":", "}") } else { ("[", "]") }).unzip();
            body.extend(open.concat().bytes().chain(close.into_iter().rev().flat_map(str::bytes)));
        } else {
            body.extend_from_slice(PARTS[random.below(PARTS.len())].as_bytes());
        }
        body.push(b'}');
    }
    for _ in 0..random.below(4) {
        let at = random.below(body.len().max(1));
        let byte = ALPHABET[random.below(ALPHABET.len())];
        match random.below(7) {
            0 | 1 if at < body.len() => body[at] = byte,
            2 => body.insert(at, byte),
            3 if at < body.len() => drop(body.remove(at)),
            4 => drop(body.splice(at..at, PARTS[random.below(PARTS.len())].bytes())),
            5 => {
                // A part of the body once more, somewhere else.
                let length = random.below(40).min(body.len() - at);
                let part = body[at..at + length].to_vec();
                let to = random.below(body.len().max(1));
                drop(body.splice(to..to, part));
            }
            6 if random.below(20) == 0 => body.truncate(at),
            _ => {}
        }
    }
    body
}

/// Marsaglia's xorshift: enough to reach everywhere, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}
