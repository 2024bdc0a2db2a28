//! Receivers that answer one request wrongly, and every other as they should.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use aircall_conformance::{
    Token,
    case::{Beside, Body, Case, Coding, Expectation, Framing, Level, Procedure, Request},
    catalogue::{PLAIN_EVENT_CASE, WRONG_TOKEN_CASE, catalogue},
    delivery::Sender,
};
use axum::{
    Router,
    http::{Method, StatusCode, Version},
    response::IntoResponse,
};

use super::breaker::{Breaker, in_process, is_heavy, over_sockets, section, without};
use crate::receivers::{OTHER_TOKEN, Received, TOKEN, app, refuse};

/// One for each case that sends one request which any HTTP library can make.
pub(super) fn all() -> Vec<Breaker> {
    catalogue().iter().filter_map(breaker).collect()
}

pub(super) fn of(section: &str) -> Vec<Breaker> {
    all().into_iter().filter(|breaker| breaker.section() == section).collect()
}

/// Those of the sections that are too small for a test of their own.
pub(super) fn of_other_sections() -> Vec<Breaker> {
    let has_its_own = ["payload", "envelope", "token", "body"];
    all().into_iter().filter(|breaker| !has_its_own.contains(&breaker.section())).collect()
}

/// One for each case that a request breaks by something else than what stands in it.
pub(super) fn by_other_signs() -> Vec<Breaker> {
    let but_sizes =
        without(section("body"), |case| is_heavy(case) && !["body/512-kib", "body/size-ladder"].contains(&&*case.id));
    vec![
        Breaker::new("fail retry/after-11-hours: refused", in_process(refuses_what_is_old(), section("retry"))),
        Breaker::new("lenient body/size-ladder: limited", in_process(takes_700_kib(), but_sizes)),
        Breaker::new("lenient http/http2: refused", over_sockets(breaks_on_http2(), section("http"))),
    ]
}

fn breaker(case: &Case) -> Option<Breaker> {
    let request = match &case.procedure {
        // What is told by its time alone is told by what remembers the time.
        Procedure::Send(request) if request.wire.is_empty() && !matches!(request.body, Body::Aged(_)) => {
            request.clone()
        }
        _ => return None,
    };
    let (wrong, found) = wrong(case);
    let is_again = request == Request::plain() && case.id != PLAIN_EVENT_CASE;
    let others = without(section(case.section()), |other| is_heavy(other) && other.id != case.id);
    Some(Breaker::new(found, async move { in_process(app_but_for(&request, is_again, wrong), others).await }))
}

/// The answer that is wrong, and what has to be found.
fn wrong(case: &Case) -> (StatusCode, String) {
    let lenient_or = |must| if case.level == Level::Must { must } else { "lenient" };
    let (status, verdict, reason) = match case.expectation {
        Expectation::Acknowledge => (500, lenient_or("fail"), "refused"),
        // The case by which the others are known to be let in.
        Expectation::Refuse if case.id == WRONG_TOKEN_CASE => (200, "inconclusive", "may-be-handled"),
        Expectation::Refuse => (200, lenient_or("fail"), "let-in"),
        Expectation::RefuseOrHangUp => (200, "inconclusive", "may-be-handled"),
        Expectation::Survive => (500, "lenient", "broke-instead"),
        Expectation::RefuseMethod => (200, "lenient", "method-accepted"),
        other => panic!("nobody has said what is wrong where {other:?} is due"),
    };
    (StatusCode::from_u16(status).unwrap(), format!("{verdict} {}: {reason}", case.id))
}

fn app_but_for(request: &Request, is_again: bool, wrong: StatusCode) -> Router {
    let shape = Shape::of_request(request);
    // On the first plain event everything else depends; the second is a case of its own.
    let spared = AtomicUsize::new(usize::from(is_again));
    let state = Arc::new((shape, spared));
    app(move |request: Received| {
        let (shape, spared) = &*state;
        let is_it = Shape::of(&request) == *shape
            && spared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err();
        std::future::ready(if is_it { wrong.into_response() } else { request.due() })
    })
}

/// A request without what changes each time it is sent.
#[derive(PartialEq, Eq)]
struct Shape {
    method: Method,
    content_type: String,
    is_compressed: bool,
    is_chunked: bool,
    has_authorization: bool,
    has_query: bool,
    body: Vec<u8>,
}

impl Shape {
    fn of_request(request: &Request) -> Self {
        let sender = Sender::new(Token::new(TOKEN).unwrap()).with_other_token(Token::new(OTHER_TOKEN).unwrap());
        let has_body = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&request.method);
        let is_compressed = request.coding == Coding::Gzip;
        Self {
            method: request.method.clone(),
            content_type: request.content_type.filter(|_| has_body).unwrap_or_default().to_owned(),
            is_compressed,
            is_chunked: request.framing == Framing::Chunked,
            has_authorization: request.beside == Some(Beside::Headers),
            has_query: request.beside == Some(Beside::Query),
            body: without_ids(sender.prepare(request).unwrap().body(), is_compressed),
        }
    }

    fn of(request: &Received) -> Self {
        let is_compressed = request.header("content-encoding") == "gzip";
        Self {
            method: request.method.clone(),
            content_type: request.header("content-type").to_owned(),
            is_compressed,
            is_chunked: request.header("transfer-encoding") == "chunked",
            has_authorization: request.headers.contains_key("authorization"),
            has_query: request.uri.query().is_some(),
            body: without_ids(&request.body, is_compressed),
        }
    }
}

/// Ids and times are long numbers; how long they are, and whether they fit into 32 bits, stays: some cases are about that. What is compressed is
/// told by its size.
fn without_ids(body: &[u8], is_compressed: bool) -> Vec<u8> {
    const LONG: usize = 9;
    if is_compressed {
        return if body.len() > 8 * 1024 { b"large".to_vec() } else { b"small".to_vec() };
    }
    let mut body = body.to_vec();
    let mut start = 0;
    while let Some(length) = body[start..].iter().position(|byte| !byte.is_ascii_digit()).or(Some(body.len() - start)) {
        if length >= LONG {
            let is_large = length == 10 && body[start..start + length] >= b"4294967296"[..];
            body[start..start + length].fill(if is_large { b'+' } else { b'#' });
        }
        start += length + 1;
        if start >= body.len() {
            break;
        }
    }
    body
}

fn refuses_what_is_old() -> Router {
    app(|request: Received| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let sent = request.key("timestamp").parse().unwrap_or(now);
        let is_old = request.is_authentic() && now.saturating_sub(sent) > 10 * 3600;
        std::future::ready(if is_old { refuse(400) } else { request.due() })
    })
}

fn takes_700_kib() -> Router {
    app(|request: Received| {
        let is_long = request.body.len() > 700 * 1024;
        std::future::ready(if is_long { refuse(413) } else { request.due() })
    })
}

fn breaks_on_http2() -> Router {
    app(|request: Received| {
        let is_new = request.version == Version::HTTP_2;
        std::future::ready(if is_new { refuse(500) } else { request.due() })
    })
}

/// Else a receiver would break both.
#[test]
fn no_two_cases_send_the_same() {
    let mut seen: Vec<(String, Shape)> = Vec::new();
    for case in catalogue() {
        let (Some(_), Procedure::Send(request)) = (breaker(&case), &case.procedure) else { continue };
        if *request == Request::plain() {
            continue;
        }
        let shape = Shape::of_request(request);
        if let Some((other, _)) = seen.iter().find(|(_, other)| *other == shape) {
            panic!("{} sends what {other} sends", case.id);
        }
        seen.push((case.id.into_owned(), shape));
    }
    assert!(seen.len() > 200);
}
