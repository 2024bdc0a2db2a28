use aircall_fixtures::{Dialect, Event, events};

use super::DEACTIVATION;
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn cases() -> Vec<Case> {
    events().iter().map(case).chain(altered()).collect()
}

/// What real bodies vary in, one thing at a time.
fn altered() -> Vec<Case> {
    vec![
        of("payload/user-missing", "there is no user", USER, ""),
        of("payload/user-null", "the user is null", USER, r#""user":null,"#),
        of("payload/user-empty", "the user is an empty object", USER, r#""user":{},"#),
        of(
            "payload/id-string",
            "the id is text",
            r#"{"id":4223501188,"direct_link""#,
            r#"{"id":"4223501188","direct_link""#,
        ),
        of(
            "payload/time-milliseconds",
            "a time is in milliseconds",
            r#":1790000000,"answered"#,
            r#":1790000000000,"answered"#,
        ),
        of(
            "payload/time-iso",
            "a time is text",
            r#":1790000000,"answered"#,
            r#":"2026-09-21T14:13:20.000Z","answered"#,
        ),
        of("payload/time-null", "a time is null", r#""started_at":1790000000"#, r#""started_at":null"#),
        of(
            "payload/null-fields",
            "the caller's number is null",
            r#""raw_digits":"+44 20 7946 0155""#,
            r#""raw_digits":null"#,
        ),
        of("payload/money-null", "the cost is null", r#""cost":"0.0""#, r#""cost":null"#),
        of("payload/money-number", "the cost is a number", r#""cost":"0.0""#, r#""cost":0.25"#),
        of(
            "payload/empty-object",
            "what is null mostly is an empty object",
            r#""voicemail":null"#,
            r#""voicemail":{}"#,
        ),
        of("payload/empty-array", "what is null mostly is an empty array", r#""recording":null"#, r#""recording":[]"#),
        of(
            "payload/tagged-by-empty",
            "a tag was put by nobody",
            r#""tags":[]"#,
            r##""tags":[{"id":30217,"name":"follow up","color":"#00B388","description":"","tagged_by":{}}]"##,
        ),
        of(
            "payload/unknown-key",
            "the data has a key that nobody knows",
            r#""archived":false"#,
            r#""archived":false,"sentiment_score":{"of":[0.5,null]}"#,
        ),
        of("payload/unknown-status", "the status is in no list", r#""status":"initial""#, r#""status":"parked""#),
        of(
            "payload/foreign-number",
            "the number is none of the company's own",
            r#""number":{"id":1402233,"#,
            r#""number":{"id":7702233,"#,
        ),
    ]
}

fn of(id: &'static str, what: &'static str, from: &'static str, to: &'static str) -> Case {
    let procedure = Procedure::Send(Request::post(Body::Altered { what, from, to }));
    Case {
        id: id.into(),
        source: Source::Derived("what varies between published deliveries and the API reference"),
        procedure,
        ..EVENT
    }
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
        _ => Case { id, source: source(event), procedure, ..EVENT },
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

const EVENT: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Must,
    requirement: "The receiver acknowledges every event that carries the valid token, whatever its payload looks like.",
    source: Source::Ours,
    procedure: Procedure::Review,
    expectation: Expectation::Acknowledge,
    cost: DEACTIVATION,
    remedy: "Acknowledge once the token is verified and the event is stored. Take every field of `data` as optional, null or \
             of another type, and let nothing in there decide about the answer; log what could not be used.",
};

/// The user of the plain event.
const USER: &str = r#""user":{"id":901442,"direct_link":"https://api.aircall.io/v1/users/901442","name":"Kim Sample","email":"kim.sample@example.com","available":true,"availability_status":"available","language":"en-US","wrap_up_time":90},"#;
