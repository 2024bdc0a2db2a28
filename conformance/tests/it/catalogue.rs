//! The proof that the judge judges: a receiver that meets every case, and for every case one that breaks it and only it.

mod breaker;
mod one_request;
mod memory;
mod retry;
mod tripwire;
mod framing;
mod load;
mod review;

use std::collections::{BTreeMap, BTreeSet};

use aircall_conformance::{Check, Collector, catalogue::catalogue, verdict::Verdict};

use crate::receivers::{OTHER_TOKEN, check, deviations, serve_app};
use breaker::prove;

/// Cases whose receiver stands in another file, and the test that judges it.
const ELSEWHERE: [(&str, &str, &str); 5] = [
    ("tls/trusted", include_str!("tls.rs"), "another_certificate_is_not"),
    ("tls/current", include_str!("tls.rs"), "a_certificate_that_is_outdated_is_found"),
    ("tls/right-name", include_str!("tls.rs"), "a_certificate_of_another_host_is_found"),
    // Of a receiver on this machine it is not asked, and a test has no other: the verdict alone is tested.
    ("tls/https", include_str!("../../src/verdict/tests.rs"), "reviews_look_at_the_whole_run"),
    ("token/not-in-logs", include_str!("launch.rs"), "a_token_in_what_the_receiver_prints_is_found_and_masked"),
];

#[test]
fn every_case_has_a_receiver_that_breaks_it() {
    let here = [
        one_request::all(),
        one_request::by_other_signs(),
        memory::all(),
        retry::all(),
        framing::all(),
        load::all(),
        review::all(),
    ];
    let mut receivers: BTreeMap<String, usize> = BTreeMap::new();
    for breaker in here.iter().flatten() {
        *receivers.entry(breaker.id().to_owned()).or_default() += 1;
    }
    for (id, file, test) in ELSEWHERE {
        assert!(file.contains(&format!("fn {test}()")), "there is no test {test} for {id}");
        *receivers.entry(id.to_owned()).or_default() += 1;
    }
    let cases: BTreeSet<_> = catalogue().into_iter().map(|case| case.id.into_owned()).collect();
    let missing: Vec<_> = cases.iter().filter(|id| !receivers.contains_key(*id)).collect();
    assert!(missing.is_empty(), "nothing breaks {missing:?}");
    let unknown: Vec<_> = receivers.keys().filter(|id| !cases.contains(*id)).collect();
    assert!(unknown.is_empty(), "there is no case {unknown:?}");
    let several: Vec<_> = receivers.iter().filter(|(_, count)| **count > 1).collect();
    assert!(several.is_empty(), "one receiver is enough for {several:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_receiver_meets_every_case() {
    let collector = Collector::new();
    let receiver = serve_app(memory::flawless(&collector)).await;
    let report = knowing(check(&receiver.url)).with_collector(collector).run().await.unwrap();
    assert_eq!(deviations(&report), [""; 0], "{}", report.human());
    let skipped: Vec<_> = report.with(Verdict::Skipped).map(|result| &*result.case.id).collect();
    assert_eq!(skipped, ["tls/trusted", "tls/current", "tls/right-name", "token/not-in-logs", "tls/https"]);
}

macro_rules! proves {
    ($($name:ident: $breakers:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            prove($breakers).await;
        }
    )*};
}

proves! {
    one_request_of_the_payload_is_answered_wrongly: one_request::of("payload");
    one_request_of_the_envelope_is_answered_wrongly: one_request::of("envelope");
    one_request_with_a_token_is_answered_wrongly: one_request::of("token");
    one_request_with_a_body_is_answered_wrongly: one_request::of("body");
    one_other_request_is_answered_wrongly: one_request::of_other_sections();
    something_else_than_the_text_breaks_it: one_request::by_other_signs();
    what_came_before_decides: memory::all();
    a_retry_is_taken_for_something_else: retry::all();
    one_way_of_framing_breaks_it: framing::all();
    many_connections_break_it: load::all();
    the_run_as_a_whole_shows_it: review::all();
}

/// The same check, told of the second webhook.
fn knowing(check: Check) -> Check {
    check.with_other_token(aircall_conformance::Token::new(OTHER_TOKEN).unwrap())
}
