use super::{DEACTIVATION, PLAIN_EVENT_CASE};
use crate::case::{Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn first() -> Vec<Case> {
    vec![Case {
        id: PLAIN_EVENT_CASE.into(),
        level: Level::Must,
        requirement: "The receiver answers a plain honest event with a 2xx in time.",
        source: Source::Aircall("webhooks overview"),
        procedure: Procedure::Send(Request::plain()),
        expectation: Expectation::Acknowledge,
        cost: DEACTIVATION,
        remedy: "Make sure that the URL is the one of the webhook's route, that the token given here is the one the \
                 receiver compares with, and that it looks for it in the body's field `token`, where Aircall puts it: \
                 there is no signature header, and no token in any header.",
    }]
}

pub(super) fn reviews() -> Vec<Case> {
    vec![
        Case {
            id: "acknowledgement/handled".into(),
            level: Level::Must,
            requirement: "The receiver hands every event that it acknowledges to its handler.",
            source: Source::Aircall("webhooks overview"),
            procedure: Procedure::Review,
            expectation: Expectation::Handled,
            cost: "What is acknowledged is never sent again: an event that then reaches no handler is lost, and nobody \
                   notices.",
            remedy: "Store the event before the answer, and work it off from there; or handle it first. If everything seems \
                     lost, see to it that the handler reports to the URL in AIRCALL_COLLECTOR.",
        },
        Case {
            id: "acknowledgement/after-hostile".into(),
            level: Level::Must,
            requirement: "The receiver acknowledges an honest event while, and after, hostile requests come side by side.",
            source: Source::Ours,
            procedure: Procedure::Review,
            expectation: Expectation::Unharmed,
            cost: "Anyone who finds the URL can make the receiver deaf with a few requests: the events that follow are \
                   refused or lost, and enough of them switch the webhook off.",
            remedy: "Catch what goes wrong while a request is read and checked, answer it with a 4xx, and keep nothing of \
                     it: no lock, no half-read connection, no shared buffer. Bound how long a request may take to arrive.",
        },
        Case {
            id: "acknowledgement/time-to-spare".into(),
            level: Level::Should,
            requirement: "The receiver acknowledges every event in less than half of the time that the sender gives.",
            source: Source::Derived("the limit of 5 s in the webhooks overview"),
            procedure: Procedure::Review,
            expectation: Expectation::TimeToSpare,
            cost: "Under load, or from farther away, the slowest acknowledgements come after the limit, and each of them \
                   counts as a failure although the event was handled; it is then sent, and handled, again.",
            remedy: "Store the event and answer; do the work (look-ups, downloads, other APIs) afterwards.",
        },
        Case {
            id: "acknowledgement/no-token-in-response".into(),
            level: Level::Must,
            requirement: "The receiver sends no response that holds the token.",
            source: Source::Ours,
            procedure: Procedure::Review,
            expectation: Expectation::NoTokenInResponses,
            cost: "The token is the only proof that an event is Aircall's, and it does not expire. Proxies and gateways on \
                   the way log responses; who reads one of them can forge calls.",
            remedy: "Answer with a status and an empty body; never send the request's body, or an error that quotes it, \
                     back. FastAPI's 422 quotes it unless RequestValidationError has a handler of its own.",
        },
    ]
}
