//! A request, what receives it, and how it arrives, read from the bytes of a fuzzer.
//!
//! An input is a body, and behind its last NUL a script: one byte for each choice of [`Setup`], then a step every two
//! bytes. A body without a script arrives whole, as Aircall sends it, so the fixtures are inputs as they are.

use std::time::Duration;

/// What stands around a body. Each byte of a script chooses one; what is missing is as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// The method, of [`METHODS`].
    pub method: &'static str,
    /// The values of `Content-Encoding`.
    pub codings: &'static [&'static [u8]],
    /// What `Content-Length` claims.
    pub length: Length,
    /// What the body itself says about its length.
    pub hint: Hint,
    /// How many bytes a body may have.
    pub body_bytes: usize,
    /// How many bytes of strangers may be held.
    pub unauthenticated_bytes: usize,
    /// Who knows the valid tokens.
    pub verifier: Verifier,
    /// Which query the URL has, where the layer demands a secret in it.
    pub query: Option<&'static str>,
    /// What the inner service does.
    pub handler: Handler,
    /// Whether the policy is `always`.
    pub always: bool,
    /// Whether the layer has its own path, which this request has not.
    pub passing: bool,
    /// After how many polls the sender hangs up.
    pub hang_up: Option<u8>,
    /// How the body ends.
    pub end: End,
}

/// The claims of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says what it claims")]
pub enum Length {
    None,
    True,
    More(u64),
    Less(u64),
    Absurd(&'static str),
    Twice,
}

/// The claims of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says what it claims")]
pub enum Hint {
    None,
    True,
    AtLeast(u64),
}

/// Who knows the valid tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verifier {
    /// A set of one.
    One,
    /// A set of so many that it has an index.
    Many,
    /// Somebody who has to be asked and takes so long.
    Asked(Duration),
    /// Somebody who does not know today.
    Failing,
    /// Somebody who never says.
    Silent,
}

/// What the inner service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says what it does")]
pub enum Handler {
    Accept,
    AcceptAfter(Duration),
    AcceptWithoutEnd,
    Answer(u16),
    Fail,
    Panic,
    PanicInCall,
    Never,
    NeverReady,
    FailReady,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says how")]
pub enum End {
    Whole,
    Broken,
    Never,
}

/// What happens to a body on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many of its bytes arrive together.
    Take(usize),
    /// So many bytes of this value arrive, which were not in the input.
    Pad(u8, usize),
    /// A piece of nothing.
    Empty,
    /// Nothing has arrived yet, so many times.
    Pending(u8),
    /// Nothing arrives for so many times of [`PAUSE`].
    Pause(u8),
    /// Trailers.
    Trailers,
}

/// The methods of a script, the first one the right one.
pub const METHODS: [&str; 8] = ["POST", "GET", "HEAD", "PUT", "OPTIONS", "DELETE", "post", "BREW"];

/// A time of which no multiple comes near a deadline of the layer, alone or with the whole seconds of a script.
pub const PAUSE: Duration = Duration::from_millis(70);

/// The secret of [`Setup::query`].
pub const URL_SECRET: (&str, &str) = ("key", "s&cret");

const QUERIES: [&str; 5] = ["key=s%26cret", "", "key=wrong", "key=s%26cret&key=s%26cret", "a=%ff&k%65y=s%26cret&"];
const CODINGS: [&[&[u8]]; 8] = [
    &[],
    &[b"identity"],
    &[b"gzip"],
    &[b"identity, gzip"],
    &[b"IDENTITY", b" identity ,, identity"],
    &[b""],
    &[b"\xff"],
    &[b"identity", b"br"],
];

/// Divides an input into the body, what is around it, and how it arrives.
#[must_use]
pub fn read(input: &[u8]) -> (&[u8], Setup, Vec<Step>) {
    let (body, script) = match input.iter().rposition(|byte| *byte == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[][..]),
    };
    let mut choices = script.iter().copied();
    let mut choice = || choices.next().map_or(0, |choice| usize::from(choice.wrapping_sub(BASE)));
    let setup = Setup {
        method: METHODS[choice() % METHODS.len()],
        codings: CODINGS[choice() % CODINGS.len()],
        length: pick(
            choice(),
            &[
                Length::None,
                Length::True,
                Length::More(1),
                Length::Less(1),
                Length::More(100_000),
                Length::Less(100_000),
                Length::Absurd("18446744073709551615"),
                Length::Absurd("18446744073709551616"),
                Length::Absurd("67108864"),
                Length::Absurd("67108865"),
                Length::Absurd("1048576"),
                Length::Absurd("1048577"),
                Length::Absurd("-1"),
                Length::Absurd(""),
                Length::Absurd("\u{e9}"),
                Length::Twice,
            ],
        ),
        hint: pick(
            choice(),
            &[Hint::None, Hint::True, Hint::AtLeast(1), Hint::AtLeast(u64::MAX), Hint::AtLeast(70_000)],
        ),
        body_bytes: pick(choice(), &[1024 * 1024, 0, 100, 200, 1000, 16 * 1024, 20_000, 60_000]),
        unauthenticated_bytes: pick(choice(), &[64 * 1024 * 1024, 64 * 1024 * 1024, 0, 5000]),
        verifier: pick(
            choice(),
            &[
                Verifier::One,
                Verifier::Many,
                Verifier::Asked(Duration::ZERO),
                Verifier::Asked(Duration::from_secs(1)),
                Verifier::Failing,
                Verifier::Silent,
            ],
        ),
        query: choice().checked_sub(1).map(|query| QUERIES[query % QUERIES.len()]),
        handler: pick(
            choice(),
            &[
                Handler::Accept,
                Handler::AcceptAfter(Duration::from_secs(1)),
                Handler::AcceptWithoutEnd,
                Handler::Answer(201),
                Handler::Answer(302),
                Handler::Answer(500),
                Handler::Fail,
                Handler::Panic,
                Handler::PanicInCall,
                Handler::Never,
                Handler::NeverReady,
                Handler::FailReady,
            ],
        ),
        always: choice() % 2 == 1,
        passing: choice() % 4 == 1,
        hang_up: u8::try_from(choice() % 16).ok().filter(|polls| *polls > 0),
        end: pick(choice(), &[End::Whole, End::Broken, End::Never]),
    };
    let rest = script.get(CHOICES..).unwrap_or_default();
    (body, setup, rest.chunks(2).take(MOST_STEPS).map(step).collect())
}

/// A script is written in digits and letters where it can be, which survive in a dictionary.
pub const BASE: u8 = b'0';

/// How many bytes a [`Setup`] takes.
pub const CHOICES: usize = 13;

const MOST_STEPS: usize = 64;

fn step(bytes: &[u8]) -> Step {
    let argument = bytes.get(1).copied().unwrap_or(0);
    match bytes[0].wrapping_sub(BASE) % 8 {
        0 | 1 => Step::Take(usize::from(argument)),
        2 => Step::Take(usize::from(argument) * 64),
        3 => Step::Empty,
        4 => Step::Pending(argument % 8),
        5 => Step::Pause(argument % 50),
        6 => Step::Trailers,
        _ => Step::Pad(b" x\0[\"a"[usize::from(argument) % 6], usize::from(argument) * 300),
    }
}

fn pick<T: Copy>(choice: usize, all: &[T]) -> T {
    all[choice % all.len()]
}

impl Setup {
    /// Returns the values of the header `Content-Length` for a body of so many bytes.
    #[must_use]
    pub fn lengths(&self, body: usize) -> Vec<String> {
        let body = body as u64;
        match self.length {
            Length::None => vec![],
            Length::True => vec![body.to_string()],
            Length::More(more) => vec![(body + more).to_string()],
            Length::Less(less) => vec![body.saturating_sub(less).to_string()],
            Length::Absurd(value) => vec![value.to_owned()],
            Length::Twice => vec![body.to_string(), "7".to_owned()],
        }
    }
}
