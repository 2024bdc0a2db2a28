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
    vec![
        Case {
            id: "envelope/malformed-json".into(),
            requirement: "The receiver answers a body that is nearly JSON with a 4xx or a 2xx, in time.",
            procedure: altered("envelope/trailing-comma"),
            ..HOSTILE
        },
        Case {
            id: "envelope/not-json".into(),
            requirement: "The receiver answers a body that is nothing like JSON with a 4xx or a 2xx, in time.",
            procedure: altered("envelope/not-json"),
            ..HOSTILE
        },
        Case {
            id: "envelope/truncated-json".into(),
            requirement: "The receiver answers an event that is cut off in the middle with a 4xx or a 2xx, in time.",
            procedure: Procedure::Send(Request::post(Body::CutOff)),
            ..HOSTILE
        },
        Case {
            id: "envelope/empty-body".into(),
            requirement: "The receiver answers an empty body with a 4xx or a 2xx, in time.",
            procedure: altered("envelope/empty"),
            ..HOSTILE
        },
        Case {
            id: "envelope/array".into(),
            requirement: "The receiver answers an array of events with a 4xx or a 2xx, in time.",
            procedure: altered("envelope/array-top-level"),
            ..HOSTILE
        },
        Case {
            id: "envelope/null".into(),
            requirement: "The receiver answers a body that is null with a 4xx or a 2xx, in time.",
            procedure: altered("envelope/null-top-level"),
            ..HOSTILE
        },
    ]
}

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
    remedy: "Catch the parser's error and answer 400; check that the top level is an object before a key is read.",
    ..HONEST
};
