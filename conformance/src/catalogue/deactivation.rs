use super::DEACTIVATION;
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    vec![Case {
        id: "deactivation/steady-traffic".into(),
        level: Level::Must,
        requirement: "The receiver acknowledges sixty calls one after the other.",
        source: Source::Aircall("webhooks guide"),
        procedure: Procedure::Traffic { events: 60 },
        expectation: Expectation::Acknowledge,
        cost: DEACTIVATION,
        remedy: "Look for what runs out: connections of a database, a quota, a rate limit, memory. Take the route out of rate \
                 limits, since Aircall sends as many events as there are.",
    }]
}

pub(super) fn hostile() -> Vec<Case> {
    let mut requests = vec![Request::post(Body::Hostile("token/wrong")); STRANGERS];
    requests.push(Request::plain());
    vec![Case {
        id: super::LOCKOUT_CASE.into(),
        level: Level::Must,
        requirement: "The receiver acknowledges an honest event right after twelve with a wrong token.",
        source: Source::Derived("one sender, or one proxy, from whose address every event comes"),
        procedure: Procedure::InTurn(requests),
        expectation: Expectation::Acknowledge,
        cost: "Events of every account come from the same few addresses, or from the one of your own proxy. Who locks an \
               address out after wrong tokens locks Aircall out: a second webhook that somebody left behind is enough.",
        remedy: "Do not count failures by address on this route; refuse each wrong token by itself.",
    }]
}

/// More than the failures after which common lock-outs begin.
const STRANGERS: usize = 12;
