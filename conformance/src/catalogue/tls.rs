use crate::case::{Case, Expectation, Level, Procedure, Source};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            id: "tls/trusted".into(),
            requirement: "The receiver shows a certificate that rests on a trusted authority.",
            procedure: Procedure::Handshake,
            expectation: Expectation::Trusted,
            remedy: "Get a certificate of a public authority (Let's Encrypt will do), and let the server send the \
                     intermediate ones with it: browsers fetch a missing one, other clients do not.",
            ..TLS
        },
        Case {
            id: "tls/current".into(),
            requirement: "The receiver shows a certificate that is valid today.",
            procedure: Procedure::Handshake,
            expectation: Expectation::Current,
            remedy: "Renew it, and let the server load the new one: many renewals fail only because nothing was restarted.",
            ..TLS
        },
        Case {
            id: "tls/right-name".into(),
            requirement: "The receiver shows a certificate that is made out to the host of the URL.",
            procedure: Procedure::Handshake,
            expectation: Expectation::RightName,
            remedy: "Get a certificate for that very name, or give Aircall the name that the certificate has.",
            ..TLS
        },
    ]
}

pub(super) fn reviews() -> Vec<Case> {
    vec![Case {
        id: "tls/https".into(),
        requirement: "The receiver is reached by https.",
        procedure: Procedure::Review,
        expectation: Expectation::Https,
        cost: "Aircall accepts no other URL for a webhook.",
        remedy: "Judge the public URL as well, once it is there.",
        ..TLS
    }]
}

const TLS: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Must,
    requirement: "",
    source: Source::Aircall("webhooks overview"),
    procedure: Procedure::Review,
    expectation: Expectation::Https,
    cost: "No delivery gets through: each fails before a request is sent, and enough of them switch the webhook off.",
    remedy: "",
};
