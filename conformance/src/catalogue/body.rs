use super::DEACTIVATION;
use crate::case::{Body, Case, Expectation, Level, PLAIN_EVENT, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    vec![
        Case {
            id: "body/512-kib".into(),
            level: Level::Must,
            requirement: "The receiver acknowledges an honest event of 512 KiB.",
            source: Source::Derived("the size of a user event, about 1 KB for each number, seen in deliveries"),
            procedure: Procedure::Send(Request::post(Body::ManyNumbers(512 * 1024))),
            expectation: Expectation::Acknowledge,
            cost: DEACTIVATION,
            remedy: "Raise the limit of the body parser, and of the proxy before it, to 1 MiB or more (Express: \
                     `express.json({ limit: \"1mb\" })`; nginx: `client_max_body_size 1m`). No maximum is documented, and \
                     `user.*` events hold every number of their user.",
        },
        Case {
            id: "body/chunked".into(),
            level: Level::Should,
            requirement: "The receiver acknowledges an event that comes in chunks.",
            source: Source::Rfc(9112, "section 7.1"),
            procedure: Procedure::Send(Request::post(Body::Event(PLAIN_EVENT)).in_chunks()),
            expectation: Expectation::Acknowledge,
            cost: "Proxies, tunnels and gateways may send on in chunks what came with a length: behind one of them every \
                   event is refused, and the webhook is switched off.",
            remedy: "Read the body to its end instead of relying on `Content-Length`; behind a gateway interface that \
                     cannot, let the proxy buffer requests.",
        },
    ]
}

pub(super) fn hostile() -> Vec<Case> {
    vec![Case {
        id: "body/over-long".into(),
        level: Level::Must,
        requirement: "The receiver refuses a body of 2 MiB with a wrong token.",
        source: Source::Ours,
        procedure: Procedure::Send(Request::post(Body::Oversized(2 * 1024 * 1024))),
        expectation: Expectation::RefuseOrHangUp,
        cost: "Who reads whatever a stranger sends can be made to run out of memory by a handful of requests; all events \
               that arrive meanwhile are lost.",
        remedy: "Set a limit of 1 to 2 MiB for the body, and answer 413.",
    }]
}
