//! What strangers may do.

use std::time::Duration;

use aircall_fixtures::generate;

use crate::attack::{Script, Then};
use crate::load::wire;

/// A flood of so many connections, each of which begins again as soon as it is answered.
pub(crate) struct Flood {
    pub(crate) name: &'static str,
    /// What each connection does, in a line.
    pub(crate) what: &'static str,
    pub(crate) connections: usize,
    claimed: u64,
    body: Vec<u8>,
    piece: usize,
    pause: Duration,
    then: Then,
}

impl Flood {
    /// What each connection does, with these lines in its head.
    pub(crate) fn script(&self, headers: &str) -> Script {
        Script {
            head: wire::head(self.claimed, headers),
            body: self.body.clone(),
            piece: self.piece,
            pause: self.pause,
            then: self.then,
        }
    }
}

/// Returns every flood; the slow one has as many connections as are asked for, of the others 64 keep a core busy.
pub(crate) fn all(slow: usize) -> Vec<Flood> {
    let whole = |name, what, body: Vec<u8>| Flood {
        name,
        what,
        connections: 64,
        claimed: body.len() as u64,
        piece: body.len(),
        body,
        pause: Duration::ZERO,
        then: Then::Wait,
    };
    vec![
        Flood {
            connections: slow,
            piece: 4096,
            pause: Duration::from_millis(100),
            ..whole(
                "trickle",
                "`Content-Length: 1048576`, of which 4 kB come every 100 ms, no token in it",
                late("", "\"", "\"", "x"),
            )
        },
        whole("early token", "1 MiB, a wrong token at its beginning", generate::padded(WRONG, MEBIBYTE)),
        whole("late token", "1 MiB in one string, a wrong token at its end", late(WRONG, "\"", "\"", "x")),
        whole(
            "dear body",
            "1 MiB of the dearest JSON, a wrong token at its end",
            late(WRONG, "[", "{}]", r#"{"a":{"a":{"a":{}}}},"#),
        ),
        whole("nesting", "100 000 arrays, each in the one before, a wrong token at the end", nested()),
        Flood {
            claimed: i64::MAX as u64,
            ..whole("absurd length", "`Content-Length: 9223372036854775807`, of which 16 bytes come", vec![b' '; 16])
        },
        Flood {
            claimed: MEBIBYTE as u64,
            then: Then::HangUp,
            ..whole(
                "hang-up",
                "half of 1 MiB, no token in it, then a reset",
                late("", "\"", "\"", "x")[..MEBIBYTE / 2].to_vec(),
            )
        },
    ]
}

/// Writes a mebibyte whose token stands behind everything else, so that nobody knows before the end whose it is.
fn late(token: &str, open: &str, close: &str, unit: &str) -> Vec<u8> {
    let tail = format!(r#"{close},"token":"{token}"}}"#);
    let head = format!(r#"{HEAD}{open}"#);
    let units = unit.repeat((MEBIBYTE - head.len() - tail.len()) / unit.len());
    let mut body = [head, units, tail].concat();
    // JSON may end with spaces.
    body.push_str(&" ".repeat(MEBIBYTE - body.len()));
    body.into_bytes()
}

fn nested() -> Vec<u8> {
    const DEPTH: usize = 100_000;
    format!(r#"{HEAD}{}{},"token":"{WRONG}"}}"#, "[".repeat(DEPTH), "]".repeat(DEPTH)).into_bytes()
}

const HEAD: &str = r#"{"resource":"call","event":"call.created","timestamp":1790000000,"data":"#;

/// Of the right length and form.
const WRONG: &str = "00000000000000000000000000000000";

const MEBIBYTE: usize = 1024 * 1024;
