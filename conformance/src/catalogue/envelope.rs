use super::DEACTIVATION;
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    vec![
        Case {
            id: "envelope/unknown-event".into(),
            requirement: "The receiver acknowledges an event of a name that it does not know.",
            source: Source::Deliveries,
            procedure: altered("envelope/unknown-event"),
            cost: "Events that no published list holds are delivered, and a webhook that was updated without a list of \
                   events gets all of them. Each one refused counts towards the failures after which Aircall switches \
                   the whole webhook off.",
            remedy: "Verify the token first; then answer 2xx to a name without a handler, and log it.",
            ..HONEST
        },
        Case {
            id: "envelope/unknown-resource".into(),
            requirement: "The receiver acknowledges an event of a resource that it does not know.",
            source: Source::Derived("the documentation's two lists of resources, which differ"),
            procedure: altered("envelope/unknown-resource"),
            cost: DEACTIVATION,
            remedy: "Choose the handler by `event`, and take `resource` for free text.",
            ..HONEST
        },
        Case {
            id: "envelope/unknown-key".into(),
            requirement: "The receiver acknowledges an event whose envelope has a key that it does not know.",
            source: Source::Rfc(8259, "section 4"),
            procedure: altered("envelope/unknown-key"),
            cost: "The day Aircall adds a field, every event is refused, and the webhook is switched off.",
            remedy: "Ignore unknown keys: take `additionalProperties: false`, `extra=\"forbid\"` or \
                     `deny_unknown_fields` away.",
            ..HONEST
        },
        Case {
            id: "envelope/token-last".into(),
            requirement: "The receiver finds the token after the data as well as before it.",
            source: Source::Rfc(8259, "section 1"),
            procedure: altered("envelope/token-last"),
            cost: "The order of keys means nothing in JSON, and a proxy or a new version of the sender may change it: then \
                   every event is refused.",
            remedy: "Parse the body with a JSON parser, then look up `token`; do not search the text for it.",
            ..HONEST
        },
    ]
}

pub(super) fn hostile() -> Vec<Case> {
    let mut cases = vec![Case {
        id: "envelope/truncated-json".into(),
        requirement: "The receiver answers an event that is cut off in the middle with a 4xx or a 2xx, in time.",
        procedure: Procedure::Send(Request::post(Body::CutOff)),
        ..HOSTILE
    }];
    cases.extend(ODD.into_iter().map(|(id, fixture, requirement)| Case {
        id: id.into(),
        requirement,
        procedure: altered(fixture),
        ..HOSTILE
    }));
    cases
}

/// Ids, the hostile fixtures that they send, and what is asked.
const ODD: [(&str, &str, &str); 33] = [
    (
        "envelope/malformed-json",
        "envelope/trailing-comma",
        "The receiver answers a body that is nearly JSON with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/comment",
        "envelope/comment",
        "The receiver answers a body with a comment in it with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/single-quotes",
        "envelope/single-quotes",
        "The receiver answers a body with its strings in single quotes with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/not-a-number",
        "envelope/not-a-number",
        "The receiver answers a body that holds NaN with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/raw-control-character",
        "envelope/raw-control-character",
        "The receiver answers a body with a raw control character in a string with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/trailing-garbage",
        "envelope/trailing-garbage",
        "The receiver answers an event with something behind it with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/two-objects",
        "envelope/two-objects",
        "The receiver answers two events, one behind the other with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/not-json",
        "envelope/not-json",
        "The receiver answers a body that is nothing like JSON with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/form-encoded",
        "envelope/form-encoded",
        "The receiver answers a form where JSON should be with a 4xx or a 2xx, in time.",
    ),
    ("envelope/empty-body", "envelope/empty", "The receiver answers an empty body with a 4xx or a 2xx, in time."),
    (
        "envelope/white-space",
        "envelope/whitespace",
        "The receiver answers a body of white space with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/array",
        "envelope/array-top-level",
        "The receiver answers an array of events with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/string",
        "envelope/string-top-level",
        "The receiver answers a body that is one string with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/null",
        "envelope/null-top-level",
        "The receiver answers a body that is null with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/invalid-utf8",
        "envelope/invalid-utf8",
        "The receiver answers a body that is no UTF-8 with a 4xx or a 2xx, in time.",
    ),
    ("envelope/utf16", "envelope/utf16", "The receiver answers an event in UTF-16 with a 4xx or a 2xx, in time."),
    (
        "envelope/byte-order-mark",
        "envelope/bom",
        "The receiver answers an event behind a byte order mark with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/truncated-in-token",
        "envelope/truncated-in-token",
        "The receiver answers a body that ends inside the token with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/truncated-in-data",
        "envelope/truncated-in-data",
        "The receiver answers a body that ends inside the data with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/missing-event",
        "envelope/missing-event",
        "The receiver answers an envelope without an event with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/missing-resource",
        "envelope/missing-resource",
        "The receiver answers an envelope without a resource with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/missing-timestamp",
        "envelope/missing-timestamp",
        "The receiver answers an envelope without a timestamp with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/missing-data",
        "envelope/missing-data",
        "The receiver answers an envelope without data with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/event-number",
        "envelope/event-number",
        "The receiver answers an event whose name is a number with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/event-empty",
        "envelope/event-empty",
        "The receiver answers an event whose name is empty with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/timestamp-text",
        "envelope/timestamp-text",
        "The receiver answers a timestamp that is text with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/timestamp-negative",
        "envelope/timestamp-negative",
        "The receiver answers a timestamp before 1970 with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/timestamp-huge",
        "envelope/timestamp-huge",
        "The receiver answers a timestamp beyond every integer with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/data-null",
        "envelope/data-null",
        "The receiver answers data that is null with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/data-array",
        "envelope/data-array",
        "The receiver answers data that is an array with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/duplicate-event",
        "envelope/duplicate-event",
        "The receiver answers two events in one envelope with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/duplicate-data",
        "envelope/duplicate-data",
        "The receiver answers two data in one envelope with a 4xx or a 2xx, in time.",
    ),
    (
        "envelope/both-dialects",
        "envelope/both-dialects",
        "The receiver answers an envelope of both dialects with a 4xx or a 2xx, in time.",
    ),
];

fn altered(name: &'static str) -> Procedure {
    Procedure::Send(Request::post(Body::Hostile(name)))
}

const HONEST: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Must,
    requirement: "",
    source: Source::Ours,
    procedure: Procedure::Review,
    expectation: Expectation::Acknowledge,
    cost: "",
    remedy: "",
};

const HOSTILE: Case = Case {
    // Nothing is lost with such a body, so either answer will do. A 5xx is an error nobody foresaw: it is not worth a
    // `fail` as long as the receiver lives on, which the honest event afterwards shows.
    expectation: Expectation::Survive,
    cost: "An error that nobody foresaw can be caused by anybody: it fills the log, wakes people, and hides the errors of \
           honest events.",
    remedy: "Catch the parser's error and answer 400; check that the top level and `data` are objects before a key is read, \
             and take every key for optional.",
    ..HONEST
};
