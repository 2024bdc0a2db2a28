use super::WRONG_TOKEN_CASE;
use crate::case::{Beside, Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    let honest = |id: &'static str, requirement, body| Case {
        id: id.into(),
        requirement,
        procedure: Procedure::Send(Request::post(body)),
        expectation: Expectation::Acknowledge,
        cost: super::DEACTIVATION,
        ..BROKEN
    };
    vec![
        Case {
            level: Level::Should,
            source: Source::Rfc(8259, "section 7"),
            remedy: "Parse the body with a JSON parser, then look up `token`; do not search the text for it.",
            ..honest(
                "token/escaped-key",
                "The receiver finds the token when its key is written with an escape.",
                Body::Hostile("token/escaped-key"),
            )
        },
        Case {
            level: Level::Should,
            source: Source::Rfc(8259, "section 7"),
            remedy: "Parse the body with a JSON parser, then compare; do not search the text for the token.",
            ..honest(
                "token/escaped-value",
                "The receiver knows the token when it is written with escapes.",
                Body::Hostile("token/escaped-value"),
            )
        },
        Case {
            source: Source::Aircall("webhooks overview"),
            remedy: "Hold all tokens that are valid, and compare with each. A webhook that is deleted and made again, which \
                     is the only way to change its token, has another from one event to the next.",
            ..honest(
                "token/one-of-several",
                "The receiver acknowledges an event of a second webhook that was made for the same URL.",
                Body::OtherWebhook,
            )
        },
    ]
}

pub(super) fn hostile() -> Vec<Case> {
    let beside = |beside| Procedure::Send(Request::post(Body::Hostile("token/missing")).with_token_beside(beside));
    vec![
        Case {
            id: WRONG_TOKEN_CASE.into(),
            requirement: "The receiver refuses an event with another token of the same length.",
            remedy: "Compare the body's `token` with the configured one, and see to it that the name under which it is \
                     configured is spelt as the code spells it: a check that finds no token configured must refuse.",
            ..altered("token/wrong")
        },
        Case {
            id: "token/missing".into(),
            requirement: "The receiver refuses an event without a token.",
            remedy: "Refuse when there is no token, instead of checking only when there is one.",
            ..altered("token/missing")
        },
        Case {
            id: "token/null".into(),
            requirement: "The receiver refuses an event whose token is null.",
            ..altered("token/null")
        },
        Case {
            id: "token/number".into(),
            requirement: "The receiver refuses an event whose token is a number.",
            ..altered("token/number")
        },
        Case {
            id: "token/zero".into(),
            requirement: "The receiver refuses an event whose token is zero.",
            ..altered("token/zero")
        },
        Case {
            id: "token/true".into(),
            requirement: "The receiver refuses an event whose token is true.",
            ..altered("token/true")
        },
        Case {
            id: "token/array".into(),
            requirement: "The receiver refuses an event whose token is an array that holds the right one.",
            ..altered("token/array")
        },
        Case {
            id: "token/object".into(),
            requirement: "The receiver refuses an event whose token is an object that holds the right one.",
            ..altered("token/object")
        },
        Case {
            id: "token/empty".into(),
            requirement: "The receiver refuses an event whose token is empty.",
            remedy: "Refuse an empty token, and refuse to start when the configured one is empty.",
            ..altered("token/empty")
        },
        Case {
            id: "token/uppercase".into(),
            requirement: "The receiver refuses an event whose token is in upper case.",
            remedy: "Compare bytes; a database column compares without regard to case unless its collation says otherwise.",
            ..altered("token/uppercase")
        },
        Case {
            id: "token/prefix".into(),
            requirement: "The receiver refuses an event whose token lacks the last character.",
            remedy: "Compare the whole of both, in constant time; not up to the end of the shorter one.",
            ..altered("token/prefix")
        },
        Case {
            id: "token/suffix".into(),
            requirement: "The receiver refuses an event whose token has one character more.",
            remedy: "Compare the whole of both, in constant time; not whether one begins with, or contains, the other.",
            ..altered("token/suffix")
        },
        Case {
            id: "token/false".into(),
            requirement: "The receiver refuses an event whose token is false.",
            ..altered("token/false")
        },
        Case {
            id: "token/empty-object".into(),
            requirement: "The receiver refuses an event whose token is an empty object.",
            ..altered("token/empty-object")
        },
        Case {
            id: "token/space".into(),
            requirement: "The receiver refuses an event whose token is a space.",
            ..altered("token/space")
        },
        Case {
            id: "token/inside-data".into(),
            requirement: "The receiver refuses an event whose token stands in the data alone.",
            ..altered("token/inside-data")
        },
        Case {
            id: "token/key-case".into(),
            requirement: "The receiver refuses an event whose token stands under the key Token.",
            ..altered("token/key-case")
        },
        Case {
            id: "token/non-ascii".into(),
            requirement: "The receiver refuses an event whose token is not ASCII.",
            procedure: Procedure::Send(Request::post(Body::Token { what: "no ASCII", json: r#""tökên-✓""# })),
            ..BROKEN
        },
        Case {
            id: "token/lone-surrogate".into(),
            requirement: "The receiver refuses an event whose token holds half a character.",
            procedure: Procedure::Send(Request::post(Body::Token { what: "half a character", json: r#""\ud83d""# })),
            ..BROKEN
        },
        Case {
            id: "token/api-credential".into(),
            requirement: "The receiver refuses an event that bears an API credential instead of the token.",
            procedure: Procedure::Send(Request::post(Body::Token {
                what: "an API credential",
                json: r#""8a1f0c2d4e6b7a9381f2d3c4b5a69788:5d0c1b2a3f4e5d6c7b8a99f0e1d2c3b4""#,
            })),
            ..BROKEN
        },
        Case {
            id: "token/leading-space".into(),
            requirement: "The receiver refuses an event whose token begins with a space.",
            ..trimmed("token/leading-space")
        },
        Case {
            id: "token/trailing-space".into(),
            requirement: "The receiver refuses an event whose token ends with a space.",
            ..trimmed("token/trailing-space")
        },
        Case {
            id: "token/trailing-newline".into(),
            requirement: "The receiver refuses an event whose token ends with a line feed.",
            ..trimmed("token/trailing-newline")
        },
        Case {
            id: "token/trailing-nul".into(),
            requirement: "The receiver refuses an event whose token ends with a NUL.",
            ..trimmed("token/trailing-nul")
        },
        Case {
            id: "token/duplicate-right-first".into(),
            requirement: "The receiver answers an event with two tokens, the right one first, with a 4xx or a 2xx, in time.",
            ..ambiguous("token/duplicate-right-first")
        },
        Case {
            id: "token/duplicate-right-last".into(),
            requirement: "The receiver answers an event with two tokens, the right one last, with a 4xx or a 2xx, in time.",
            ..ambiguous("token/duplicate-right-last")
        },
        Case {
            id: "token/duplicate-escaped-key".into(),
            requirement: "The receiver answers an event with two tokens, one under an escaped key, with a 4xx or a 2xx, in time.",
            ..ambiguous("token/duplicate-escaped-key")
        },
        Case {
            id: "token/form-body".into(),
            requirement: "The receiver refuses a form that holds the token.",
            procedure: Procedure::Send(
                Request::post(Body::Hostile("envelope/form-encoded"))
                    .with_content_type(Some("application/x-www-form-urlencoded")),
            ),
            cost: "Browsers send forms to any URL without asking: with a token that leaked once, any web page that somebody \
                   of the company visits can post events from inside the network.",
            remedy: "Take JSON alone on the webhook's route.",
            ..BROKEN
        },
        Case {
            id: "token/header-only".into(),
            requirement: "The receiver refuses an event whose token stands in a header and not in the body.",
            source: Source::Aircall("webhooks overview"),
            procedure: beside(Beside::Headers),
            cost: "Aircall sends no token and no signature in any header: a receiver that looks there refuses all honest \
                   events, and one that looks there too has a second way in that nobody watches.",
            remedy: "Look for the token in the body's field `token`, and nowhere else.",
            ..BROKEN
        },
        Case {
            id: "token/query-only".into(),
            requirement: "The receiver refuses an event whose token stands in the query and not in the body.",
            source: Source::Aircall("webhooks overview"),
            procedure: beside(Beside::Query),
            cost: "URLs are kept in the logs of every proxy on the way: a token that is taken from there is no secret.",
            remedy: "Look for the token in the body's field `token`, and nowhere else.",
            ..BROKEN
        },
    ]
}

pub(super) fn reviews() -> Vec<Case> {
    vec![Case {
        id: "token/not-in-logs".into(),
        level: Level::Should,
        requirement: "The receiver prints nothing that holds the token.",
        procedure: Procedure::Review,
        expectation: Expectation::NoTokenInOutput,
        cost: "Logs are read by more people, and kept in more places, than any configuration: who reads the token there \
               can forge calls until the webhook is deleted.",
        remedy: "Do not log request bodies; if you must, take the field `token` out before. Look at the error handlers of \
                 the framework too: Express prints the body of malformed JSON unless the app has a handler of its own, and \
                 Debian's webhook with `-verbose` what it passes to the command.",
        ..BROKEN
    }]
}

/// The plain event with its token altered as this fixture has it.
fn altered(name: &'static str) -> Case {
    Case { procedure: Procedure::Send(Request::post(Body::Hostile(name))), ..BROKEN }
}

/// What was configured may be trimmed; who trims what was received as well lets nobody in who does not know the token.
fn trimmed(name: &'static str) -> Case {
    Case {
        level: Level::Should,
        cost: "A comparison that trims, or ends at a NUL, compares something else than what was received; the next such \
               kindness may let somebody in.",
        remedy: "Trim the token where it is configured, and compare what was received as it is.",
        ..altered(name)
    }
}

/// No stranger gets in by it, since the right token is there; and that a parser takes the last of two equal keys is so
/// common that most receivers cannot help it.
fn ambiguous(name: &'static str) -> Case {
    Case {
        level: Level::Should,
        source: Source::Rfc(8259, "section 4"),
        expectation: Expectation::Survive,
        cost: "Two readers of the same bytes, a gateway and the receiver for instance, may check two different tokens.",
        remedy: "Refuse an object with two equal keys, if the parser can be told to.",
        ..altered(name)
    }
}

const BROKEN: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Must,
    requirement: "",
    source: Source::Derived("the token being the only proof of origin, as documented"),
    procedure: Procedure::Review,
    expectation: Expectation::Refuse,
    cost: "The token is the only proof that an event is Aircall's. Who can do without it can make up calls, messages and \
           contacts in the systems behind the receiver.",
    remedy: "Refuse a token that is not a string before comparing it, then compare in constant time and without type \
             conversion (`timingSafeEqual`, `hmac.compare_digest`, `hash_equals`).",
};
