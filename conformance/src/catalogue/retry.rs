use super::{DEACTIVATION, written};
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn cases() -> Vec<Case> {
    let twice = || Procedure::InTurn(vec![Request::plain(), Request::plain()]);
    let after = |broken| Procedure::InTurn(vec![Request::plain().written(broken), Request::plain()]);
    vec![
        Case {
            id: "retry/identical".into(),
            requirement: "The receiver acknowledges an event that it has acknowledged before.",
            procedure: twice(),
            remedy: "Answer 2xx to what is known already; a 409 for a duplicate tells the sender that it failed.",
            ..RETRY
        },
        Case {
            id: "retry/handled-once".into(),
            level: Level::Should,
            requirement: "The receiver handles an event once that it gets twice.",
            procedure: twice(),
            expectation: Expectation::HandleOnce,
            cost: TWICE,
            remedy: IDEMPOTENT,
            ..RETRY
        },
        Case {
            id: "retry/concurrent-duplicate".into(),
            requirement: "The receiver acknowledges an event that comes four times at once.",
            procedure: Procedure::AtOnce(Request::plain(), 4),
            remedy: "Let the one that loses the race for the lock or the unique key answer 2xx at once; do not let it wait \
                     for the work of the other, and do not let the key's violation become a 500.",
            ..RETRY
        },
        Case {
            id: "retry/concurrent-handled-once".into(),
            level: Level::Should,
            requirement: "The receiver handles an event once that comes four times at once.",
            procedure: Procedure::AtOnce(Request::plain(), 4),
            expectation: Expectation::HandleOnce,
            cost: TWICE,
            remedy: "Let a unique key decide who is first, not a look before the write: between the two there is room for \
                     another.",
            ..RETRY
        },
        Case {
            id: "retry/after-broken-connection".into(),
            requirement: "The receiver acknowledges an event whose first attempt broke off in the middle of the body.",
            procedure: after(written::CUT),
            remedy: "Remember an event as seen when it is stored, not when its first bytes come.",
            ..RETRY
        },
        Case {
            id: "retry/after-hang-up".into(),
            requirement: "The receiver acknowledges an event whose sender did not wait for the first answer.",
            procedure: after(written::IMPATIENT),
            remedy: "Let the work of an attempt whose sender hung up run to its end, or leave no trace of it: no lock, and \
                     no row that says that it was seen.",
            ..RETRY
        },
        Case {
            id: "retry/after-failure-reaches-handler".into(),
            level: Level::Should,
            requirement: "The receiver handles an event once whose sender did not wait for the first answer.",
            procedure: after(written::IMPATIENT),
            expectation: Expectation::HandleOnce,
            cost: "An attempt that was cut off may have left the mark of an event that was seen without its work being done: \
                   then the retry is taken for a duplicate, and the event is lost. Without any mark it is handled twice.",
            remedy: IDEMPOTENT,
            ..RETRY
        },
        Case {
            id: "retry/after-11-hours".into(),
            requirement: "The receiver acknowledges an event that was first sent eleven hours ago.",
            source: Source::Aircall("API reference"),
            procedure: Procedure::Send(Request::post(Body::Aged(11 * 3600))),
            remedy: "Accept timestamps of at least twelve hours ago, for which Aircall sends failed events again; the token \
                     is the proof of origin, not the age.",
            ..RETRY
        },
    ]
}

const RETRY: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Must,
    requirement: "",
    source: Source::Aircall("webhooks overview"),
    procedure: Procedure::Review,
    expectation: Expectation::Acknowledge,
    cost: DEACTIVATION,
    remedy: "",
};

const TWICE: &str = "Events are delivered at least once: each retry of one that was handled makes a second ticket, sends a \
                     second message, counts a call twice.";

const IDEMPOTENT: &str = "Keep a key of each event (its name, the id of its object, its time; or a hash of the body without \
                          the token) for two days under a unique constraint, written together with the work.";
