//! Receivers that count, that serve one at a time, or that keep no connection: what looks like a fault and is another, or none.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener as Blocking,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aircall_conformance::{catalogue::Selection, verdict::Verdict};
use axum::{http::StatusCode, response::IntoResponse};

use crate::{
    good,
    receivers::{Received, TOKEN, check, deviations, serve},
};

#[tokio::test]
async fn who_locks_everybody_out_after_some_strangers_is_not_blamed_for_the_last_of_them() {
    let strangers = Arc::new(AtomicUsize::new(0));
    let receiver = serve(move |request: Received| {
        let strangers = strangers.clone();
        async move {
            if strangers.load(Ordering::Relaxed) >= 5 {
                return StatusCode::FORBIDDEN.into_response();
            }
            let due = request.due();
            strangers.fetch_add(usize::from(due.status() == 401), Ordering::Relaxed);
            due
        }
    });
    let receiver = receiver.await;
    let report = check(&receiver.url).with_recovery(Duration::from_millis(300)).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail deactivation/no-lockout: locked-out"]);
    let text = report.human();
    assert!(text.contains("Do not count failures by address"), "{text}");
    assert!(text.contains("if that lasts, Aircall") || text.contains("if\n  that lasts, Aircall"), "{text}");
    assert!(!text.contains("would have left this webhook on"), "{text}");
}

#[tokio::test]
async fn a_429_to_the_honest_event_is_no_harm_that_the_last_request_did() {
    let count = Arc::new(AtomicUsize::new(0));
    let receiver = serve(move |request: Received| {
        let turn = count.fetch_add(1, Ordering::Relaxed);
        let is_enough = turn > 10 && turn.is_multiple_of(7);
        std::future::ready(if is_enough { StatusCode::TOO_MANY_REQUESTS.into_response() } else { request.due() })
    });
    let receiver = receiver.await;
    let some = Selection::default().section("envelope").unwrap();
    let report = check(&receiver.url).with_selection(some).run().await.unwrap();
    assert!(!deviations(&report).iter().any(|found| found.contains("harmed")), "{:?}", deviations(&report));
}

/// A server that serves one connection at a time, and drops it without a word after so many answers.
fn one_at_a_time(version: &'static str, answers: usize) -> String {
    let listener = Blocking::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/aircall/webhook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut stream = stream;
            for status in std::iter::from_fn(|| answer(&mut reader)).take(answers) {
                let _ = stream.write_all(format!("{version} {status} X\r\ncontent-length: 0\r\n\r\n").as_bytes());
            }
        }
    });
    url
}

fn answer(reader: &mut impl BufRead) -> Option<u16> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(if head.starts_with("POST ") { good::answer(TOKEN, &body).as_u16() } else { 405 })
}

#[tokio::test]
async fn a_connection_that_http_1_0_ends_is_no_fault() {
    let some = Selection::default().only("http/keep-alive").unwrap().only("http/pipelined").unwrap();
    let report = check(&one_at_a_time("HTTP/1.0", 1)).with_selection(some).run().await.unwrap();
    assert_eq!(deviations(&report), [""; 0]);
}

#[tokio::test]
async fn what_was_never_served_is_not_judged_by_its_content() {
    let some = ["http/keep-alive", "body/packets", "body/slow", "http/expect-continue", "load/idle-connections"];
    let some = some.into_iter().fold(Selection::default(), |some, id| some.only(id).unwrap());
    let url = one_at_a_time("HTTP/1.1", usize::MAX);
    let report = check(&url).with_timeout(Duration::from_secs(5)).with_selection(some).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail load/idle-connections: timed-out"], "{}", report.human());
}

#[tokio::test]
async fn what_aircall_does_not_send_is_not_in_the_forecast() {
    let receiver = serve(|request: Received| async move {
        let is_chunked = request.header("transfer-encoding") == "chunked" && request.is_authentic();
        if is_chunked { StatusCode::LENGTH_REQUIRED.into_response() } else { request.due() }
    });
    let receiver = receiver.await;
    let some = Selection::default().only("body/chunked").unwrap();
    let report = check(&receiver.url).with_selection(some).run().await.unwrap();
    assert_eq!(report.count(Verdict::Lenient), 1);
    assert!(report.human().contains("Aircall would have left this webhook on"), "{}", report.human());
}

#[tokio::test]
async fn each_of_two_answers_on_a_connection_has_the_whole_time() {
    let pause = Duration::from_millis(1500);
    let receiver = serve(move |request: Received| async move {
        tokio::time::sleep(pause).await;
        request.due()
    });
    let receiver = receiver.await;
    let some = Selection::default().only("http/keep-alive").unwrap();
    let report = check(&receiver.url).with_timeout(pause * 3 / 2).with_selection(some).run().await.unwrap();
    assert!(!deviations(&report).iter().any(|found| found.contains("http/keep-alive")), "{:?}", deviations(&report));
}

#[tokio::test]
async fn what_is_written_as_aircall_does_not_write_it_is_not_in_the_forecast() {
    let receiver = one_at_a_time("HTTP/1.1", 1);
    let some = Selection::default().only("http/keep-alive").unwrap().only("http/pipelined").unwrap();
    let report = check(&receiver).with_timeout(Duration::from_secs(3)).with_selection(some).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail http/keep-alive: dropped", "lenient http/pipelined: dropped"]);
    assert!(report.human().contains("Aircall would have left this webhook on"), "{}", report.human());
}
