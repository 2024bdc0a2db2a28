//! Every case, in the order in which a run meets it.

mod selection;
mod written;
mod acknowledgement;
mod payload;
mod envelope;
mod body;
mod http;
mod token;
mod retry;
mod order;
mod deactivation;
mod load;
mod tls;

pub use selection::{EmptySelection, Selection};

use crate::case::Case;

/// Returns every case: first the one on which the others depend, then what is honest, then what is hostile, then what
/// makes many connections, and last the reviews of the whole run.
#[must_use]
pub fn catalogue() -> Vec<Case> {
    [
        acknowledgement::first(),
        tls::cases(),
        payload::cases(),
        envelope::honest(),
        body::honest(),
        http::honest(),
        token::honest(),
        order::cases(),
        retry::cases(),
        deactivation::honest(),
        token::hostile(),
        envelope::hostile(),
        body::hostile(),
        http::hostile(),
        deactivation::hostile(),
        load::cases(),
        acknowledgement::reviews(),
        token::reviews(),
        tls::reviews(),
    ]
    .concat()
}

/// Finds a case by its id.
#[must_use]
pub fn find(id: &str) -> Option<Case> {
    catalogue().into_iter().find(|case| case.id == id)
}

/// The id of the case that shows whether a receiver's statuses tell what it lets in.
pub const WRONG_TOKEN_CASE: &str = "token/wrong";

/// The id of the case that a receiver breaks which refuses everybody after some strangers.
pub(crate) const LOCKOUT_CASE: &str = "deactivation/no-lockout";

/// The id of the case on which the others depend.
pub const PLAIN_EVENT_CASE: &str = "acknowledgement/plain-event";

/// The sections, in the order in which reports list them.
pub const SECTIONS: [&str; 11] = [
    "acknowledgement",
    "token",
    "envelope",
    "payload",
    "body",
    "http",
    "retry",
    "order",
    "load",
    "deactivation",
    "tls",
];

const DEACTIVATION: &str = "Each refused event counts towards the failures after which Aircall switches the whole webhook off; then no event \
     arrives any more, of any kind.";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::case::{Body, Level};

    #[test]
    fn ids_are_unique_words_of_a_known_section() {
        let mut seen = BTreeSet::new();
        for case in catalogue() {
            assert!(seen.insert(case.id.clone()), "{} is there twice", case.id);
            assert!(SECTIONS.contains(&case.section()), "{} is in no section", case.id);
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/-._".contains(c);
            assert!(case.id.chars().all(allowed), "{} is not made of words", case.id);
        }
    }

    #[test]
    fn texts_are_whole_sentences() {
        for case in catalogue() {
            assert!(case.requirement.starts_with("The receiver "), "{}: {}", case.id, case.requirement);
            for text in [case.requirement, case.cost, case.remedy] {
                assert!(text.ends_with('.') && !text.contains("  "), "{}: {text:?}", case.id);
            }
        }
    }

    #[test]
    fn every_fixture_has_a_case() {
        let ids: BTreeSet<_> = catalogue().into_iter().map(|case| case.id).collect();
        for event in aircall_fixtures::events() {
            assert!(ids.contains(&*format!("payload/{}", event.name)), "{} has no case", event.name);
        }
    }

    #[test]
    fn what_is_sent_is_among_the_fixtures() {
        for request in catalogue().iter().flat_map(|case| case.requests().to_vec()) {
            match request.body {
                Body::Hostile(name) => assert!(aircall_fixtures::find_hostile(name).is_some(), "there is no {name}"),
                Body::Event(name) => assert!(aircall_fixtures::find(name).is_some(), "there is no {name}"),
                _ => {}
            }
        }
    }

    #[test]
    fn the_case_that_others_depend_on_comes_first() {
        let first = &catalogue()[0];
        assert_eq!((&*first.id, first.level, first.is_hostile()), (PLAIN_EVENT_CASE, Level::Must, false));
    }

    #[test]
    fn hostile_requests_come_after_all_honest_ones() {
        let sends: Vec<_> =
            catalogue().into_iter().filter(|case| case.request_count() > 0 && !case.is_load()).collect();
        assert!(sends.is_sorted_by_key(Case::is_hostile));
    }

    #[test]
    fn every_section_has_cases_and_there_are_enough() {
        for section in SECTIONS {
            assert!(catalogue().iter().any(|case| case.section() == section), "{section} is empty");
        }
        assert!(catalogue().iter().filter(|case| case.section() != "payload").count() >= 120);
    }
}
