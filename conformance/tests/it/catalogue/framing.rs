//! Receivers that one way of writing a request breaks, which no HTTP library would take or make.

use std::time::Duration;

use aircall_conformance::{
    Report,
    case::{Case, Level},
    catalogue::{Selection, find},
};

use super::{
    breaker::{Breaker, is_heavy, section, without},
    knowing,
    tripwire::{Does, Knows, Said, Trap, Tripwire},
};
use crate::receivers::check;

pub(super) fn all() -> Vec<Breaker> {
    ANSWERED.into_iter().map(answered).chain(POISONED.into_iter().map(poisoned)).collect()
}

/// Every way of writing that makes a receiver deaf here.
pub(super) fn is_poison(said: &Said) -> bool {
    POISONED.iter().any(|(_, knows)| knows(said))
}

/// Cases, how to know them, and an answer that is wrong.
const ANSWERED: [(&str, Knows, Does); 10] = [
    ("body/packets", |said| said.scraps >= 12, Does::Answer(BAD)),
    (
        "body/slow",
        |said| said.scraps < 12 && is_cut(said) && said.waits_for(Duration::from_millis(1500)),
        Does::Answer(LATE),
    ),
    ("http/keep-alive", |said| said.answers > 0 && !said.bytes.is_empty(), Does::Answer(NOTHING)),
    ("http/pipelined", |said| times(said, b"POST /aircall/webhook HTTP/1.1\r\n") > 1, Does::AnswerAll(OK)),
    ("http/expect-continue", |said| said.holds("expect: 100-continue\r\n"), Does::Answer(EXPECTATION)),
    ("http/http-1-0", |said| said.holds(" HTTP/1.0\r\n"), Does::Answer(VERSION)),
    ("http/conflicting-lengths", |said| said.holds("content-length: 5\r\n"), Does::Answer(OK)),
    ("http/absurd-length", |said| said.holds("content-length: 9999999999999"), Does::Answer(OK)),
    ("http/negative-length", |said| said.holds("content-length: -1\r\n"), Does::Answer(OK)),
    ("http/broken-chunk", |said| said.holds("chunked\r\n\r\nxyz\r\n"), Does::Answer(OK)),
];

/// Cases after which a receiver refuses the next honest event, and how to know them.
const POISONED: [(&str, Knows); 13] = [
    ("http/half-closed", |said| said.is_over && is_cut(said) && !said.holds(TERABYTE)),
    ("http/silent", |said| said.bytes.is_empty() && said.answers == 0 && said.waits_for(Duration::from_secs(1))),
    ("http/length-and-chunks", |said| {
        said.holds("transfer-encoding: chunked\r\n") && said.holds("\r\ncontent-length: ")
    }),
    ("http/claimed-terabyte", |said| said.holds(TERABYTE)),
    ("http/endless-chunk-extension", |said| said.holds("\r\n\r\n1;x=xxx")),
    ("http/many-headers", |said| said.holds("x-many: 1\r\nx-many: 1\r\n")),
    ("http/long-header", |said| said.holds("x-long: xxx")),
    ("http/long-url", |said| said.bytes.starts_with(b"POST /xxx")),
    ("http/no-host", |said| said.has_head() && said.bytes.starts_with(b"POST /aircall") && !said.holds("\r\nhost: ")),
    ("http/not-http", |said| said.bytes.starts_with(b"EHLO ")),
    ("http/tls-to-plain", |said| said.bytes.starts_with(b"\x16\x03\x01")),
    ("body/truncated", |said| said.is_over && is_cut(said)),
    ("body/truncated-chunks", |said| said.is_over && said.holds("chunked\r\n\r\nfff\r\n")),
];

fn answered((id, knows, does): (&'static str, Knows, Does)) -> Breaker {
    let case = find(id).unwrap();
    let found = match (case.wants_acknowledgement(), case.level, id) {
        (true, _, "http/keep-alive" | "http/pipelined") => format!("{} {id}: dropped", verdict(&case)),
        (true, ..) => format!("{} {id}: refused", verdict(&case)),
        (false, ..) => format!("inconclusive {id}: may-be-handled"),
    };
    let is_the_same = move |other: &Case| match id {
        // Who ends a connection after the first answer does not answer what stands behind it either.
        "http/keep-alive" => other.id == "http/pipelined",
        // On a busy machine many small packets take as long.
        "body/slow" => other.id == "body/packets",
        _ => false,
    };
    let others = without(section(case.section()), |other| is_heavy(other) || is_the_same(other));
    Breaker::new(found, judged(Trap { knows, does }, others))
}

fn verdict(case: &Case) -> &'static str {
    if case.level == Level::Must { "fail" } else { "lenient" }
}

fn poisoned((id, knows): (&'static str, Knows)) -> Breaker {
    let case = find(id).unwrap();
    Breaker::new(format!("fail {id}: harmed"), judged(Trap { knows, does: Does::GoDeaf }, hostile(case.section())))
}

/// Without what is honest and put at the same time: it would meet with the harm before the honest event after does.
pub(super) fn hostile(of: &str) -> Selection {
    without(section(of), |case| is_heavy(case) || (case.is_patient() && !case.is_hostile()))
}

pub(super) async fn judged(trap: Trap, selection: Selection) -> Report {
    let wire = Tripwire::new(trap).await;
    knowing(check(&wire.url)).with_selection(selection).run().await.unwrap()
}

fn is_cut(said: &Said) -> bool {
    said.missing().is_some_and(|missing| missing > 0)
}

fn times(said: &Said, text: &[u8]) -> usize {
    said.bytes.windows(text.len()).filter(|window| *window == text).count()
}

const TERABYTE: &str = "content-length: 1099511627776\r\n";

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const LATE: &str = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const EXPECTATION: &str = "HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const VERSION: &str = "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Only the end of the connection.
const NOTHING: &str = "";
