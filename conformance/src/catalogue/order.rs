use super::DEACTIVATION;
use crate::case::{Body, Case, Expectation, Level, Procedure, Request, Source};

pub(super) fn cases() -> Vec<Case> {
    vec![
        order(
            "order/ended-before-created",
            "The receiver acknowledges the end of a call before its beginning.",
            &["call.ended", "call.hungup", "call.answered", "call.created"],
        ),
        order(
            "order/unhold-before-hold",
            "The receiver acknowledges that a call goes on before it was put on hold.",
            &["call.unhold", "call.hold"],
        ),
        order(
            "order/answered-before-ringing",
            "The receiver acknowledges that a call was answered before it rang.",
            &["call.answered", "call.ringing_on_agent"],
        ),
        order(
            "order/untagged-before-tagged",
            "The receiver acknowledges that a tag was taken away before it was put.",
            &["call.untagged", "call.tagged"],
        ),
        order(
            "order/assets-before-ended",
            "The receiver acknowledges the recording of a call before its end.",
            &["call.comm_assets_generated", "call.ended"],
        ),
        order(
            "order/deleted-before-created",
            "The receiver acknowledges that a contact was deleted before it was made.",
            &["contact.deleted", "contact.updated", "contact.created"],
        ),
        order(
            "order/user-deleted-before-created",
            "The receiver acknowledges that a user was deleted before it was made.",
            &["user.deleted", "user.created"],
        ),
    ]
}

fn order(id: &'static str, requirement: &'static str, events: &[&'static str]) -> Case {
    Case {
        id: id.into(),
        level: Level::Must,
        requirement,
        source: Source::Aircall("webhooks overview"),
        procedure: Procedure::InTurn(events.iter().map(|event| Request::post(Body::Event(event))).collect()),
        expectation: Expectation::Acknowledge,
        cost: DEACTIVATION,
        remedy: "Take events in any order: store what belongs to an object that is not there yet, and let the later time win \
                 over the later arrival. A 404 or 409 for what is not there yet counts as a failure.",
    }
}
