use aircall_fixtures::{Dialect, Event, events};

use super::DEACTIVATION;
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn cases() -> Vec<Case> {
    events().iter().map(case).collect()
}

fn case(event: &'static Event) -> Case {
    let id = format!("payload/{}", event.name).into();
    let procedure = Procedure::Send(Request::post(Body::Event(event.name)));
    match event.dialect {
        Dialect::MessageCallback => Case {
            id,
            level: Level::Should,
            requirement: "The receiver acknowledges a message callback that arrives at its URL with a token it knows.",
            source: Source::Derived("the message callbacks of the API reference"),
            procedure,
            expectation: Expectation::Acknowledge,
            cost: "Callbacks of a number in proxy mode name the event in `event_name` and are never sent again: each one \
                   refused is a message lost.",
            remedy: "Where `event` is missing, read `event_name`, and take `timestamp` for milliseconds; or give \
                     callbacks a URL of their own.",
        },
        _ => Case {
            id,
            level: Level::Must,
            requirement: "The receiver acknowledges every event that carries the valid token, whatever its payload looks \
                          like.",
            source: source(event),
            procedure,
            expectation: Expectation::Acknowledge,
            cost: DEACTIVATION,
            remedy: "Acknowledge once the token is verified and the event is stored. Take every field of `data` as \
                     optional, null or of another type, and let nothing in there decide about the answer; log what could \
                     not be used.",
        },
    }
}

/// The requirement itself is derived; that such a body arrives is known as well as the fixture is.
fn source(event: &Event) -> Source {
    match event.standing {
        aircall_fixtures::Standing::Observed => Source::Deliveries,
        aircall_fixtures::Standing::Documented => Source::Aircall("API reference"),
        _ => Source::Derived(event.source),
    }
}
