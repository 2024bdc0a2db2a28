use super::{DEACTIVATION, written};
use crate::case::{Case, Expectation, Level, Procedure, Source};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            id: "load/burst".into(),
            level: Level::Must,
            requirement: "The receiver acknowledges fifty calls that come at once, as on a Monday morning.",
            source: Source::Aircall("webhooks overview"),
            procedure: Procedure::Burst { calls: 50 },
            cost: DEACTIVATION,
            remedy: "Store the event and answer; do the work afterwards, at a pace of its own. Give the server more than one \
                     worker, and the route no rate limit.",
            ..LOAD
        },
        Case {
            id: "load/stalled-clients".into(),
            requirement: "The receiver acknowledges events while 64 clients have stopped in the middle of a body.",
            procedure: Procedure::Stall { clients: 64, begun: written::STALLED_BODY, honest: 5 },
            ..LOAD
        },
        Case {
            id: "load/stalled-heads".into(),
            requirement: "The receiver acknowledges events while 64 clients have stopped in the middle of a head.",
            procedure: Procedure::Stall { clients: 64, begun: written::STALLED_HEAD, honest: 5 },
            ..LOAD
        },
        Case {
            id: "load/idle-connections".into(),
            requirement: "The receiver acknowledges events while 64 connections are open on which nothing is said.",
            procedure: Procedure::Stall { clients: 64, begun: written::IDLE, honest: 5 },
            ..LOAD
        },
    ]
}

const LOAD: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Must,
    requirement: "",
    source: Source::Ours,
    procedure: Procedure::Review,
    expectation: Expectation::Acknowledge,
    cost: "A handful of connections from anybody, or from a phone network in trouble, keeps every event from being answered; \
           enough of them switch the webhook off.",
    remedy: "Let one thread serve many connections, or put a proxy in front that reads requests whole, as nginx does unless \
             `proxy_request_buffering` is off; gunicorn's own manual asks for one before its sync workers. Give a request a \
             few seconds to arrive, and then close.",
};
