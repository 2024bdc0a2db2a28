use ::http::Method;

use crate::case::{Body, Case, Expectation, Level, PLAIN_EVENT, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    vec![Case {
        id: "http/content-type-charset".into(),
        level: Level::Should,
        requirement: "The receiver acknowledges an event whose content type names a charset.",
        source: Source::Rfc(9110, "section 8.3"),
        procedure: Procedure::Send(
            Request::post(Body::Event(PLAIN_EVENT)).with_content_type("application/json; charset=utf-8"),
        ),
        expectation: Expectation::Acknowledge,
        cost: "Aircall sends the type alone today, most other senders add a charset: the day this changes, every event is \
               refused, and the webhook is switched off.",
        remedy: "Compare the media type without its parameters, or do not compare it at all.",
    }]
}

pub(super) fn hostile() -> Vec<Case> {
    vec![Case {
        id: "http/get".into(),
        level: Level::Should,
        requirement: "The receiver answers a GET with a 4xx, best of all 405.",
        source: Source::Rfc(9110, "section 15.5.6"),
        procedure: Procedure::Send(Request::post(Body::None).with_method(Method::GET)),
        expectation: Expectation::RefuseMethod,
        cost: "A sender or a proxy that turns POST into GET, as clients do after a redirect, is told that all is well \
               while no event arrives.",
        remedy: "Route the webhook's URL for POST only, and answer 405 with `Allow: POST` to the rest.",
    }]
}

pub(super) fn reviews() -> Vec<Case> {
    vec![Case {
        id: "http/https".into(),
        level: Level::Info,
        requirement: "The receiver is reached by https, with a certificate that is trusted.",
        source: Source::Aircall("webhooks overview"),
        procedure: Procedure::Review,
        expectation: Expectation::Https,
        cost: "Aircall accepts no other URL for a webhook.",
        remedy: "Judge the public URL as well, once it is there.",
    }]
}
