use super::WRONG_TOKEN_CASE;
use crate::case::{Beside, Body, Case, Expectation, Level, Procedure, Request, Source};

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
                 the framework too: Express prints the body of malformed JSON unless the app has a handler of its own.",
        ..BROKEN
    }]
}

/// The plain event with its token altered as this fixture has it.
fn altered(name: &'static str) -> Case {
    Case { procedure: Procedure::Send(Request::post(Body::Hostile(name))), ..BROKEN }
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
