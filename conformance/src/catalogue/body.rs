use super::{DEACTIVATION, written};
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    vec![
        Case {
            id: "body/512-kib".into(),
            level: Level::Must,
            requirement: "The receiver acknowledges an honest event of 512 KiB.",
            source: Source::Derived("the size of a user event, about 1 KB for each number, seen in deliveries"),
            procedure: send(Body::ManyNumbers(512 * KIB)),
            remedy: SIZE,
            ..HONEST
        },
        Case {
            id: "body/size-ladder".into(),
            requirement: "The receiver acknowledges honest events of any size up to 1 MiB.",
            procedure: Procedure::Ladder(&LADDER),
            expectation: Expectation::Take(1024 * KIB),
            remedy: SIZE,
            ..HONEST
        },
        Case {
            id: "body/chunked".into(),
            requirement: "The receiver acknowledges an event that comes in chunks.",
            source: Source::Rfc(9112, "section 7.1"),
            procedure: Procedure::Send(Request::plain().in_chunks()),
            cost: "Proxies, tunnels and gateways may send on in chunks what came with a length: behind one of them every \
                   event is refused, and the webhook is switched off.",
            remedy: "Read the body to its end instead of relying on `Content-Length`; behind a gateway interface that \
                     cannot, let the proxy buffer requests.",
            ..HONEST
        },
        Case {
            id: "body/packets".into(),
            level: Level::Must,
            requirement: "The receiver acknowledges an event whose body comes in many small packets.",
            source: Source::Rfc(9112, "section 6"),
            procedure: Procedure::Send(Request::plain().written(written::PACKETS)),
            cost: "Where a packet ends is chance: a receiver that takes the first for the whole refuses some events today, \
                   and more of them on a slower line.",
            remedy: "Read until the length that was announced is there, or the last chunk.",
            ..HONEST
        },
        Case {
            id: "body/slow".into(),
            requirement: "The receiver acknowledges an event whose body takes two seconds to arrive.",
            source: Source::Ours,
            procedure: Procedure::Send(Request::plain().written(written::SLOW)),
            remedy: "Give a request as long to arrive as the sender gives the receiver to answer, five seconds.",
            ..HONEST
        },
        Case {
            id: "body/leading-white-space".into(),
            requirement: "The receiver acknowledges an event behind white space.",
            procedure: send(Body::Hostile("limit/leading-whitespace")),
            ..JSON
        },
        Case {
            id: "body/trailing-white-space".into(),
            requirement: "The receiver acknowledges an event with white space behind it.",
            procedure: send(Body::Hostile("limit/trailing-whitespace")),
            ..JSON
        },
        Case {
            id: "body/many-keys".into(),
            requirement: "The receiver acknowledges an event with a thousand unknown keys.",
            procedure: send(Body::Hostile("limit/many-keys")),
            ..JSON
        },
        Case {
            id: "body/long-key".into(),
            requirement: "The receiver acknowledges an event with a very long unknown key.",
            procedure: send(Body::Hostile("limit/long-key")),
            ..JSON
        },
        Case {
            id: "body/naughty-strings".into(),
            level: Level::Must,
            requirement: "The receiver acknowledges an event whose texts hold what people type and attackers try.",
            procedure: send(Body::Altered {
                what: "texts hold quotes, markup, other scripts, emoji, control characters and NUL",
                from: r#""name":"Kim Sample""#,
                to: concat!(
                    r#""name":"O'Brien \"K\" <b>&amp;</b> '; DROP TABLE calls;-- \u0000\u0007\u001b[31m\r\n"#,
                    "\u{5d0}\u{202e}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} Zo\u{308}e \u{4f60}\u{597d} ${jndi:x} {{7*7}}",
                    r#" \ufeff \/ \u2028""#
                ),
            }),
            source: Source::Rfc(8259, "section 7"),
            cost: "Names and comments are typed by people. An event that is refused because of a character counts as a \
                   failure each time it is sent.",
            ..JSON
        },
        Case {
            id: "body/naughty-numbers".into(),
            requirement: "The receiver acknowledges an event with numbers that do not fit where most numbers fit.",
            source: Source::Rfc(8259, "section 6"),
            procedure: send(Body::Altered {
                what: "unknown keys hold numbers that are very large, very small and oddly written",
                from: r#""archived":false"#,
                to: r#""archived":false,"n":[18446744073709551616,-9223372036854775809,-0,1E-7,0.1e1,9007199254740993]"#,
            }),
            ..JSON
        },
    ]
}

pub(super) fn hostile() -> Vec<Case> {
    vec![
        Case {
            id: "body/over-long".into(),
            requirement: "The receiver refuses a body of 2 MiB with a wrong token.",
            procedure: send(Body::Oversized(2048 * KIB)),
            ..OVERSIZED
        },
        Case {
            id: "body/over-long-chunked".into(),
            requirement: "The receiver refuses a body of 2 MiB with a wrong token that does not say its length.",
            procedure: Procedure::Send(Request::post(Body::Oversized(2048 * KIB)).in_chunks()),
            remedy: "Count the bytes while they come, and answer 413 at 1 to 2 MiB; a limit that looks at `Content-Length` \
                     alone does not see these.",
            ..OVERSIZED
        },
        Case {
            id: "body/gzip-bomb".into(),
            requirement: "The receiver refuses 16 MiB with a wrong token, compressed to 16 KiB.",
            procedure: Procedure::Send(Request::post(Body::Oversized(16 * 1024 * KIB)).compressed()),
            remedy: "Aircall does not compress: answer 415 to any `Content-Encoding`, or limit what comes out of it.",
            ..OVERSIZED
        },
        Case {
            id: "body/gzip".into(),
            requirement: "The receiver answers a compressed event with a 4xx or a 2xx, in time.",
            procedure: Procedure::Send(Request::plain().compressed()),
            ..SURVIVE
        },
        Case {
            id: "body/content-type-text".into(),
            requirement: "The receiver answers an event that is said to be text with a 4xx or a 2xx, in time.",
            procedure: typed(Some("text/plain")),
            ..SURVIVE
        },
        Case {
            id: "body/content-type-form".into(),
            requirement: "The receiver answers an event that is said to be a form with a 4xx or a 2xx, in time.",
            procedure: typed(Some("application/x-www-form-urlencoded")),
            ..SURVIVE
        },
        Case {
            id: "body/content-type-multipart".into(),
            requirement: "The receiver answers an event that is said to be of several parts with a 4xx or a 2xx, in time.",
            procedure: typed(Some("multipart/form-data; boundary=x")),
            ..SURVIVE
        },
        Case {
            id: "body/content-type-malformed".into(),
            requirement: "The receiver answers an event of a malformed content type with a 4xx or a 2xx, in time.",
            procedure: typed(Some("application/json; charset=\"no-such-charset")),
            ..SURVIVE
        },
        Case {
            id: "body/content-type-missing".into(),
            requirement: "The receiver answers an event without a content type with a 4xx or a 2xx, in time.",
            procedure: typed(None),
            ..SURVIVE
        },
        Case {
            id: "body/long-number".into(),
            requirement: "The receiver answers an event whose id has 4096 digits with a 4xx or a 2xx, in time.",
            procedure: send(Body::Hostile("limit/long-number")),
            ..SURVIVE
        },
        Case {
            id: "body/deep".into(),
            requirement: "The receiver answers an event that is nested 200 deep with a 4xx or a 2xx, in time.",
            procedure: send(Body::Nested(200)),
            ..SURVIVE
        },
        Case {
            id: "body/very-deep".into(),
            requirement: "The receiver answers an event that is nested 100 000 deep with a 4xx or a 2xx, in time.",
            procedure: send(Body::Nested(100_000)),
            cost: "A parser that calls itself for each level runs out of stack, and the whole process ends: one request from \
                   anybody, and all events that arrive meanwhile are lost.",
            remedy: "Limit the depth before, or use a parser that does, and answer 400.",
            ..SURVIVE
        },
        Case {
            id: "body/truncated".into(),
            requirement: "The receiver goes on when a sender hangs up in the middle of a body.",
            procedure: Procedure::Send(Request::plain().written(written::CUT)),
            expectation: Expectation::LiveOn,
            source: Source::Rfc(9112, "section 8"),
            ..SURVIVE
        },
        Case {
            id: "body/truncated-chunks".into(),
            requirement: "The receiver goes on when a sender hangs up in the middle of a chunk.",
            procedure: Procedure::Send(Request::plain().written(written::CUT_CHUNK)),
            expectation: Expectation::LiveOn,
            source: Source::Rfc(9112, "section 8"),
            ..SURVIVE
        },
    ]
}

fn send(body: Body) -> Procedure {
    Procedure::Send(Request::post(body))
}

fn typed(content_type: Option<&'static str>) -> Procedure {
    Procedure::Send(Request::plain().with_content_type(content_type))
}

const HONEST: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Should,
    requirement: "",
    source: Source::Ours,
    procedure: Procedure::Review,
    expectation: Expectation::Acknowledge,
    cost: DEACTIVATION,
    remedy: "",
};

const JSON: Case = Case {
    source: Source::Rfc(8259, "section 2"),
    remedy: "Parse the body with a JSON parser, ignore what is unknown, and let nothing in `data` decide about the answer.",
    ..HONEST
};

const OVERSIZED: Case = Case {
    level: Level::Must,
    expectation: Expectation::RefuseOrHangUp,
    cost: "Who reads whatever a stranger sends can be made to run out of memory by a handful of requests; all events that \
           arrive meanwhile are lost.",
    remedy: "Set a limit of 1 to 2 MiB for the body, and answer 413.",
    ..HONEST
};

const SURVIVE: Case = Case {
    level: Level::Must,
    expectation: Expectation::Survive,
    cost: "An error that nobody foresaw can be caused by anybody: it fills the log, wakes people, and hides the errors of \
           honest events.",
    remedy: "Catch what the framework throws while a body is read and parsed, look whether there is a body before a key of it \
             is read (Express 5 leaves `req.body` undefined for another type), and answer 400 or 415.",
    ..HONEST
};

const SIZE: &str = "Raise the limit of the body parser, and of the proxy before it, to 1 MiB or more (Express: \
                    `express.json({ limit: \"2mb\" })`; nginx: `client_max_body_size 2m`). No maximum is documented, and \
                    `user.*` events hold every number of their user.";

const KIB: usize = 1024;

/// The limits that frameworks and proxies have by default, and a little more than each.
const LADDER: [usize; 6] = [16 * KIB + 1, 64 * KIB + 1, 100 * KIB + 1, 128 * KIB + 1, 256 * KIB + 1, 1000 * KIB];
